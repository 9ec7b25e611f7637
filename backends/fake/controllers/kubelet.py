"""The kubelets of all nodes: bound pods start, become Ready, exit and go, as `backends.kubelet` decides.

It writes as `system:node:<name>`. Every bound pod is looked after, whoever made its node,
unless that is switched off (heartbeats.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from backends.fake.controllers.client import Client, Delete, Tell, UpdateStatus, Write
from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.heartbeats import STOPPED, is_stopped
from backends.fake.controllers.kinds import CONFIG_MAPS, NODES, PODS, SECRETS
from backends.fake.controllers.nodes import bare
from backends.fake.controllers.owners import Owners
from backends.fake.store import StoreEvent
from backends.kubelet import Kubelet, TimingError, node_address, pods
from backends.kubelet.needs import Lack, lack
from backends.kubelet.news import of_node, of_node_status
from backends.kubelet.pods import Object

_CORDON = b'"unschedulable":true'


class Kubelets(Controller):
    """Looks at one bound pod at a time."""

    name = "kubelet"
    kind = PODS
    watches = (PODS, NODES, CONFIG_MAPS, SECRETS)

    def __init__(self, client: Client, owners: Owners, kubelet: Kubelet) -> None:
        super().__init__(client, owners)
        self._kubelet = kubelet
        self._lacking: dict[Place, None] = {}
        """The pods that wait for a ConfigMap or a Secret."""
        self._cordoned: dict[str, bool] = {}
        """The nodes that have been told of, and whether they were cordoned then."""

    @classmethod
    def user(cls) -> str:
        """Each node has its own user: `system:node:<name>`."""
        return "system:node:"

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """Every change of a pod; a machine that comes or is cordoned; the pods of one that is switched on or off.

        And the pods that lack something, when a ConfigMap or Secret of their namespace comes or changes.
        """
        if event.key.plural in (CONFIG_MAPS.plural, SECRETS.plural):
            return [place for place in self._lacking if place[0] == event.key.namespace] if self._lacking else ()
        if event.key.plural == NODES.plural:
            own = [("", event.key.name)] if _starts_or_is_cordoned(event) else []
            return [*own, *self._of_switched(event)]
        if event.new is None:
            self._kubelet.forget(event.shown.uid)
            self._lacking.pop((event.key.namespace, event.key.name), None)
            return ()
        return ((event.key.namespace, event.key.name),)

    def _of_switched(self, event: StoreEvent) -> Iterable[Place]:
        """The pods of a node that has just been switched on or off."""
        if event.old is None or event.new is None:
            return ()
        mark = STOPPED.encode()
        if mark not in event.old.front and mark not in event.new.front:
            return ()
        if is_stopped(event.old.load()) == is_stopped(event.new.load()):
            return ()
        found = (pod for pod in self.client.list(PODS) if pods.node_of(pod) == event.key.name)
        return [(pod["metadata"]["namespace"], pod["metadata"]["name"]) for pod in found]

    def step(self, namespace: str, name: str, now: Now) -> float | None:
        """The pod's next stage; of a node, without a namespace, what there is to tell."""
        if not namespace:
            self._tell_of_node(name)
            return None
        pod = self.client.get(PODS, namespace, name)
        if pod is None or not (node := pods.node_of(pod)):
            return None
        machine = self.client.get(NODES, "", node)
        if machine is not None and is_stopped(machine):
            return None
        self._act_as(node)
        lacks = self._lack(namespace, pod)
        try:
            decision = self._kubelet.look(pod, _address(machine), now.monotonic, now.wall, lacks)
        except TimingError as error:
            self.client.apply(_unreadable(pod, str(error)))
            return None
        writes: list[Write] = []
        if decision.status is not None:
            writes.append(UpdateStatus(PODS, {**pod, "status": decision.status}))
        if decision.remove:
            writes.append(Delete(PODS, pod, grace_s=0))
        self.client.apply([*writes, *(Tell(pod, one) for one in decision.news)])
        return decision.again_in_s

    def _lack(self, namespace: str, pod: Object) -> Lack | None:
        """What keeps the pod from starting, if it has not; noted, so that it is looked at when that comes."""
        found = None
        if pods.phase(pod) == "Pending" and not pods.is_terminating(pod):
            found = lack(pod, partial(self._keys, namespace))
        place = namespace, pod["metadata"]["name"]
        if found is None:
            self._lacking.pop(place, None)
        else:
            self._lacking[place] = None
        return found

    def _keys(self, namespace: str, kind: str, name: str) -> frozenset[str] | None:
        entry = self.client.entry(CONFIG_MAPS if kind == CONFIG_MAPS.kind else SECRETS, namespace, name)
        if entry is None:
            return None
        held = entry.load()
        return frozenset({*(held.get("data") or ()), *(held.get("binaryData") or ())})

    def _act_as(self, node: str) -> None:
        self.client.act_as(f"{self.user()}{node}", ("system:nodes", "system:authenticated"), node)

    def _tell_of_node(self, name: str) -> None:
        """Its kubelet has started; or it has been cordoned, or is so no longer."""
        node = self.client.get(NODES, "", name)
        if node is None or is_stopped(node):
            return
        cordoned, before = bool(node["spec"].get("unschedulable")), self._cordoned.get(name)
        self._cordoned[name] = cordoned
        told = of_node(name) if before is None else []
        if cordoned != bool(before):
            told.append(of_node_status(name, "NodeNotSchedulable" if cordoned else "NodeSchedulable"))
        self._act_as(name)
        self.client.apply([Tell(bare(name, name), one) for one in told])


def _starts_or_is_cordoned(event: StoreEvent) -> bool:
    if event.new is None:
        return False
    return event.old is None or (_CORDON in event.old.rest) != (_CORDON in event.new.rest)


def _address(node: Object | None) -> str:
    addresses: list[Object] = (node or {}).get("status", {}).get("addresses") or []
    internal = (one["address"] for one in addresses if one.get("type") == "InternalIP")
    return next(internal, node_address(65534))


def _unreadable(pod: Object, text: str) -> list[Write]:
    """A pod whose own timing cannot be read fails, loudly."""
    if pods.is_finished(pod):
        return []
    status = {**pod.get("status", {}), "phase": "Failed", "reason": "InvalidTiming", "message": text}
    return [UpdateStatus(PODS, {**pod, "status": status})]
