"""Brings events to the controllers and runs their steps on the cluster's queue.

Built by the cluster, one for each. As in client-go: an object that is mentioned ten times is looked at once, a little
later; a step that is refused is tried again after a while that grows.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from backends.fake.controllers.admission_policies import AdmissionPolicies
from backends.fake.controllers.client import Client, Refused
from backends.fake.controllers.cluster_roles import AggregatedRoles
from backends.fake.controllers.controller import Controller, Now
from backends.fake.controllers.cronjob import CronJobs
from backends.fake.controllers.daemonset import DaemonSets
from backends.fake.controllers.deployment import Deployments
from backends.fake.controllers.disruption import Disruptions
from backends.fake.controllers.endpoint_slices import EndpointSlices
from backends.fake.controllers.endpoints import EndpointAddresses
from backends.fake.controllers.garbage_collector import GarbageCollector
from backends.fake.controllers.heartbeats import Heartbeats, NodeMonitor
from backends.fake.controllers.job import Jobs
from backends.fake.controllers.kinds import EVERY_KIND
from backends.fake.controllers.kubelet import Kubelets
from backends.fake.controllers.namespaces import Namespaces
from backends.fake.controllers.node_ttl import NodeTtls
from backends.fake.controllers.nodes import NodeTaints, OrphanedPods
from backends.fake.controllers.owners import Owners
from backends.fake.controllers.replicaset import ReplicaSets, ReplicationControllers
from backends.fake.controllers.resource_quotas import ResourceQuotas
from backends.fake.controllers.scheduler import Scheduler
from backends.fake.controllers.service_accounts import RootCertificates, ServiceAccounts
from backends.fake.controllers.statefulset import StatefulSets
from backends.fake.controllers.storage_protection import ClaimProtection, VolumeProtection
from backends.fake.controllers.taint_eviction import TaintEvictions
from backends.fake.controllers.ttl_after_finished import FinishedJobs
from backends.fake.events import Source
from backends.fake.store import StoreEvent
from backends.kubelet import Kubelet, Lives, Timing

if TYPE_CHECKING:
    from backends.fake.cluster import Cluster

FIRST_RETRY_S = 0.02
LAST_RETRY_S = 60.0
"""A refused step waits this long, doubled each time; client-go's default limiter goes from 5 ms to 1000 s."""

MANAGED: tuple[type[Controller], ...] = (
    ServiceAccounts,
    RootCertificates,
    Namespaces,
    NodeTaints,
    NodeTtls,
    OrphanedPods,
    TaintEvictions,
    Deployments,
    ReplicaSets,
    ReplicationControllers,
    StatefulSets,
    DaemonSets,
    Jobs,
    FinishedJobs,
    CronJobs,
    Disruptions,
    EndpointAddresses,
    EndpointSlices,
    AggregatedRoles,
    ResourceQuotas,
    ClaimProtection,
    VolumeProtection,
    AdmissionPolicies,
)
"""What kube-controller-manager runs, but for the garbage collector."""


