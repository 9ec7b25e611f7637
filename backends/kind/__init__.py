"""A real cluster of one node in a container: a `kindest/node` image, booted as the kind project does it.

`KindBackend` boots it, hands out clients for it and removes it; with `keep` it is left running and found again by its
name. Needs a container engine that speaks Docker's API, and the extra `kind`. It does not need the `kind` command, and
does not touch clusters that were made by it. One node, IPv4, no ingress: what a test of controllers needs.

Leftovers: leaving the block, an error and Ctrl-C remove the node with its volume and its network. A process that is
killed leaves that to its `janitor`; and what is left even so is removed at the next start on this machine.
"""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from backends.base import BackendError
from backends.capabilities import Capabilities
from backends.clock import Clock, SystemClock
from backends.kind.images import DEFAULT_IMAGE

if TYPE_CHECKING:
    import docker
    from kubernetes.client import ApiClient

    from backends.kind.boot import Boot, Cluster
    from backends.kind.janitor import Janitor
    from backends.kind.leftovers import Found
    from backends.kind.progress import Progress

__all__ = ["DEFAULT_IMAGE", "KEPT", "KindBackend"]

KEPT = "kubeactions"
"""The name of a kept cluster when none is given."""
TIMEOUT_S = 300.0
WAIT_S = 0.5
"""Between two looks at a cluster that another process boots."""
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")


