"""Between the versions of one stored object: events of the core group and of events.k8s.io, HPA v1 and v2.

Objects are stored in the version in which they were written. Whoever reads them through another door gets them
converted here, field by field as in pkg/apis/*/conversion.go. All other built-in resources have one version. Custom
resources are stored in their storage version, and read as their definition says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from backends.fake.catalogue import Resource
from backends.fake.store import Entry

Obj = dict[str, Any]

_CORE_TO_EVENTS = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}
_EVENTS_TO_CORE = {new: old for old, new in _CORE_TO_EVENTS.items()}


def converted(resource: Resource, obj: Obj) -> Obj:
    """`obj` as an object of `resource`'s version; itself where it already is one."""
    if resource.custom is not None:
        return resource.custom.read(obj)
    if obj.get("apiVersion") == resource.api_version:
        return obj
    change = _CONVERSIONS.get((obj["apiVersion"], resource.api_version))
    if change is None:
        raise RuntimeError(f"no way from {obj['apiVersion']} to {resource.api_version} for {resource.kind}")
    result = change(obj)
    result["apiVersion"] = resource.api_version
    return result


def loaded(resource: Resource, entry: Entry) -> Obj:
    """An entry's object as `resource` has it; the caller's own."""
    obj = entry.load()
    return obj if entry.resource is resource else converted(resource, obj)


def encoded(resource: Resource, entry: Entry) -> bytes:
    """An entry's object as `resource` serves it."""
    return resource.prefix + tail(resource, entry)


def tail(resource: Resource, entry: Entry) -> bytes:
    """What follows kind and apiVersion."""
    if entry.resource is resource:
        return entry.tail
    obj = converted(resource, entry.load())
    del obj["kind"], obj["apiVersion"]
    return orjson.dumps(obj)[1:]


def _renamed(names: dict[str, str]) -> Callable[[Obj], Obj]:
    def rename(obj: Obj) -> Obj:
        renamed = {names.get(member, member): value for member, value in obj.items()}
        # These two are always written in the core group, and only if they say something in the other.
        for member in ("reportingController", "reportingComponent", "reportingInstance"):
            if not renamed.get(member, True):
                del renamed[member]
        if "involvedObject" in renamed:
            renamed.setdefault("reportingComponent", "")
            renamed.setdefault("reportingInstance", "")
        return renamed

    return rename


_CPU = {"name": "cpu", "target": {"type": "Utilization"}}


def _hpa_to_v2(obj: Obj) -> Obj:
    spec = dict(obj.get("spec") or {})
    target = spec.pop("targetCPUUtilizationPercentage", None)
    if target is not None:
        metric = {**_CPU, "target": {"type": "Utilization", "averageUtilization": target}}
        spec["metrics"] = [{"type": "Resource", "resource": metric}]
    status = dict(obj.get("status") or {})
    current = status.pop("currentCPUUtilizationPercentage", None)
    if current is not None:
        shown = {"name": "cpu", "current": {"averageUtilization": current}}
        status["currentMetrics"] = [{"type": "Resource", "resource": shown}]
    return {**obj, "spec": spec, "status": status}


def _hpa_to_v1(obj: Obj) -> Obj:
    spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    metadata = dict(obj["metadata"])
    others = []
    for metric in spec.pop("metrics", None) or []:
        target = (metric.get("resource") or {}).get("target") or {}
        if (metric.get("resource") or {}).get("name") == "cpu" and "averageUtilization" in target:
            spec["targetCPUUtilizationPercentage"] = target["averageUtilization"]
        else:
            others.append(metric)
    behavior = spec.pop("behavior", None)
    annotations = dict(metadata.get("annotations") or {})
    for name, value in (("metrics", others), ("behavior", behavior), ("conditions", status.pop("conditions", None))):
        if value:
            annotations[f"autoscaling.alpha.kubernetes.io/{name}"] = orjson.dumps(value).decode()
    status.pop("currentMetrics", None)
    if annotations:
        metadata["annotations"] = annotations
    return {**obj, "metadata": metadata, "spec": spec, "status": status}


_CONVERSIONS: dict[tuple[str, str], Callable[[Obj], Obj]] = {
    ("v1", "events.k8s.io/v1"): _renamed(_CORE_TO_EVENTS),
    ("events.k8s.io/v1", "v1"): _renamed(_EVENTS_TO_CORE),
    ("autoscaling/v1", "autoscaling/v2"): _hpa_to_v2,
    ("autoscaling/v2", "autoscaling/v1"): _hpa_to_v1,
}

_PRINTED = {"events.k8s.io/v1": "v1", "autoscaling/v1": "autoscaling/v2"}


def as_printed(obj: Obj) -> Obj:
    """`obj` in the version that printers read; itself where there is one only."""
    version = obj.get("apiVersion", "")
    change = _CONVERSIONS.get((version, _PRINTED.get(version, "")))
    return obj if change is None else change(obj)
