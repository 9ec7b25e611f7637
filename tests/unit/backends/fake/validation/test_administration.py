"""Autoscalers, priority classes, webhooks and pod templates: defaults and causes."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.schema import Schema
from backends.fake.validation import prepare_defaults, validate_create, validate_update

EIGHTY_PERCENT = {"type": "Utilization", "averageUtilization": 80}


def made(group: str, version: str, kind: str, **members: Any) -> dict[str, Any]:
    schema = Schema.load().kind(group, version, kind)
    assert schema is not None
    found = schema.decode({"metadata": {"name": "a", "resourceVersion": "1"}, **members}).object
    prepare_defaults((group, version, kind), found)
    return found


@pytest.mark.parametrize(
    ("gvk", "members", "path", "value"),
    [
        (("autoscaling", "v2", "HorizontalPodAutoscaler"), {"spec": {"maxReplicas": 2}}, ("spec", "metrics"),
         [{"type": "Resource", "resource": {"name": "cpu", "target": EIGHTY_PERCENT}}]),
        (("scheduling.k8s.io", "v1", "PriorityClass"), {"value": 1}, ("preemptionPolicy",), "PreemptLowerPriority"),
    ],
)  # fmt: skip
def test_defaults(gvk: tuple[str, str, str], members: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    found: Any = made(*gvk, **members)
    for name in path:
        found = found[name]

    assert found == value


def test_a_webhook_sees_everything_and_has_ten_seconds() -> None:
    hook = {"name": "h.example.com", "clientConfig": {"service": {"name": "s", "namespace": "n"}}, "rules": [{}]}
    found = made("admissionregistration.k8s.io", "v1", "MutatingWebhookConfiguration", webhooks=[hook])["webhooks"][0]

    assert (found["failurePolicy"], found["timeoutSeconds"], found["reinvocationPolicy"]) == ("Fail", 10, "Never")
    assert found["clientConfig"]["service"]["port"] == 443
    assert found["rules"][0]["scope"] == "*"


def test_an_autoscalers_bounds_leave_room() -> None:
    target = {"kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": target, "minReplicas": 5, "maxReplicas": 2}
    scaler = made("autoscaling", "v2", "HorizontalPodAutoscaler", spec=spec)

    assert [cause.message for cause in validate_create(("autoscaling", "v2", "HorizontalPodAutoscaler"), scaler)] == [
        "Invalid value: 2: must be greater than or equal to `minReplicas`"
    ]


def test_a_priority_class_keeps_its_value_and_leaves_the_highest_to_the_system() -> None:
    gvk = ("scheduling.k8s.io", "v1", "PriorityClass")

    assert [cause.field for cause in validate_create(gvk, made(*gvk, value=2_000_000_000))] == ["value"]
    assert [cause.field for cause in validate_update(gvk, made(*gvk, value=1), made(*gvk, value=2))] == ["value"]


def test_a_pod_templates_template_is_completed_and_checked() -> None:
    gvk = ("", "v1", "PodTemplate")
    found = made(*gvk, template={"spec": {"containers": [{"name": "c"}]}})

    assert found["template"]["spec"]["restartPolicy"] == "Always"
    assert [cause.field for cause in validate_update(gvk, found, found)] == ["template.spec.containers[0].image"]
