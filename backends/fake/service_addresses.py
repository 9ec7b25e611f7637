"""The addresses of Services: cluster IPs and node ports, as the API server allocates them on create.

Called by admission. Allocation follows the cluster's seed; what is in use is read from the stored Services. Ranges are
those of a default cluster: 10.96.0.0/16 and 30000-32767.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from backends.fake import statuses
from backends.fake.ids import Ids
from backends.fake.store import Store

Obj = dict[str, Any]

CLUSTER_IPS = ipaddress.IPv4Network("10.96.0.0/16")
NODE_PORTS = range(30000, 32768)


class ServiceAddresses:
    """Allocates from both ranges."""

    def __init__(self, store: Store, ids: Ids) -> None:
        self._store = store
        self._ids = ids

    def allocate(self, obj: Obj) -> None:
        """Give a new Service what it needs and does not bring. Raises `ApiError` 422 for an address in use."""
        spec = obj.get("spec")
        if not isinstance(spec, dict) or spec.get("type") == "ExternalName":
            return
        self._cluster_ip(obj["metadata"].get("name", ""), spec)
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
        if spec.get("type") in ("NodePort", "LoadBalancer"):
            self._node_ports(spec)

    def _cluster_ip(self, name: str, spec: Obj) -> None:
        wanted = spec.get("clusterIP") or next(iter(spec.get("clusterIPs") or []), "")
        if not wanted:
            wanted = self._free_ip()
        elif wanted != "None" and wanted in self._used_ips():
            message = f'Invalid value: ["{wanted}"]: failed to allocate IP {wanted}: provided IP is already allocated'
            cause = {"field": "spec.clusterIPs", "reason": "FieldValueInvalid", "message": message}
            raise statuses.invalid("Service", name, "", [cause])
        spec["clusterIP"] = wanted
        spec["clusterIPs"] = spec.get("clusterIPs") or [wanted]

    def _specs(self) -> list[Obj]:
        return [entry.load().get("spec") or {} for entry in self._store.list("", "services")]

    def _used_ips(self) -> set[str]:
        return {str(address) for spec in self._specs() for address in spec.get("clusterIPs") or []}

    def _free_ip(self) -> str:
        used = self._used_ips()
        # The lowest addresses are left for those who ask for one by number (as the real allocator does).
        first, count = 256, CLUSTER_IPS.num_addresses - 257
        start = int(self._ids.fraction() * count)
        for step in range(count):
            address = str(CLUSTER_IPS[first + (start + step) % count])
            if address not in used:
                return address
        raise statuses.internal("failed to allocate a serviceIP: range is full")

    def _node_ports(self, spec: Obj) -> None:
        used = {port.get("nodePort") for other in self._specs() for port in other.get("ports") or []}
        for port in spec.get("ports") or []:
            if port.get("nodePort"):
                continue
            start = int(self._ids.fraction() * len(NODE_PORTS))
            for step in range(len(NODE_PORTS)):
                number = NODE_PORTS[(start + step) % len(NODE_PORTS)]
                if number not in used:
                    port["nodePort"] = number
                    used.add(number)
                    break
