"""What the registry does to a changed Service before it is validated.

It carries over what the client need not repeat, and drops what the new type has no use for. Pure; called by
`service_addresses`.

From pkg/registry/core/service/storage/storage.go (patchAllocatedValues, normalizeClusterIPs) and
pkg/registry/core/service/strategy.go (dropTypeDependentFields).
"""

from __future__ import annotations

from typing import Any

Obj = dict[str, Any]


def needs_cluster_ip(spec: Obj) -> bool:
    """Whether a Service has an address in the cluster, "None" included."""
    return spec.get("type") != "ExternalName"


def needs_node_ports(spec: Obj) -> bool:
    """Whether its ports are open on every node."""
    kind = spec.get("type")
    return kind == "NodePort" or (kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False)


def is_external(spec: Obj) -> bool:
    """Whether it can be reached from outside."""
    kind = spec.get("type")
    return kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and bool(spec.get("externalIPs")))


def needs_health_check(spec: Obj) -> bool:
    """Whether nodes tell a load balancer that they have a pod of it."""
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def carry(new: Obj, old: Obj) -> None:
    """Take over allocated values that the client left out."""
    if needs_cluster_ip(old) and needs_cluster_ip(new):
        if not new.get("clusterIP") and old.get("clusterIP"):
            new["clusterIP"] = old["clusterIP"]
        if not new.get("clusterIPs") and old.get("clusterIPs") and new.get("clusterIP") == old.get("clusterIP"):
            new["clusterIPs"] = old["clusterIPs"]
    if needs_node_ports(old) and needs_node_ports(new):
        _carry_node_ports(new.get("ports") or [], old.get("ports") or [])
    both = needs_health_check(old) and needs_health_check(new)
    if both and not new.get("healthCheckNodePort") and old.get("healthCheckNodePort"):
        new["healthCheckNodePort"] = old["healthCheckNodePort"]


def _carry_node_ports(new: list[Obj], old: list[Obj]) -> None:
    """By the port's name, unless another port has taken the number."""
    before = {port.get("name", ""): port.get("nodePort", 0) for port in old}
    used = set(before.values()) & {port.get("nodePort", 0) for port in new}
    for port in new:
        number = before.get(port.get("name", ""), 0)
        if not port.get("nodePort") and number and number not in used:
            port["nodePort"] = number
            used.add(number)


def normalise(new: Obj, old: Obj | None) -> None:
    """Keep `clusterIP` and `clusterIPs` in step where the client changed one of them."""
    single, many = new.get("clusterIP") or "", new.get("clusterIPs") or []
    if old is None:
        if single and not many:
            new["clusterIPs"] = [single]
        return
    if single != (old.get("clusterIP") or ""):
        if many == (old.get("clusterIPs") or []):
            _set(new, "clusterIPs", [single] if single else [])
    elif not many:
        _set(new, "clusterIP", "")


def drop(new: Obj, old: Obj) -> None:
    """Drop what the new type has no use for, if the client did not change it as well."""
    if needs_cluster_ip(old) and not needs_cluster_ip(new):
        if _same(new, old, "clusterIP", "clusterIPs"):
            _without(new, "clusterIP", "clusterIPs")
        for member in ("ipFamilies", "ipFamilyPolicy"):
            _drop_same(new, old, member)
    if needs_node_ports(old) and not needs_node_ports(new):
        numbers = [[port.get("nodePort", 0) for port in spec.get("ports") or []] for spec in (new, old)]
        if sorted(numbers[0]) == sorted(numbers[1]):
            for port in new.get("ports") or []:
                port.pop("nodePort", None)
    if needs_health_check(old) and not needs_health_check(new):
        _drop_same(new, old, "healthCheckNodePort")
    if old.get("type") == "LoadBalancer" and new.get("type") != "LoadBalancer":
        _drop_same(new, old, "allocateLoadBalancerNodePorts")
        _drop_same(new, old, "loadBalancerClass")
    if is_external(old) and not is_external(new):
        _drop_same(new, old, "externalTrafficPolicy")


def _same(new: Obj, old: Obj, *members: str) -> bool:
    return all(new.get(member) == old.get(member) for member in members)


def _drop_same(new: Obj, old: Obj, member: str) -> None:
    if _same(new, old, member):
        new.pop(member, None)


def _without(spec: Obj, *members: str) -> None:
    for member in members:
        spec.pop(member, None)


def _set(spec: Obj, member: str, value: Any) -> None:
    if value:
        spec[member] = value
    else:
        spec.pop(member, None)
