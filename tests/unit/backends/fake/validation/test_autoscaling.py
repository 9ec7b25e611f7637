"""Autoscalers: what is filled in and what is refused, as pkg/apis/autoscaling says."""

from __future__ import annotations

from typing import Any

from backends.fake.validation import prepare_defaults, validate_create

TARGET = {"kind": "Deployment", "name": "x", "apiVersion": "apps/v1"}
M, UP = "spec.metrics[0]", "spec.behavior.scaleUp"
KINDS = 'supported values: "ContainerResource", "External", "Object", "Pods", "Resource"'
Causes = list[tuple[str, str]]


def scaler(version: str = "v2", **spec: Any) -> dict[str, Any]:
    obj = {
        "apiVersion": f"autoscaling/{version}",
        "metadata": {"name": "x"},
        "spec": {"scaleTargetRef": TARGET, "maxReplicas": 3, **spec},
    }
    prepare_defaults(("autoscaling", version, "HorizontalPodAutoscaler"), obj)
    return obj


def refused(version: str = "v2", **spec: Any) -> Causes:
    obj = scaler(version, **spec)
    found = validate_create(("autoscaling", version, "HorizontalPodAutoscaler"), obj)
    return [(cause.field, cause.message) for cause in found]


def cpu(**target: Any) -> dict[str, Any]:
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


METRICS: list[tuple[dict[str, Any], Causes]] = [
    ({}, [(f"{M}.type", "Required value: must specify a metric source type"),
          (f"{M}.type", f'Unsupported value: "": {KINDS}'), (f"{M}.type", f'Unsupported value: "": {KINDS}')]),
    ({"type": "Resource"},
     [(f"{M}.resource", "Required value: must populate information for the given metric source")]),
    (cpu(type="Utilization"), [(f"{M}.resource.target.averageUtilization",
                                "Required value: must set either a target raw value or a target utilization")]),
    (cpu(type="Odd", averageUtilization=0),
     [(f"{M}.resource.target.type", 'Invalid value: "Odd": must be either Utilization, Value, or AverageValue'),
      (f"{M}.resource.target.averageUtilization", "Invalid value: 0: must be greater than 0")]),
    ({"type": "Pods", "pods": {"metric": {"name": ""}, "target": {"type": "Value", "value": "0"}}},
     [(f"{M}.pods.metric.name", "Required value: must specify a metric name"),
      (f"{M}.pods.target.value", 'Invalid value: "0": must be positive'),
      (f"{M}.pods.target.averageValue", "Required value: must specify a positive target averageValue")]),
    ({**cpu(type="Utilization", averageUtilization=1), "pods": {}},
     [(f"{M}.pods.metric.name", "Required value: must specify a metric name"),
      (f"{M}.pods.target.type", "Required value: must specify a metric target type"),
      (f"{M}.pods.target.type", 'Invalid value: "": must be either Utilization, Value, or AverageValue'),
      (f"{M}.pods.target.averageValue", "Required value: must specify a positive target averageValue"),
      (f"{M}.pods", "Forbidden: must populate the given metric source only")]),
]  # fmt: skip
PACES: list[tuple[dict[str, Any], Causes]] = [
    ({"policies": []}, [(f"{UP}.policies", "Required value: must specify at least one Policy")]),
    ({"stabilizationWindowSeconds": 4000, "selectPolicy": "Odd"},
     [(f"{UP}.stabilizationWindowSeconds", "Invalid value: 4000: must be less than or equal to 3600"),
      (f"{UP}.selectPolicy", 'Unsupported value: "Odd": supported values: "Disabled", "Max", "Min"')]),
    ({"policies": [{"type": "Odd", "value": 0, "periodSeconds": 2000}]},
     [(f"{UP}.policies[0].type", 'Unsupported value: "Odd": supported values: "Percent", "Pods"'),
      (f"{UP}.policies[0].value", "Invalid value: 0: must be greater than zero"),
      (f"{UP}.policies[0].periodSeconds", "Invalid value: 2000: must be less than or equal to 1800")]),
]  # fmt: skip


def test_what_is_wrong_with_a_metric() -> None:
    for metric, expected in METRICS:
        assert refused(metrics=[metric]) == expected, metric


def test_what_is_wrong_with_the_pace() -> None:
    for pace, expected in PACES:
        assert refused(behavior={"scaleUp": pace}) == expected, pace


def test_who_says_something_of_the_pace_gets_the_rest() -> None:
    everything = {"type": "Percent", "value": 100, "periodSeconds": 15}
    assert "behavior" not in scaler()["spec"]
    assert scaler(behavior={"scaleDown": {"stabilizationWindowSeconds": 60}})["spec"]["behavior"] == {
        "scaleDown": {"stabilizationWindowSeconds": 60, "selectPolicy": "Max", "policies": [everything]},
        "scaleUp": {
            "stabilizationWindowSeconds": 0,
            "selectPolicy": "Max",
            "policies": [{"type": "Pods", "value": 4, "periodSeconds": 15}, everything],
        },
    }


def test_the_old_version_is_judged_by_the_rules_of_the_new() -> None:
    where = f"{M}.resource.target.averageUtilization"
    assert refused("v1", targetCPUUtilizationPercentage=0) == [(where, "Invalid value: 0: must be greater than 0")]
    assert refused("v1", targetCPUUtilizationPercentage=50) == []
