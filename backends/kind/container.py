"""The node's container: a testcontainers `DockerContainer` with the flags that a `kindest/node` image needs.

Called by the boot. Differs from what testcontainers does by itself where that does not fit a cluster: an image is never
pulled behind one's back, the API server's port is published on the loopback address alone, the labels are ours (so that
Ryuk does not remove a cluster that is to be kept, see `janitor`), and no Ryuk is started.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from docker.models.containers import Container
from docker.types import Mount
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient

from backends.kind.engine import CALL_TIMEOUT_S, LOOPBACK, Facts
from backends.kind.kubeadm import API_PORT, POD_SUBNET, SERVICE_SUBNET
from backends.kind.preflight import Way

if TYPE_CHECKING:
    import docker
    from docker.models.images import Image

PORT = f"{API_PORT}/tcp"
SHARED_DRIVERS = ("btrfs", "zfs", "devicemapper")
"""Storage drivers whose devices the kubelet wants to see (kind, `mountDevMapper`)."""
MASKED = (
    "/proc/sys", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sysrq-trigger", "/proc/acpi", "/proc/asound",
    "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
    "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
)  # fmt: skip
"""What the engine hides in a container that is not privileged."""
UNMASK = (
    "mount -o remount,bind,rw /sys; "
    'for each in /sys/fs/cgroup /sys/fs/cgroup/*; do mount -o remount,bind,rw "$each" 2>/dev/null; done; '
    f'for each in {" ".join(MASKED)}; do umount "$each" 2>/dev/null; done; exec "$@"'
)
"""What `--privileged` would have done to the mounts; then the image's own entrypoint."""
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
PASSED_ON = ("KIND_EXPERIMENTAL_CONTAINERD_SNAPSHOTTER",)
"""What an image's entrypoint reads, for hosts whose file system overlayfs does not work on; kind passes it on, too."""


class NodeContainer(DockerContainer):
    """The container of one node. `stop` removes it with its volume, whether it runs or not."""

    def __init__(
        self,
        client: docker.DockerClient,
        image: str,
        *,
        name: str,
        way: Way,
        engine: Facts,
        labels: Mapping[str, str],
        network: str,
        subnets: Sequence[str] = (),
    ) -> None:
        # With a version it asks the engine for nothing.
        spoken = {"timeout": CALL_TIMEOUT_S, "version": client.api.api_version}
        super().__init__(image, docker_client_kw=spoken, name=name)
        self._docker.client.close()
        self._docker = _Engine(client, labels, network)
        self._way = way
        # 0 is any free port. Only where the engine is another machine, others have to reach it.
        self.ports[PORT] = (LOOPBACK, 0) if engine.local else None  # type: ignore[assignment]  # docker-py takes both
        for path in ("/tmp", "/run"):  # noqa: S108  in the node
            self.with_tmpfs_mount(path)
        self.with_envs(
            KUBECONFIG="/etc/kubernetes/admin.conf", **passed_on(os.environ), **proxies(os.environ, name, subnets)
        )
        self.volumes.update(_shared(engine))
        self.with_kwargs(
            hostname=name, tty=True, init=False, cgroupns="private", **{**_isolation(engine), **self._rights()}
        )

    def _rights(self) -> dict[str, Any]:
        unconfined = ["seccomp=unconfined", "apparmor=unconfined"]
        if self._way is Way.PRIVILEGED:
            return {"privileged": True, "security_opt": unconfined}
        return {
            "cap_add": ["ALL"],
            "cap_drop": ["SYS_RESOURCE"],
            "security_opt": unconfined,
            "devices": [device for device in ("/dev/kmsg", "/dev/fuse") if Path(device).exists()],
            "device_cgroup_rules": ["a *:* rwm"],
        }

    def create(self) -> Container:
        """Make the container without starting it: its files can be read, its flags be judged."""
        own: Image = self._docker.client.images.get(self.image)
        if self._way is Way.STRIPPED:
            configuration = own.attrs["Config"]
            entrypoint, command = configuration.get("Entrypoint") or [], configuration.get("Cmd") or []
            self._kwargs["entrypoint"] = ["/bin/sh", "-c", UNMASK, "unmask", *entrypoint]
            self.with_command([str(word) for word in command])
        self._container = self._docker.create(
            self.image,
            command=self._command,
            environment=self.env,
            ports=self.ports,
            name=self._name,
            volumes={host: {"bind": mount["bind"], "mode": mount["mode"]} for host, mount in self.volumes.items()},
            tmpfs=self.tmpfs,
            **self._kwargs,
        )
        return self._container

    def start(self) -> Self:
        """Start what `create` made, or make it first."""
        before = testcontainers_config.ryuk_disabled
        testcontainers_config.ryuk_disabled = True
        try:
            if self._container is None:
                self.create()
            self._docker.start(self.get_wrapped_container())
        finally:
            testcontainers_config.ryuk_disabled = before
        return self


class _Engine(DockerClient):
    """Testcontainers' client, which labels as it is told, with what `labels` says alone, and never pulls."""

    def __init__(self, client: docker.DockerClient, labels: Mapping[str, str], network: str) -> None:
        self.client = client
        self._labels = dict(labels)
        self._network = network

    def create(self, image: str, *arguments: Any, **options: Any) -> Container:
        """Make a container in its network."""
        own = {"labels": self._labels, "network": self._network}
        return self.client.containers.create(image, *arguments, **{**options, **own})


def host_network(client: docker.DockerClient) -> str | None:
    """The engine's network that this process is in itself, as testcontainers finds it; None outside of them."""
    return _Engine(client, {}, "").find_host_network()


def _shared(engine: Facts) -> dict[str, Any]:
    """What of the host a node sees, read only where it can be."""
    found: dict[str, Any] = {}
    linux_here = engine.local and platform.system() == "Linux"
    if not linux_here or Path("/lib/modules").is_dir():  # it would be made where it is missing
        found["/lib/modules"] = {"bind": "/lib/modules", "mode": "ro"}
    if engine.driver in SHARED_DRIVERS:
        found["/dev/mapper"] = {"bind": "/dev/mapper", "mode": "rw"}
    return found


def _isolation(engine: Facts) -> dict[str, Any]:
    options: dict[str, Any] = {"mounts": [Mount("/var", None, type="volume")]}
    if engine.remapped:
        options["userns_mode"] = "host"
    if engine.rootless and Path("/dev/fuse").exists():
        options["devices"] = ["/dev/fuse"]
    return options


def passed_on(environment: Mapping[str, str]) -> dict[str, str]:
    """What of our environment an image's entrypoint reads. Pure."""
    return {name: environment[name] for name in PASSED_ON if environment.get(name)}


def proxies(environment: Mapping[str, str], node: str, subnets: Sequence[str] = ()) -> dict[str, str]:
    """The proxy settings for a node; nothing where there is no proxy. Pure.

    Excepted is what is inside: the node by its name and by its address in the engine's `subnets`, pods, services.
    """
    found = {name: value for name in PROXIES if (value := environment.get(name) or environment.get(name.lower()))}
    if not found.keys() - {"NO_PROXY"}:
        return {}
    inside = (
        node,
        *subnets,
        POD_SUBNET,
        SERVICE_SUBNET,
        LOOPBACK,
        "localhost",
        ".svc",
        ".svc.cluster",
        ".svc.cluster.local",
    )
    found["NO_PROXY"] = ",".join(filter(None, (found.get("NO_PROXY"), *inside)))
    return {**found, **{name.lower(): value for name, value in found.items()}}
