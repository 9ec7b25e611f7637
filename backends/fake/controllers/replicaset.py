"""ReplicaSets and ReplicationControllers: as many pods as wanted, and a status that counts them.

kube-controller-manager's `replicaset-controller` (pkg/controller/replicaset) and, the same code for an older kind,
`replication-controller`. `decide` and `status` are pure; which pods go first when there are too many is
`downscale.order`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from backends.fake.controllers import downscale
from backends.fake.controllers.claims import Claims
from backends.fake.controllers.client import Create, Delete, Refused, Write
from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.kinds import PODS, REPLICA_SETS, REPLICATION_CONTROLLERS, Kind
from backends.fake.controllers.owners import selector_of
from backends.fake.controllers.templates import controller_of, pod_from
from backends.fake.selectors import labels_of
from backends.fake.store import StoreEvent
from backends.kubelet import pods
from backends.kubelet.pods import Object, with_condition

BURST = 500
"""Pods that are created or deleted in one step at most (`BurstReplicas`)."""


class ReplicaSets(Controller):
    """Keeps the pods of every ReplicaSet."""

    name = "replicaset-controller"
    kind = REPLICA_SETS
    watches = (REPLICA_SETS, PODS)

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """The ReplicaSet itself, or those that own or would adopt the pod."""
        if event.key.plural == PODS.plural:
            return self.owners.interested(event, self.kind)
        return ((event.key.namespace, event.key.name),)

    def step(self, namespace: str, name: str, now: Now) -> float | None:
        """Create or delete pods, then say in the status how many there are."""
        replica_set = self.client.get(self.kind, namespace, name)
        if replica_set is None:
            return None
        selector = labels_of(selector_of(self.kind.stored, replica_set["spec"]))
        claimed = Claims(self.client, self.kind, PODS).claim(replica_set, selector, pods.is_active)
        active = [pod for pod in claimed if pods.is_active(pod)]
        writes: list[Write] = []
        failure: Refused | None = None
        if not pods.is_terminating(replica_set):
            writes = decide(self.kind, replica_set, active, self._related(replica_set, active), now.wall)
            failure = self._try(writes)
        current = self._active(replica_set) if writes else active
        growing = len(active) < wanted(replica_set)
        new = status(replica_set, current, now.wall, failure=failure, growing=growing)
        if new != replica_set.get("status"):
            self.client.replace(self.kind, {**replica_set, "status": new}, "status")
        if failure is not None:
            raise failure
        return _until_available(replica_set, current, now.wall)

    def _try(self, writes: list[Write]) -> Refused | None:
        """Do the writes; what refused them shows in the status first, and is raised after that."""
        try:
            self.client.apply(writes)
        except Refused as refused:
            return None if refused.namespace_terminating else refused
        return None

    def _active(self, replica_set: Object) -> list[Object]:
        found = self.client.dependents(replica_set["metadata"]["uid"])
        owned = (one.load() for one in found if (one.key.group, one.key.plural) == PODS.stored)
        return [pod for pod in owned if pods.is_active(pod)]

    def _related(self, replica_set: Object, active: list[Object]) -> list[Object]:
        """The pods of the same Deployment; looked for only where there is a choice which pod goes."""
        if not 0 < len(active) - wanted(replica_set) < len(active):
            return []
        owner = controller_of(replica_set)
        if owner is None:
            return active
        family = [one for one in self.client.dependents(owner["uid"]) if one.key.plural == REPLICA_SETS.plural]
        found = (one.load() for member in family for one in self.client.dependents(member.uid))
        return [pod for pod in found if pod["kind"] == PODS.kind and pods.is_active(pod)]


class ReplicationControllers(ReplicaSets):
    """Keeps the pods of every ReplicationController."""

    name = "replication-controller"
    kind = REPLICATION_CONTROLLERS
    watches = (REPLICATION_CONTROLLERS, PODS)


def wanted(replica_set: Object) -> int:
    """How many pods there are to be."""
    count: int = replica_set["spec"].get("replicas", 1)
    return count


def decide(kind: Kind, replica_set: Object, active: list[Object], related: list[Object], now: datetime) -> list[Write]:
    """The pods to create or to delete. `related`: the active pods of the same Deployment."""
    missing = wanted(replica_set) - len(active)
    if missing > 0:
        pod = pod_from(replica_set["spec"]["template"], kind, replica_set)
        return [Create(PODS, pod, owner=replica_set)] * min(missing, BURST)
    surplus = min(-missing, BURST)
    if not surplus:
        return []
    return [Delete(PODS, pod, owner=replica_set) for pod in downscale.order(active, related, now)[:surplus]]


def status(
    replica_set: Object, active: list[Object], now: datetime, *, failure: Refused | None, growing: bool
) -> Object:
    """The status that counts these pods; a failure to create (`growing`) or delete some shows as a condition."""
    template_labels = (replica_set["spec"]["template"].get("metadata") or {}).get("labels") or {}
    min_ready_s = replica_set["spec"].get("minReadySeconds", 0)
    labelled = (template_labels.items() <= (pod["metadata"].get("labels") or {}).items() for pod in active)
    counts = {
        "fullyLabeledReplicas": sum(labelled),
        "readyReplicas": sum(map(pods.is_ready, active)),
        "availableReplicas": sum(pods.is_available(pod, min_ready_s, now) for pod in active),
    }
    new: Object = {"replicas": len(active), **{member: count for member, count in counts.items() if count}}
    new["observedGeneration"] = replica_set["metadata"].get("generation", 0)
    conditions = replica_set.get("status", {}).get("conditions") or []
    failed = any(one["type"] == "ReplicaFailure" for one in conditions)
    if failure is not None and failed:
        # As it was: each refusal names another pod, and a status that always changes is always looked at again.
        new["conditions"] = conditions
    elif failure is not None:
        reason = "FailedCreate" if growing else "FailedDelete"
        condition = {"type": "ReplicaFailure", "status": "True", "reason": reason, "message": failure.message}
        new["conditions"] = with_condition(conditions, condition, now)
    elif others := [one for one in conditions if one["type"] != "ReplicaFailure"]:
        new["conditions"] = others
    return new


def _until_available(replica_set: Object, active: list[Object], now: datetime) -> float | None:
    """Seconds until the next pod becomes available by waiting alone."""
    min_ready_s = replica_set["spec"].get("minReadySeconds", 0)
    if not min_ready_s:
        return None
    waits = (pods.available_in_s(pod, min_ready_s, now) for pod in active)
    return min((wait for wait in waits if wait), default=None)
