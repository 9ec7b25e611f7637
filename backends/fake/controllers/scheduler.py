"""Binds each pod to a node that it fits, the one with the fewest pods; says why when there is none.

The filters of kube-scheduler that depend on nothing but pod and node: nodeSelector, node affinity, taints,
`unschedulable`, and room for one more pod; and whether the claims that it mounts are there, bound or not. Resource
requests, inter-pod affinity, topology spread, priorities and preemption are not considered: in memory every node is
large.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from backends.fake.controllers.client import Bind, Client, UpdateStatus
from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.kinds import CLAIMS, NODES, PODS
from backends.fake.controllers.owners import Owners
from backends.fake.events import Source
from backends.fake.store import Entry, StoreEvent
from backends.kubelet import pods
from backends.kubelet.news import News
from backends.kubelet.placement import FULL, SCHEDULER, refusal, unschedulable, why_not
from backends.kubelet.pods import Object
from backends.sharing import SharedDict


class Scheduler(Controller):
    """Looks at one unbound pod at a time."""

    name = "kube-scheduler"
    kind = PODS
    watches = (PODS, NODES, CLAIMS)

    def __init__(self, client: Client, owners: Owners) -> None:
        super().__init__(client, owners)
        self._unbound: SharedDict[Place, bool] = SharedDict()
        """Pods without a node -> whether one would take them that had room."""
        self._held: SharedDict[Place, str] = SharedDict()
        """Pods that take room -> the node where they do."""
        self._pods_on: Counter[str] = Counter()

    @classmethod
    def user(cls) -> str:
        """The scheduler is a component, no service account."""
        return "system:kube-scheduler"

    @classmethod
    def source(cls) -> Source:
        """It speaks through the newer recorder, under the name that pods ask for it by."""
        return Source(SCHEDULER, cls.name, series=True)

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """A pod without a node; when a node changes, every pod that waits; when room is made, who waits for that.

        And the pods of a namespace that gets a claim.
        """
        if event.key.plural == CLAIMS.plural:
            added = event.type == "ADDED"
            return [place for place in self._unbound if place[0] == event.key.namespace] if added else ()
        if event.key.plural == NODES.plural:
            return tuple(self._unbound) if self._unbound and _matters(event.old, event.new) else ()
        place = (event.key.namespace, event.key.name)
        pod = event.new.load() if event.new is not None else None
        room_made = self._take_room(place, pods.node_of(pod) if pod is not None and not pods.is_finished(pod) else "")
        if pod is not None and not pods.node_of(pod) and pod["spec"].get("schedulerName", SCHEDULER) == SCHEDULER:
            known = place in self._unbound
            self._unbound.setdefault(place, False)
            return () if known and event.old is not None and _asks_the_same(event.old.load(), pod) else (place,)
        self._unbound.pop(place, None)
        return [waiting for waiting, crowded in self._unbound.items() if crowded] if room_made else ()

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
        names = [node["metadata"]["name"] for node in nodes]
        if nodes and (claim := self._missing_claim(namespace, pod)):
            self._refuse(pod, why_not([claim for _ in nodes], at_all=claim), now)
            return None
        reasons = [refusal(pod, node, self._pods_on[name]) for name, node in zip(names, nodes, strict=True)]
        fitting = [name for name, reason in zip(names, reasons, strict=True) if not reason]
        if fitting:
            best = min(fitting, key=lambda node: (self._pods_on[node], node))
            self.client.apply([Bind(PODS, pod, best)])
            text = f"Successfully assigned {namespace}/{name} to {best}"
            self.client.tell(pod, News("Scheduled", text), action="Binding")
            return None
        self._unbound[namespace, name] = FULL in reasons
        self._refuse(pod, why_not(reasons), now)
        return None

    def _missing_claim(self, namespace: str, pod: Object) -> str:
        """Which of the claims that it mounts is not there, or on its way out, in the scheduler's words."""
        for volume in pod["spec"].get("volumes") or ():
            name = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            claim = self.client.entry(CLAIMS, namespace, name) if name else None
            if name and claim is None:
                return f'persistentvolumeclaim "{name}" not found'
            if claim is not None and claim.terminating:
                return f'persistentvolumeclaim "{name}" is being deleted'
        return ""

    def _refuse(self, pod: Object, text: str, now: Now) -> None:
        """Say in its status and in an Event why it gets no node."""
        if (status := unschedulable(pod, text, now.wall)) is not None:
            self.client.apply([UpdateStatus(PODS, {**pod, "status": status})])
        self.client.tell(pod, News("FailedScheduling", text, warning=True), action="Scheduling")


def _asks_the_same(old: Object, new: Object) -> bool:
    """Whether a pod is the one that has been looked at, though its status may say so by now (`isPodUpdated`)."""
    before, after = ((one["metadata"].get("labels"), one["metadata"].get("annotations")) for one in (old, new))
    return bool(old["spec"] == new["spec"] and before == after)


def _matters(old: Entry | None, new: Entry | None) -> bool:
    """Whether the node may take a pod now that it did not take before."""
    if old is None or new is None or old.labels != new.labels:
        return True
    before, after = old.load(), new.load()
    room = [one.get("status", {}).get("allocatable") for one in (before, after)]
    return bool(before["spec"] != after["spec"] or room[0] != room[1])
