"""Where a pod may run is refused with the server's causes."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.validation import placement

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def on_nodes(*expressions: dict[str, Any]) -> dict[str, Any]:
    return {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": list(expressions)}]}}}


EXPRESSION = f"a.nodeAffinity.{REQUIRED}.nodeSelectorTerms[0].matchExpressions[0]"


@pytest.mark.parametrize(
    ("affinity", "field", "message"),
    [
        ({"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": []}}}, f"a.nodeAffinity.{REQUIRED}.nodeSelectorTerms",
         "Required value: must have at least one node selector term"),
        (on_nodes({"key": "k", "operator": "In"}), f"{EXPRESSION}.values",
         "Required value: must be specified when `operator` is 'In' or 'NotIn'"),
        (on_nodes({"key": "k", "operator": "Exists", "values": ["v"]}), f"{EXPRESSION}.values",
         "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
        (on_nodes({"key": "k", "operator": "Gt", "values": ["1", "2"]}), f"{EXPRESSION}.values",
         "Required value: must be specified single value when `operator` is 'Lt' or 'Gt'"),
        (on_nodes({"key": "k", "operator": "Odd"}), f"{EXPRESSION}.operator",
         'Invalid value: "Odd": not a valid selector operator'),
        ({"nodeAffinity": {PREFERRED: [{"weight": 0, "preference": {}}]}}, f"a.nodeAffinity.{PREFERRED}[0].weight",
         "Invalid value: 0: must be in the range 1-100"),
        ({"podAntiAffinity": {PREFERRED: [{"weight": 101, "podAffinityTerm": {"topologyKey": "k"}}]}},
         f"a.podAntiAffinity.{PREFERRED}[0].weight", "Invalid value: 101: must be in the range 1-100"),
    ],
)  # fmt: skip
def test_what_is_refused_in_an_affinity(affinity: dict[str, Any], field: str, message: str) -> None:
    assert [(cause.field, cause.message) for cause in placement.affinity(affinity, "a")] == [(field, message)]


def test_an_affinity_that_can_be_met_passes() -> None:
    pods = {"topologyKey": "k", "labelSelector": {"matchLabels": {"a": "b"}}, "namespaces": ["n"]}
    affinity = {
        **on_nodes({"key": "k", "operator": "Lt", "values": ["1"]}, {"key": "k", "operator": "DoesNotExist"}),
        "podAffinity": {REQUIRED: [pods], PREFERRED: [{"weight": 1, "podAffinityTerm": pods}]},
    }

    assert placement.affinity(affinity, "a") == []


@pytest.mark.parametrize(
    ("constraints", "field", "message"),
    [
        ([{"maxSkew": 0, "topologyKey": "k", "whenUnsatisfiable": "DoNotSchedule"}], "t[0].maxSkew",
         "Invalid value: 0: must be greater than zero"),
        ([{"maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}], "t[0].topologyKey",
         "Required value: can not be empty"),
        ([{"maxSkew": 1, "topologyKey": "k", "whenUnsatisfiable": "Odd"}], "t[0].whenUnsatisfiable",
         'Unsupported value: "Odd": supported values: "DoNotSchedule", "ScheduleAnyway"'),
        ([{"maxSkew": 1, "topologyKey": "k", "whenUnsatisfiable": "DoNotSchedule"}] * 2,
         "t[0].{topologyKey, whenUnsatisfiable}", 'Duplicate value: "{k, DoNotSchedule}"'),
    ],
)  # fmt: skip
def test_what_is_refused_in_a_topology_spread(constraints: list[Any], field: str, message: str) -> None:
    assert [(cause.field, cause.message) for cause in placement.topology_spread(constraints, "t")] == [(field, message)]


def test_a_topology_key_that_is_missing_is_no_name_of_a_label_either() -> None:
    assert [cause.message.partition(" must consist")[0] for cause in placement.affinity(
        {"podAffinity": {REQUIRED: [{}]}}, "a"
    )] == [
        "Required value: can not be empty", 'Invalid value: "": name part must be non-empty',
        'Invalid value: "": name part',
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("toleration", "field", "message"),
    [
        ({"operator": "Exists", "key": "k", "value": "v"}, "t[0].operator",
         "Invalid value: \"v\": value must be empty when `operator` is 'Exists'"),
        ({"operator": "Odd", "key": "k"}, "t[0].operator",
         'Unsupported value: "Odd": supported values: "Equal", "Exists"'),
        ({"key": "k", "tolerationSeconds": 5}, "t[0].effect",
         "Invalid value: \"\": effect must be 'NoExecute' when `tolerationSeconds` is set"),
    ],
)  # fmt: skip
def test_what_is_refused_in_a_toleration(toleration: dict[str, Any], field: str, message: str) -> None:
    assert [(cause.field, cause.message) for cause in placement.tolerations([toleration], "t")] == [(field, message)]


def test_a_toleration_of_everything_passes() -> None:
    assert placement.tolerations([{"operator": "Exists"}, {"key": "k", "value": "v", "effect": "NoExecute"}], "t") == []
