"""Ingresses, IngressClasses and NetworkPolicies: what is refused, in the words of pkg/apis/networking/validation."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.validation import prepare_defaults, validate_create, validate_update

GROUP = "networking.k8s.io"
SERVICE = {"service": {"name": "s", "port": {"number": 80}}}
NO_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
NO_DNS = "must be a DNS name, not an IP address"
Rows = list[tuple[dict[str, Any], list[tuple[str, str]]]]


def refused(kind: str, spec: dict[str, Any]) -> list[tuple[str, str]]:
    obj = {"metadata": {"name": "x"}, "spec": spec}
    prepare_defaults((GROUP, "v1", kind), obj)
    return [(cause.field, cause.message) for cause in validate_create((GROUP, "v1", kind), obj)]


def backend(**changes: Any) -> dict[str, Any]:
    return {"defaultBackend": changes}


def path(**changes: Any) -> dict[str, Any]:
    return {"rules": [{"http": {"paths": [{"pathType": "Prefix", "path": "/", "backend": SERVICE, **changes}]}}]}


P = "spec.rules[0].http.paths[0]"
B = "spec.defaultBackend"
INGRESSES: Rows = [
    ({}, [("spec", "Invalid value: null: either `defaultBackend` or `rules` must be specified")]),
    (backend(), [(B, 'Invalid value: "": resource or service backend is required')]),
    (backend(**SERVICE, resource={"kind": "K", "name": "n"}),
     [(B, 'Invalid value: "": cannot set both resource and service backends')]),
    (backend(resource={}), [(f"{B}.resource.kind", "Required value"), (f"{B}.resource.name", "Required value")]),
    (backend(service={}), [(f"{B}.service.name", "Required value"),
                           (B, "Required value: port name or number is required")]),
    (backend(service={"name": "s", "port": {"name": "a", "number": 1}}),
     [(B, 'Invalid value: "": cannot set both port name & port number')]),
    (backend(service={"name": "s", "port": {"number": 70000}}),
     [(f"{B}.service.port.number", "Invalid value: 70000: must be between 1 and 65535, inclusive")]),
    ({"rules": [{"http": {}}]}, [("spec.rules[0].http.paths", "Required value")]),
    ({"rules": [{"host": "1.2.3.4"}]}, [("spec.rules[0].host", f'Invalid value: "1.2.3.4": {NO_DNS}')]),
    (path(pathType=None), [(f"{P}.pathType", "Required value: pathType must be specified")]),
    (path(pathType="Odd"), [(f"{P}.pathType", ('Unsupported value: "Odd": supported values: '
                             '"Exact", "ImplementationSpecific", "Prefix"'))]),
    (path(path="a"), [(f"{P}.path", 'Invalid value: "a": must be an absolute path')]),
    (path(path="/a//b"), [(f"{P}.path", "Invalid value: \"/a//b\": must not contain '//'")]),
    (path(path="/a/.."), [(f"{P}.path", "Invalid value: \"/a/..\": cannot end with '/..'")]),
    (path(pathType="ImplementationSpecific", path=""), []),
    ({"rules": [{"host": "*.example.com"}]}, []),
]  # fmt: skip
IN = "spec.ingress[0]"
POLICIES: Rows = [
    ({"ingress": [{"from": [{}]}]}, [(f"{IN}.from[0]", "Required value: must specify a peer")]),
    ({"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]}]},
     [(f"{IN}.from[0]", "Forbidden: may not specify both ipBlock and another peer")]),
    ({"ingress": [{"from": [{"ipBlock": {}}]}]}, [(f"{IN}.from[0].ipBlock.cidr", "Required value")]),
    ({"ingress": [{"from": [{"ipBlock": {"cidr": "x"}}]}]},
     [(f"{IN}.from[0].ipBlock.cidr", f'Invalid value: "x": {NO_CIDR}')]),
    ({"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8", "11.0.0.0/9"]}}]}]},
     [(f"{IN}.from[0].ipBlock.except[0]", 'Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`'),
      (f"{IN}.from[0].ipBlock.except[1]", 'Invalid value: "11.0.0.0/9": must be a strict subset of `cidr`')]),
    ({"ingress": [{"ports": [{"protocol": "X", "port": 0}]}]},
     [(f"{IN}.ports[0].protocol", 'Unsupported value: "X": supported values: "TCP", "UDP", "SCTP"'),
      (f"{IN}.ports[0].port", "Invalid value: 0: must be between 1 and 65535, inclusive")]),
    ({"egress": [{"ports": [{"port": 90, "endPort": 80}]}]},
     [("spec.egress[0].ports[0].endPort", "Invalid value: 80: must be greater than or equal to `port`")]),
    ({"egress": [{"ports": [{"port": "http", "endPort": 80}]}]},
     [("spec.egress[0].ports[0].endPort", "Invalid value: 80: may not be specified when `port` is non-numeric")]),
    ({"egress": [{"ports": [{"endPort": 80}]}]},
     [("spec.egress[0].ports[0].endPort", "Invalid value: 80: may not be specified when `port` is not specified")]),
    ({"policyTypes": ["Odd"]},
     [("spec.policyTypes[0]", 'Unsupported value: "Odd": supported values: "Ingress", "Egress"')]),
]  # fmt: skip
C = "spec.parameters"
CLASSES: Rows = [
    ({}, [("spec.controller", "Required value")]),
    ({"controller": "x"},
     [("spec.controller", 'Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo")')]),
    ({"controller": "a.b/c", "parameters": {"kind": "K", "name": "n"}}, []),
    ({"controller": "a.b/c", "parameters": {"kind": "K", "name": "n", "namespace": "x"}},
     [(f"{C}.namespace", "Forbidden: `parameters.scope` is set to 'Cluster'")]),
    ({"controller": "a.b/c", "parameters": {"kind": "K", "name": "n", "scope": "Namespace"}},
     [(f"{C}.namespace", "Required value: `parameters.scope` is set to 'Namespace'")]),
    ({"controller": "a.b/c", "parameters": {"kind": "K", "name": "n", "scope": "Odd"}},
     [(f"{C}.scope", 'Unsupported value: "Odd": supported values: "Cluster", "Namespace"')]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "rows"), [("Ingress", INGRESSES), ("NetworkPolicy", POLICIES), ("IngressClass", CLASSES)]
)
def test_what_is_refused(kind: str, rows: Rows) -> None:
    for spec, expected in rows:
        assert refused(kind, spec) == expected, spec


def test_a_star_stands_alone_before_a_domain() -> None:
    ((field, message),) = refused("Ingress", {"rules": [{"host": "a.*.b"}]})
    assert field == "spec.rules[0].host"
    assert "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain" in message
    assert r"regex used for validation is '\*\.[a-z0-9]" in message


def test_a_class_keeps_its_controller() -> None:
    metadata = {"name": "x", "resourceVersion": "1"}
    new, old = ({"metadata": metadata, "spec": {"controller": f"a.b/{each}"}} for each in "cd")
    (cause,) = validate_update((GROUP, "v1", "IngressClass"), new, old)
    assert (cause.field, cause.message) == ("spec.controller", 'Invalid value: "a.b/c": field is immutable')
