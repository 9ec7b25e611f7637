"""Which pods stand behind a Service, and at which ports. Pure.

Used by the Endpoints and the EndpointSlice controllers, which write the same thing in two forms.
Rules: `ShouldPodBeInEndpoints` of k8s.io/endpointslice/util, `FindPort` of pkg/api/v1/pod.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from backends.fake.controllers.client import Client, Objects
from backends.fake.controllers.kinds import PODS, SERVICES
from backends.fake.store import Entry, StoreEvent
from backends.kubelet import pods
from backends.kubelet.pods import Object
from backends.kubelet.rfc3339 import instant

Place = tuple[str, str]
Ports = tuple[tuple[tuple[str, Any], ...], ...]
"""Resolved ports, each as sorted (member, value) pairs, so that pods with the same ones can be grouped."""

CHANGED: Final = "endpoints.kubernetes.io/last-change-trigger-time"
HEADLESS: Final = "service.kubernetes.io/headless"


@dataclass(frozen=True, slots=True)
class Backing:
    """One pod behind a Service."""

    pod: Object
    ports: Ports
    ready: bool
    serving: bool
    terminating: bool

    @property
    def address(self) -> str:
        """Its IP."""
        found: str = self.pod["status"]["podIP"]
        return found

    def target(self) -> Object:
        """The reference to it."""
        metadata = self.pod["metadata"]
        return {"kind": "Pod", "namespace": metadata["namespace"], "name": metadata["name"], "uid": metadata["uid"]}


def concerned(client: Client, event: StoreEvent) -> list[Place]:
    """The Services that an event of a Service or of a pod is about."""
    if event.key.plural == SERVICES.plural:
        return [(event.key.namespace, event.key.name)]
    services = client.entries(SERVICES, event.key.namespace)
    if not services:
        return []
    labels = [entry.labels for entry in (event.old, event.new) if entry is not None]
    found = []
    for service in services:
        selector = _selector(service)
        if selector and any(_matches(selector, one) for one in labels):
            found.append((service.key.namespace, service.key.name))
    return found


def _selector(entry: Entry) -> Mapping[str, str]:
    if b'"selector"' not in entry.tail:
        return {}
    found: Mapping[str, str] = entry.load()["spec"].get("selector") or {}
    return found


def _matches(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return all(labels.get(key) == value for key, value in selector.items())


def is_selecting(service: Object | None) -> bool:
    """Whether its endpoints are to be kept at all."""
    return service is not None and bool(service["spec"].get("selector")) and service["spec"]["type"] != "ExternalName"


def chosen(client: Client, service: Object) -> Objects:
    """The pods that its selector matches."""
    selector = service["spec"]["selector"]
    return client.list(PODS, service["metadata"]["namespace"], lambda labels: _matches(selector, labels))


def backings(service: Object, candidates: Iterable[Object], *, terminating: bool) -> list[Backing]:
    """The pods with an address that have not run to their end, by address.

    `terminating` False leaves those out that are being deleted, unless the Service publishes what is not ready.
    """
    publishes = bool(service["spec"].get("publishNotReadyAddresses"))
    found = []
    for pod in candidates:
        if not pod.get("status", {}).get("podIP") or pods.is_finished(pod):
            continue
        ending = pods.is_terminating(pod)
        if ending and not (terminating or publishes):
            continue
        serving = pods.is_ready(pod)
        ready = publishes or (serving and not ending)
        found.append(Backing(pod, _ports(service, pod), ready, serving, ending))
    return sorted(found, key=lambda one: (one.address, one.pod["metadata"]["uid"]))


def _ports(service: Object, pod: Object) -> Ports:
    """The Service's ports as this pod has them; one whose name no container has is left out."""
    resolved = []
    for port in service["spec"].get("ports") or ():
        number = _number(port, pod)
        if number is None:
            continue
        members = {"name": port.get("name", ""), "port": number, "protocol": port.get("protocol", "TCP")}
        if port.get("appProtocol"):
            members["appProtocol"] = port["appProtocol"]
        resolved.append(tuple(sorted(members.items())))
    return tuple(resolved)


def _number(port: Object, pod: Object) -> int | None:
    target = port.get("targetPort", port["port"])
    if isinstance(target, int):
        return target
    sidecars = [one for one in pod["spec"].get("initContainers") or () if one.get("restartPolicy") == "Always"]
    for container in [*pod["spec"]["containers"], *sidecars]:
        for declared in container.get("ports") or ():
            if declared.get("name") == target and declared.get("protocol", "TCP") == port.get("protocol", "TCP"):
                number: int = declared["containerPort"]
                return number
    return None


def hostname(service: Object, pod: Object) -> str:
    """The host name that the pod has behind this Service: where it names it as its subdomain."""
    spec, metadata = pod["spec"], service["metadata"]
    found: str = spec.get("hostname", "") if spec.get("subdomain") == metadata["name"] else ""
    return found


def labels_for(service: Object, own: Mapping[str, str]) -> dict[str, str]:
    """The Service's labels and the controller's `own`; that of a headless one follows its address."""
    labels = {key: value for key, value in (service["metadata"].get("labels") or {}).items() if key != HEADLESS}
    if service["spec"].get("clusterIP") == "None":
        labels[HEADLESS] = ""
    return {**labels, **own}


def changed_at(service: Object, candidates: Iterable[Object], noted: str | None, *, is_new: bool) -> str | None:
    """What triggered the change: at first the Service's creation, later the first Ready transition since `noted`."""
    if is_new:
        created: str = service["metadata"]["creationTimestamp"]
        return created
    times = []
    for pod in candidates:
        ready = pods.pod_condition(pod, "Ready") or {}
        if since := ready.get("lastTransitionTime"):
            times.append(since)
    later = [one for one in times if noted is None or instant(one) > instant(noted)]
    return min(later, key=instant, default=None)
