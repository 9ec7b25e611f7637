"""Service: defaults and rules. Rules: pkg/apis/core/v1/defaults.go, `ValidateService` in pkg/apis/core/validation.

Cluster IPs and node ports are allocated by the registry, not here.
"""

from __future__ import annotations

from typing import Any

from backends.fake.validation import causes, metadata, quantities
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import label_1123_errors, subdomain_1123_errors

Obj = dict[str, Any]

_PROTOCOLS = ("SCTP", "TCP", "UDP")
_AFFINITIES = ("ClientIP", "None")
_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_STICKY_SECONDS = 10_800


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
    if kind in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if kind in ("NodePort", "LoadBalancer", "ClusterIP"):
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)


def rules(obj: Obj) -> list[Cause]:
    """What is wrong with a Service's spec."""
    spec = obj["spec"]
    ports = spec.get("ports") or []
    headless = spec.get("clusterIP") == "None"
    found: list[Cause] = []
    if not ports and not headless and spec.get("type") != "ExternalName":
        found.append(causes.required("spec.ports"))
    if headless and spec.get("type") in ("LoadBalancer", "NodePort"):
        text = f"may not be set to 'None' for {spec['type']} services"
        found.append(causes.invalid("spec.clusterIPs[0]", "None", text))
    if spec.get("type") == "ExternalName":
        found += _external_name(spec)
    names: set[str] = set()
    for number, port in enumerate(ports):
        found += _port(f"spec.ports[{number}]", port, names, named=len(ports) > 1)
    found += metadata.label_causes(spec.get("selector") or {}, "spec.selector")
    if spec.get("sessionAffinity") not in _AFFINITIES:
        found.append(causes.not_supported("spec.sessionAffinity", spec.get("sessionAffinity", ""), _AFFINITIES))
    if spec.get("type") not in _TYPES:
        found.append(causes.not_supported("spec.type", spec.get("type", ""), _TYPES))
    return found + _repeated_ports(ports)


def _external_name(spec: Obj) -> list[Cause]:
    if spec.get("clusterIPs"):
        return [causes.forbidden("spec.clusterIPs", "may not be set for ExternalName services")]
    name = str(spec.get("externalName", "")).removesuffix(".")
    if not name:
        return [causes.required("spec.externalName")]
    return [causes.invalid("spec.externalName", name, text) for text in subdomain_1123_errors(name)]


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
    return found + quantities.port_or_name(f"{path}.targetPort", port.get("targetPort", 0))


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


def update(new: Obj, old: Obj) -> list[Cause]:
    """A Service keeps its cluster IPs while its type does not change."""
    found: list[Cause] = []
    want, have = new["spec"], old["spec"]
    before, after = have.get("clusterIPs") or [], want.get("clusterIPs") or []
    same_type = want.get("type") == have.get("type") != "ExternalName"
    if same_type and before and after[:1] != before[:1]:
        found.append(causes.invalid("spec.clusterIPs[0]", after[:1], "may not change once set"))
    return found + rules(new)
