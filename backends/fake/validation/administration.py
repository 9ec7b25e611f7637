"""What administrators set up: priority classes, runtime classes, pod templates, quotas. Defaults and rules.

Rules: the `defaults.go` and `validation` packages of scheduling, node and core below pkg/apis.
"""

from __future__ import annotations

from typing import Any

from backends.fake.validation import causes, metadata, placement, pod_defaults, pods, quantities
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import label_1123_errors

Obj = dict[str, Any]

_PREEMPTION = ("PreemptLowerPriority", "Never")
_HIGHEST_USER_PRIORITY = 1_000_000_000


def priority_class_defaults(obj: Obj) -> None:
    """PriorityClass: pods of it may evict others."""
    obj.setdefault("preemptionPolicy", "PreemptLowerPriority")


def priority_class(obj: Obj) -> list[Cause]:
    """Names that begin with `system-`, and the highest values, are the system's."""
    name, value = obj["metadata"].get("name", ""), obj.get("value", 0)
    if name.startswith("system-") and name not in ("system-node-critical", "system-cluster-critical"):
        text = "priority class names with 'system-' prefix are reserved for system use only"
        return [causes.forbidden("metadata.name", text), *_preemption(obj)]
    if value > _HIGHEST_USER_PRIORITY and not name.startswith("system-"):
        text = f"maximum allowed value of a user defined priority is {_HIGHEST_USER_PRIORITY}"
        return [causes.forbidden("value", text), *_preemption(obj)]
    return _preemption(obj)


def _preemption(obj: Obj) -> list[Cause]:
    policy = obj.get("preemptionPolicy")
    if policy in (None, *_PREEMPTION):
        return []
    return [causes.not_supported("preemptionPolicy", policy, _PREEMPTION)]


def runtime_class(obj: Obj) -> list[Cause]:
    """A RuntimeClass names a handler, and may say what its pods cost and where they run."""
    handler = obj.get("handler", "")
    found = [causes.invalid("handler", handler, text) for text in label_1123_errors(handler)]
    found += quantities.resources("overhead", {"limits": (obj.get("overhead") or {}).get("podFixed") or {}})
    placed = obj.get("scheduling") or {}
    found += metadata.label_causes(placed.get("nodeSelector") or {}, "scheduling.nodeSelector")
    return found + placement.tolerations(placed.get("tolerations") or [], "scheduling.tolerations")


def runtime_class_update(new: Obj, old: Obj) -> list[Cause]:
    """A RuntimeClass keeps its handler."""
    handler = new.get("handler", "")
    return [] if handler == old.get("handler", "") else [causes.invalid("handler", handler, "field is immutable")]


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
