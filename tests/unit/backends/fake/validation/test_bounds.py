"""LimitRanges and ResourceQuotas: defaults and causes."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.validation import prepare_defaults, validate_create, validate_update
from tests.unit.backends.fake.validation.test_administration import made

LIMITS, QUOTA = ("", "v1", "LimitRange"), ("", "v1", "ResourceQuota")


def limit(kind: str = "Container", **members: Any) -> dict[str, Any]:
    return made(*LIMITS, spec={"limits": [{"type": kind, **members}]})


def quota(**spec: Any) -> dict[str, Any]:
    return made(*QUOTA, spec=spec)


def test_the_defaults_of_containers_follow_from_the_bounds() -> None:
    found = limit(max={"cpu": "1"}, min={"memory": "1Mi"}, default={"memory": "2Mi"})["spec"]["limits"][0]
    assert found["default"] == {"cpu": "1", "memory": "2Mi"}
    assert found["defaultRequest"] == {"cpu": "1", "memory": "2Mi"}
    assert "default" not in limit("Pod", max={"cpu": "1"})["spec"]["limits"][0]


@pytest.mark.parametrize(
    ("obj", "causes"),
    [
        (limit(min={"cpu": "2"}, max={"cpu": "1"}, default={"cpu": "2"}), {
            "spec.limits[0].min[cpu]": 'Invalid value: "2": min value 2 is greater than max value 1',
            "spec.limits[0].default[cpu]": 'Invalid value: "1": default value 2 is greater than max value 1',
            "spec.limits[0].defaultRequest[cpu]":
                'Invalid value: "2": default request value 2 is greater than max value 1',
        }),
        (limit(default={"cpu": "1"}, defaultRequest={"cpu": "2"}), {
            "spec.limits[0].defaultRequest[cpu]":
                'Invalid value: "2": default request value 2 is greater than default limit value 1'}),
        (limit("Pod", default={"cpu": "1"}), {
            "spec.limits[0].default": "Forbidden: may not be specified when `type` is 'Pod'"}),
        (limit("PersistentVolumeClaim"), {
            "spec.limits[0]":
                "Required value: either minimum or maximum storage value is required, but neither was provided"}),
        (limit("Nothing"), {
            "spec.limits[0].type": 'Invalid value: "Nothing": must be a standard limit type or fully qualified'}),
        (limit("Pod", maxLimitRequestRatio={"cpu": "0.5"}), {
            "spec.limits[0].maxLimitRequestRatio[cpu]": 'Invalid value: "500m": ratio 500m is less than 1'}),
        (limit("Pod", min={"cpu": "1"}, max={"cpu": "2"}, maxLimitRequestRatio={"cpu": "3"}), {
            "spec.limits[0].maxLimitRequestRatio[cpu]":
                'Invalid value: "3": ratio 3 is greater than max/min = 2.000000'}),
        (limit(max={"gold": "1"}), {
            "spec.limits[0].max[gold]": 'Invalid value: "gold": must be a standard resource for containers'}),
    ],
)  # fmt: skip
def test_bounds_leave_room(obj: dict[str, Any], causes: dict[str, str]) -> None:
    found = {cause.field: cause.message for cause in validate_create(LIMITS, obj)}
    assert found.items() >= causes.items()


def test_each_type_has_one_set_of_bounds() -> None:
    obj = made(*LIMITS, spec={"limits": [{"type": "Pod"}, {"type": "Pod"}]})
    assert [(one.field, one.message) for one in validate_create(LIMITS, obj)] == [
        ("spec.limits[1].type", 'Duplicate value: "Pod"')
    ]


@pytest.mark.parametrize(
    ("obj", "causes"),
    [
        (quota(hard={"pods": "-1"}), [("spec.hard[pods]", "must be greater than or equal to 0")]),
        (quota(hard={"pods": "1500m"}), [("spec.hard[pods]", "must be an integer")]),
        (quota(hard={"gold": "1"}), [("spec.hard[gold]", "must be a standard resource for quota")]),
        (quota(hard={"count/widgets.example.com": "1", "requests.example.com/gpu": "1"}), []),
        (quota(hard={"services": "1"}, scopes=["Terminating"]), [
            ("spec.scopes", "unsupported scope applied to resource")]),
        (quota(hard={"cpu": "1"}, scopes=["BestEffort"]), [("spec.scopes", "unsupported scope applied to resource")]),
        (quota(scopes=["Sometimes"]), [("spec.scopes", "unsupported scope")]),
        (quota(scopes=["BestEffort", "NotBestEffort"]), [("spec.scopes", "conflicting scopes")]),
        (quota(scopeSelector={"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In"}]}), [
            ("spec.scopeSelector.matchExpressions.values", "must be at least one value")]),
        (quota(scopeSelector={"matchExpressions": [{"scopeName": "BestEffort", "operator": "DoesNotExist"}]}), [
            ("spec.scopeSelector.matchExpressions.operator", "must be 'Exist' when scope is any of")]),
        (quota(scopeSelector={"matchExpressions": [
            {"scopeName": "PriorityClass", "operator": "Exists", "values": ["a"]}]}), [
            ("spec.scopeSelector.matchExpressions.values", "must be no value")]),
    ],
)  # fmt: skip
def test_a_quota_makes_sense(obj: dict[str, Any], causes: list[tuple[str, str]]) -> None:
    found = validate_create(QUOTA, obj)
    assert [cause.field for cause in found] == [field for field, _ in causes]
    assert all(words in cause.message for cause, (_, words) in zip(found, causes, strict=True))


def test_a_quota_keeps_its_scopes() -> None:
    old, new = quota(hard={"pods": "1"}), quota(hard={"pods": "1"}, scopes=["BestEffort"])
    assert [cause.field for cause in validate_update(QUOTA, new, old)] == ["spec.scopes"]


def test_defaults_come_once() -> None:
    obj = limit(max={"cpu": "1"})
    again = {**obj}
    prepare_defaults(LIMITS, again)
    assert again == obj
