"""The DaemonSet controller: one pod on each node that wants it, and the update from one template to the next.

Rules: pkg/controller/daemon. `decide` is the whole decision and pure, where pods belong is daemon_pods.py; templates
are kept as ControllerRevisions (revisions.py). Pods that fail on their node are replaced after a while that grows, from
1 s to 15 minutes: that much the controller remembers, and loses without harm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from backends.fake.controllers import daemon_pods
from backends.fake.controllers.claims import Claims
from backends.fake.controllers.client import Client, Create, Delete, Plan, Tell, UpdateStatus, Write
from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.daemon_pods import HASH, Changes
from backends.fake.controllers.kinds import DAEMON_SETS, NODES, PODS, REVISIONS
from backends.fake.controllers.owners import Owners
from backends.fake.controllers.revisions import DEFAULT_LIMIT, history, number
from backends.fake.selectors import labels_of
from backends.fake.store import Entry, StoreEvent
from backends.kubelet import pods
from backends.kubelet.news import News
from backends.kubelet.pods import Object

BURST: Final = 250
"""Pods created, and pods deleted, in one pass at most (`BurstReplicas`)."""
FIRST_BACK_OFF_S: Final = 1.0
LAST_BACK_OFF_S: Final = 900.0


class DaemonSets(Controller):
    """Keeps every DaemonSet's pods on their nodes."""

    name = "daemon-set-controller"
    component = "daemonset-controller"
    kind = DAEMON_SETS
    watches = (DAEMON_SETS, PODS, NODES, REVISIONS)

    def __init__(self, client: Client, owners: Owners) -> None:
        super().__init__(client, owners)
        self._failures = BackOff()

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """The DaemonSet itself, that of a pod or revision; and all of them when a node comes, goes or is changed."""
        plural = event.key.plural
        if plural == DAEMON_SETS.plural:
            return ((event.key.namespace, event.key.name),)
        if plural != NODES.plural:
            return self.owners.interested(event, DAEMON_SETS)
        if not _matters(event.old, event.new):
            return ()
        return [(entry.key.namespace, entry.key.name) for entry in self.client.entries(DAEMON_SETS)]

    def step(self, namespace: str, name: str, now: Now) -> float | None:
        """Bring pods and nodes together, and say how far that is."""
        found = self.client.get(DAEMON_SETS, namespace, name)
        if found is None or pods.is_terminating(found):
            return None
        selector = labels_of(found["spec"]["selector"])
        if selector is None or selector.everything:  # it would claim everything: the real one does nothing either
            return None
        daemons = Claims(self.client, DAEMON_SETS, PODS).claim(found, selector)
        revisions = Claims(self.client, DAEMON_SETS, REVISIONS).claim(found, selector)
        failures = self._failures.of(found["metadata"]["uid"], now.monotonic)
        plan = decide(found, self.client.list(NODES), daemons, revisions, now.wall, failures)
        self.client.apply_and_tell(plan.writes)
        return plan.again_in_s


def _matters(old: Entry | None, new: Entry | None) -> bool:
    """Whether a DaemonSet may see the node with other eyes now: its status is not looked at."""
    if old is None or new is None or old.labels != new.labels:
        return True
    before, after = old.load()["spec"], new.load()["spec"]
    return bool(before.get("taints") != after.get("taints"))


