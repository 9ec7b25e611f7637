"""What is printed of an action (`Action.content`, which the ledger and the digest are made of) is that very order.

Orders of every type are made up from its own parameters' readers, in either shape and spelling; each is read, printed,
and read again. Bounded in the default suite; `-m slow` goes further.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kubeactions import registry
from kubeactions.model import Action, Config, Parameter, Spec
from kubeactions.settings import Limits
from kubeactions.validator import parse

SPECS = registry.specs(registry.built_in())
VALUES: tuple[Any, ...] = (
    *(0, 1, "2", -3, 300, True, False, "true", "false", "replan", "fail", "rollout"),
    *("Background", "Foreground", "Orphan", "strategic-merge", "merge", "json", "read-only"),
    ["/var/log"],
    {"spec": {"replicas": 9007199254740993, "paused": None}},
    '{"metadata": {"labels": {"a": "\\u00fc"}}}',
    [{"op": "add", "path": "/spec/replicas", "value": 18446744073709551615}],
)
"""Among these is something for every parameter."""
NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)
STAMPS = ("2026-08-20T10:15:00Z", "2026-08-20T12:15:00.000001+02:00", {"seconds": 1787220900, "nanos": 5000})


def takes(parameter: Parameter, value: Any) -> bool:
    try:
        parameter.parse(value)
    except ValueError:
        return False
    return True


def taken(spec: Spec, parameters: dict[str, Any]) -> bool:
    try:
        if spec.check is not None:
            spec.check({one.name: one.parse(parameters[one.name]) for one in spec.parameters if one.name in parameters})
    except (ValueError, KeyError):
        return False
    return True


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    """An order that its type takes."""
    spec = SPECS[draw(st.sampled_from(sorted(SPECS)))]
    kind, (api_version, _) = draw(st.sampled_from(sorted(spec.kinds.items()) or [("ConfigMap", ("v1", ""))]))
    resource = {"api_version": api_version, "kind": kind, "name": draw(NAMES)}
    if spec.namespaced is not False:
        resource["namespace"] = draw(NAMES)
    if draw(st.booleans()):
        resource["resource_id"] = "5f9c1c1e-0000-4000-8000-000000000001"
    chosen = [one for one in spec.parameters if one.required or draw(st.booleans())]
    parameters = {one.name: draw(st.sampled_from([v for v in VALUES if takes(one, v)])) for one in chosen}
    if not taken(spec, parameters):
        parameters = dict(spec.example.get("parameters") or {})
    order: dict[str, Any] = {"resource": resource, "timestamp": draw(st.sampled_from(STAMPS))}
    for name in ("action_id", "requested_by", "user_uuid"):
        if draw(st.booleans()):
            order[name] = draw(TEXTS)
    if draw(st.booleans()):
        order |= {"not_before": "2026-08-20T11:00:00Z", "dry_run": True}
    if draw(st.booleans()):
        return {**order, "action_type": spec.type, "parameters": parameters}
    return {**order, spec.type: parameters}


def read(order: dict[str, Any]) -> Action:
    (found,) = parse(Config("c1", 1, json.dumps({"actions": [order]}).encode(), "test"), SPECS, Limits())
    assert isinstance(found, Action), found
    return found


def printed(order: dict[str, Any]) -> None:
    action = read(order)
    again = read(action.content())
    assert again == action
    assert again.digest == action.digest
    assert again.content() == action.content()


@pytest.mark.parametrize("examples", [60, pytest.param(5000, marks=pytest.mark.slow)], ids=["some", "many"])
def test_what_is_printed_of_an_action_is_read_as_that_action(examples: int) -> None:
    limits = settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    limits(given(orders())(printed))()


def test_every_parameter_has_something_to_be_tried_with() -> None:
    lacking = [
        f"{spec.type}.{one.name}"
        for spec in SPECS.values()
        for one in spec.parameters
        if not any(takes(one, value) for value in VALUES)
    ]
    assert lacking == []
