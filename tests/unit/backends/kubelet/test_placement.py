"""Which pod may be on which node."""

from __future__ import annotations

from typing import Any

import pytest

from backends.kubelet.placement import fits_node, tolerates, untolerated

Obj = dict[str, Any]
NODE: Obj = {
    "metadata": {"name": "n1", "labels": {"zone": "a", "size": "8"}},
    "spec": {"taints": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]},
}


def affinity(*terms: Obj) -> Obj:
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": list(terms)}}
    return {"affinity": {"nodeAffinity": required}}


def expression(key: str, operator: str, *values: str) -> Obj:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("spec", "fits"),
    [
        ({}, True),
        ({"nodeSelector": {"zone": "a"}}, True),
        ({"nodeSelector": {"zone": "b"}}, False),
        (affinity(expression("zone", "In", "a", "b")), True),
        (affinity(expression("zone", "NotIn", "a")), False),
        (affinity(expression("missing", "NotIn", "a")), True),
        (affinity(expression("missing", "Exists")), False),
        (affinity(expression("missing", "DoesNotExist")), True),
        (affinity(expression("size", "Gt", "7")), True),
        (affinity(expression("size", "Lt", "8")), False),
        (affinity(expression("zone", "Gt", "7")), False),
        (affinity(expression("zone", "In", "b"), expression("size", "In", "8")), True),
        (affinity({}), False),
        (affinity({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}), True),
        (affinity({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n2"]}]}), False),
        ({"nodeSelector": {"zone": "b"}, **affinity(expression("size", "In", "8"))}, False),
    ],
    ids=str,
)
def test_a_selector_and_an_affinity_must_both_be_satisfied(spec: Obj, fits: bool) -> None:
    assert fits_node(spec, NODE) is fits


@pytest.mark.parametrize(
    ("toleration", "covers"),
    [
        ({"key": "gpu", "value": "yes", "effect": "NoSchedule"}, True),
        ({"key": "gpu", "value": "yes"}, True),
        ({"key": "gpu", "value": "no"}, False),
        ({"key": "gpu", "operator": "Exists"}, True),
        ({"key": "gpu", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "cpu", "operator": "Exists"}, False),
        ({"operator": "Exists"}, True),
        ({"key": "gpu"}, False),
    ],
    ids=str,
)
def test_a_toleration_covers_a_taint(toleration: Obj, covers: bool) -> None:
    (taint,) = NODE["spec"]["taints"]
    assert tolerates(toleration, taint) is covers
    assert (untolerated(NODE, [toleration], ["NoSchedule"]) is None) is covers


def test_only_the_asked_effects_count() -> None:
    assert untolerated(NODE, None, ["NoExecute"]) is None
    assert untolerated({"metadata": {"name": "bare"}}, None, ["NoSchedule"]) is None
