"""The heartbeats of the nodes, and what becomes of a node that sends none.

`Heartbeats` is the kubelets' side: a Lease in `kube-node-lease` every 10 s, the conditions every 5 minutes (KEP-589).
`NodeMonitor` is kube-controller-manager's `node-lifecycle-controller`: after 50 s without either, the conditions are
Unknown; the taints follow by `nodes.NodeTaints`. Both run only in a cluster that is made with `heartbeats=True`, in the
background: nothing waits for them to end. A node with the annotation `kubelet.kubeactions.test/stopped: "true"` is a
machine that is off: it sends nothing, and its pods stay as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from backends.fake.controllers.client import Create, Tell, Update, UpdateStatus
from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.kinds import LEASES, NODES, PODS
from backends.fake.controllers.nodes import bare
from backends.fake.store import StoreEvent
from backends.kubelet import PREFIX, pods
from backends.kubelet.news import News, of_node_status
from backends.kubelet.nodes import healthy
from backends.kubelet.pods import Object
from backends.kubelet.rfc3339 import instant, micro_stamp, seconds_until, stamp

LEASE_NAMESPACE: Final = "kube-node-lease"
LEASE_S: Final = 40
RENEW_S: Final = 10.0
"""`nodeLeaseDurationSeconds`, and a quarter of it."""
REPORT_S: Final = 300.0
"""`nodeStatusReportFrequency`: how often conditions are sent that have not changed."""
GRACE_S: Final = 50.0
"""`--node-monitor-grace-period`."""
STOPPED: Final = f"{PREFIX}stopped"
_LOST: Final = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
"""The conditions that a kubelet reports."""


def is_stopped(node: Object) -> bool:
    """Whether the machine is off: nobody speaks for it."""
    return (node["metadata"].get("annotations") or {}).get(STOPPED) == "true"


class Heartbeats(Controller):
    """Speaks for one node at a time."""

    name = "kubelet-heartbeat"
    component = "kubelet"
    kind = NODES
    watches = (NODES,)
    background = True

    @classmethod
    def user(cls) -> str:
        """Each node has its own user: `system:node:<name>`."""
        return "system:node:"

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """A node that is there."""
        return (("", event.key.name),) if event.new is not None else ()

    def step(self, _namespace: str, name: str, now: Now) -> float | None:
        """Renew its lease; send its conditions when it is time, or when it was taken for lost."""
        node = self.client.get(NODES, "", name)
        if node is None or is_stopped(node):
            return None
        self.client.act_as(f"{self.user()}{name}", ("system:nodes", "system:authenticated"), name)
        lease = self.client.get(LEASES, LEASE_NAMESPACE, name)
        renewed = (lease or {}).get("spec", {}).get("renewTime")
        due_s = 0.0 if renewed is None else seconds_until(renewed, now.wall) + RENEW_S
        ready = pods.condition(node.get("status", {}).get("conditions"), "Ready")
        reported = ready is not None and ready["status"] != "Unknown"
        if ready is not None and (not reported or -seconds_until(ready["lastHeartbeatTime"], now.wall) >= REPORT_S):
            self.client.apply([UpdateStatus(NODES, _reported(node, now))])
            if not reported:
                self.client.tell(bare(name, name), of_node_status(name, "NodeReady"))
        if due_s > 0:
            return due_s
        if lease is None:
            self.client.apply([Create(LEASES, _lease(node, now))])
        else:
            spec = {**lease["spec"], "holderIdentity": name, "renewTime": micro_stamp(now.wall)}
            self.client.apply([Update(LEASES, {**lease, "spec": spec})])
        return RENEW_S


def _lease(node: Object, now: Now) -> Object:
    metadata = node["metadata"]
    owner = {"apiVersion": "v1", "kind": "Node", "name": metadata["name"], "uid": metadata["uid"]}
    return {
        "metadata": {"name": metadata["name"], "namespace": LEASE_NAMESPACE, "ownerReferences": [owner]},
        "spec": {
            "holderIdentity": metadata["name"],
            "leaseDurationSeconds": LEASE_S,
            "renewTime": micro_stamp(now.wall),
        },
    }


def _reported(node: Object, now: Now) -> Object:
    """The node as its kubelet reports it: what was Unknown is well again."""
    well = {one["type"]: one for one in healthy(now.wall)}
    conditions = [
        well[one["type"]] if one["status"] == "Unknown" and one["type"] in well
        else {**one, "lastHeartbeatTime": stamp(now.wall)}
        for one in node["status"]["conditions"]
    ]  # fmt: skip
    return {**node, "status": {**node["status"], "conditions": conditions}}


class NodeMonitor(Controller):
    """Looks whether a node has been heard of."""

    name = "node-monitor"
    component = "node-controller"
    kind = NODES
    watches = (NODES, LEASES)
    background = True

    @classmethod
    def user(cls) -> str:
        """It is a part of the node controller."""
        return "system:serviceaccount:kube-system:node-controller"

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """A node, and its lease."""
        if event.new is None:
            return ()
        if event.key.plural == NODES.plural:
            return (("", event.key.name),)
        return (("", event.key.name),) if event.key.namespace == LEASE_NAMESPACE else ()

    def step(self, _namespace: str, name: str, now: Now) -> float | None:
        """Wait for the grace period to end, then say that nothing is known."""
        node = self.client.get(NODES, "", name)
        conditions = (node or {}).get("status", {}).get("conditions")
        ready = pods.condition(conditions, "Ready")
        if node is None or ready is None or ready["status"] == "Unknown":
            return None
        lease = self.client.get(LEASES, LEASE_NAMESPACE, name)
        heard = [ready["lastHeartbeatTime"], *([lease["spec"]["renewTime"]] if lease is not None else ())]
        left_s = seconds_until(max(heard, key=instant), now.wall) + GRACE_S
        if left_s > 0:
            return left_s
        lost = [_unknown(one, now) if one["type"] in _LOST else one for one in conditions or ()]
        self.client.apply([UpdateStatus(NODES, {**node, "status": {**node["status"], "conditions": lost}})])
        self.client.tell(bare(name, node["metadata"]["uid"]), of_node_status(name, "NodeNotReady"))
        stranded = [pod for pod in self.client.list(PODS) if pods.node_of(pod) == name]
        self.client.apply([Tell(pod, News("NodeNotReady", "Node is not ready", warning=True)) for pod in stranded])
        return None


def _unknown(condition: Object, now: Now) -> Object:
    return {
        **condition,
        "status": "Unknown",
        "reason": "NodeStatusUnknown",
        "message": "Kubelet stopped posting node status.",
        "lastTransitionTime": stamp(now.wall),
    }