class KindBackend:
    """A `Backend` whose cluster is a container.

    `image` is a node image (default: `$KUBEACTIONS_NODE_IMAGE`, else a pinned one). `keep` leaves the cluster running,
    and takes the one called `name` that runs already; several processes may ask for it at once, and one boots it.
    `logs` is where what is known of a failed boot is written (default: a new temporary directory). `timeout_s` (> 0) is
    the longest wait in each step of the boot. Raises `BackendError` for a name that is no DNS label of at most 40.
    """

    name = "kind"
    capabilities = Capabilities(
        pods_run=True, disposable=True, many_identities=True, controllers=True, cluster_wide=True
    )

    def __init__(
        self,
        image: str | None = None,
        *,
        name: str | None = None,
        keep: bool = False,
        logs: Path | str | None = None,
        timeout_s: float = TIMEOUT_S,
        progress: Progress | None = None,
        clock: Clock | None = None,
    ) -> None:
        from backends.kind import images
        from backends.kind.progress import Shown

        self.image = images.chosen(image)
        self.cluster_name = name or (KEPT if keep else f"test-{secrets.token_hex(4)}")
        if not _NAME.fullmatch(self.cluster_name):
            raise BackendError(f"{self.cluster_name!r} is no name for a cluster: lower case letters, digits, dashes")
        self.keep = keep
        self.timeout_s = timeout_s
        self.timings: dict[str, float] = {}
        """Seconds of each step of the boot; empty for a cluster that ran already."""
        self._logs = Path(logs) if logs is not None else None
        self._clock = clock or SystemClock()
        self._progress = progress or Shown(clock=self._clock)
        self._engine: docker.DockerClient | None = None
        self._cluster: Cluster | None = None
        self._session = ""
        self._janitor: Janitor | None = None
        self._clients: list[ApiClient] = []

    def __enter__(self) -> Self:
        from backends.kind import engine, leftovers

        self._engine = engine.connect()
        try:
            leftovers.sweep(self._engine, self._progress.say)
            self._cluster = self._kept() if self.keep else self._boot()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not self.keep:
                with self._progress.phase("removing the node"):
                    self._remove()
        finally:
            self._close()

    def client(self, identity: str | None = None) -> ApiClient:
        """A client of its own, as the cluster's administrator, or as the user `identity` by impersonation.

        Such a user, who may be a service account (`system:serviceaccount:<namespace>:<name>`), has the rights that the
        cluster's roles give to it, and none without them.
        """
        from backends.kind import api

        made = api.client(self._opened.kubeconfig, identity)
        self._clients.append(made)
        return made

    def kubeconfig(self, path: Path) -> Path:
        """Write the administrator's kubeconfig, readable by its owner only, and return `path`."""
        import yaml

        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(yaml.safe_dump(self._opened.kubeconfig, sort_keys=False))
        return path

    def load(self, image: str) -> None:
        """Copy an image of this machine's engine into the node, so that pods can use it without a registry."""
        self._opened.node.import_image(image)

    def provide(self, image: str) -> None:
        """Let pods run that name `image` (with its registry and tag), without a registry: they only wait."""
        self._opened.node.provide_image(image)

    @property
    def kubernetes(self) -> str:
        """The cluster's version, as its image says it: `v1.34.2`."""
        return self._opened.kubernetes

    @property
    def _opened(self) -> Cluster:
        if self._cluster is None:
            raise BackendError("the kind backend is not open: use it with `with`")
        return self._cluster

    def _boot(self) -> Cluster:
        """Boot a node; whatever goes wrong, nothing of it stays."""
        from backends.kind.boot import Boot, NameTakenError
        from backends.kind.janitor import Janitor
        from backends.kind.labels import Labels, Owner

        assert self._engine is not None
        labels = Labels(self.cluster_name, secrets.token_hex(16), self.keep, Owner.me(), self.image)
        boot = Boot(self._engine, self.image, labels, self._clock, self._progress, self.timeout_s, self.timings)
        self._session, self._janitor = labels.session, Janitor.hire(labels.session)
        try:
            cluster = boot.run()
        except NameTakenError:
            self._remove()
            raise
        except BackendError as error:
            text = f"{error}{self._collect(boot)}"
            self._remove()
            raise BackendError(text) from error
        except BaseException:
            self._remove()
            raise
        if self.keep:
            self._release()
        return cluster

    def _kept(self) -> Cluster:
        """The cluster of our name that is to stay: the one that runs, the one that another process boots, or ours."""
        from backends.kind import leftovers
        from backends.kind.boot import NameTakenError

        assert self._engine is not None
        deadline = self._clock.monotonic() + self.timeout_s
        while self._clock.monotonic() < deadline:
            leftovers.sweep(self._engine, self._progress.say)
            found = leftovers.named(self._engine, self.cluster_name)
            if found is None:
                with suppress(NameTakenError):
                    return self._boot()
            elif found.ready and found.running:
                return self._taken(found)
            self._progress.detail("another process boots it")
            self._clock.sleep(WAIT_S)
        raise BackendError(
            f"the cluster {self.cluster_name} is being booted by another process, and is not ready after "
            f"{self.timeout_s:.0f} s; `kubeactions backend stop {self.cluster_name}` removes it"
        )

    def _taken(self, found: Found) -> Cluster:
        """A cluster that runs already. Raises `BackendError` when it is not what was asked for."""
        from backends.kind import engine, leftovers
        from backends.kind.boot import Cluster, connect
        from backends.kind.node import Node

        assert self._engine is not None
        stop = f"`kubeactions backend stop {self.cluster_name}` removes it"
        if not found.labels.keep:
            raise BackendError(f"the cluster {self.cluster_name} belongs to process {found.labels.owner.pid}; {stop}")
        if found.labels.image != self.image:
            raise BackendError(f"the cluster {self.cluster_name} runs {found.labels.image}, not {self.image}; {stop}")
        node = Node(found.container, self._clock)
        facts = engine.facts(self._engine)
        with self._progress.phase(f"taking the cluster {self.cluster_name}, which runs already"):
            config, _ = connect(node, facts, clock=self._clock, timeout_s=self.timeout_s)
        return Cluster(node, node.read(leftovers.READY).strip(), config)

    def _collect(self, boot: Boot) -> str:
        """Write down what is known of a node that failed; the end of the error's text, empty without a node."""
        from backends.kind import diagnostics

        if boot.node is None:
            return ""
        try:
            return f"; what is known of it is in {diagnostics.collect(boot.node, self._logs, boot.transcript)}"
        except OSError as error:
            return f"; what is known of it could not be written ({error.strerror})"

    def _remove(self) -> None:
        """Remove what the boot made. An engine that is gone is said, and leaves it to the next start."""
        from backends.kind import leftovers

        assert self._engine is not None
        try:
            leftovers.remove_session(self._engine, self._session)
        except BackendError as error:
            self._progress.say(f"the node could not be removed, and will be at the next start: {error}")
            return
        self._release()

    def _release(self) -> None:
        if self._janitor is not None:
            self._janitor.release()
            self._janitor = None

    def _close(self) -> None:
        for client in self._clients:
            client.close()
        self._clients.clear()
        self._cluster = None
        if self._janitor is not None:
            self._janitor.leave()
            self._janitor = None
        if self._engine is not None:
            self._engine.close()
            self._engine = None
