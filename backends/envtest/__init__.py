"""A real kube-apiserver and etcd without machines, as controller-runtime's users know it, with a small kubelet added.

`EnvtestBackend` is the door. The binaries are the user's (`assets`), `control_plane` boots them, `stewards` keeps
namespaces, and `backends.kubelet.machines` makes pods run: they get a node, become Ready, and go when they are deleted.

There is no controller manager: Deployments, Jobs and the like are stored and nobody acts on them, which the capability
`controllers` says. Nor are there addresses behind services, container images, logs or exec.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from backends.base import BackendError
from backends.capabilities import Capabilities
from backends.clock import Clock, SystemClock
from backends.envtest.assets import find, missing
from backends.envtest.control_plane import ADMINISTRATOR, MASTERS, ControlPlane, Wanted
from backends.envtest.stewards import Steward
from backends.kubelet.machines import QUICK, Machines
from backends.kubelet.stages import Timing

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

__all__ = ["EnvtestBackend", "missing"]


class EnvtestBackend:
    """A `Backend` that boots a control plane of its own; several may run side by side.

    `assets` is the folder with `etcd` and `kube-apiserver` (default: `$KUBEBUILDER_ASSETS`); further flags come after
    ours, so that they win. With `nodes` 0 there is no kubelet and no pod runs. `timing` is of pods whose annotations
    say nothing else. Each program may take `ready_within_s` to come up.
    """

    name = "envtest"
    capabilities = Capabilities(pods_run=True, disposable=True, many_identities=True, cluster_wide=True)

    def __init__(
        self,
        assets: Path | str | None = None,
        *,
        api_server_flags: Sequence[str] = (),
        etcd_flags: Sequence[str] = (),
        nodes: int = 1,
        timing: Timing = QUICK,
        ready_within_s: float = 60.0,
    ) -> None:
        self._assets = assets
        self._flags = tuple(etcd_flags), tuple(api_server_flags)
        self._nodes, self._timing = nodes, timing
        if not nodes:
            self.capabilities = replace(self.capabilities, pods_run=False)
        self._ready_within_s = ready_within_s
        self._clock: Clock = SystemClock()
        self._stack = ExitStack()
        self._plane: ControlPlane | None = None

    def __enter__(self) -> Self:
        """Boot. Raises `BackendError`, when nothing is left: no binaries, a program that died, one that hangs."""
        etcd_flags, api_server_flags = self._flags
        assets = find(self._assets, os.environ)
        wanted = Wanted(assets, etcd_flags, api_server_flags, self._ready_within_s)
        with ExitStack() as stack:
            self._plane = plane = stack.enter_context(ControlPlane(wanted, self._clock))
            stack.enter_context(Steward(plane.client("envtest-namespaces", [MASTERS]), self._clock))
            if self._nodes:
                kubelet = plane.client("envtest-kubelet", [MASTERS])
                stack.enter_context(Machines(kubelet, nodes=self._nodes, timing=self._timing, clock=self._clock))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def client(self, identity: str | None = None) -> ApiClient:
        """A client with a certificate for the user `identity`; None is an administrator, in `system:masters`.

        Raises `BackendError` for a name that does not fit into a certificate, and when the control plane has died.
        """
        plane = self._running()
        return plane.client(ADMINISTRATOR, [MASTERS]) if identity is None else plane.client(identity)

    def kubeconfig(self, path: Path) -> Path:
        """Write an administrator's kubeconfig, readable by its owner only."""
        import yaml

        document = self._running().kubeconfig()
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
        return path

    @property
    def phases(self) -> Mapping[str, float]:
        """Seconds by phase of the boot and, when it is over, of the teardown."""
        return dict(self._plane.phases) if self._plane is not None else {}

    @property
    def pids(self) -> list[int]:
        """The processes of etcd and kube-apiserver, in this order; none before the boot."""
        return self._plane.pids if self._plane is not None else []

    def _running(self) -> ControlPlane:
        if self._plane is None:
            raise BackendError("envtest: it is not running; open it with `with`")
        if death := self._plane.death():
            raise BackendError(f"envtest: {death}")
        return self._plane
