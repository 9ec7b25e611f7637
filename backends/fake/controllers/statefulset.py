"""StatefulSets: pods with names and an order, replaced under the same name.

kube-controller-manager's `statefulset-controller` (pkg/controller/statefulset). `decide` is the whole decision and
pure, in the order of `updateStatefulSet`: create or replace what is missing from the lowest ordinal, then take away
what is too much from the highest, then update. With `podManagementPolicy: Parallel` nothing waits for its neighbours
but an update. `updateStrategy.rollingUpdate.maxUnavailable` has no effect: its feature gate is off in a real cluster
too (1.34).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from backends.fake.controllers import revisions, volume_claims
from backends.fake.controllers.claims import Claims
from backends.fake.controllers.client import Create, Delete, Plan, Tell, Update, UpdateStatus, Write
from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.kinds import CLAIMS, PODS, REVISIONS, STATEFUL_SETS
from backends.fake.controllers.templates import pod_from
from backends.fake.selectors import labels_of
from backends.fake.store import StoreEvent
from backends.kubelet import pods
from backends.kubelet.news import News
from backends.kubelet.pods import Object

REVISION = "controller-revision-hash"
POD_NAME = "statefulset.kubernetes.io/pod-name"
POD_INDEX = "apps.kubernetes.io/pod-index"
HISTORY_HASH = "controller.kubernetes.io/hash"


class StatefulSets(Controller):
    """Keeps the pods of every StatefulSet."""

    name = "statefulset-controller"
    kind = STATEFUL_SETS
    watches = (STATEFUL_SETS, PODS)

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """The StatefulSet itself, or those that own or would adopt the pod."""
        if event.key.plural == PODS.plural:
            return self.owners.interested(event, STATEFUL_SETS)
        return ((event.key.namespace, event.key.name),)

    def step(self, namespace: str, name: str, now: Now) -> float | None:
        """One bounded piece: what may be done at once, and the status."""
        stateful_set = self.client.get(STATEFUL_SETS, namespace, name)
        if stateful_set is None:
            return None
        selector = labels_of(stateful_set["spec"]["selector"])
        owned = Claims(self.client, STATEFUL_SETS, PODS).claim(
            stateful_set, selector, lambda pod: ordinal_of(stateful_set, pod) is not None
        )
        past = Claims(self.client, STATEFUL_SETS, REVISIONS).claim(stateful_set, selector)
        volumes: dict[str, Object] = {}
        if stateful_set["spec"].get("volumeClaimTemplates"):
            volumes = {one["metadata"]["name"]: one for one in self.client.list(CLAIMS, namespace)}
        plan = decide(stateful_set, owned, past, volumes, now.wall)
        self.client.apply_and_tell(plan.writes)
        return plan.again_in_s


def ordinal_of(stateful_set: Object, pod: Object) -> int | None:
    """The number in the pod's name, or None if it is not a name of this set's."""
    parent, _, number = pod["metadata"]["name"].rpartition("-")
    return int(number) if parent == stateful_set["metadata"]["name"] and number.isdecimal() else None


@dataclass(slots=True)
class _Sync:
    """One pass over a StatefulSet: what it found, and what it has decided so far."""

    stateful_set: Object
    current: Object
    update: Object
    volumes: Mapping[str, Object]
    now: datetime
    living: dict[int, Object]
    """Wanted ordinals in order -> the pod."""
    condemned: list[Object]
    """Pods that are too many, highest ordinal first."""
    updates_deleted: int = 0
    writes: list[Write] = field(default_factory=list)

    @property
    def spec(self) -> Object:
        spec: Object = self.stateful_set["spec"]
        return spec

    @property
    def ordered(self) -> bool:
        return bool(self.spec.get("podManagementPolicy", "OrderedReady") == "OrderedReady")

    @property
    def first_ordinal(self) -> int:
        start: int = (self.spec.get("ordinals") or {}).get("start", 0)
        return start

    @property
    def wanted(self) -> range:
        return range(self.first_ordinal, self.first_ordinal + self.spec.get("replicas", 1))

    def is_available(self, pod: Object) -> bool:
        """Running, and Ready for long enough."""
        return _runs(pod) and pods.is_available(pod, self.spec.get("minReadySeconds", 0), self.now)

    def is_healthy(self, pod: Object | None) -> bool:
        """Available, and not on its way out."""
        return pod is not None and self.is_available(pod) and not pods.is_terminating(pod)


def decide(
    stateful_set: Object,
    owned: Iterable[Object],
    past: Iterable[Object],
    volumes: Mapping[str, Object],
    now: datetime,
) -> Plan:
    """What one pass does. `owned` are its pods, `past` its ControllerRevisions, `volumes` the namespace's claims."""
    owned = list(owned)
    history = revisions.history(STATEFUL_SETS, stateful_set, past, HISTORY_HASH)
    status = stateful_set.get("status", {})
    current = next((one for one in history.revisions if _name(one) == status.get("currentRevision")), history.update)
    sync = _Sync(stateful_set, current, history.update, volumes, now, {}, [], writes=list(history.writes))
    for pod in owned:
        ordinal = ordinal_of(stateful_set, pod)
        if ordinal is None:  # of a name that is not the set's: not its business
            continue
        if ordinal in sync.wanted:
            sync.living[ordinal] = pod
        else:
            sync.condemned.append(pod)
    sync.condemned.sort(key=lambda pod: ordinal_of(stateful_set, pod) or 0, reverse=True)
    if not pods.is_terminating(stateful_set):
        _ = _keep(sync) and _take_away(sync) and _update(sync)
    new = _status(sync, owned)
    sync.writes.extend(
        revisions.surplus(
            stateful_set,
            (one for one in history.revisions if "uid" in one["metadata"]),
            [_name(current), _name(history.update), *(_revision_of(pod) for pod in owned)],
        )
    )
    if new != status:
        sync.writes.append(UpdateStatus(STATEFUL_SETS, {**stateful_set, "status": new}))
    return Plan(sync.writes, _until_available(sync, owned))


