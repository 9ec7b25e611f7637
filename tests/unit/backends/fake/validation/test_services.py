"""Services get the server's defaults and are refused with its causes."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.schema import Schema
from backends.fake.validation import prepare_defaults, validate_create, validate_update

GVK = ("", "v1", "Service")


def service(name: str = "web", **spec: Any) -> dict[str, Any]:
    kind = Schema.load().kind(*GVK)
    assert kind is not None
    given = {"metadata": {"name": name, "resourceVersion": "1"}, "spec": {"ports": [{"port": 80}], **spec}}
    found = kind.decode(given).object
    prepare_defaults(GVK, found)
    return found


def test_a_service_sends_to_the_same_port_inside_the_cluster() -> None:
    assert service()["spec"] == {
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
        "sessionAffinity": "None", "type": "ClusterIP", "internalTrafficPolicy": "Cluster",
    }  # fmt: skip


def test_sticky_sessions_last_three_hours() -> None:
    assert service(sessionAffinity="ClientIP")["spec"]["sessionAffinityConfig"] == {
        "clientIP": {"timeoutSeconds": 10800}
    }


def test_a_load_balancer_takes_traffic_from_outside() -> None:
    spec = service(type="LoadBalancer")["spec"]

    assert (spec["externalTrafficPolicy"], spec["allocateLoadBalancerNodePorts"]) == ("Cluster", True)


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        ({"ports": []}, "spec.ports", "Required value"),
        ({"ports": [{"port": 0}]}, "spec.ports[0].port", "Invalid value: 0: must be between 1 and 65535, inclusive"),
        ({"ports": [{"port": 1}, {"port": 2}]}, "spec.ports[0].name", "Required value"),
        ({"ports": [{"port": 1, "name": "a"}, {"port": 2, "name": "a"}]}, "spec.ports[1].name",
         'Duplicate value: "a"'),
        ({"type": "Odd"}, "spec.type",
         'Unsupported value: "Odd": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'),
        ({"sessionAffinity": "Odd"}, "spec.sessionAffinity",
         'Unsupported value: "Odd": supported values: "ClientIP", "None"'),
        ({"type": "ExternalName"}, "spec.externalName", "Required value"),
        ({"type": "NodePort", "clusterIP": "None", "clusterIPs": ["None"]}, "spec.clusterIPs[0]",
         "Invalid value: \"None\": may not be set to 'None' for NodePort services"),
        ({"selector": {"a": "b c"}}, "spec.selector", None),
    ],
)  # fmt: skip
def test_what_is_refused(spec: dict[str, Any], field: str, message: str | None) -> None:
    cause = validate_create(GVK, service(**spec))[0]

    assert cause.field == field
    assert message is None or cause.message == message


def test_a_port_is_offered_once_a_protocol() -> None:
    ports = [{"port": 80, "name": "a"}, {"port": 80, "name": "b"}]

    assert [cause.field for cause in validate_create(GVK, service(ports=ports))] == ["spec.ports[1]"]
    ports[1]["protocol"] = "UDP"
    assert validate_create(GVK, service(ports=ports)) == []


def test_a_name_starts_with_a_letter() -> None:
    assert validate_create(GVK, service("1bad"))[0].message.startswith('Invalid value: "1bad": a DNS-1035 label must')


def test_a_cluster_ip_stays() -> None:
    old, new = (service(clusterIP=each, clusterIPs=[each]) for each in ("10.96.0.1", "10.96.0.2"))

    assert [cause.message for cause in validate_update(GVK, new, old)] == [
        'Invalid value: ["10.96.0.2"]: may not change once set'
    ]
