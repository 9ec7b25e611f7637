"""Which Kubernetes is in a node image, and what that version needs of its host.

Pure. Called by the boot with the text of the image's own `/kind/version`; the image's tag is never believed.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Self

from backends.base import BackendError


class Version(NamedTuple):
    """Major and minor number: what decides how a node is configured."""

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `v1.34.2`, `v1.36.0-alpha.1+abc`; raises `BackendError` for what is no version."""
        found = re.match(r"\s*v?(\d+)\.(\d+)\b", text)
        if found is None:
            raise BackendError(f"the node image says its Kubernetes version is {text.strip()[:80]!r}, which is none")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"


OLDEST = Version(1, 24)
"""kubeadm's taints and the systemd cgroup driver are what they are today from here on; kind itself splits here."""
KUBEADM_V1BETA4 = Version(1, 36)
"""From here on kind writes kubeadm's v1beta4; 1.37 does not read v1beta3 any more (kind v0.32, release notes)."""
CGROUP_V1_REFUSED = Version(1, 35)
"""From here on the kubelet refuses cgroup v1 unless `failCgroupV1: false` is set (KEP-5573); unknown before 1.31."""
