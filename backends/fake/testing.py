"""A whole Kubernetes in the hand of a test: what the pytest fixture `kubernetes_cluster` gives.

    with KubernetesCluster() as cluster:
        cluster.apply("manifests/")
        cluster.settle()
        CoreV1Api(cluster.client()).list_namespaced_pod("default")

It is the in-memory cluster with every way to it (official clients in process, a kubeconfig and URL for everybody else),
its time, its faults, and itself as data. Everything that it opens is closed with it: the HTTP server runs only once
somebody has asked for `kubeconfig` or `url`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from backends.base import BackendError
from backends.clock import Clock, SimulatedClock
from backends.fake import FakeBackend, comparing, manifests, recollection, seeding
from backends.fake.authentication import ADMINISTRATOR
from backends.fake.cluster import Cluster
from backends.fake.comparing import Change
from backends.fake.recollection import Version
from backends.fake.snapshots import Snapshot
from backends.fake.transport import HOST, InProcessTransport
from backends.faults import Faults, FaultyTransport, Match, Rule, StaleRead

if TYPE_CHECKING:
    from kubernetes.aio.client import ApiClient as AsyncioClient
    from kubernetes.client import ApiClient
    from kubernetes.dynamic import DynamicClient

    from backends.fake.audit import AuditLog
    from backends.fake.catalogue import Resource
    from backends.fake.controllers import Controllers
    from backends.fake.programs import Programs

Given = str | Path | Mapping[str, Any] | Iterable[Mapping[str, Any]]
"""Manifests: a path (a file or a folder), a YAML text of several lines, an object, or several."""
MANAGER: Final = "kubernetes-cluster"
"""The field manager of what a test applies."""


class KubernetesCluster:
    """One cluster for a test. `options` are those of `Cluster`: authorization, nodes, controllers, ...

    `clock` is a simulated one unless another is given: time stands still until the test moves it. `without` names
    controllers that stand still (`controllers.names` has them all). `cluster` brings one that is there already.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        seed: int = 0,
        without: Iterable[str] = (),
        cluster: Cluster | None = None,
        **options: Any,
    ) -> None:
        self.seed = seed
        """What decides its uids, its generated names and the chances of its faults."""
        self.cluster = cluster or Cluster(clock or SimulatedClock(), seed=seed, **options)
        self.faults = Faults(self.cluster.clock, seed=seed)
        """What goes wrong between its clients and the cluster: see `backends.faults`."""
        self.backend = FakeBackend(cluster=self.cluster, faults=self.faults)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        if without := list(without):
            self.controllers.stop(*without)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the HTTP server with all its connections and its thread, if there is one, and remove the kubeconfig."""
        self.backend.__exit__(None, None, None)
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    # ---- clients

    def client(self, identity: str | None = None) -> ApiClient:
        """An official client in process; it acts as the user `identity`, None: the administrator. Faults strike it."""
        return self.backend.client(identity)

    def pod_client(self, namespace: str, service_account: str = "default", *, pod: str | None = None) -> ApiClient:
        """An official client with a service account's token, as a process in a pod has it. Faults strike it."""
        return self.backend.pod_client(namespace, service_account, pod=pod)

    def dynamic_client(self, identity: str | None = None) -> DynamicClient:
        """The official dynamic client, in process."""
        from kubernetes.dynamic import DynamicClient
        from kubernetes.dynamic.discovery import EagerDiscoverer

        # The other discoverer keeps what it found in a file of the machine's temporary folder, for every cluster.
        return DynamicClient(self.client(identity), discoverer=EagerDiscoverer)

    def asyncio_client(self, identity: str | None = None) -> AsyncioClient:
        """An official asyncio client (kubernetes.aio, the extra `clients`), in process. Faults strike it."""
        from kubernetes.aio.client import ApiClient, Configuration

        from backends.fake.asyncio_transport import AsyncioTransport

        client = ApiClient(Configuration(host=HOST))
        simulated = hasattr(self.clock, "advance")
        client.rest_client.pool_manager = AsyncioTransport(self._wire(identity), simulated=simulated)
        return client

    def httpx_transport(self, library: ModuleType, identity: str | None = None) -> Any:
        """A transport for `library` (httpx or httpx2), in process: for lightkube's `Client(transport=...)`.

        The client's base URL may be anything, `http://fake.invalid` for one. Faults strike it.
        """
        from backends.fake.httpx_transport import httpx_transport

        return httpx_transport(self._wire(identity), library)

    def _wire(self, identity: str | None) -> FaultyTransport:
        transport: FaultyTransport = self.client(identity).rest_client.pool_manager
        return transport

    @property
    def kubeconfig(self) -> Path:
        """A kubeconfig for kubectl and every client that speaks HTTP; the first look opens the server on loopback."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="kubernetes-cluster-")
            self.backend.kubeconfig(Path(self._folder.name) / "kubeconfig")
        return Path(self._folder.name) / "kubeconfig"

    @property
    def url(self) -> str:
        """Where the HTTP server is, without a slash at the end."""
        import yaml

        found: str = yaml.safe_load(self.kubeconfig.read_text())["clusters"][0]["cluster"]["server"]
        return found

    @property
    def programs(self) -> Programs:
        """What commands do in its containers, and what these log: see `backends.fake.programs`."""
        return self.cluster.programs

    # ---- faults

    def lag(self, match: Match | None = None, **limits: Any) -> Rule:
        """From now on, gets and lists that match are answered as of now: by a replica that stands still.

        `limits` are those of `Faults.add`. Removing the rule (`faults.remove`) ends it.
        """
        replica = InProcessTransport(self.cluster.snapshot().frozen(), ADMINISTRATOR)
        return self.faults.add(StaleRead(replica), match, **limits)

    def cut_watches(self) -> int:
        """End every watch that is open, as a server that is restarted does; returns how many."""
        with self.cluster.lock:
            return self.cluster.store.end_watches()

    def compact(self) -> None:
        """Forget the history: a list or watch from an older revision than now gets 410 (Expired)."""
        with self.cluster.lock:
            self.cluster.store.compact(self.cluster.store.revision)

    # ---- time

    @property
    def clock(self) -> Clock:
        """The cluster's clock; give it to the code under test."""
        return self.cluster.clock

    def settle(self) -> float:
        """Let everything happen that is due soon, until nothing is; returns how many seconds that took in there."""
        return self.cluster.settle()

    def advance(self, duration: str | float | timedelta) -> None:
        """Let time pass: `10m`, `1h30m`, `500ms`, or seconds. What is due meanwhile happens when it is due."""
        self.cluster.advance(duration)

    @property
    def controllers(self) -> Controllers:
        """The controllers: `names`, `stop(name)`, `step(name)`, `start(name)`. BackendError where there are none."""
        found: Controllers | None = getattr(self.cluster, "controllers", None)
        if found is None:
            raise BackendError("this cluster was made with controllers=False: it is an API server alone")
        return found

    # ---- as data

    def apply(self, given: Given) -> list[dict[str, Any]]:
        """Apply manifests as `kubectl apply --server-side` would; returns the objects. Raises `ManifestError`."""
        return seeding.apply(self.cluster, _read(given), MANAGER)

    def load(self, given: Given) -> None:
        """Put objects in as they are: uid, status, deletionTimestamp and all; what has no uid is created.

        A saved cluster replaces everything. Raises `ManifestError`.
        """
        seeding.seed(self.cluster, _read(given))

    def dump(self) -> list[dict[str, Any]]:
        """Every object as it is stored."""
        return self.cluster.dump()

    def save(self, path: Path | str) -> None:
        """Write the whole cluster into a file, YAML by its suffix, otherwise JSON, which `load` reads."""
        manifests.save(Path(path), self.dump())

    def diff(self, since: Snapshot | KubernetesCluster | Given, *, noise: bool = False) -> list[Change]:
        """What has changed from `since` to now, an object each; print one to read it. See `comparing`."""
        if isinstance(since, Snapshot):
            old = since.fork().dump()
        elif isinstance(since, KubernetesCluster):
            old = since.dump()
        else:
            old = [manifest.object for manifest in _read(since).objects]
        return comparing.compare(old, self.dump(), noise=noise)

    @property
    def audit(self) -> AuditLog:
        """Every request that was answered: iterate, or `find(user=..., verb=..., code=...)`."""
        return self.cluster.audit

    def history(self, resource: str, name: str, namespace: str = "default") -> list[Version]:
        """Every version of one object that is still known: who made it, when, by which request, and the diff.

        `resource` is what kubectl takes: `pod`, `po`, `pods`, `deployments.apps`. Raises `BackendError`.
        """
        found = self._resource(resource)
        return recollection.history(self.cluster, found, namespace if found.namespaced else "", name)

    def _resource(self, text: str) -> Resource:
        wanted = text.lower()
        for one in self.cluster.catalogue:
            names = {one.plural, one.singular, one.kind.lower(), *one.short_names}
            if wanted in names or wanted in {f"{name}.{one.group}" for name in names}:
                return one
        raise BackendError(f"the cluster has no resource type {text!r}")

    # ---- twice

    def snapshot(self) -> Snapshot:
        """What the cluster is now, in memory; takes half a millisecond."""
        return self.cluster.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Be again what `snapshot` was taken of. Clients stay, watches end, the simulated time goes back."""
        self.cluster.restore(snapshot)

    def fork(self) -> KubernetesCluster:
        """Another cluster that goes on from here by itself; takes half a millisecond. Faults stay behind."""
        return KubernetesCluster(cluster=self.cluster.fork(), seed=self.seed)


def _read(given: Given) -> manifests.Manifests:
    if isinstance(given, str) and "\n" in given:
        return manifests.parse(given)
    if isinstance(given, str | Path):
        return manifests.read([Path(given)])
    return manifests.given([given] if isinstance(given, Mapping) else given)
