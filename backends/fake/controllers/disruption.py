"""How many pods of a PodDisruptionBudget may go: the numbers in its status, which the eviction API spends.

kube-controller-manager's `disruption-controller` (pkg/controller/disruption). Percentages and `maxUnavailable` count
the replicas that the pods' controllers want; an absolute `minAvailable` counts the pods that there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from backends.fake.catalogue import Catalogue
from backends.fake.controllers.client import Plan, Refused, UpdateStatus
from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.kinds import (
    BUDGETS,
    DEPLOYMENTS,
    PODS,
    REPLICA_SETS,
    REPLICATION_CONTROLLERS,
    STATEFUL_SETS,
    Kind,
)
from backends.fake.controllers.templates import controller_of, scaled
from backends.fake.selectors import labels_of
from backends.fake.store import StoreEvent
from backends.kubelet import pods
from backends.kubelet.news import News
from backends.kubelet.pods import Object
from backends.kubelet.rfc3339 import seconds_until

DELETION_TIMEOUT_S = 120.0
"""So long after its eviction a pod that is still there counts again."""
RETRY_S = 60.0
"""So long after a failure it is counted again, even if nothing has changed."""
_SCALED = {kind.kind: kind for kind in (REPLICA_SETS, STATEFUL_SETS, REPLICATION_CONTROLLERS)}


class CannotCountError(Exception):
    """The number of expected pods cannot be told; the text goes into the budget's condition."""


class Disruptions(Controller):
    """Recounts one budget."""

    name = "disruption-controller"
    component = "controllermanager"
    kind = BUDGETS
    watches = (BUDGETS, PODS)
    reaction_s = 0.0
    """In reality it is quicker than the next request: a client that evicts pod after pod meets new numbers."""
    catalogue: Catalogue
    """The kinds of its cluster, any of which may control pods; set when it is added to one."""

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """A budget; of a pod, the first budget that selects it: where two do, changes of it reach one."""
        if event.key.plural == BUDGETS.plural:
            return ((event.key.namespace, event.key.name),)
        labels = (event.new or event.shown).labels
        first = next(self.owners.selecting(labels, event.key.namespace, BUDGETS), None)
        return () if first is None else (first,)

    def step(self, namespace: str, name: str, now: Now) -> float | None:
        """Count, and write what changed."""
        budget = self.client.get(BUDGETS, namespace, name)
        if budget is None:
            return None
        plan = self._plan(budget, now.wall)
        self.client.apply(plan.writes)
        return plan.again_in_s

    def _plan(self, budget: Object, now: datetime) -> Plan:
        selector = labels_of(budget.get("spec", {}).get("selector"))
        namespace = budget["metadata"]["namespace"]
        chosen = self.client.list(PODS, namespace, selector) if selector is not None else []
        if not chosen:
            self.client.tell(budget, News("NoPods", "No matching pods found"))
        disrupted, again_in_s = _still_disrupted(budget, chosen, now)
        try:
            expected, desired = self._expected(budget, chosen)
        except CannotCountError as error:
            text = f"Failed to calculate the number of expected pods: {error}"
            self.client.tell(budget, News("CalculateExpectedPodCountFailed", text, warning=True))
            return _failed(budget, str(error), now)
        healthy = sum(
            1
            for pod in chosen
            if pods.is_ready(pod) and not pods.is_terminating(pod) and pod["metadata"]["name"] not in disrupted
        )
        allowed = max(0, healthy - desired) if expected > 0 else 0
        numbers: Object = {
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "disruptionsAllowed": allowed,
            "expectedPods": expected,
        }
        if disrupted:
            numbers["disruptedPods"] = disrupted
        return _counted(budget, numbers, now, again_in_s)

    def _expected(self, budget: Object, chosen: list[Object]) -> tuple[int, int]:
        """How many pods there should be, and how many of them must be healthy (`getExpectedPodCount`)."""
        spec = budget["spec"]
        if (most := spec.get("maxUnavailable")) is not None:
            expected = self._wanted(chosen)
            return expected, max(0, expected - scaled(most, expected, round_up=True))
        least = spec.get("minAvailable")
        if least is None:
            return len(chosen), 0
        if isinstance(least, int):
            return len(chosen), least
        expected = self._wanted(chosen)
        return expected, scaled(least, expected, round_up=True)

    def _wanted(self, chosen: Iterable[Object]) -> int:
        """The replicas that the pods' controllers want, each counted once."""
        scales: dict[str, int] = {}
        for pod in chosen:
            name, owner = pod["metadata"]["name"], controller_of(pod)
            if owner is None or owner["uid"] in scales:  # what nobody controls does not count
                continue
            kind, namespace = _SCALED.get(owner["kind"]), pod["metadata"]["namespace"]
            found = self.client.get(kind, namespace, owner["name"]) if kind else self._scale(owner, namespace)
            if found is None or found["metadata"]["uid"] != owner["uid"]:
                raise CannotCountError(f'found no controllers for pod "{name}"')
            found = self._top(found) if kind is REPLICA_SETS else found
            scales[owner["uid"]] = 0 if found["metadata"]["uid"] in scales else found["spec"].get("replicas", 1)
            scales.setdefault(found["metadata"]["uid"], 0)
        return sum(scales.values())

    def _scale(self, owner: Object, namespace: str) -> Object | None:
        """The Scale of a controller of any other kind, or None if it is gone (`getScaleController`)."""
        try:
            resource = self.catalogue.of_object(owner)
        except KeyError:
            where = f'in version "{owner["apiVersion"]}"'
            raise CannotCountError(f'no matches for kind "{owner["kind"]}" {where}') from None
        if "scale" not in resource.subresources:
            raise CannotCountError(f"{resource.qualified} does not implement the scale subresource")
        kind = Kind(resource.group, resource.version, resource.plural, resource.kind, resource.namespaced)
        try:
            return self.client.read(kind, namespace, owner["name"], "scale")
        except Refused as refused:
            if refused.code == 404:
                return None
            raise CannotCountError(refused.message) from None

    def _top(self, replica_set: Object) -> Object:
        """A ReplicaSet's Deployment counts in its place."""
        owner = controller_of(replica_set)
        if owner is not None and owner["kind"] == DEPLOYMENTS.kind:
            above = self.client.get(DEPLOYMENTS, replica_set["metadata"]["namespace"], owner["name"])
            if above is not None and above["metadata"]["uid"] == owner["uid"]:
                return above
        return replica_set


