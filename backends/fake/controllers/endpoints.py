"""The Endpoints controller: the addresses behind each Service with a selector, in the Service's own name.

Rules: pkg/controller/endpoint/endpoints_controller.go. The API is deprecated (v1.33) and still filled, as in a real
cluster. Endpoints of a Service without a selector are somebody else's, and are left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from backends.fake.controllers import service_pods
from backends.fake.controllers.client import Create, Delete, Update, Write
from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.kinds import ENDPOINTS, PODS, SERVICES
from backends.fake.controllers.service_pods import Backing, Ports
from backends.fake.store import StoreEvent
from backends.kubelet.pods import Object

MANAGED_BY: Final = "endpoints.kubernetes.io/managed-by"
MOST: Final = 1000
"""Addresses of one Endpoints object, at most (`maxCapacity`)."""
OVER: Final = "endpoints.kubernetes.io/over-capacity"


class EndpointAddresses(Controller):
    """Looks at one Service at a time."""

    name = "endpoint-controller"
    kind = SERVICES
    watches = (SERVICES, PODS)

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """A Service, and those that select a pod."""
        return service_pods.concerned(self.client, event)

    def step(self, namespace: str, name: str, _now: Now) -> float | None:
        """Write the addresses, if they have changed."""
        service = self.client.get(SERVICES, namespace, name)
        held = self.client.get(ENDPOINTS, namespace, name)
        if service is None:
            if held is not None and MANAGED_BY in (held["metadata"].get("labels") or {}):
                self.client.apply([Delete(ENDPOINTS, held)])
            return None
        if service_pods.is_selecting(service):
            self.client.apply(decide(service, held, service_pods.chosen(self.client, service)))
        return None


def decide(service: Object, held: Object | None, chosen: Sequence[Object]) -> list[Write]:
    """What is to be written: nothing where labels and subsets stay as they are."""
    found = service_pods.backings(service, chosen, terminating=False)
    subsets = _subsets(service, found[:MOST])
    metadata = service["metadata"]
    labels = service_pods.labels_for(service, {MANAGED_BY: "endpoint-controller"})
    old: Object = held["metadata"] if held is not None else {}
    if held is not None and (held.get("subsets") or [], old.get("labels") or {}) == (subsets, labels):
        return []
    annotations = dict(metadata.get("annotations") or {})
    noted = (old.get("annotations") or {}).get(service_pods.CHANGED)
    annotations.pop(service_pods.CHANGED, None)
    if changed := service_pods.changed_at(service, chosen, noted, is_new=held is None):
        annotations[service_pods.CHANGED] = changed
    if len(found) > MOST:
        annotations[OVER] = "truncated"
    place = {"name": metadata["name"], "namespace": metadata["namespace"], "labels": labels}
    if annotations:
        place["annotations"] = annotations
    if held is None:
        return [Create(ENDPOINTS, {"metadata": place, "subsets": subsets})]
    return [Update(ENDPOINTS, {**held, "metadata": {**_bare(old), **place}, "subsets": subsets})]


def _bare(metadata: Object) -> Object:
    return {key: value for key, value in metadata.items() if key != "annotations"}


def _subsets(service: Object, found: Sequence[Backing]) -> list[Object]:
    """Pods with the same ports together; of a headless Service without ports all of them."""
    groups: dict[Ports, list[Backing]] = {}
    headless = service["spec"].get("clusterIP") == "None"
    for backing in found:
        if backing.ports or (headless and not service["spec"].get("ports")):
            groups.setdefault(backing.ports, []).append(backing)
    return [_subset(service, ports, groups[ports]) for ports in sorted(groups)]


def _subset(service: Object, ports: Ports, found: Sequence[Backing]) -> Object:
    subset: Object = {}
    for member, ready in (("addresses", True), ("notReadyAddresses", False)):
        if addresses := [_address(service, one) for one in found if one.ready == ready]:
            subset[member] = addresses
    if ports:
        subset["ports"] = [{key: value for key, value in port if value != ""} for port in ports]
    return subset


def _address(service: Object, backing: Backing) -> Object:
    address: Object = {"ip": backing.address, "targetRef": backing.target()}
    if node := backing.pod["spec"].get("nodeName"):
        address["nodeName"] = node
    if name := service_pods.hostname(service, backing.pod):
        address["hostname"] = name
    return address
