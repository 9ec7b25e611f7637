"""What happens around nodes: taints that follow their conditions, and pods whose node is gone.

Parts of kube-controller-manager's `node-lifecycle-controller` (KEP-382, taints by condition) and of its
`pod-garbage-collector`. No node is ever declared lost here: simulated nodes send no heartbeats.
"""

from __future__ import annotations

from collections.abc import Iterable

from backends.fake.controllers.client import Client, Delete, Update
from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.kinds import NODES, PODS
from backends.fake.controllers.owners import Owners
from backends.fake.store import StoreEvent
from backends.kubelet import pods
from backends.kubelet.rfc3339 import stamp

NOT_READY = "node.kubernetes.io/not-ready"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
QUARANTINE_S = 40.0
"""How long a node must have been gone before its pods go (`quarantineTime` of the pod garbage collector)."""


class NodeTaints(Controller):
    """Keeps the taints `not-ready` and `unschedulable` as the node's Ready condition and spec say."""

    name = "node-lifecycle-controller"
    kind = NODES
    watches = (NODES,)

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """Every change of a node."""
        return (("", event.key.name),)

    def step(self, _namespace: str, name: str, now: Now) -> float | None:
        """Add or remove the two taints."""
        node = self.client.get(NODES, "", name)
        if node is None:
            return None
        ready = pods.condition(node.get("status", {}).get("conditions"), "Ready")
        if ready is None:
            return None  # No kubelet has ever spoken for it.
        wanted = {NOT_READY: ready.get("status") == "False", UNSCHEDULABLE: bool(node["spec"].get("unschedulable"))}
        taints = list(node["spec"].get("taints") or ())
        kept = [taint for taint in taints if taint["effect"] != "NoSchedule" or wanted.get(taint["key"], True)]
        there = {taint["key"] for taint in kept if taint["effect"] == "NoSchedule"}
        added = [
            {"key": key, "effect": "NoSchedule", "timeAdded": stamp(now.wall)}
            for key, yes in wanted.items()
            if yes and key not in there
        ]
        if not added and len(kept) == len(taints):
            return None
        node["spec"] = {key: value for key, value in node["spec"].items() if key != "taints"}
        if kept or added:
            node["spec"]["taints"] = [*kept, *added]
        self.client.apply([Update(NODES, node)])
        return None


class OrphanedPods(Controller):
    """Deletes the pods of a node that has been deleted."""

    name = "pod-garbage-collector"
    kind = NODES
    watches = (NODES,)

    def __init__(self, client: Client, owners: Owners) -> None:
        super().__init__(client, owners)
        self._waited: set[str] = set()

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """Nodes that go."""
        return (("", event.key.name),) if event.type == "DELETED" else ()

    def step(self, _namespace: str, name: str, _now: Now) -> float | None:
        """First wait, then delete what says that it runs on the node called `name`."""
        waited = name in self._waited
        self._waited.discard(name)
        if self.client.entry(NODES, "", name) is not None:
            return None
        stranded = [pod for pod in self.client.list(PODS) if pods.node_of(pod) == name]
        if stranded and not waited:
            self._waited.add(name)
            return QUARANTINE_S
        self.client.apply([Delete(PODS, pod, grace_s=0) for pod in stranded])
        return None
