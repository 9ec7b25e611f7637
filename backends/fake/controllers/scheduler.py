"""Binds each pod to a node that it fits, the one with the fewest pods; says why when there is none.

The filters of kube-scheduler that depend on nothing but pod and node: nodeSelector, node affinity, taints,
`unschedulable`, and room for one more pod. Resource requests, inter-pod affinity, topology spread, volumes, priorities
and preemption are not considered: in memory every node is large.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from backends.fake.controllers.client import Bind, Client, UpdateStatus
from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.kinds import NODES, PODS
from backends.fake.controllers.matching import fits_node, untolerated
from backends.fake.controllers.owners import Owners
from backends.fake.store import StoreEvent
from backends.kubelet import pods
from backends.kubelet.pods import Object

SCHEDULER = "default-scheduler"
_BLOCKING = ("NoSchedule", "NoExecute")


class Scheduler(Controller):
    """Looks at one unbound pod at a time."""

    name = "kube-scheduler"
    kind = PODS
    watches = (PODS, NODES)

    def __init__(self, client: Client, owners: Owners) -> None:
        super().__init__(client, owners)
        self._unbound: dict[Place, None] = {}
        self._held: dict[Place, str] = {}
        """Pods that take room -> the node where they do."""
        self._pods_on: Counter[str] = Counter()

    @classmethod
    def user(cls) -> str:
        """The scheduler is a component, no service account."""
        return "system:kube-scheduler"

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """A pod without a node; and, when a node changes or room is made on one, every pod that waits."""
        if event.key.plural == NODES.plural:
            return tuple(self._unbound)
        place = (event.key.namespace, event.key.name)
        pod = event.new.load() if event.new is not None else None
        room_made = self._take_room(place, pods.node_of(pod) if pod is not None and not pods.is_finished(pod) else "")
        if pod is not None and not pods.node_of(pod) and pod["spec"].get("schedulerName", SCHEDULER) == SCHEDULER:
            self._unbound[place] = None
            return (place,)
        self._unbound.pop(place, None)
        return tuple(self._unbound) if room_made else ()

    def _take_room(self, place: Place, node: str) -> bool:
        """Note that the pod takes room on `node` ("": nowhere); returns whether it left another one."""
        before = self._held.pop(place, "")
        if before:
            self._pods_on[before] -= 1
        if node:
            self._held[place] = node
            self._pods_on[node] += 1
        return bool(before) and before != node

    def step(self, namespace: str, name: str, now: Now) -> float | None:
        """Bind it, or say why not."""
        pod = self.client.get(PODS, namespace, name)
        if pod is None or pods.node_of(pod) or pods.is_terminating(pod) or pod["spec"].get("schedulingGates"):
            return None
        nodes = self.client.list(NODES)
        reasons = {node["metadata"]["name"]: self._refusal(pod, node) for node in nodes}
        fitting = [name for name, reason in reasons.items() if not reason]
        if fitting:
            best = min(fitting, key=lambda node: (self._pods_on[node], node))
            self.client.apply([Bind(PODS, pod, best)])
        else:
            self._unschedulable(pod, Counter(reasons.values()), len(nodes), now.wall)
        return None

    def _refusal(self, pod: Object, node: Object) -> str:
        """Why the pod cannot go there, in kube-scheduler's words; "" when it can."""
        spec = pod["spec"]
        tolerations = spec.get("tolerations")
        if node.get("spec", {}).get("unschedulable") and untolerated(
            {"spec": {"taints": [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]}},
            tolerations,
            _BLOCKING,
        ):
            return "node(s) were unschedulable"
        if (taint := untolerated(node, tolerations, _BLOCKING)) is not None:
            return f"node(s) had untolerated taint {{{taint['key']}: {taint.get('value', '')}}}"
        if not fits_node(spec, node):
            return "node(s) didn't match Pod's node affinity/selector"
        room = int((node.get("status", {}).get("allocatable") or {}).get("pods", 110))
        return "Too many pods" if self._pods_on[node["metadata"]["name"]] >= room else ""

    def _unschedulable(self, pod: Object, reasons: Counter[str], count: int, now: datetime) -> None:
        text = "no nodes available to schedule pods"
        if count:
            listed = ", ".join(sorted(f"{number} {reason}" for reason, number in reasons.items()))
            text = f"0/{count} nodes are available: {listed}."
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": text}
        before = pods.pod_condition(pod, "PodScheduled")
        if before is not None and before.get("message") == text:
            return
        status = pod.setdefault("status", {})
        status["conditions"] = pods.with_condition(status.get("conditions"), {"lastProbeTime": None, **condition}, now)
        self.client.apply([UpdateStatus(PODS, pod)])
