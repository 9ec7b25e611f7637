"""NetworkPolicy, Endpoints and EndpointSlice: defaults and rules.

Rules: pkg/apis/networking/validation, pkg/apis/discovery/validation and their defaults.go.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from backends.fake.validation import causes, cluster_ips, label_selectors, quantities
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import label_1123_errors, label_key_errors, subdomain_1123_errors

Obj = dict[str, Any]

_POLICY_TYPES = ("Ingress", "Egress")
_PROTOCOLS = ("TCP", "UDP", "SCTP")
_PORT_PROTOCOLS = ("SCTP", "TCP", "UDP")
_MOST_ADDRESSES = 100
_ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")


def policy_defaults(obj: Obj) -> None:
    """Ports of a NetworkPolicy are TCP, and it is about what it has rules for."""
    spec = obj["spec"]
    for direction in ("ingress", "egress"):
        for rule in spec.get(direction) or ():
            for port in rule.get("ports") or ():
                port.setdefault("protocol", "TCP")
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def policy(obj: Obj) -> list[Cause]:
    """A NetworkPolicy selects pods and is about one or both directions."""
    spec = obj["spec"]
    found = label_selectors.sound("spec.podSelector", spec.get("podSelector"))
    for direction, member in (("ingress", "from"), ("egress", "to")):
        for number, rule in enumerate(spec.get(direction) or []):
            path = f"spec.{direction}[{number}]"
            for place, port in enumerate(rule.get("ports") or []):
                found += _port(port, f"{path}.ports[{place}]")
            for place, peer in enumerate(rule.get(member) or []):
                found += _peer(peer, f"{path}.{member}[{place}]")
    types = spec.get("policyTypes") or []
    if len(types) > len(_POLICY_TYPES):
        return [*found, causes.invalid("spec.policyTypes", types, "may not specify more than two policyTypes")]
    return found + [
        causes.not_supported(f"spec.policyTypes[{number}]", kind, _POLICY_TYPES)
        for number, kind in enumerate(types)
        if kind not in _POLICY_TYPES
    ]


def _port(given: Obj, path: str) -> list[Cause]:
    protocol, port, last = given.get("protocol"), given.get("port"), given.get("endPort")
    found: list[Cause] = []
    if protocol is not None and protocol not in _PROTOCOLS:
        found.append(causes.not_supported(f"{path}.protocol", protocol, _PROTOCOLS))
    if port is None:
        text = "may not be specified when `port` is not specified"
        return found if last is None else [*found, causes.invalid(f"{path}.endPort", last, text)]
    checked = quantities.port_or_name(f"{path}.port", port)
    if last is None:
        return found + checked
    if isinstance(port, str):
        text = "may not be specified when `port` is non-numeric"
        return [*found, causes.invalid(f"{path}.endPort", last, text), *checked]
    if last < port:
        checked.append(causes.invalid(f"{path}.endPort", last, "must be greater than or equal to `port`"))
    return found + checked + quantities.port_or_name(f"{path}.endPort", last)


def _peer(given: Obj, path: str) -> list[Cause]:
    found: list[Cause] = []
    selectors = [member for member in ("podSelector", "namespaceSelector") if given.get(member) is not None]
    for member in selectors:
        found += label_selectors.sound(f"{path}.{member}", given[member])
    block = given.get("ipBlock")
    if block is not None:
        found += _block(block, f"{path}.ipBlock")
    if block is None and not selectors:
        found.append(causes.required(path, "must specify a peer"))
    if block is not None and selectors:
        found.append(causes.forbidden(path, "may not specify both ipBlock and another peer"))
    return found


def _block(given: Obj, path: str) -> list[Cause]:
    network = given.get("cidr", "")
    if not network:
        return [causes.required(f"{path}.cidr")]
    found = cluster_ips.cidr(f"{path}.cidr", network)
    if found:
        return found
    outer = ipaddress.ip_network(network, strict=False)
    for number, hole in enumerate(given.get("except") or []):
        place = f"{path}.except[{number}]"
        wrong = cluster_ips.cidr(place, hole)
        found += wrong
        if not wrong:
            inner = ipaddress.ip_network(hole, strict=False)
            within = inner.version == outer.version and inner.network_address in outer
            if not within or inner.prefixlen <= outer.prefixlen:
                found.append(causes.invalid(place, hole, "must be a strict subset of `cidr`"))
    return found


def policy_update(new: Obj, old: Obj) -> list[Cause]:
    """A NetworkPolicy may change everything."""
    del old
    return policy(new)


def endpoints_defaults(obj: Obj) -> None:
    """Ports of Endpoints are TCP."""
    for subset in obj.get("subsets") or ():
        for port in subset.get("ports") or ():
            port.setdefault("protocol", "TCP")


def endpoints(obj: Obj) -> list[Cause]:
    """Endpoints have addresses, ready or not, and ports with names where there are several."""
    found: list[Cause] = []
    for number, subset in enumerate(obj.get("subsets") or ()):
        path, ports = f"subsets[{number}]", subset.get("ports") or []
        if not subset.get("addresses") and not subset.get("notReadyAddresses"):
            found.append(causes.required(path, "must specify `addresses` or `notReadyAddresses`"))
        for member in ("addresses", "notReadyAddresses"):
            for place, address in enumerate(subset.get(member) or ()):
                found += _endpoint_address(f"{path}.{member}[{place}]", address)
        for place, port in enumerate(ports):
            found += _endpoint_port(f"{path}.ports[{place}]", port, named=len(ports) > 1)
    return found


def endpoints_update(new: Obj, old: Obj) -> list[Cause]:
    """Endpoints may change everything."""
    del old
    return endpoints(new)


def _endpoint_address(path: str, address: Obj) -> list[Cause]:
    found = cluster_ips.ip(f"{path}.ip", address.get("ip", ""))
    for member, rule in (("hostname", label_1123_errors), ("nodeName", subdomain_1123_errors)):
        value = address.get(member)
        found += [causes.invalid(f"{path}.{member}", value, text) for text in (rule(value) if value else ())]
    return found + _not_special(f"{path}.ip", address.get("ip", ""))


def _not_special(path: str, value: str) -> list[Cause]:
    try:
        return cluster_ips.not_special(path, value)
    except ValueError:
        return [causes.invalid(path, value, "must be a valid IP address")]


def _endpoint_port(path: str, port: Obj, *, named: bool) -> list[Cause]:
    name, protocol, number = port.get("name", ""), port.get("protocol", ""), port.get("port", 0)
    found = [causes.required(f"{path}.name")] if named and not name else []
    found += [causes.invalid(f"{path}.name", name, text) for text in (label_1123_errors(name) if name else ())]
    found += [causes.invalid(f"{path}.port", number, text) for text in quantities.port_errors(number)]
    if protocol not in _PORT_PROTOCOLS:
        found.append(causes.not_supported(f"{path}.protocol", protocol, _PORT_PROTOCOLS))
    return found + _application(path, port)


def _application(path: str, port: Obj) -> list[Cause]:
    protocol = port.get("appProtocol")
    texts = label_key_errors(protocol) if protocol is not None else ()
    return [causes.invalid(f"{path}.appProtocol", protocol, text) for text in texts]


def slice_defaults(obj: Obj) -> None:
    """Ports of an EndpointSlice are TCP and have a name, if only an empty one."""
    for port in obj.get("ports") or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")


def endpoint_slice(obj: Obj) -> list[Cause]:
    """An EndpointSlice has addresses of one type."""
    kind = obj.get("addressType", "")
    found: list[Cause] = []
    if not kind:
        found.append(causes.required("addressType"))
    elif kind not in _ADDRESS_TYPES:
        found.append(causes.not_supported("addressType", kind, _ADDRESS_TYPES))
    for number, endpoint in enumerate(obj.get("endpoints") or ()):
        found += _endpoint(f"endpoints[{number}]", endpoint, kind)
    names: set[str] = set()
    for number, port in enumerate(obj.get("ports") or ()):
        found += _slice_port(f"ports[{number}]", port, names)
    return found


def _endpoint(path: str, endpoint: Obj, kind: str) -> list[Cause]:
    addresses = endpoint.get("addresses") or []
    found = [] if addresses else [causes.required(f"{path}.addresses", "must contain at least 1 address")]
    if len(addresses) > _MOST_ADDRESSES:
        found.append(causes.too_many(f"{path}.addresses", len(addresses), _MOST_ADDRESSES))
    for number, address in enumerate(addresses):
        if kind in ("IPv4", "IPv6"):
            where = f"{path}.addresses[{number}]"
            if not _is_of(address, int(kind[-1])):
                found.append(causes.invalid(where, address, f"must be a valid {kind} address"))
            found += _not_special(where, address)
    for member, rule in (("hostname", label_1123_errors), ("nodeName", subdomain_1123_errors)):
        value = endpoint.get(member)
        found += [
            causes.invalid(f"{path}.{member}", value, text) for text in (rule(value) if value is not None else ())
        ]
    return found


def _is_of(address: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(address).version == version
    except ValueError:
        return False


def _slice_port(path: str, port: Obj, names: set[str]) -> list[Cause]:
    name, protocol = port.get("name", ""), port.get("protocol", "")
    found = [causes.invalid(f"{path}.name", name, text) for text in (label_1123_errors(name) if name else ())]
    if name in names:
        found.append(causes.duplicate(f"{path}.name", name))
    names.add(name)
    if protocol not in _PORT_PROTOCOLS:
        found.append(causes.not_supported(f"{path}.protocol", protocol, _PORT_PROTOCOLS))
    return found + _application(path, port)


def endpoint_slice_update(new: Obj, old: Obj) -> list[Cause]:
    """An EndpointSlice keeps its type of addresses."""
    found = endpoint_slice(new)
    if new.get("addressType") != old.get("addressType"):
        found.append(causes.invalid("addressType", new.get("addressType", ""), "field is immutable"))
    return found