# ---- the three parts of a pass; each returns whether the next one may follow


def _keep(sync: _Sync) -> bool:
    """Create what is missing and replace what has ended, from the lowest ordinal."""
    for ordinal in sync.wanted:
        kept = _keep_one(sync, ordinal, sync.living.get(ordinal))
        if sync.ordered and not kept:
            return False
    return True


def _keep_one(sync: _Sync, ordinal: int, pod: Object | None) -> bool:
    """Whether this one is as it should be, so that its successors may follow."""
    if pod is not None and pods.is_finished(pod):
        if not pods.is_terminating(pod):
            sync.writes += [Tell(sync.stateful_set, _recreating(sync.stateful_set, pod)), _deleted(sync, pod)]
        return False
    if pod is None:
        if volume_claims.is_stale(sync.stateful_set, ordinal, sync.volumes):
            return False
        sync.writes.extend(volume_claims.missing(sync.stateful_set, ordinal, sync.volumes))
        sync.writes.append(Create(PODS, _new_pod(sync, ordinal), owner=sync.stateful_set))
        return False
    if pods.phase(pod) == "Pending":
        sync.writes.extend(volume_claims.missing(sync.stateful_set, ordinal, sync.volumes))
    if sync.ordered and not sync.is_healthy(pod):
        return False
    _mend(sync, ordinal, pod)
    return True


def _deleted(sync: _Sync, pod: Object) -> Delete:
    return Delete(PODS, pod, owner=sync.stateful_set)


def _recreating(stateful_set: Object, pod: Object) -> News:
    """A pod that has ended is told before it goes."""
    name, metadata = pod["metadata"]["name"], stateful_set["metadata"]
    where = f"StatefulSet {metadata['namespace']}/{metadata['name']}"
    if pods.phase(pod) == "Failed":
        return News("RecreatingFailedPod", f"{where} is recreating failed Pod {name}", warning=True)
    return News("RecreatingTerminatedPod", f"{where} is recreating terminated Pod {name}")


def _mend(sync: _Sync, ordinal: int, pod: Object) -> None:
    """Put back the labels that are its identity, and the owners of its claims."""
    labels = pod["metadata"].setdefault("labels", {})
    identity = {POD_NAME: pod["metadata"]["name"], POD_INDEX: str(ordinal)}
    if not identity.items() <= labels.items() and not pods.is_terminating(pod):
        labels.update(identity)
        sync.writes.append(Update(PODS, pod))
    sync.writes.extend(volume_claims.retained(sync.stateful_set, pod, ordinal, sync.volumes, condemned=False))


