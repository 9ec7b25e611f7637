"""Ingress, NetworkPolicy, Endpoints and EndpointSlice: defaults and rules.

Rules: pkg/apis/networking/validation, pkg/apis/discovery/validation and their defaults.go.
"""

from __future__ import annotations

from typing import Any

from backends.fake.validation import causes, label_selectors
from backends.fake.validation.causes import Cause

Obj = dict[str, Any]

_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_POLICY_TYPES = ("Egress", "Ingress")
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
    types = spec.get("policyTypes") or []
    if len(types) > len(_POLICY_TYPES):
        return [*found, causes.invalid("spec.policyTypes", types, "may not specify more than two policyTypes")]
    return found + [
        causes.not_supported(f"spec.policyTypes[{number}]", kind, _POLICY_TYPES)
        for number, kind in enumerate(types)
        if kind not in _POLICY_TYPES
    ]


def policy_update(new: Obj, old: Obj) -> list[Cause]:
    """A NetworkPolicy may change everything."""
    del old
    return policy(new)


def ingress(obj: Obj) -> list[Cause]:
    """An Ingress has rules or a default backend; each path has a type and a backend."""
    spec = obj["spec"]
    found: list[Cause] = []
    if not spec.get("rules") and spec.get("defaultBackend") is None:
        found.append(causes.invalid("spec", None, "either `defaultBackend` or `rules` must be specified"))
    if spec.get("defaultBackend") is not None:
        found += _backend(spec["defaultBackend"], "spec.defaultBackend")
    for number, rule in enumerate(spec.get("rules") or ()):
        for place, path in enumerate((rule.get("http") or {}).get("paths") or ()):
            found += _path(path, f"spec.rules[{number}].http.paths[{place}]")
    return found


def _path(given: Obj, path: str) -> list[Cause]:
    kind, text = given.get("pathType"), given.get("path", "")
    found: list[Cause] = []
    if kind is None:
        found.append(causes.required(f"{path}.pathType", "pathType must be specified"))
    elif kind not in _PATH_TYPES:
        found.append(causes.not_supported(f"{path}.pathType", kind, _PATH_TYPES))
    elif not text.startswith("/") and (text or kind != "ImplementationSpecific"):
        found.append(causes.invalid(f"{path}.path", text, "must be an absolute path"))
    return found + _backend(given.get("backend") or {}, f"{path}.backend")


def _backend(given: Obj, path: str) -> list[Cause]:
    service = given.get("service")
    if service is None:
        return (
            []
            if given.get("resource") is not None
            else [causes.required(path, "resource or service backend is required")]
        )
    if given.get("resource") is not None:
        return [causes.invalid(path, "", "cannot set both resource and service backends")]
    found = [] if service.get("name") else [causes.required(f"{path}.service.name")]
    port = service.get("port") or {}
    if not port.get("name") and not port.get("number"):
        found.append(causes.required(f"{path}.service.port", "port name or number is required"))
    return found


def ingress_update(new: Obj, old: Obj) -> list[Cause]:
    """An Ingress may change everything."""
    del old
    return ingress(new)


def endpoints_defaults(obj: Obj) -> None:
    """Ports of Endpoints are TCP."""
    for subset in obj.get("subsets") or ():
        for port in subset.get("ports") or ():
            port.setdefault("protocol", "TCP")


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
    return found + [
        causes.required(f"endpoints[{number}].addresses", "must contain at least 1 address")
        for number, endpoint in enumerate(obj.get("endpoints") or ())
        if not endpoint.get("addresses")
    ]


def endpoint_slice_update(new: Obj, old: Obj) -> list[Cause]:
    """An EndpointSlice keeps its type of addresses."""
    found = endpoint_slice(new)
    if new.get("addressType") != old.get("addressType"):
        found.append(causes.invalid("addressType", new.get("addressType", ""), "field is immutable"))
    return found
