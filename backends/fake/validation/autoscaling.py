"""HorizontalPodAutoscaler: defaults and rules, from pkg/apis/autoscaling (validation, v2/defaults.go)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backends.fake.schema import quantity
from backends.fake.validation import causes
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import path_segment_errors

Obj = dict[str, Any]

_SELECTIONS = ("Disabled", "Max", "Min")
_POLICIES = ("Percent", "Pods")
_LONGEST_WINDOW_S, _LONGEST_PERIOD_S = 3600, 1800
_TARGETS = ("Utilization", "Value", "AverageValue")
_ALONE = "must populate the given metric source only"


def defaults(obj: Obj) -> None:
    """At least one replica, 80 % of the requested CPU; who says something of the pace gets the rest of it (v2)."""
    spec = obj["spec"]
    spec.setdefault("minReplicas", 1)
    if obj["apiVersion"] != "autoscaling/v2":
        return
    if not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    behavior = spec.get("behavior")
    if behavior is None:
        return
    everything = {"type": "Percent", "value": 100, "periodSeconds": 15}
    up = behavior.setdefault("scaleUp", {})
    up.setdefault("stabilizationWindowSeconds", 0)
    up.setdefault("selectPolicy", "Max")
    up.setdefault("policies", [{"type": "Pods", "value": 4, "periodSeconds": 15}, dict(everything)])
    down = behavior.setdefault("scaleDown", {})
    down.setdefault("selectPolicy", "Max")
    down.setdefault("policies", [everything])


def autoscaler(obj: Obj) -> list[Cause]:
    """What is wrong with an autoscaler, of either version."""
    spec = obj["spec"]
    found: list[Cause] = []
    least, most = spec.get("minReplicas"), spec.get("maxReplicas", 0)
    if least is not None and least < 1:
        found.append(causes.invalid("spec.minReplicas", least, "must be greater than or equal to 1"))
    if most < 1:
        found.append(causes.invalid("spec.maxReplicas", most, "must be greater than 0"))
    if least is not None and most < least:
        found.append(causes.invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`"))
    found += _reference(spec["scaleTargetRef"], "spec.scaleTargetRef")
    for number, metric in enumerate(spec.get("metrics") or []):
        found += _metric(metric, f"spec.metrics[{number}]")
    share = spec.get("targetCPUUtilizationPercentage")
    if share is not None and share < 1:  # v1; the rules are the internal form's
        where = "spec.metrics[0].resource.target.averageUtilization"
        found.append(causes.invalid(where, share, "must be greater than 0"))
    for direction in ("scaleUp", "scaleDown"):
        pace = (spec.get("behavior") or {}).get(direction)
        if pace is not None:
            found += _pace(pace, f"spec.behavior.{direction}")
    return found


def autoscaler_update(new: Obj, old: Obj) -> list[Cause]:
    """An autoscaler may change everything."""
    del old
    return autoscaler(new)


def _reference(given: Obj, path: str) -> list[Cause]:
    found: list[Cause] = []
    for member in ("kind", "name"):
        value = given.get(member, "")
        if not value:
            found.append(causes.required(f"{path}.{member}"))
        found += [causes.invalid(f"{path}.{member}", value, text) for text in path_segment_errors(value)]
    return found


def _pace(rules: Obj, path: str) -> list[Cause]:
    found: list[Cause] = []
    window, select = rules.get("stabilizationWindowSeconds"), rules.get("selectPolicy")
    if window is not None and window < 0:
        text = "must be greater than or equal to zero"
        found.append(causes.invalid(f"{path}.stabilizationWindowSeconds", window, text))
    if window is not None and window > _LONGEST_WINDOW_S:
        text = f"must be less than or equal to {_LONGEST_WINDOW_S}"
        found.append(causes.invalid(f"{path}.stabilizationWindowSeconds", window, text))
    if select is not None and select not in _SELECTIONS:
        found.append(causes.not_supported(f"{path}.selectPolicy", select, _SELECTIONS))
    policies = rules.get("policies") or []
    if not policies:
        found.append(causes.required(f"{path}.policies", "must specify at least one Policy"))
    for number, policy in enumerate(policies):
        found += _policy(policy, f"{path}.policies[{number}]")
    return found


def _policy(policy: Obj, path: str) -> list[Cause]:
    found: list[Cause] = []
    if policy.get("type") not in _POLICIES:
        found.append(causes.not_supported(f"{path}.type", policy.get("type", ""), _POLICIES))
    found += [
        causes.invalid(f"{path}.{member}", policy.get(member, 0), "must be greater than zero")
        for member in ("value", "periodSeconds")
        if policy.get(member, 0) <= 0
    ]
    period = policy.get("periodSeconds", 0)
    if period > _LONGEST_PERIOD_S:
        text = f"must be less than or equal to {_LONGEST_PERIOD_S}"
        found.append(causes.invalid(f"{path}.periodSeconds", period, text))
    return found


def _metric(metric: Obj, path: str) -> list[Cause]:
    kind = metric.get("type", "")
    found: list[Cause] = []
    if not kind:
        found.append(causes.required(f"{path}.type", "must specify a metric source type"))
    if kind not in _KINDS:
        found.append(causes.not_supported(f"{path}.type", kind, sorted(_KINDS)))
    present = [member for member in _SOURCES if metric.get(member) is not None]
    if present:
        found += _SOURCES[present[0]](metric[present[0]], f"{path}.{present[0]}")
    expected = _KINDS.get(kind)
    if expected is None:
        found.append(causes.not_supported(f"{path}.type", kind, sorted(_KINDS)))
    elif expected not in present:
        text = "must populate information for the given metric source"
        found.append(causes.required(f"{path}.{expected}", text))
    others = [member for member in present if member != expected] if len(present) != 1 else []
    return found + [causes.forbidden(f"{path}.{member}", _ALONE) for member in others]


def _target(given: Obj, path: str) -> list[Cause]:
    found: list[Cause] = []
    kind, share = given.get("type", ""), given.get("averageUtilization")
    if not kind:
        found.append(causes.required(f"{path}.type", "must specify a metric target type"))
    if kind not in _TARGETS:
        found.append(causes.invalid(f"{path}.type", kind, "must be either Utilization, Value, or AverageValue"))
    found += [
        causes.invalid(f"{path}.{member}", given[member], "must be positive")
        for member in ("value", "averageValue")
        if given.get(member) is not None and quantity.parse(given[member])[0] <= 0
    ]
    if share is not None and share < 1:
        found.append(causes.invalid(f"{path}.averageUtilization", share, "must be greater than 0"))
    return found


def _name(given: Obj, path: str) -> list[Cause]:
    name = given.get("name", "")
    if not name:
        return [causes.required(f"{path}.name", "must specify a metric name")]
    return [causes.invalid(f"{path}.name", name, text) for text in path_segment_errors(name)]


def _resource(source: Obj, path: str) -> list[Cause]:
    found = [] if source.get("name") else [causes.required(f"{path}.name", "must specify a resource name")]
    target = source.get("target") or {}
    found += _target(target, f"{path}.target")
    share, value = target.get("averageUtilization"), target.get("averageValue")
    if share is None and value is None:
        text = "must set either a target raw value or a target utilization"
        found.append(causes.required(f"{path}.target.averageUtilization", text))
    if share is not None and value is not None:
        text = "may not set both a target raw value and a target utilization"
        found.append(causes.forbidden(f"{path}.target.averageValue", text))
    return found


def _container_resource(source: Obj, path: str) -> list[Cause]:
    found = [] if source.get("container") else [causes.required(f"{path}.container", "must specify a container")]
    return found + _resource(source, path)


def _pods(source: Obj, path: str) -> list[Cause]:
    target = source.get("target") or {}
    found = _name(source.get("metric") or {}, f"{path}.metric") + _target(target, f"{path}.target")
    value = target.get("averageValue")
    if value is None or quantity.parse(value)[0] <= 0:
        found.append(causes.required(f"{path}.target.averageValue", "must specify a positive target averageValue"))
    return found


def _object(source: Obj, path: str) -> list[Cause]:
    target = source.get("target") or {}
    found = _reference(source.get("describedObject") or {}, f"{path}.describedObject")
    found += _name(source.get("metric") or {}, f"{path}.metric") + _target(target, f"{path}.target")
    if target.get("value") is None and target.get("averageValue") is None:
        text = "must set either a target value or averageValue"
        found.append(causes.required(f"{path}.target.averageValue", text))
    return found


def _external(source: Obj, path: str) -> list[Cause]:
    target = source.get("target") or {}
    found = _name(source.get("metric") or {}, f"{path}.metric") + _target(target, f"{path}.target")
    given = [member for member in ("value", "averageValue") if target.get(member) is not None]
    if not given:
        text = "must set either a target value for metric or a per-pod target"
        found.append(causes.required(f"{path}.target.averageValue", text))
    if len(given) == 2:
        text = "may not set both a target value for metric and a per-pod target"
        found.append(causes.forbidden(f"{path}.target.value", text))
    return found


_SOURCES: dict[str, Callable[[Obj, str], list[Cause]]] = {
    "object": _object,
    "external": _external,
    "pods": _pods,
    "resource": _resource,
    "containerResource": _container_resource,
}
_KINDS = {f"{member[:1].upper()}{member[1:]}": member for member in _SOURCES}
