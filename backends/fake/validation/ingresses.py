"""Ingress and IngressClass: defaults and rules, from pkg/apis/networking/validation and its defaults.go."""

from __future__ import annotations

from typing import Any

from backends.fake.validation import causes, cluster_ips, quantities
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import (
    domain_prefixed_path,
    label_1035_errors,
    label_1123_errors,
    path_segment_errors,
    subdomain_1123_errors,
    wildcard_subdomain_errors,
)
from backends.fake.validation.services import load_balancer

Obj = dict[str, Any]

_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
_SEQUENCES = ("//", "/./", "/../", "%2f", "%2F")
_SUFFIXES = ("/..", "/.")
_CLASS = "kubernetes.io/ingress.class"
_SCOPES = ("Cluster", "Namespace")
_LONGEST_CONTROLLER = 250


def ingress(obj: Obj) -> list[Cause]:
    """What is wrong with a new Ingress."""
    found = _spec(obj["spec"])
    name, written = obj["spec"].get("ingressClassName"), (obj["metadata"].get("annotations") or {}).get(_CLASS)
    if written is not None and name is not None and written != name:
        text = "must match `ingressClassName` when both are specified"
        found.append(causes.invalid(f"annotations.{_CLASS}", written, text))
    return found


def ingress_update(new: Obj, old: Obj) -> list[Cause]:
    """An Ingress may change everything."""
    del old
    return _spec(new["spec"])


