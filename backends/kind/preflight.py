"""What a host allows a node, decided before and while it starts; and what is said about each fallback. Pure.

Three ways of starting a node, tried in this order of decision:

- `privileged`, as kind does;
- where the engine refuses that because the host lacks CAP_SYS_RESOURCE: everything but that capability, with an
  entrypoint that makes `/sys` writable and takes Docker's masks off `/proc` (what `--privileged` would have done);
- otherwise an error that names what an administrator can do.
"""

from __future__ import annotations

from enum import Enum

from backends.kind.engine import Facts
from backends.kind.versions import CGROUP_V1_REFUSED, OLDEST, Version

CAP_SYS_RESOURCE = 24
"""Its bit in `/proc/<pid>/status` (capability.h)."""


class Way(Enum):
    """How a node is given the rights that it needs."""

    PRIVILEGED = "privileged"
    STRIPPED = "without CAP_SYS_RESOURCE"


PRIVILEGED_REFUSED = (
    "the engine refuses privileged containers ({reason}): starting the node with every capability but CAP_SYS_RESOURCE"
)
STRIPPED_REFUSED = (
    "privileged containers are refused, and so is one without CAP_SYS_RESOURCE ({reason}); an administrator can "
    "install Docker 26 or newer, or give dockerd a default-runtime that drops from config.json the "
    "capabilities which the host lacks (CapBnd in /proc/self/status) before it calls runc"
)
OOM_RESTRICTED = "the host lacks CAP_SYS_RESOURCE: containerd is told not to lower OOM scores (restrict_oom_score_adj)"
CGROUP_V1_ALLOWED = (
    "the host has cgroup v1, which the kubelet of Kubernetes {version} refuses by itself: allowed by "
    "failCgroupV1: false; if it does not start, take Kubernetes 1.34 or boot the host with cgroup v2"
)
REMOTE = "the engine is at {host}: the API server's port is open there on every address"


def refuses_privileged(explanation: str) -> bool:
    """Whether the engine's refusal to start is about capabilities that the host lacks."""
    return "unable to apply caps" in explanation or ("operation not permitted" in explanation and "cap" in explanation)


def lacks_sys_resource(status: str) -> bool:
    """Whether `/proc/<pid>/status` shows a bounding set without CAP_SYS_RESOURCE; False when it says nothing."""
    for line in status.splitlines():
        name, _, value = line.partition(":")
        if name == "CapBnd":
            return not int(value.strip(), 16) >> CAP_SYS_RESOURCE & 1
    return False


def refused(engine: Facts, kubernetes: str) -> str | None:
    """Why this Kubernetes cannot run on this engine at all, in one line; None when it may."""
    version = Version.parse(kubernetes)
    if version < OLDEST:
        return f"Kubernetes {version} is too old: node images from {OLDEST} on are supported"
    if engine.rootless and engine.cgroup == 1:
        return "a rootless engine needs cgroup v2, and this host has v1: use a rootful engine, or boot with cgroup v2"
    return None


def remarks(engine: Facts, kubernetes: str) -> list[str]:
    """What is done differently here, each in one line, to be said aloud."""
    said = []
    if engine.cgroup == 1 and Version.parse(kubernetes) >= CGROUP_V1_REFUSED:
        said.append(CGROUP_V1_ALLOWED.format(version=Version.parse(kubernetes)))
    if not engine.local:
        said.append(REMOTE.format(host=engine.host))
    return said
