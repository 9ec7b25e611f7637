"""What stands in the rows of Services and what leads to them: endpoints, ingresses, policies, addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from backends.fake.printing.wording import NONE, UNSET, age, labels, selector, shortened

Obj = Mapping[str, Any]
Cells = list[Any]


def _old(obj: Obj, now: datetime) -> str:
    return age(obj["metadata"].get("creationTimestamp"), now)


def service(obj: Obj, now: datetime) -> Cells:
    """Type, addresses, ports."""
    spec = obj.get("spec") or {}
    inside = (spec.get("clusterIPs") or [NONE])[0]
    ports = ",".join(_port(one) for one in spec.get("ports") or ()) or NONE
    kind = spec.get("type") or ""
    return [
        obj["metadata"]["name"], kind, inside, _outside(obj, kind), ports, _old(obj, now),
        labels(spec.get("selector")),
    ]  # fmt: skip


def _port(one: Obj) -> str:
    node = f":{one['nodePort']}" if one.get("nodePort") else ""
    return f"{one['port']}{node}/{one.get('protocol') or ''}"


def _outside(obj: Obj, kind: str) -> str:
    spec = obj.get("spec") or {}
    given = list(spec.get("externalIPs") or ())
    if kind == "ExternalName":
        return str(spec.get("externalName") or "")
    if kind == "LoadBalancer":
        return ",".join([*_balanced(obj), *given]) or "<pending>"
    return ",".join(given) or NONE if kind in ("ClusterIP", "NodePort") else "<unknown>"


def _balanced(obj: Obj) -> list[str]:
    """The addresses of a load balancer, each once, in order."""
    points = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return sorted({address for one in points if (address := one.get("ip") or one.get("hostname"))})


def endpoints(obj: Obj, now: datetime) -> Cells:
    """The first three addresses with their ports."""
    shown, count = [], 0
    for subset in obj.get("subsets") or ():
        addresses = [one["ip"] for one in subset.get("addresses") or ()]
        ports = [f":{port['port']}" for port in subset.get("ports") or ()] or [""]
        count += len(addresses) * len(ports)
        shown += [_joined(address, port) for port in ports for address in addresses]
    text = shortened(shown, 3, count) if obj.get("subsets") else NONE
    return [obj["metadata"]["name"], text, _old(obj, now)]


def _joined(address: str, port: str) -> str:
    """Host and port, an IPv6 address in brackets (net.JoinHostPort)."""
    return f"[{address}]{port}" if port and ":" in address else f"{address}{port}"


def endpoint_slice(obj: Obj, now: datetime) -> Cells:
    """The first three ports and the first three addresses."""
    ports = [_slice_port(one) for one in obj.get("ports") or ()]
    addresses = [address for one in obj.get("endpoints") or () for address in one.get("addresses") or ()]
    told = [shortened(items, 3) or UNSET for items in (ports, addresses)]
    return [obj["metadata"]["name"], obj.get("addressType") or "", *told, _old(obj, now)]


def _slice_port(one: Obj) -> str:
    if one.get("port") is not None:
        return str(one["port"])
    return "*" if one.get("name") is None else str(one["name"])


def ingress(obj: Obj, now: datetime) -> Cells:
    """Class, hosts, address, ports."""
    spec = obj.get("spec") or {}
    hosts = _hosts(spec.get("rules") or ())
    ports = "80, 443" if spec.get("tls") else "80"
    address = ",".join(_balanced(obj))
    return [
        obj["metadata"]["name"], spec.get("ingressClassName") or NONE, hosts, address, ports, _old(obj, now),
    ]  # fmt: skip


def _hosts(rules: Sequence[Obj]) -> str:
    """The first three hosts; a rule after the third counts as one more, with or without a host."""
    named: list[str] = []
    for one in rules:
        if len(named) == 3:
            return f"{','.join(named)} + {len(rules) - 3} more..."
        if one.get("host"):
            named.append(one["host"])
    return ",".join(named) or "*"


def ingress_class(obj: Obj, now: datetime) -> Cells:
    """Its controller and its parameters."""
    spec = obj.get("spec") or {}
    held = spec.get("parameters")
    parameters = NONE
    if held is not None:
        group = f".{held['apiGroup']}" if held.get("apiGroup") is not None else ""
        parameters = f"{held.get('kind', '')}{group}/{held.get('name', '')}"
    return [obj["metadata"]["name"], spec.get("controller") or "", parameters, _old(obj, now)]


def network_policy(obj: Obj, now: datetime) -> Cells:
    """Which pods it is about."""
    return [
        obj["metadata"]["name"], selector((obj.get("spec") or {}).get("podSelector")) or NONE, _old(obj, now),
    ]  # fmt: skip


def ip_address(obj: Obj, now: datetime) -> Cells:
    """Whose address it is. There is one cell more than there are columns, as in the real server."""
    parent = (obj.get("spec") or {}).get("parentRef")
    text = NONE
    if parent is not None:
        group = f".{parent['group']}" if parent.get("group") else ""
        namespace = f"/{parent['namespace']}" if parent.get("namespace") else ""
        text = f"{parent.get('resource', '')}{group}".lower() + f"{namespace}/{parent.get('name', '')}"
    return [obj["metadata"]["name"], text, _old(obj, now)]


def service_cidr(obj: Obj, now: datetime) -> Cells:
    """Its ranges."""
    return [obj["metadata"]["name"], ",".join((obj.get("spec") or {}).get("cidrs") or ()), _old(obj, now)]