def _counted(budget: Object, numbers: Object, now: datetime, again_in_s: float | None) -> Plan:
    generation, before = budget["metadata"].get("generation", 0), budget.get("status") or {}
    enough = numbers["disruptionsAllowed"] > 0
    condition = {
        "type": "DisruptionAllowed",
        "status": "True" if enough else "False",
        "reason": "SufficientPods" if enough else "InsufficientPods",
        "message": "",
        "observedGeneration": generation,
    }
    conditions = pods.with_condition(before.get("conditions"), condition, now)
    return _written(budget, {**numbers, "observedGeneration": generation, "conditions": conditions}, again_in_s)


def _failed(budget: Object, text: str, now: datetime) -> Plan:
    """Nothing may go while nobody can count (`failSafe`); everything else stays as it was."""
    before = budget.get("status") or {}
    condition = {
        "type": "DisruptionAllowed",
        "status": "False",
        "reason": "SyncFailed",
        "message": text,
        "observedGeneration": before.get("observedGeneration", 0),
    }
    conditions = pods.with_condition(before.get("conditions"), condition, now)
    return _written(budget, {**before, "disruptionsAllowed": 0, "conditions": conditions}, RETRY_S)


def _written(budget: Object, status: Object, again_in_s: float | None) -> Plan:
    if status == budget.get("status"):
        return Plan([], again_in_s)
    return Plan([UpdateStatus(BUDGETS, {**budget, "status": status})], again_in_s)


def _still_disrupted(budget: Object, chosen: list[Object], now: datetime) -> tuple[Object, float | None]:
    """The evicted pods that are still there and not on their way out, and when to look at them again (seconds)."""
    there = {pod["metadata"]["name"]: pod for pod in chosen}
    kept: Object = {}
    again: list[float] = []
    for name, evicted_at in ((budget.get("status") or {}).get("disruptedPods") or {}).items():
        pod = there.get(name)
        if pod is None or pods.is_terminating(pod):
            continue
        left_s = seconds_until(evicted_at, now) + DELETION_TIMEOUT_S
        if left_s > 0:
            kept[name] = evicted_at
            again.append(left_s)
    return kept, min(again, default=None)