class BackOff:
    """How often pods failed on a node, for each DaemonSet and node (`failedPodsBackoff`)."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], tuple[float, float]] = {}

    def of(self, uid: str, now: float) -> Callable[[str], float]:
        """For the DaemonSet `uid`: how many seconds the failed pod on a node has to stay; 0 is a failure more."""

        def wait_s(node: str) -> float:
            at, delay_s = self._last.get((uid, node), (0.0, 0.0))
            if delay_s and now - at > 2 * LAST_BACK_OFF_S:
                delay_s = 0.0
            if now - at < delay_s:
                return at + delay_s - now
            self._last[uid, node] = now, min(LAST_BACK_OFF_S, 2 * delay_s) if delay_s else FIRST_BACK_OFF_S
            return 0.0

        return wait_s


class _Node(NamedTuple):
    """One node, and what the DaemonSet wants of it."""

    name: str
    run: bool
    stay: bool


@dataclass(slots=True)
class _Pass:
    """One pass over a DaemonSet: what it found."""

    daemon_set: Object
    nodes: list[_Node]
    on_nodes: Mapping[str, list[Object]]
    digest: str
    now: datetime

    @property
    def min_ready_s(self) -> int:
        seconds: int = self.daemon_set["spec"].get("minReadySeconds", 0)
        return seconds

    def available(self, pod: Object) -> bool:
        return pods.is_available(pod, self.min_ready_s, self.now)


def decide(
    daemon_set: Object,
    nodes: Iterable[Object],
    daemons: Sequence[Object],
    revisions: Iterable[Object],
    now: datetime,
    failed_wait_s: Callable[[str], float],
) -> Plan:
    """What one pass does: pods created and deleted, revisions kept and dropped, and the status.

    `daemons` and `revisions` are the DaemonSet's own; `failed_wait_s` says of a node for how many seconds a failed pod
    is still left on it, and counts a failure when it says 0.
    """
    kept = history(DAEMON_SETS, daemon_set, revisions, HASH)
    digest = kept.update["metadata"]["labels"][HASH]
    placed = [_Node(node["metadata"]["name"], *daemon_pods.fit(daemon_set, node)) for node in nodes]
    work = _Pass(daemon_set, placed, daemon_pods.by_node(daemons), digest, now)
    changes, waits = _managed(work, failed_wait_s)
    if not changes.delete and not changes.create_on and daemon_pods.is_rolling(daemon_set):
        desired = [node.name for node in placed if node.run]
        changes = daemon_pods.replaced(daemon_set, _unfinished(work.on_nodes), desired, digest, work.available)
    writes: list[Write] = [*kept.writes]
    writes += [Tell(daemon_set, _found_ended(pod)) for pod in changes.delete if pods.is_finished(pod)]
    made = [daemon_pods.pod_for(daemon_set, node, digest) for node in changes.create_on[:BURST]]
    writes += [Create(PODS, pod, owner=daemon_set) for pod in made]
    writes += [Delete(PODS, pod, owner=daemon_set) for pod in changes.delete[:BURST]]
    old = [revision for revision in kept.revisions if revision is not kept.update]
    writes += _forgotten(daemon_set, old, {_digest(pod) for pod in daemons})
    status = _status(work)
    if status != daemon_set.get("status"):
        writes.append(UpdateStatus(DAEMON_SETS, {**daemon_set, "status": status}))
    waits += [wait for pod in daemons if (wait := pods.available_in_s(pod, work.min_ready_s, now))]
    return Plan(writes, min(waits, default=None))


def _unfinished(on_nodes: Mapping[str, list[Object]]) -> dict[str, list[Object]]:
    """Without pods that have ended and only wait to be removed: they hold no place."""
    found = {
        node: [pod for pod in daemons if not (pods.is_finished(pod) and pods.is_terminating(pod))]
        for node, daemons in on_nodes.items()
    }
    return {node: daemons for node, daemons in found.items() if daemons}


def _managed(work: _Pass, failed_wait_s: Callable[[str], float]) -> tuple[Changes, list[float]]:
    """Which nodes lack a pod, which pods are in the wrong place or over, and the waits for failed ones (`manage`)."""
    changes, waits = Changes(), list[float]()
    on_nodes = _unfinished(work.on_nodes)
    for node in work.nodes:
        there = on_nodes.pop(node.name, [])
        if node.run and not there:
            changes.create_on.append(node.name)
        elif node.stay:
            changes.delete += _over(work, node.name, there, failed_wait_s, waits)
        else:
            changes.delete += [pod for pod in there if not pods.is_terminating(pod)]
    for daemons in on_nodes.values():  # for nodes that are not there
        changes.delete += [pod for pod in daemons if not pods.node_of(pod) and not pods.is_terminating(pod)]
    return changes, waits


def _over(
    work: _Pass, node: str, there: Iterable[Object], failed_wait_s: Callable[[str], float], waits: list[float]
) -> list[Object]:
    """The pods of a node that have ended, and those that are too many."""
    ended, running = list[Object](), list[Object]()
    for pod in there:
        if pods.is_terminating(pod):
            continue
        if pods.phase(pod) == "Failed" and (wait_s := failed_wait_s(node)):
            waits.append(wait_s)
        elif pods.is_finished(pod):
            ended.append(pod)
        else:
            running.append(pod)
    return ended + daemon_pods.crowded(work.daemon_set, running, work.digest, work.available)


def _found_ended(pod: Object) -> News:
    """A daemon that has ended is told before it goes."""
    where = f"{pod['metadata']['namespace']}/{pod['metadata']['name']} on node {pods.node_of(pod)}"
    if pods.phase(pod) == "Failed":
        return News("FailedDaemonPod", f"Found failed daemon pod {where}, will try to kill it", warning=True)
    return News("SucceededDaemonPod", f"Found succeeded daemon pod {where}, will try to delete it")


def _digest(pod: Object) -> str:
    digest: str = (pod["metadata"].get("labels") or {}).get(HASH, "")
    return digest


def _forgotten(daemon_set: Object, old: Iterable[Object], live: set[str]) -> list[Write]:
    """Old revisions beyond `revisionHistoryLimit`, the oldest first; those of pods that are there stay."""
    ordered = sorted(old, key=number)
    surplus = len(ordered) - daemon_set["spec"].get("revisionHistoryLimit", DEFAULT_LIMIT)
    idle = [one for one in ordered if (one["metadata"].get("labels") or {}).get(HASH) not in live]
    return [Delete(REVISIONS, one) for one in idle[: max(0, surplus)]]


def _status(work: _Pass) -> Object:
    """The counts (`updateDaemonSetStatus`); of several pods on a node the oldest counts."""
    desired = [node.name for node in work.nodes if node.run]
    first = [work.on_nodes[name][0] for name in desired if name in work.on_nodes]
    available = sum(work.available(pod) for pod in first)
    updated = sum(daemon_pods.is_updated(work.daemon_set, pod, work.digest) for pod in first)
    status: Object = {
        "currentNumberScheduled": len(first),
        "numberMisscheduled": sum(not node.run and node.name in work.on_nodes for node in work.nodes),
        "desiredNumberScheduled": len(desired),
        "numberReady": sum(pods.is_ready(pod) for pod in first),
        "observedGeneration": work.daemon_set["metadata"].get("generation", 0),
    }
    optional = {
        "updatedNumberScheduled": updated,
        "numberAvailable": available,
        "numberUnavailable": len(desired) - available,
    }
    status.update({member: count for member, count in optional.items() if count})
    old = work.daemon_set.get("status") or {}
    return status | {member: old[member] for member in ("collisionCount", "conditions") if member in old}