class Controllers:
    """All the controllers of one cluster. `scheduler` and `kubelet` False leave these two out."""

    def __init__(
        self,
        cluster: Cluster,
        *,
        scheduler: bool = True,
        kubelet: bool = True,
        timing: Timing | None = None,
        lives: Lives | None = None,
        heartbeats: bool = False,
    ) -> None:
        self._cluster = cluster
        self._failures: dict[Hashable, int] = {}
        self._parked: dict[str, dict[tuple[Hashable, ...], Callable[[], float | None]]] = {}
        """Controllers that stand still: what each has to do, in the order in which it became due."""
        self._endless: set[Hashable] = set()
        """Controllers whose work never comes to rest."""
        self._wanted: dict[tuple[str, str], list[Controller]] = {}
        self._owners = Owners(self._client("system:kube-controller-manager", Source("controllermanager")))
        for managed in MANAGED:
            controller = managed(self._client_of(managed), self._owners)
            if isinstance(controller, RootCertificates) and cluster.root_certificate is not None:
                controller.certificate = cluster.root_certificate
            if isinstance(controller, Disruptions):
                controller.catalogue = cluster.catalogue
            self._add(controller)
        if scheduler:
            self._add(Scheduler(self._client_of(Scheduler), self._owners))
        if kubelet:
            self._add(Kubelets(self._client_of(Kubelets), self._owners, Kubelet(timing, lives)))
            if heartbeats:
                for speaking in (Heartbeats, NodeMonitor):
                    self._add(speaking(self._client_of(speaking), self._owners))
        collector = f"system:serviceaccount:kube-system:{GarbageCollector.name}"
        writer = self._client(collector, Source(GarbageCollector.name))
        self._collector = GarbageCollector(writer, cluster.store, cluster.catalogue)
        cluster.store.subscribe(self._on_event)

    def _client_of(self, controller: type[Controller]) -> Client:
        return self._client(controller.user(), controller.source())

    def _client(self, user: str, source: Source) -> Client:
        return Client(self._cluster.store, self._cluster.server.handle, user, self._cluster.recorder, source)

    def _add(self, controller: Controller) -> None:
        if controller.background:
            self._endless.add(controller.name)
        for kind in controller.watches:
            self._wanted.setdefault(kind.stored, []).append(controller)

    def _on_event(self, event: StoreEvent) -> None:
        """Called by the store inside each commit: notes who has to look at what."""
        self._owners.hear(event)
        for controller in self._hearing(event):
            for namespace, name in controller.concerns(event):
                self._enqueue(controller, namespace, name, controller.reaction_s)
        for key in self._collector.concerns(event):
            self._later((self._collector.name, key), None, partial(self._collector.step, key))

    def _hearing(self, event: StoreEvent) -> Iterable[Controller]:
        yield from self._wanted.get((event.key.group, event.key.plural), ())
        yield from self._wanted.get(EVERY_KIND[0].stored, ())

    # ---- switches

    @property
    def names(self) -> list[str]:
        """Every controller that there is, by the name that it can be stopped under."""
        running = {controller.name for wanted in self._wanted.values() for controller in wanted}
        return sorted({*running, self._collector.name})

    @property
    def stopped(self) -> list[str]:
        """Those that stand still."""
        return sorted(self._parked)

    def stop(self, *names: str) -> None:
        """Let these do nothing: what they would do waits for `step` or `start`. ValueError for one there is not."""
        for name in names:
            if name not in self.names:
                raise ValueError(f"there is no controller {name!r}; there are: {', '.join(self.names)}")
            self._parked.setdefault(name, {})

    def start(self, *names: str) -> None:
        """Let these go on, with all that waits; one that runs already is fine."""
        for name in names:
            for work, step in self._parked.pop(name, {}).items():
                self._later(work, None, step)

    def step(self, name: str) -> tuple[Hashable, ...] | None:
        """Let a stopped controller do the first thing that waits, now; returns what it was about, None for nothing.

        Raises ValueError for a controller that is not stopped.
        """
        if name not in self._parked:
            raise ValueError(f"controller {name!r} is not stopped: stop it before you step it")
        with self._cluster.lock:
            self._cluster.catch_up()
            work = next(iter(self._parked[name]), None)
            if work is None:
                return None
            run = partial(self._run, work, self._parked[name].pop(work))
            self._cluster.run_step(self._cluster.clock.monotonic(), work, run)
            return work[1:]

    # ---- work

    # What waits on the cluster's queue is bound to the objects of this cluster by name (partial and method, no
    # closure): a fork of the cluster binds it to its own.

    def _enqueue(self, controller: Controller, namespace: str, name: str, delay_s: float | None) -> None:
        self._later((controller.name, namespace, name), delay_s, partial(self._step, controller, namespace, name))

    def _step(self, controller: Controller, namespace: str, name: str) -> float | None:
        time = self._cluster.time
        return controller.step(namespace, name, Now(time.monotonic(), time.wall()))

    def _later(self, work: tuple[Hashable, ...], delay_s: float | None, step: Callable[[], float | None]) -> None:
        """Do `step` after `delay_s` (None: as long as controllers usually take), and again when it asks for it."""
        delay_s = self._cluster.reaction_s if delay_s is None else delay_s
        run = partial(self._run_unless_stopped, work, step)
        self._cluster.enqueue(work, delay_s, run, background=work[0] in self._endless)

    def _run_unless_stopped(self, work: tuple[Hashable, ...], step: Callable[[], float | None]) -> None:
        parked = self._parked.get(str(work[0]))
        if parked is None:
            self._run(work, step)
        else:
            parked[work] = step

    def _run(self, work: tuple[Hashable, ...], step: Callable[[], float | None]) -> None:
        try:
            again_in_s = step()
        except Refused as refused:
            if refused.namespace_terminating:
                self._failures.pop(work, None)
                return
            failures = self._failures[work] = self._failures.get(work, 0) + 1
            self._later(work, min(LAST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(failures - 1, 30)), step)
            return
        self._failures.pop(work, None)
        if again_in_s is not None:
            self._later(work, again_in_s, step)
