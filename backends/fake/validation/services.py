"""Service: defaults and rules. Rules: pkg/apis/core/v1/defaults.go, `ValidateService` in pkg/apis/core/validation.

Cluster IPs and node ports are allocated by the registry, not here; how they must fit together is told in `cluster_ips`.
"""

from __future__ import annotations

from typing import Any

from backends.fake.service_updates import is_external, needs_health_check
from backends.fake.validation import causes, cluster_ips, metadata, quantities
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import label_1123_errors, label_key_errors, subdomain_1123_errors

Obj = dict[str, Any]

_PROTOCOLS = ("SCTP", "TCP", "UDP")
_AFFINITIES = ("ClientIP", "None")
_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_POLICIES = ("Cluster", "Local")
_DISTRIBUTIONS = ("PreferClose", "PreferSameNode", "PreferSameZone")
_STICKY_SECONDS = 10_800
_STICKIEST_SECONDS = 86_400
_RANGES = "service.beta.kubernetes.io/load-balancer-source-ranges"
_BALANCED = "may only be used when `type` is 'LoadBalancer'"


def defaults(obj: Obj) -> None:
    """A cluster IP for anybody in the cluster; each port goes to the same port."""
    spec = obj["spec"]
    spec.setdefault("sessionAffinity", "None")
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        client = spec.setdefault("sessionAffinityConfig", {}).setdefault("clientIP", {})
        client.setdefault("timeoutSeconds", _STICKY_SECONDS)
    kind = spec.setdefault("type", "ClusterIP")
    for port in spec.get("ports") or ():
        port.setdefault("protocol", "TCP")
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port["port"]
    if is_external(spec):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if kind in ("NodePort", "LoadBalancer", "ClusterIP"):
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)


def rules(obj: Obj) -> list[Cause]:
    """What is wrong with a Service, in the order of the real server's checks."""
    spec = obj["spec"]
    ports = spec.get("ports") or []
    found = _by_type(spec, ports)
    names: set[str] = set()
    for number, port in enumerate(ports):
        found += _port(f"spec.ports[{number}]", port, names, named=len(ports) > 1)
    found += metadata.label_causes(spec.get("selector") or {}, "spec.selector")
    found += _affinity(spec) + cluster_ips.related_fields(spec)
    for number, address in enumerate(spec.get("externalIPs") or []):
        path = f"spec.externalIPs[{number}]"
        found += cluster_ips.ip(path, address) or cluster_ips.not_special(path, address)
    if spec.get("type") not in _TYPES:
        found.append(causes.not_supported("spec.type", spec.get("type", ""), _TYPES))
    found += _node_ports(spec, ports) + _repeated_ports(ports) + _source_ranges(obj)
    return found + _balancer(spec) + _traffic(spec)


def _by_type(spec: Obj, ports: list[Obj]) -> list[Cause]:
    kind, headless = spec.get("type"), spec.get("clusterIPs") == ["None"]
    found: list[Cause] = []
    if not ports and not headless and kind != "ExternalName":
        found.append(causes.required("spec.ports"))
    if headless and kind in ("LoadBalancer", "NodePort"):
        found.append(causes.invalid("spec.clusterIPs[0]", "None", f"may not be set to 'None' for {kind} services"))
    return found + (_external_name(spec) if kind == "ExternalName" else [])


def _external_name(spec: Obj) -> list[Cause]:
    members = [member for member in ("clusterIPs", "ipFamilies", "ipFamilyPolicy") if spec.get(member)]
    found = [causes.forbidden(f"spec.{member}", "may not be set for ExternalName services") for member in members]
    name = str(spec.get("externalName", "")).removesuffix(".")
    if not name:
        return [*found, causes.required("spec.externalName")]
    return found + [causes.invalid("spec.externalName", name, text) for text in subdomain_1123_errors(name)]


def _port(path: str, port: Obj, names: set[str], *, named: bool) -> list[Cause]:
    found: list[Cause] = []
    name = port.get("name", "")
    if named and not name:
        found.append(causes.required(f"{path}.name"))
    elif name:
        found += [causes.invalid(f"{path}.name", name, text) for text in label_1123_errors(name)]
        if name in names:
            found.append(causes.duplicate(f"{path}.name", name))
        names.add(name)
    found += quantities.port_or_name(f"{path}.port", port.get("port", 0))
    if port.get("protocol") not in _PROTOCOLS:
        found.append(causes.not_supported(f"{path}.protocol", port.get("protocol", ""), _PROTOCOLS))
    found += quantities.port_or_name(f"{path}.targetPort", port.get("targetPort", 0))
    protocol = port.get("appProtocol")
    texts = label_key_errors(protocol) if protocol is not None else ()
    return found + [causes.invalid(f"{path}.appProtocol", protocol, text) for text in texts]


def _affinity(spec: Obj) -> list[Cause]:
    affinity, config = spec.get("sessionAffinity"), spec.get("sessionAffinityConfig")
    path = "spec.sessionAffinityConfig"
    if affinity not in _AFFINITIES:
        return [causes.not_supported("spec.sessionAffinity", affinity or "", _AFFINITIES)]
    if affinity == "None":
        text = "must not be set when session affinity is None"
        return [] if config is None else [causes.forbidden(path, text)]
    seconds = ((config or {}).get("clientIP") or {}).get("timeoutSeconds")
    if seconds is None:
        return [causes.required(path, "when session affinity type is ClientIP")]
    if 0 < seconds <= _STICKIEST_SECONDS:
        return []
    text = f"must be greater than 0 and less than {_STICKIEST_SECONDS}"
    return [causes.invalid(f"{path}.clientIP.timeoutSeconds", seconds, text)]


