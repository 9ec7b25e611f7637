"""Ingresses, network policies and endpoints: defaults and causes."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.schema import Schema
from backends.fake.validation import prepare_defaults, validate_create, validate_update

INGRESS, POLICY = ("networking.k8s.io", "v1", "Ingress"), ("networking.k8s.io", "v1", "NetworkPolicy")
SLICE, ENDPOINTS = ("discovery.k8s.io", "v1", "EndpointSlice"), ("", "v1", "Endpoints")
BACKEND = {"service": {"name": "web", "port": {"number": 80}}}


def made(gvk: tuple[str, str, str], **members: Any) -> dict[str, Any]:
    schema = Schema.load().kind(*gvk)
    assert schema is not None
    found = schema.decode({"metadata": {"name": "a", "resourceVersion": "1"}, **members}).object
    prepare_defaults(gvk, found)
    return found


def routed(**path: Any) -> dict[str, Any]:
    whole = {"path": "/", "pathType": "Prefix", "backend": BACKEND, **path}
    return made(INGRESS, spec={"rules": [{"http": {"paths": [whole]}}]})


def test_an_ingress_has_rules_or_a_default() -> None:
    assert validate_create(INGRESS, routed()) == []
    assert validate_create(INGRESS, made(INGRESS, spec={"defaultBackend": BACKEND})) == []
    assert [cause.message for cause in validate_create(INGRESS, made(INGRESS))] == [
        "Invalid value: null: either `defaultBackend` or `rules` must be specified"
    ]


@pytest.mark.parametrize(
    ("path", "field", "message"),
    [
        ({"pathType": None}, "pathType", "Required value: pathType must be specified"),
        ({"pathType": "Odd"}, "pathType",
         'Unsupported value: "Odd": supported values: "Exact", "ImplementationSpecific", "Prefix"'),
        ({"path": "x"}, "path", 'Invalid value: "x": must be an absolute path'),
        ({"path": ""}, "path", 'Invalid value: "": must be an absolute path'),
        ({"backend": {}}, "backend", 'Invalid value: "": resource or service backend is required'),
        ({"backend": {"service": {"name": "", "port": {"number": 1}}}}, "backend.service.name", "Required value"),
        ({"backend": {"service": {"name": "a"}}}, "backend",
         "Required value: port name or number is required"),
    ],
)  # fmt: skip
def test_what_is_refused_in_a_path(path: dict[str, Any], field: str, message: str) -> None:
    found = routed(**path)
    causes = [(f"spec.rules[0].http.paths[0].{field}", message)]

    assert [(cause.field, cause.message) for cause in validate_create(INGRESS, found)] == causes
    assert [(cause.field, cause.message) for cause in validate_update(INGRESS, found, found)] == causes


def test_a_network_policy_is_about_what_it_has_rules_for() -> None:
    assert made(POLICY, spec={"podSelector": {}})["spec"]["policyTypes"] == ["Ingress"]
    egress = made(POLICY, spec={"podSelector": {}, "egress": [{"ports": [{"port": 1}]}]})
    assert egress["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert egress["spec"]["egress"][0]["ports"] == [{"protocol": "TCP", "port": 1}]
    odd = made(POLICY, spec={"podSelector": {}, "policyTypes": ["Odd"]})
    assert [cause.field for cause in validate_update(POLICY, odd, odd)] == ["spec.policyTypes[0]"]


def test_endpoints_speak_tcp() -> None:
    assert made(ENDPOINTS, subsets=[{"ports": [{"port": 1}]}])["subsets"] == [
        {"ports": [{"port": 1, "protocol": "TCP"}]}
    ]


def test_an_endpoint_slice_has_addresses_of_one_type() -> None:
    found = made(SLICE, addressType="IPv4", ports=[{"port": 1}], endpoints=[{"addresses": ["192.0.2.1"]}])

    assert found["ports"] == [{"name": "", "protocol": "TCP", "port": 1}]
    assert validate_create(SLICE, found) == []
    assert [cause.field for cause in validate_create(SLICE, made(SLICE, endpoints=[{}]))] == [
        "addressType",
        "endpoints[0].addresses",
    ]
    other = made(SLICE, addressType="IPv6")
    assert [cause.message for cause in validate_update(SLICE, other, found)] == [
        'Invalid value: "IPv6": field is immutable'
    ]
