"""The EndpointSlice controller: the pods behind each Service with a selector, a hundred a slice.

Rules: pkg/controller/endpointslice and k8s.io/endpointslice (KEP-752, KEP-1672 for terminating endpoints). Slices of
others, told by the label `managed-by`, are left alone. Zones are the nodes' labels; no topology hints are given, and
Endpoints without a Service's selector are not mirrored into slices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from backends.fake.controllers import service_pods
from backends.fake.controllers.client import Create, Delete, Objects, Update, Write
from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.kinds import ENDPOINT_SLICES, NODES, PODS, SERVICES
from backends.fake.controllers.service_pods import Backing, Ports
from backends.fake.controllers.templates import owner_reference
from backends.fake.store import StoreEvent
from backends.kubelet.pods import Object

SERVICE_NAME: Final = "kubernetes.io/service-name"
MANAGED_BY: Final = "endpointslice.kubernetes.io/managed-by"
MANAGER: Final = "endpointslice-controller.k8s.io"
ZONE: Final = "topology.kubernetes.io/zone"
Identity = tuple[str, str, str, str]
"""Address and host name of an endpoint, namespace and name of what it stands for."""
MOST: Final = 100
"""Endpoints of one slice, at most (`--max-endpoints-per-slice`)."""


class EndpointSlices(Controller):
    """Looks at one Service at a time."""

    name = "endpointslice-controller"
    kind = SERVICES
    watches = (SERVICES, PODS)

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """A Service, and those that select a pod."""
        return service_pods.concerned(self.client, event)

    def step(self, namespace: str, name: str, _now: Now) -> float | None:
        """Write the slices that have changed; those of a Service that is gone go by the garbage collector."""
        service = self.client.get(SERVICES, namespace, name)
        if service is None or not service_pods.is_selecting(service):
            return None

        def ours(labels: Mapping[str, str]) -> bool:
            return labels.get(SERVICE_NAME) == name and labels.get(MANAGED_BY) == MANAGER

        held = self.client.list(ENDPOINT_SLICES, namespace, ours)
        chosen = service_pods.chosen(self.client, service)
        zones = {one["metadata"]["name"]: (one["metadata"].get("labels") or {}).get(ZONE, "") for one in self._nodes()}
        self.client.apply(decide(service, held, chosen, zones))
        return None

    def _nodes(self) -> Objects:
        return self.client.list(NODES)


def decide(service: Object, held: Sequence[Object], chosen: Sequence[Object], zones: Mapping[str, str]) -> list[Write]:
    """What is to be written so that `held` become the slices of `service`, with as few changes as may be."""
    groups: dict[Ports, dict[Identity, Object]] = {}
    for backing in service_pods.backings(service, chosen, terminating=True):
        endpoint = _endpoint(service, backing, zones)
        groups.setdefault(backing.ports, {})[_identity(endpoint)] = endpoint
    noted = max((one["metadata"].get("annotations", {}).get(service_pods.CHANGED, "") for one in held), default="")
    changed = service_pods.changed_at(service, chosen, noted or None, is_new=not held)
    free = list(held)
    wanted: list[tuple[Object | None, list[Object], list[Object]]] = []
    for ports in sorted(groups):
        slice_ports = [dict(port) for port in ports]
        same = [one for one in free if (one.get("ports") or []) == slice_ports]
        free = [one for one in free if one not in same]
        wanted += [(old, slice_ports, endpoints) for old, endpoints in _filled(same, groups[ports])]
    if not any(endpoints for _, _, endpoints in wanted):
        wanted = [(held[0] if held else None, [], [])]  # one empty slice says that the Service has been seen
    kept = [old for old, _, endpoints in wanted if old is not None and (endpoints or len(wanted) == 1)]
    writes: list[Write] = []
    for old, slice_ports, endpoints in wanted:
        if endpoints or len(wanted) == 1:
            writes += _written(service, old, slice_ports, endpoints, changed)
    return [*writes, *(Delete(ENDPOINT_SLICES, one) for one in held if one not in kept)]


def _identity(endpoint: Object) -> Identity:
    """By what an endpoint is known again (`hashEndpoint`): two pods with one address are two endpoints."""
    target = endpoint.get("targetRef") or {}
    return endpoint["addresses"][0], endpoint.get("hostname", ""), target.get("namespace", ""), target.get("name", "")


def _filled(same: Sequence[Object], wanted: Mapping[Identity, Object]) -> list[tuple[Object | None, list[Object]]]:
    """Each slice with those of its endpoints that stay, and the new ones where there is room: changed slices first."""
    left = dict(wanted)
    parts: list[tuple[Object | None, list[Object]]] = []
    touched: list[bool] = []
    for one in same:
        before = one.get("endpoints") or []
        stays = [left.pop(known) for known in map(_identity, before) if known in left]
        parts.append((one, stays))
        touched.append(stays != before)
    new = list(left.values())
    for at in sorted(range(len(parts)), key=lambda index: (not touched[index], -len(parts[index][1]))):
        room = MOST - len(parts[at][1])
        parts[at][1].extend(new[:room])
        new = new[room:]
    parts += [(None, new[at : at + MOST]) for at in range(0, len(new), MOST)]
    return parts


def _written(
    service: Object, old: Object | None, ports: list[Object], endpoints: list[Object], changed: str | None
) -> list[Write]:
    metadata = service["metadata"]
    labels = service_pods.labels_for(service, {SERVICE_NAME: metadata["name"], MANAGED_BY: MANAGER})
    annotations = {service_pods.CHANGED: changed} if changed else {}
    body: Object = {"addressType": "IPv4", "endpoints": endpoints, "ports": ports}
    if old is None:
        new = {
            "generateName": f"{metadata['name']}-",
            "namespace": metadata["namespace"],
            "labels": labels,
            "ownerReferences": [owner_reference(SERVICES, service)],
        }
        return [Create(ENDPOINT_SLICES, {**body, "metadata": {**new, **_some("annotations", annotations)}})]
    if (old.get("endpoints") or [], old.get("ports") or [], old["metadata"].get("labels")) == (
        endpoints,
        ports,
        labels,
    ):
        return []
    kept = {key: value for key, value in old["metadata"].items() if key != "annotations"}
    new = {**kept, "labels": labels, **_some("annotations", annotations)}
    return [Update(ENDPOINT_SLICES, {**old, **body, "metadata": new})]


def _some(member: str, values: Object) -> Object:
    return {member: values} if values else {}


def _endpoint(service: Object, backing: Backing, zones: Mapping[str, str]) -> Object:
    conditions = {"ready": backing.ready, "serving": backing.serving, "terminating": backing.terminating}
    endpoint: Object = {"addresses": [backing.address], "conditions": conditions, "targetRef": backing.target()}
    if node := backing.pod["spec"].get("nodeName"):
        endpoint["nodeName"] = node
        if zone := zones.get(node):
            endpoint["zone"] = zone
    if name := service_pods.hostname(service, backing.pod):
        endpoint["hostname"] = name
    return endpoint