def _node_ports(spec: Obj, ports: list[Obj]) -> list[Cause]:
    found: list[Cause] = []
    seen: set[tuple[str, int]] = set()
    for number, port in enumerate(ports):
        path, key = f"spec.ports[{number}].nodePort", (port.get("protocol", ""), port.get("nodePort", 0))
        if key[1] and spec.get("type") == "ClusterIP":
            found.append(causes.forbidden(path, "may not be used when `type` is 'ClusterIP'"))
        if key[1] and key in seen:
            found.append(causes.duplicate(path, key[1]))
        seen.add(key)
    return found


def _repeated_ports(ports: list[Obj]) -> list[Cause]:
    found: list[Cause] = []
    seen: set[tuple[str, int]] = set()
    for number, port in enumerate(ports):
        key = (port.get("protocol", ""), port.get("port", 0))
        if key in seen:
            shown = {
                "Name": "",
                "Protocol": key[0],
                "AppProtocol": None,
                "Port": key[1],
                "TargetPort": 0,
                "NodePort": 0,
            }
            found.append(causes.duplicate(f"spec.ports[{number}]", shown))
        seen.add(key)
    return found


def _source_ranges(obj: Obj) -> list[Cause]:
    spec = obj["spec"]
    ranges, path = spec.get("loadBalancerSourceRanges") or [], "spec.LoadBalancerSourceRanges"
    written = (obj["metadata"].get("annotations") or {}).get(_RANGES)
    places = [(f"{path}[{number}]", value) for number, value in enumerate(ranges)]
    if not ranges:
        if written is None:
            return []
        path = f"metadata.annotations[{_RANGES}]"
        places = [(path, value) for value in written.strip().split(",")] if written.strip() else []
    found = [] if spec.get("type") == "LoadBalancer" else [causes.forbidden(path, _BALANCED)]
    return found + [cause for place, value in places for cause in cluster_ips.cidr(place, value.strip())]


def _balancer(spec: Obj) -> list[Cause]:
    balanced, name = spec.get("type") == "LoadBalancer", spec.get("loadBalancerClass")
    found: list[Cause] = []
    if spec.get("allocateLoadBalancerNodePorts") is not None and not balanced:
        found.append(causes.forbidden("spec.allocateLoadBalancerNodePorts", _BALANCED))
    if name is not None and balanced:
        found += [causes.invalid("spec.loadBalancerClass", name, text) for text in label_key_errors(name)]
    elif name is not None:
        found.append(causes.forbidden("spec.loadBalancerClass", _BALANCED))
    return found


def _traffic(spec: Obj) -> list[Cause]:
    found: list[Cause] = []
    outside, health = spec.get("externalTrafficPolicy", ""), spec.get("healthCheckNodePort", 0)
    path = "spec.externalTrafficPolicy"
    if not is_external(spec):
        if outside:
            found.append(causes.invalid(path, outside, "may only be set for externally-accessible services"))
    elif outside not in _POLICIES:
        found.append(causes.not_supported(path, outside, _POLICIES))
    if health and not needs_health_check(spec):
        text = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        found.append(causes.invalid("spec.healthCheckNodePort", health, text))
    inside = spec.get("internalTrafficPolicy")
    if inside is not None and inside not in _POLICIES:
        found.append(causes.not_supported("spec.internalTrafficPolicy", inside, _POLICIES))
    spread = spec.get("trafficDistribution")
    if spread is not None and spread not in _DISTRIBUTIONS:
        found.append(causes.not_supported("spec.trafficDistribution", spread, _DISTRIBUTIONS))
    return found


def update(new: Obj, old: Obj) -> list[Cause]:
    """What may not change of a Service: its first address and family, a load balancer's class, its health check."""
    want, have = new["spec"], old["spec"]
    found = cluster_ips.changes(want, have)
    name = want.get("loadBalancerClass")
    both = want.get("type") == have.get("type") == "LoadBalancer"
    if both and name != have.get("loadBalancerClass"):
        found.append(causes.invalid("spec.loadBalancerClass", name, "may not change once set"))
    found += [] if both and name is None else _class_again(want)
    checked = needs_health_check(want) and needs_health_check(have)
    if checked and want.get("healthCheckNodePort") != have.get("healthCheckNodePort"):
        found.append(causes.forbidden("spec.healthCheckNodePort", "field is immutable"))
    return found + rules(new)


def _class_again(spec: Obj) -> list[Cause]:
    """The class's form is looked at twice on an update."""
    return [cause for cause in _balancer(spec) if cause.field == "spec.loadBalancerClass"]


def update_status(new: Obj, old: Obj) -> list[Cause]:
    """What is wrong with a Service's status: addresses of its load balancer (ValidateLoadBalancerStatus)."""
    del old
    found: list[Cause] = []
    ingress = ((new.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    if ingress and new["spec"].get("type") != "LoadBalancer":
        found.append(causes.forbidden("status.loadBalancer.ingress", _BALANCED))
    return found + load_balancer(ingress, "status.loadBalancer.ingress")


def load_balancer(ingress: list[Obj], path: str) -> list[Cause]:
    """Each entry has an address, or a name that is none."""
    found: list[Cause] = []
    for number, entry in enumerate(ingress):
        place, address, name = f"{path}[{number}]", entry.get("ip", ""), entry.get("hostname", "")
        if address:
            found += cluster_ips.ip(f"{place}.ip", address)
        if name:
            found += [causes.invalid(f"{place}.hostname", name, text) for text in subdomain_1123_errors(name)]
            if not cluster_ips.ip("", name):
                text = "must be a DNS name, not an IP address"
                found.append(causes.invalid(f"{place}.hostname", name, text))
    return found