def ingress_status(new: Obj, old: Obj) -> list[Cause]:
    """Addresses and names of what stands before an Ingress."""
    del old
    entries = ((new.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    return load_balancer(entries, "status.loadBalancer.ingress")


def _spec(spec: Obj) -> list[Cause]:
    found: list[Cause] = []
    rules, backend = spec.get("rules") or [], spec.get("defaultBackend")
    if not rules and backend is None:
        found.append(causes.invalid("spec", None, "either `defaultBackend` or `rules` must be specified"))
    if backend is not None:
        found += _backend(backend, "spec.defaultBackend")
    for number, rule in enumerate(rules):
        found += _rule(rule, f"spec.rules[{number}]")
    for number, tls in enumerate(spec.get("tls") or []):
        found += _tls(tls, f"spec.tls[{number}]")
    name = spec.get("ingressClassName")
    texts = subdomain_1123_errors(name) if name is not None else ()
    return found + [causes.invalid("spec.ingressClassName", name, text) for text in texts]


def _rule(rule: Obj, path: str) -> list[Cause]:
    found: list[Cause] = []
    host, http = rule.get("host", ""), rule.get("http")
    if host and not cluster_ips.ip("", host):
        found.append(causes.invalid(f"{path}.host", host, "must be a DNS name, not an IP address"))
    found += _host(host, f"{path}.host") if host else []
    if http is None:
        return found
    paths = http.get("paths") or []
    if not paths:
        found.append(causes.required(f"{path}.http.paths"))
    for number, each in enumerate(paths):
        found += _path(each, f"{path}.http.paths[{number}]")
    return found


def _host(host: str, path: str) -> list[Cause]:
    texts = wildcard_subdomain_errors(host) if "*" in host else subdomain_1123_errors(host)
    return [causes.invalid(path, host, text) for text in texts]


def _tls(tls: Obj, path: str) -> list[Cause]:
    found = [
        cause for number, host in enumerate(tls.get("hosts") or []) for cause in _host(host, f"{path}.hosts[{number}]")
    ]
    name = tls.get("secretName", "")
    texts = subdomain_1123_errors(name) if name else ()
    return found + [causes.invalid(f"{path}.secretName", name, text) for text in texts]


def _path(given: Obj, path: str) -> list[Cause]:
    kind, text = given.get("pathType"), given.get("path", "")
    if kind is None:
        return [causes.required(f"{path}.pathType", "pathType must be specified")]
    found: list[Cause] = []
    if kind not in _PATH_TYPES:
        found.append(causes.not_supported(f"{path}.pathType", kind, _PATH_TYPES))
    elif not text.startswith("/") and (text or kind != "ImplementationSpecific"):
        found.append(causes.invalid(f"{path}.path", text, "must be an absolute path"))
    if kind in ("Exact", "Prefix"):
        wrong = [f"must not contain '{each}'" for each in _SEQUENCES if each in text]
        wrong += [f"cannot end with '{each}'" for each in _SUFFIXES if text.endswith(each)]
        found += [causes.invalid(f"{path}.path", text, each) for each in wrong]
    return found + _backend(given.get("backend") or {}, f"{path}.backend")


def _backend(given: Obj, path: str) -> list[Cause]:
    service, resource = given.get("service"), given.get("resource")
    if service is not None and resource is not None:
        return [causes.invalid(path, "", "cannot set both resource and service backends")]
    if resource is not None:
        return _reference(resource, f"{path}.resource")
    if service is None:
        return [causes.invalid(path, "", "resource or service backend is required")]
    name, place = service.get("name", ""), f"{path}.service"
    if not name:
        found = [causes.required(f"{place}.name")]
    else:
        found = [causes.invalid(f"{place}.name", name, text) for text in label_1035_errors(name)]
    port = service.get("port") or {}
    if port.get("name") and port.get("number"):
        return [*found, causes.invalid(path, "", "cannot set both port name & port number")]
    for member in ("name", "number"):
        if port.get(member):
            return found + quantities.port_or_name(f"{place}.port.{member}", port[member])
    return [*found, causes.required(path, "port name or number is required")]


def _reference(given: Obj, path: str) -> list[Cause]:
    """An object of a kind, by name."""
    group = given.get("apiGroup")
    texts = subdomain_1123_errors(group) if group is not None else ()
    found = [causes.invalid(f"{path}.apiGroup", group, text) for text in texts]
    for member in ("kind", "name"):
        value = given.get(member, "")
        if not value:
            found.append(causes.required(f"{path}.{member}"))
        found += [causes.invalid(f"{path}.{member}", value, text) for text in path_segment_errors(value)]
    return found


def class_defaults(obj: Obj) -> None:
    """Parameters are the cluster's."""
    parameters = obj["spec"].get("parameters")
    if parameters is not None and parameters.get("scope") is None:
        parameters["scope"] = "Cluster"


def ingress_class(obj: Obj) -> list[Cause]:
    """An IngressClass names its controller, and maybe parameters for it."""
    controller, path = obj["spec"].get("controller", ""), "spec.controller"
    if not controller:
        found = [causes.required(path)]
    else:
        long = len(controller) > _LONGEST_CONTROLLER
        found = [causes.too_long(path, _LONGEST_CONTROLLER)] if long else []
        found += [causes.invalid(path, value, text) for value, text in domain_prefixed_path(controller)]
    parameters = obj["spec"].get("parameters")
    return found + (_parameters(parameters) if parameters is not None else [])


def ingress_class_update(new: Obj, old: Obj) -> list[Cause]:
    """An IngressClass keeps its controller."""
    controller = new["spec"].get("controller", "")
    same = controller == old["spec"].get("controller", "")
    return ([] if same else [causes.invalid("spec.controller", controller, "field is immutable")]) + ingress_class(new)


def _parameters(given: Obj) -> list[Cause]:
    path, scope, namespace = "spec.parameters", given.get("scope", ""), given.get("namespace")
    found = _reference(given, path)
    if scope not in _SCOPES:
        return [*found, causes.not_supported(f"{path}.scope", scope, _SCOPES)]
    if scope == "Cluster":
        text = "`parameters.scope` is set to 'Cluster'"
        return found if namespace is None else [*found, causes.forbidden(f"{path}.namespace", text)]
    if namespace is None:
        return [*found, causes.required(f"{path}.namespace", "`parameters.scope` is set to 'Namespace'")]
    return found + [causes.invalid(f"{path}.namespace", namespace, text) for text in label_1123_errors(namespace)]
