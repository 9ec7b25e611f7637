"""The addresses of Services: cluster IPs and node ports, as the API server allocates them.

Called by admission. Allocation follows the cluster's seed; what is in use is read from the stored Services. Ranges are
those of a default cluster with one family of addresses: 10.96.0.0/16 and 30000-32767. From
pkg/registry/core/service/storage/alloc.go.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from backends.fake import service_updates, statuses
from backends.fake.ids import Ids
from backends.fake.store import Store
from backends.fake.validation import causes
from backends.fake.validation.causes import Cause
from backends.fake.validation.cluster_ips import related_fields

Obj = dict[str, Any]

CLUSTER_IPS = ipaddress.IPv4Network("10.96.0.0/16")
NODE_PORTS = range(30000, 32768)
_POLICY = "spec.ipFamilyPolicy"


class ServiceAddresses:
    """Allocates from both ranges."""

    def __init__(self, store: Store, ids: Ids) -> None:
        self._store = store
        self._ids = ids

    def allocate(self, obj: Obj) -> None:
        """Give a new Service what it needs and does not bring. Raises `ApiError` 422 for what cannot be had."""
        spec = obj.get("spec")
        if isinstance(spec, dict):
            service_updates.normalise(spec, None)
            self._give(obj, spec, None)

    def update(self, new: Obj, old: Obj) -> None:
        """The same for a changed Service: it keeps what it has, and gives back what its type has no use for."""
        spec, before = new.get("spec"), old.get("spec") or {}
        if isinstance(spec, dict):
            service_updates.carry(spec, before)
            service_updates.normalise(spec, before)
            self._give(new, spec, before)
            service_updates.drop(spec, before)

    def _give(self, obj: Obj, spec: Obj, old: Obj | None) -> None:
        name = obj["metadata"].get("name", "")
        if service_updates.needs_cluster_ip(spec):
            _refuse(name, related_fields(spec))
            _refuse(name, _families(spec))
            if old is None or not service_updates.needs_cluster_ip(old):
                self._cluster_ip(name, spec)
        if service_updates.needs_node_ports(spec):
            self._node_ports(name, spec, {port.get("nodePort") for port in (old or {}).get("ports") or []})
        if service_updates.needs_health_check(spec) and not spec.get("healthCheckNodePort"):
            spec["healthCheckNodePort"] = self._free_port(self._used_ports())

    def _cluster_ip(self, name: str, spec: Obj) -> None:
        wanted = spec.get("clusterIP", "")
        if not wanted:
            wanted = self._free_ip()
        elif wanted != "None":
            address = ipaddress.ip_address(wanted)
            # Neither the network's own address nor the last one counts (PrefixContainsIP).
            outside = address in (CLUSTER_IPS.network_address, CLUSTER_IPS.broadcast_address)
            if outside or address not in CLUSTER_IPS:
                _refuse(name, [_not_had(spec, wanted, "the provided network does not match the current range")])
            if wanted in self._used_ips():
                _refuse(name, [_not_had(spec, wanted, "provided IP is already allocated")])
        spec["clusterIP"] = wanted
        spec["clusterIPs"] = spec.get("clusterIPs") or [wanted]

    def _specs(self) -> list[Obj]:
        return [entry.load().get("spec") or {} for entry in self._store.list("", "services")]

    def _used_ips(self) -> set[str]:
        return {str(address) for spec in self._specs() for address in spec.get("clusterIPs") or []}

    def _used_ports(self) -> set[int]:
        used = {port.get("nodePort", 0) for spec in self._specs() for port in spec.get("ports") or []}
        return used | {spec.get("healthCheckNodePort", 0) for spec in self._specs()}

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

    def _node_ports(self, name: str, spec: Obj, own: set[int | None]) -> None:
        """Check the numbers that are asked for, and give one to each port without: the same for UDP and TCP."""
        used, given = self._used_ports(), dict[int, set[str]]()
        found: list[Cause] = []
        for number, port in enumerate(spec.get("ports") or []):
            asked, protocol = port.get("nodePort"), port.get("protocol", "")
            if not asked:
                continue
            taken = asked in used and asked not in own
            if asked in given and protocol not in given[asked]:
                taken = False
            path = f"spec.ports[{number}].nodePort"
            if asked not in NODE_PORTS:
                text = f"The range of valid ports is {NODE_PORTS[0]}-{NODE_PORTS[-1]}"
                found.append(causes.invalid(path, asked, f"provided port is not in the valid range. {text}"))
            elif taken:
                found.append(causes.invalid(path, asked, "provided port is already allocated"))
            given.setdefault(asked, set()).add(protocol)
        _refuse(name, found)
        used |= given.keys()
        for port in spec.get("ports") or []:
            if not port.get("nodePort"):
                port["nodePort"] = self._free_port(used)
                used.add(port["nodePort"])

    def _free_port(self, used: set[int]) -> int:
        start = int(self._ids.fraction() * len(NODE_PORTS))
        for step in range(len(NODE_PORTS)):
            number = NODE_PORTS[(start + step) % len(NODE_PORTS)]
            if number not in used:
                return number
        raise statuses.internal("failed to allocate a nodePort: range is full")


def _not_had(spec: Obj, address: str, why: str) -> Cause:
    return causes.invalid("spec.clusterIPs", spec["clusterIPs"], f"failed to allocate IP {address}: {why}")


def _families(spec: Obj) -> list[Cause]:
    """Fill in the families of addresses; this cluster has IPv4 alone (initIPFamilyFields)."""
    if spec.get("clusterIPs") == ["None"] and not spec.get("selector"):
        spec.setdefault(
            "ipFamilyPolicy", "RequireDualStack" if len(spec.get("ipFamilies") or []) != 1 else "SingleStack"
        )
        if spec["ipFamilyPolicy"] != "SingleStack":
            first = (spec.get("ipFamilies") or ["IPv4"])[0]
            spec["ipFamilies"] = [first, "IPv6" if first == "IPv4" else "IPv4"]
        spec.setdefault("ipFamilies", ["IPv4"])
        return []
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    found: list[Cause] = []
    families = spec.get("ipFamilies") or []
    if spec["ipFamilyPolicy"] == "SingleStack" and len(families) > 1:
        text = "must be RequireDualStack or PreferDualStack when multiple IP families are specified"
        found.append(causes.invalid(_POLICY, spec["ipFamilyPolicy"], text))
    if spec["ipFamilyPolicy"] == "RequireDualStack":
        text = "this cluster is not configured for dual-stack services"
        found.append(causes.invalid(_POLICY, spec["ipFamilyPolicy"], text))
    for number, family in enumerate(families):
        if family != "IPv4":
            found.append(causes.invalid(f"spec.ipFamilies[{number}]", family, "not configured on this cluster"))
    if not families:
        spec["ipFamilies"] = ["IPv4"]
    return found


def _refuse(name: str, found: list[Cause]) -> None:
    if found:
        raise statuses.invalid("Service", name, "", [cause._asdict() for cause in found])
