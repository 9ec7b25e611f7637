"""What happens around nodes: taints that follow their conditions, and pods whose node is gone.

Parts of kube-controller-manager's `node-lifecycle-controller` (KEP-382, taints by condition) and of its
`pod-garbage-collector`. Who declares a node lost is in heartbeats.py, who evicts for a taint in taint_eviction.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from backends.fake.controllers.client import Client, Delete, Update
from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.kinds import NODES, PODS
from backends.fake.controllers.owners import Owners
from backends.fake.store import StoreEvent
from backends.kubelet import pods
from backends.kubelet.news import News
from backends.kubelet.pods import Object
from backends.kubelet.rfc3339 import stamp

_CONDITIONS: Final = {
    ("Ready", "False"): "not-ready",
    ("Ready", "Unknown"): "unreachable",
    ("MemoryPressure", "True"): "memory-pressure",
    ("DiskPressure", "True"): "disk-pressure",
    ("PIDPressure", "True"): "pid-pressure",
    ("NetworkUnavailable", "True"): "network-unavailable",
}
"""Type and status of a condition -> the taint it means, below `node.kubernetes.io/`."""
_PREFIX: Final = "node.kubernetes.io/"
_LEAVE: Final = ("not-ready", "unreachable")
"""What makes pods leave that do not tolerate it."""
_MANAGED: Final = frozenset(
    {(_PREFIX + name, "NoSchedule") for name in (*_CONDITIONS.values(), "unschedulable")}
    | {(_PREFIX + name, "NoExecute") for name in _LEAVE}
)

QUARANTINE_S = 40.0
"""How long a node must have been gone before its pods go (`quarantineTime` of the pod garbage collector)."""


class NodeTaints(Controller):
    """Keeps the taints of a node as its conditions and `spec.unschedulable` say.

    NoSchedule for each of them; NoExecute beside it where the node is not Ready.
    """

    name = "node-lifecycle-controller"
    component = "node-controller"
    kind = NODES
    watches = (NODES,)

    def __init__(self, client: Client, owners: Owners) -> None:
        super().__init__(client, owners)
        self._known: dict[str, str] = {}
        """The nodes that have been told of -> their uids."""

    @classmethod
    def user(cls) -> str:
        """Its service account has another name than itself."""
        return "system:serviceaccount:kube-system:node-controller"

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """Every change of a node."""
        return (("", event.key.name),)

    def step(self, _namespace: str, name: str, now: Now) -> float | None:
        """Add and remove taints."""
        node = self.client.get(NODES, "", name)
        self._tell(name, node)
        if node is None:
            return None
        conditions = node.get("status", {}).get("conditions")
        if pods.condition(conditions, "Ready") is None:
            return None  # No kubelet has ever spoken for it.
        wanted = _wanted(node, conditions)
        spec = node["spec"]
        held = spec.get("taints") or []
        kept = [one for one in held if (one["key"], one["effect"]) not in _MANAGED - wanted]
        missing = wanted - {(one["key"], one["effect"]) for one in kept}
        # Schedulers are warned at once, pods are sent away by a pass that comes seconds later.
        ordered = sorted(missing, key=lambda taint: (taint[1] == "NoExecute", taint))
        added = [{"key": key, "effect": effect, "timeAdded": stamp(now.wall)} for key, effect in ordered]
        if added or len(kept) != len(held):
            spec.pop("taints", None)
            if kept or added:
                spec["taints"] = [*kept, *added]
            self.client.apply([Update(NODES, node)])
        return None

    def _tell(self, name: str, node: Object | None) -> None:
        """A node has come, or has gone."""
        known = self._known.get(name)
        if known is not None and node is None:
            del self._known[name]
            text = f"Node {name} event: Removing Node {name} from Controller"
            self.client.tell(bare(name, known), News("RemovingNode", text))
        if node is not None and known != node["metadata"]["uid"]:
            uid = self._known[name] = node["metadata"]["uid"]
            text = f"Node {name} event: Registered Node {name} in Controller"
            self.client.tell(bare(name, uid), News("RegisteredNode", text))


def bare(name: str, uid: str) -> Object:
    """A node as Events name it: without its version. Kubelets give its name for a uid."""
    return {"kind": "Node", "apiVersion": "v1", "metadata": {"name": name, "uid": uid}}


def _wanted(node: Object, conditions: Iterable[Object] | None) -> set[tuple[str, str]]:
    """Keys and effects."""
    found = {_CONDITIONS.get((one["type"], one["status"])) for one in conditions or ()}
    if node["spec"].get("unschedulable"):
        found.add("unschedulable")
    taints = {(_PREFIX + name, "NoSchedule") for name in found if name is not None}
    return taints | {(_PREFIX + name, "NoExecute") for name in _LEAVE if name in found}


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
