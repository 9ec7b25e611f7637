"""What administrators set up: autoscalers, priority classes, pod templates. Defaults and rules.

Rules: the `defaults.go` and `validation` packages of autoscaling, scheduling and core below pkg/apis.
"""

from __future__ import annotations

from typing import Any

from backends.fake.validation import causes, pod_defaults, pods
from backends.fake.validation.causes import Cause

Obj = dict[str, Any]

_HIGHEST_USER_PRIORITY = 1_000_000_000


def autoscaler_defaults(obj: Obj) -> None:
    """HorizontalPodAutoscaler (v2): at least one replica, 80 % of the requested CPU."""
    spec = obj["spec"]
    spec.setdefault("minReplicas", 1)
    if obj["apiVersion"] == "autoscaling/v2" and not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


def autoscaler(obj: Obj) -> list[Cause]:
    """An autoscaler has a target and bounds that leave room."""
    spec = obj["spec"]
    found: list[Cause] = []
    least, most = spec.get("minReplicas"), spec.get("maxReplicas", 0)
    if least is not None and least < 1:
        found.append(causes.invalid("spec.minReplicas", least, "must be greater than or equal to 1"))
    if most < 1:
        found.append(causes.invalid("spec.maxReplicas", most, "must be greater than 0"))
    if least is not None and most < least:
        found.append(causes.invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`"))
    target = spec["scaleTargetRef"]
    return found + [causes.required(f"spec.scaleTargetRef.{name}") for name in ("kind", "name") if not target.get(name)]


def autoscaler_update(new: Obj, old: Obj) -> list[Cause]:
    """An autoscaler may change everything."""
    del old
    return autoscaler(new)


def priority_class_defaults(obj: Obj) -> None:
    """PriorityClass: pods of it may evict others."""
    obj.setdefault("preemptionPolicy", "PreemptLowerPriority")


def priority_class(obj: Obj) -> list[Cause]:
    """Names that begin with `system-`, and the highest values, are the system's."""
    name, value = obj["metadata"].get("name", ""), obj.get("value", 0)
    if name.startswith("system-") and name not in ("system-node-critical", "system-cluster-critical"):
        text = "priority class names with 'system-' prefix are reserved for system use only"
        return [causes.forbidden("metadata.name", text)]
    if value > _HIGHEST_USER_PRIORITY and not name.startswith("system-"):
        text = f"maximum allowed value of a user defined priority is {_HIGHEST_USER_PRIORITY}"
        return [causes.forbidden("value", text)]
    return []


def priority_class_update(new: Obj, old: Obj) -> list[Cause]:
    """A PriorityClass keeps its value."""
    found: list[Cause] = []
    if new.get("value", 0) != old.get("value", 0):
        found.append(causes.forbidden("value", "may not be changed in an update."))
    if new.get("preemptionPolicy") != old.get("preemptionPolicy"):
        found.append(causes.invalid("preemptionPolicy", new.get("preemptionPolicy"), "field is immutable"))
    return found


def pod_template_defaults(obj: Obj) -> None:
    """A PodTemplate's template gets the defaults of any."""
    pod_defaults.template(obj["template"])


def pod_template(obj: Obj) -> list[Cause]:
    """A PodTemplate's template is sound."""
    return pods.template(obj["template"], "template")


def pod_template_update(new: Obj, old: Obj) -> list[Cause]:
    """A PodTemplate may change its template."""
    del old
    return pod_template(new)
