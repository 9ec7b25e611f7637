"""Namespaces, Nodes, Leases, Events and PodDisruptionBudgets: defaults and causes as recorded."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.validation import prepare_defaults, validate_create, validate_update

META = {"name": "a", "namespace": "d", "resourceVersion": "1"}
NODE, LEASE = ("", "v1", "Node"), ("coordination.k8s.io", "v1", "Lease")
EVENT, CORE_EVENT = ("events.k8s.io", "v1", "Event"), ("", "v1", "Event")
BUDGET = ("policy", "v1", "PodDisruptionBudget")
BOTH = (
    '{"MinAvailable":1,"Selector":{"matchLabels":{"app":"web"}},"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}'
)
PERCENT = (
    "a valid percent string must be a numeric string followed by an ending '%' "
    "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
)


def test_a_namespace_carries_its_name_as_a_label() -> None:
    namespace: dict[str, Any] = {"metadata": {"name": "a"}, "spec": {}, "status": {}}

    prepare_defaults(("", "v1", "Namespace"), namespace)

    assert namespace["metadata"]["labels"] == {"kubernetes.io/metadata.name": "a"}


def test_a_nodes_capacity_may_be_allocated() -> None:
    node: dict[str, Any] = {"metadata": {"name": "a"}, "spec": {}, "status": {"capacity": {"cpu": "4"}}}

    prepare_defaults(NODE, node)

    assert node["status"]["allocatable"] == {"cpu": "4"}


def test_a_wrong_taint_is_told_once_on_create_and_twice_on_update() -> None:
    node = {"metadata": META, "spec": {"taints": [{"key": "a", "effect": "Wrong"}]}, "status": {}}
    text = 'Unsupported value: "Wrong": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"'

    assert [(cause.field, cause.message) for cause in validate_create(NODE, node)] == [
        ("metadata.taints[0].effect", text)
    ]
    assert len(validate_update(NODE, node, node)) == 2


def test_taints_are_unique_by_key_and_effect() -> None:
    taint = {"key": "a", "effect": "NoExecute"}
    node = {"metadata": META, "spec": {"taints": [taint, taint]}, "status": {}}

    (cause,) = validate_create(NODE, node)
    assert cause.message.endswith(": taints must be unique by key and effect pair")


def test_a_nodes_provider_and_addresses_are_given_once() -> None:
    old = {"metadata": META, "spec": {"providerID": "x://1", "podCIDRs": ["192.0.2.0/24"]}, "status": {}}
    new = {"metadata": META, "spec": {"providerID": "x://2"}, "status": {}}

    assert [cause.field for cause in validate_update(NODE, new, old)] == ["spec.podCIDRs", "spec.providerID"]
    assert validate_update(NODE, old, {**old, "spec": {}}) == []


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"leaseDurationSeconds": 0}, "Invalid value: 0: must be greater than 0"),
        ({"leaseTransitions": -1}, "Invalid value: -1: must be greater than or equal to 0"),
    ],
)
def test_what_is_refused_in_a_lease(spec: dict[str, Any], message: str) -> None:
    lease = {"metadata": META, "spec": spec}

    assert [cause.message for cause in validate_create(LEASE, lease)] == [message]
    assert [cause.message for cause in validate_update(LEASE, lease, {"metadata": META, "spec": {}})] == [message]


@pytest.mark.parametrize(
    ("about", "namespace", "fields"),
    [
        ("d", "d", []), ("other", "d", ["involvedObject.namespace"]), ("", "d", ["involvedObject.namespace"]),
        ("", "default", []),
    ],
)  # fmt: skip
def test_an_event_is_about_something_in_its_own_namespace(about: str, namespace: str, fields: list[str]) -> None:
    event = {"metadata": {**META, "namespace": namespace}, "involvedObject": {"namespace": about}, "type": "Odd"}

    assert [cause.field for cause in validate_create(CORE_EVENT, event)] == fields


def test_a_new_event_must_be_complete() -> None:
    event = {"metadata": META, "regarding": {"namespace": "d"}}

    assert [(cause.field, cause.message) for cause in validate_create(EVENT, event)] == [
        ("eventTime", "Required value"), ("type", 'Invalid value: "": has invalid value: '),
    ]  # fmt: skip
    timed = {**event, "eventTime": "2001-01-01T00:00:00.000000Z", "type": "Normal", "deprecatedCount": 1}
    assert [cause.field for cause in validate_create(EVENT, timed)] == [
        "reportingController", "reportingController", "reportingController", "reportingInstance", "action", "reason",
        "count",
    ]  # fmt: skip


def test_an_event_keeps_what_it_says() -> None:
    old = {"metadata": META, "note": "a", "type": "Normal"}

    assert [cause.field for cause in validate_update(EVENT, {**old, "note": "b"}, old)] == ["message"]


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        ({"minAvailable": 1, "maxUnavailable": 1, "selector": {"matchLabels": {"app": "web"}}}, "spec",
         f"Invalid value: {BOTH}: minAvailable and maxUnavailable cannot be both set"),
        ({"minAvailable": -1}, "spec.minAvailable", "Invalid value: -1: must be greater than or equal to 0"),
        ({"maxUnavailable": "x%"}, "spec.maxUnavailable",
         f'Invalid value: "x%": {PERCENT}'),
        ({"maxUnavailable": "200%"}, "spec.maxUnavailable", 'Invalid value: "200%": must not be greater than 100%'),
        ({"unhealthyPodEvictionPolicy": "Odd"}, "spec.unhealthyPodEvictionPolicy",
         'Unsupported value: "Odd": supported values: "AlwaysAllow", "IfHealthyBudget"'),
    ],
)  # fmt: skip
def test_what_is_refused_in_a_budget(spec: dict[str, Any], field: str, message: str) -> None:
    causes = validate_create(BUDGET, {"metadata": META, "spec": spec})

    assert [(cause.field, cause.message) for cause in causes] == [(field, message)]