def _take_away(sync: _Sync) -> bool:
    """Delete what is too much, from the highest ordinal; in order, one at a time."""
    first_unhealthy = _first_unhealthy(sync)
    for pod in sync.condemned:
        ordinal = ordinal_of(sync.stateful_set, pod) or 0
        sync.writes.extend(volume_claims.retained(sync.stateful_set, pod, ordinal, sync.volumes, condemned=True))
        if pods.is_terminating(pod):
            if sync.ordered:
                return False
            continue
        if sync.ordered and not sync.is_available(pod) and pod is not first_unhealthy:
            return False
        sync.writes.append(_deleted(sync, pod))
        if sync.ordered:
            return False
    return True


def _first_unhealthy(sync: _Sync) -> Object | None:
    candidates = [*(sync.living.get(ordinal) for ordinal in sync.wanted), *reversed(sync.condemned)]
    return next((pod for pod in candidates if pod is not None and not sync.is_healthy(pod)), None)


def _update(sync: _Sync) -> bool:
    """Delete the highest pod of another revision; it comes back as wanted. One at a time, down to the partition."""
    strategy = sync.spec.get("updateStrategy") or {}
    if strategy.get("type", "RollingUpdate") == "OnDelete":
        return True
    partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
    for ordinal in reversed(sync.wanted[partition:]):
        pod = sync.living.get(ordinal)
        if pod is not None and _revision_of(pod) != _name(sync.update) and not pods.is_terminating(pod):
            sync.writes.append(_deleted(sync, pod))
            sync.updates_deleted += _revision_of(pod) == _name(sync.current)
            return False
        if not sync.is_healthy(pod):
            return False
    return True


# ---- pods and status


def _new_pod(sync: _Sync, ordinal: int) -> Object:
    strategy = sync.spec.get("updateStrategy") or {}
    partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
    rolling = strategy.get("type", "RollingUpdate") == "RollingUpdate"
    is_old = rolling and ordinal < sync.first_ordinal + partition
    revision = sync.current if is_old else sync.update
    name = f"{sync.stateful_set['metadata']['name']}-{ordinal}"
    pod = pod_from(revisions.template_of(revision), STATEFUL_SETS, sync.stateful_set, name=name)
    identity = {POD_NAME: name, POD_INDEX: str(ordinal), REVISION: _name(revision)}
    pod["metadata"]["labels"] = {**(pod["metadata"].get("labels") or {}), **identity}
    pod["spec"]["hostname"] = name
    if sync.spec.get("serviceName"):
        pod["spec"]["subdomain"] = sync.spec["serviceName"]
    if mounted := volume_claims.volumes(sync.stateful_set, ordinal, pod["spec"].get("volumes") or ()):
        pod["spec"]["volumes"] = mounted
    return pod


def _status(sync: _Sync, owned: list[Object]) -> Object:
    old, current, update = sync.stateful_set.get("status", {}), _name(sync.current), _name(sync.update)
    living = [_revision_of(pod) for pod in owned if not pods.is_terminating(pod)]
    counts = {
        "readyReplicas": sum(_runs(pod) and pods.is_ready(pod) for pod in owned),
        "currentReplicas": living.count(current) - sync.updates_deleted,
        "updatedReplicas": living.count(update),
    }
    size = sync.spec.get("replicas", 1)
    rolling = (sync.spec.get("updateStrategy") or {}).get("type", "RollingUpdate") == "RollingUpdate"
    if rolling and len(owned) == counts["readyReplicas"] == counts["updatedReplicas"] == size:
        current, counts["currentReplicas"] = update, size
    status: Object = {
        "observedGeneration": sync.stateful_set["metadata"].get("generation", 0),
        "replicas": len(owned),
        "availableReplicas": sum(sync.is_available(pod) for pod in owned),
        **{member: count for member, count in counts.items() if count},
        "currentRevision": current,
        "updateRevision": update,
        "collisionCount": old.get("collisionCount", 0),
    }
    if old.get("conditions"):
        status["conditions"] = old["conditions"]
    return status


def _until_available(sync: _Sync, owned: Iterable[Object]) -> float | None:
    """Seconds until the next pod becomes available by waiting alone."""
    min_ready_s = sync.spec.get("minReadySeconds", 0)
    waits = (pods.available_in_s(pod, min_ready_s, sync.now) for pod in owned) if min_ready_s else ()
    return min((wait for wait in waits if wait), default=None)


def _runs(pod: Object) -> bool:
    return pods.phase(pod) == "Running"


def _name(revision: Object) -> str:
    name: str = revision["metadata"]["name"]
    return name


def _revision_of(pod: Object) -> str:
    name: str = (pod["metadata"].get("labels") or {}).get(REVISION, "")
    return name
