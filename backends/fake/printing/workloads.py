"""What stands in the rows of what makes pods, and of what limits it: Deployments, Jobs, autoscalers, budgets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backends.fake.printing.wording import (
    NONE,
    UNKNOWN,
    UNSET,
    age,
    containers,
    human,
    is_true,
    labels,
    selector,
    shortened,
)

Obj = Mapping[str, Any]
Cells = list[Any]


def _parts(obj: Obj, now: datetime) -> tuple[str, Obj, Obj, str]:
    """Name, spec, status and age."""
    metadata = obj["metadata"]
    return (
        metadata["name"],
        obj.get("spec") or {},
        obj.get("status") or {},
        age(metadata.get("creationTimestamp"), now),
    )


def _template(spec: Obj) -> tuple[str, str]:
    return containers((spec.get("template") or {}).get("spec"))


def deployment(obj: Obj, now: datetime) -> Cells:
    """Ready of desired, up to date, available."""
    name, spec, status, old = _parts(obj, now)
    ready = f"{status.get('readyReplicas') or 0}/{spec.get('replicas') or 0}"
    counts = [status.get("updatedReplicas") or 0, status.get("availableReplicas") or 0]
    return [name, ready, *counts, old, *_template(spec), selector(spec.get("selector"))]


def replica_set(obj: Obj, now: datetime) -> Cells:
    """Desired, current, ready."""
    name, spec, status, old = _parts(obj, now)
    counts = [spec.get("replicas") or 0, status.get("replicas") or 0, status.get("readyReplicas") or 0]
    return [name, *counts, old, *_template(spec), selector(spec.get("selector")) or NONE]


def replication_controller(obj: Obj, now: datetime) -> Cells:
    """Desired, current, ready; its selector is a plain map."""
    spec = obj.get("spec") or {}
    return [*replica_set({**obj, "spec": {**spec, "selector": None}}, now)[:-1], labels(spec.get("selector"))]


def stateful_set(obj: Obj, now: datetime) -> Cells:
    """Ready of desired."""
    name, spec, status, old = _parts(obj, now)
    return [name, f"{status.get('readyReplicas') or 0}/{spec.get('replicas') or 0}", old, *_template(spec)]


def daemon_set(obj: Obj, now: datetime) -> Cells:
    """Desired, current, ready, up to date, available."""
    name, spec, status, old = _parts(obj, now)
    members = (
        "desiredNumberScheduled", "currentNumberScheduled", "numberReady", "updatedNumberScheduled", "numberAvailable",
    )  # fmt: skip
    nodes = labels(((spec.get("template") or {}).get("spec") or {}).get("nodeSelector"))
    counts = [status.get(member) or 0 for member in members]
    return [name, *counts, nodes, old, *_template(spec), selector(spec.get("selector")) or NONE]


def job(obj: Obj, now: datetime) -> Cells:
    """How it stands, how many are done, how long it took."""
    name, spec, status, old = _parts(obj, now)
    done, wanted, parallel = status.get("succeeded") or 0, spec.get("completions"), spec.get("parallelism") or 0
    if wanted is not None:
        completions = f"{done}/{wanted}"
    else:
        completions = f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"
    took = _took(status, now)
    return [name, _job_status(obj), completions, took, old, *_template(spec), selector(spec.get("selector")) or NONE]


def _job_status(obj: Obj) -> str:
    for kind, text in (("Complete", "Complete"), ("Failed", "Failed")):
        if is_true(obj, kind):
            return text
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    for kind in ("Suspended", "FailureTarget"):
        if is_true(obj, kind):
            return kind
    return "Running"


def _took(status: Obj, now: datetime) -> str:
    if not status.get("startTime"):
        return ""
    end = datetime.fromisoformat(status["completionTime"]) if status.get("completionTime") else now
    return human((end - datetime.fromisoformat(status["startTime"])).total_seconds())


def cron_job(obj: Obj, now: datetime) -> Cells:
    """When it runs, whether it is suspended, how many jobs of it are active."""
    name, spec, status, old = _parts(obj, now)
    suspend = UNSET if spec.get("suspend") is None else str(spec["suspend"])
    last = age(status["lastScheduleTime"], now) if status.get("lastScheduleTime") else NONE
    inner = (spec.get("jobTemplate") or {}).get("spec") or {}
    zone = spec.get("timeZone") or NONE
    active = len(status.get("active") or ())
    chosen = selector(inner.get("selector")) or NONE
    return [name, spec.get("schedule") or "", zone, suspend, active, last, old, *_template(inner), chosen]


def controller_revision(obj: Obj, now: datetime) -> Cells:
    """Whose it is, and its number."""
    name, _, _, old = _parts(obj, now)
    owner = next((one for one in obj["metadata"].get("ownerReferences") or () if one.get("controller")), None)
    whose = NONE
    if owner is not None:
        group = owner["apiVersion"].rpartition("/")[0]
        whose = f"{owner['kind']}{'.' if group else ''}{group}".lower() + f"/{owner['name']}"
    return [name, whose, obj.get("revision") or 0, old]


def pod_template(obj: Obj, _: datetime) -> Cells:
    """Containers, images, labels."""
    template = obj.get("template") or {}
    held = (template.get("metadata") or {}).get("labels")
    return [obj["metadata"]["name"], *containers(template.get("spec")), labels(held)]


def disruption_budget(obj: Obj, now: datetime) -> Cells:
    """What must stay, what may go, how many may go now."""
    name, spec, status, old = _parts(obj, now)
    bounds = [str(spec[member]) if member in spec else "N/A" for member in ("minAvailable", "maxUnavailable")]
    return [name, *bounds, status.get("disruptionsAllowed") or 0, old]


def autoscaler(obj: Obj, now: datetime) -> Cells:
    """What is scaled, by which metrics, between which bounds. `obj` is of autoscaling/v2."""
    name, spec, status, old = _parts(obj, now)
    target = spec.get("scaleTargetRef") or {}
    least = str(spec["minReplicas"]) if "minReplicas" in spec else UNSET
    metrics = _metrics(spec.get("metrics") or [], status.get("currentMetrics") or [])
    reference = f"{target.get('kind', '')}/{target.get('name', '')}"
    return [name, reference, metrics, least, spec.get("maxReplicas") or 0, status.get("currentReplicas") or 0, old]


def _metrics(specs: list[Obj], statuses: list[Obj]) -> str:
    if not specs:
        return NONE
    told = [_metric(spec, statuses[index] if index < len(statuses) else {}) for index, spec in enumerate(specs)]
    return shortened(told, 2, between=", ")


def _metric(spec: Obj, status: Obj) -> str:
    """One metric: where it is and where it should be."""
    kind = str(spec.get("type") or "")
    member = kind[:1].lower() + kind[1:]
    source = spec.get(member)
    if source is None:
        return "<unknown type>"
    wanted, current = source.get("target") or {}, (status.get(member) or {}).get("current") or {}
    if kind in ("Resource", "ContainerResource"):
        if "averageValue" in wanted:
            return f"{source['name']}: {current.get('averageValue', UNKNOWN)}/{wanted['averageValue']}"
        share = [f"{held['averageUtilization']}%" if "averageUtilization" in held else "" for held in (current, wanted)]
        return f"{source['name']}: {share[0] or UNKNOWN}/{share[1] or '<auto>'}"
    if kind == "Pods":
        return f"{current.get('averageValue', UNKNOWN)}/{wanted.get('averageValue', '0')}"
    if "averageValue" in wanted:
        return f"{current.get('averageValue', UNKNOWN)}/{wanted['averageValue']} (avg)"
    return f"{current.get('value', UNKNOWN)}/{wanted.get('value', '0')}"
