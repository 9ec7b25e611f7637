"""Deletes the pods of a node that has NoExecute taints which they do not tolerate.

kube-controller-manager's `taint-eviction-controller` (pkg/controller/tainteviction; kubernetes.io/docs/concepts/
scheduling-eviction/taint-and-toleration). A toleration with `tolerationSeconds` holds for so long from when the taint
was added. Budgets are not asked: this is no eviction by the API.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from backends.fake.controllers.client import Client, Delete, Tell, UpdateStatus, Write
from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.kinds import NODES, PODS
from backends.fake.controllers.owners import Owners
from backends.fake.store import StoreEvent
from backends.kubelet import pods
from backends.kubelet.news import News
from backends.kubelet.placement import tolerates
from backends.kubelet.pods import Object
from backends.kubelet.rfc3339 import seconds_until

_TAINT: Final = b'"NoExecute"'


class TaintEvictions(Controller):
    """Looks at one pod at a time."""

    name = "taint-eviction-controller"
    kind = PODS
    watches = (NODES, PODS)

    def __init__(self, client: Client, owners: Owners) -> None:
        super().__init__(client, owners)
        self._due: set[str] = set()
        """Pods (by uid) that are to go when their time is over."""

    @classmethod
    def user(cls) -> str:
        """It runs as the node controller."""
        return "system:serviceaccount:kube-system:node-controller"

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """The pods of a node whose taints may have changed; a pod that comes to such a node."""
        if event.new is None:
            return ()
        if event.key.plural == NODES.plural:
            if not any(entry is not None and _TAINT in entry.tail for entry in (event.old, event.new)):
                return ()
            name = event.key.name.encode()
            stored = [entry for entry in self.client.entries(PODS) if name in entry.tail]
            return [(entry.key.namespace, entry.key.name) for entry in stored]
        nodes = self.client.entries(NODES)
        if not any(_TAINT in node.tail for node in nodes):
            return ()
        return ((event.key.namespace, event.key.name),)

    def step(self, namespace: str, name: str, now: Now) -> float | None:
        """Wait for as long as all taints are tolerated, then delete the pod."""
        pod = self.client.get(PODS, namespace, name)
        node = None if pod is None else self.client.get(NODES, "", pods.node_of(pod))
        if pod is None or node is None or pods.is_terminating(pod) or pods.is_finished(pod):
            return None
        taints = [one for one in node["spec"].get("taints") or () if one["effect"] == "NoExecute"]
        uid, where = pod["metadata"]["uid"], f"{namespace}/{name}"
        left_s = _left_s(taints, pod["spec"].get("tolerations") or (), now) if taints else None
        if left_s is None:
            if uid in self._due:
                self.client.tell(pod, News("TaintManagerEviction", f"Cancelling deletion of Pod {where}"))
            self._due.discard(uid)
            return None
        if left_s > 0:
            self._due.add(uid)
            return left_s
        self._due.discard(uid)
        telling = Tell(pod, News("TaintManagerEviction", f"Marking for deletion Pod {where}"))
        writes: list[Write] = [telling, UpdateStatus(PODS, _disrupted(pod, now)), Delete(PODS, pod)]
        self.client.apply(writes)
        return None


def _left_s(taints: Sequence[Object], tolerations: Sequence[Object], now: Now) -> float | None:
    """Seconds for which the pod may stay; None: for ever; 0 or less: it goes now."""
    left: list[float] = []
    for taint in taints:
        fitting = [one for one in tolerations if tolerates(one, taint)]
        if not fitting:
            return 0.0
        limits = [one["tolerationSeconds"] for one in fitting if one.get("tolerationSeconds") is not None]
        if limits:
            since = taint.get("timeAdded")
            passed_s = -seconds_until(since, now.wall) if since else 0.0
            left.append(max(0, min(limits)) - passed_s)
    return min(left, default=None)


def _disrupted(pod: Object, now: Now) -> Object:
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "DeletionByTaintManager",
        "message": "Taint manager: deleting due to NoExecute taint",
    }
    status = pod.get("status", {})
    return {
        **pod,
        "status": {**status, "conditions": pods.with_condition(status.get("conditions"), condition, now.wall)},
    }
