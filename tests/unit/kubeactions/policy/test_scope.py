"""Where actions may reach: the operator's lists, and objects that ask not to be touched."""

from __future__ import annotations

from typing import Any

import pytest

from kubeactions.model import Target
from kubeactions.policy import OPT_OUT, Facts, Gate, judge, opted_out
from kubeactions.safety import Safety, kinds
from kubeactions.settings import Settings
from tests.unit.kubeactions.policy.orders import DELETE, NODE, NOW, POD, act


def reason(target: Target, **safety: Any) -> str:
    return judge(act(target), DELETE, Facts(NOW), Settings(safety=Safety(**safety))).reason


def test_only_allowed_namespaces_are_acted_in() -> None:
    assert reason(POD, namespaces=frozenset({"shop"})) == "Allowed"
    assert reason(POD, namespaces=frozenset({"other"})) == "NamespaceNotAllowed"
    assert reason(POD, namespaces=frozenset()) == "NamespaceNotAllowed"
    assert reason(Target("v1", "Pod", "x", "Shop"), namespaces=frozenset({"shop"})) == "NamespaceNotAllowed"


def test_a_cluster_scoped_target_needs_its_kind_named_where_namespaces_are_listed() -> None:
    shop = frozenset({"shop"})
    assert reason(NODE) == "Allowed"
    assert reason(NODE, namespaces=shop) == "NamespaceNotAllowed"
    assert reason(NODE, namespaces=shop, kinds=kinds(["Pod", "Node"])) == "Allowed"
    assert reason(NODE, namespaces=shop, kinds=kinds(["Pod"])) == "KindNotAllowed"


@pytest.mark.parametrize(
    ("target", "allowed", "expected"),
    [
        (POD, ["Pod"], "Allowed"),
        (POD, ["pods"], "KindNotAllowed"),
        (Target("v1", "pods", "x", "shop"), ["Pod"], "Allowed"),
        (POD, ["Deployment"], "KindNotAllowed"),
        (Target("apps/v1", "Deployment", "x", "shop"), ["apps/Deployment"], "Allowed"),
        (Target("extensions/v1beta1", "Deployment", "x", "shop"), ["apps/Deployment"], "KindNotAllowed"),
        (Target("extensions/v1beta1", "Deployment", "x", "shop"), ["Deployment"], "Allowed"),
        (POD, [], "KindNotAllowed"),
    ],
)
def test_only_allowed_kinds_are_acted_on(target: Target, allowed: list[str], expected: str) -> None:
    assert reason(target, kinds=kinds(allowed)) == expected


@pytest.mark.parametrize("where", ["labels", "annotations"])
@pytest.mark.parametrize("value", ["true", "yes", "", "on-call asked"])
def test_an_object_can_ask_not_to_be_touched(where: str, value: str) -> None:
    ruling = opted_out({"metadata": {"name": "x", where: {OPT_OUT: value}}})
    assert ruling is not None
    assert (ruling.gate, ruling.reason) == (Gate.REJECT, "OptedOut")
    assert OPT_OUT in ruling.message


@pytest.mark.parametrize(
    "target",
    [
        None,
        {},
        {"metadata": {}},
        {"metadata": {"labels": None, "annotations": {OPT_OUT: "false"}}},
        {"metadata": {"labels": {OPT_OUT: "No"}}},
        {"metadata": {"labels": {"app": "x"}}},
    ],
)
def test_an_object_that_does_not_ask_is_not_protected(target: dict[str, Any] | None) -> None:
    assert opted_out(target) is None
