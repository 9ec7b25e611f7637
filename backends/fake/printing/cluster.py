"""What stands in the rows of the core group's other kinds: nodes, namespaces, events, configuration, leases."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backends.fake.printing.wording import NONE, UNKNOWN, age, condition

Obj = Mapping[str, Any]
Cells = list[Any]

_ROLE = "node-role.kubernetes.io/"


def _old(obj: Obj, now: datetime) -> str:
    return age(obj["metadata"].get("creationTimestamp"), now)


def component_status(obj: Obj, _: datetime) -> Cells:
    """Whether it is well, and what it says."""
    healthy = next((one for one in obj.get("conditions") or () if one.get("type") == "Healthy"), None)
    if healthy is None:
        return [obj["metadata"]["name"], "Unknown", "", ""]
    text = "Healthy" if healthy.get("status") == "True" else "Unhealthy"
    return [obj["metadata"]["name"], text, healthy.get("message") or "", healthy.get("error") or ""]


def config_map(obj: Obj, now: datetime) -> Cells:
    """How many keys it has."""
    return [obj["metadata"]["name"], len(obj.get("data") or ()) + len(obj.get("binaryData") or ()), _old(obj, now)]


def secret(obj: Obj, now: datetime) -> Cells:
    """Its type, and how many keys it has."""
    return [obj["metadata"]["name"], obj.get("type") or "", len(obj.get("data") or ()), _old(obj, now)]


def service_account(obj: Obj, now: datetime) -> Cells:
    """How many Secrets it names."""
    return [obj["metadata"]["name"], len(obj.get("secrets") or ()), _old(obj, now)]


def namespace(obj: Obj, now: datetime) -> Cells:
    """Its phase."""
    return [obj["metadata"]["name"], (obj.get("status") or {}).get("phase") or "", _old(obj, now)]


def lease(obj: Obj, now: datetime) -> Cells:
    """Who holds it."""
    return [obj["metadata"]["name"], (obj.get("spec") or {}).get("holderIdentity") or "", _old(obj, now)]


def node(obj: Obj, now: datetime) -> Cells:
    """Ready or not, roles, versions, addresses."""
    info = (obj.get("status") or {}).get("nodeInfo") or {}
    software = [info.get(member) or UNKNOWN for member in ("osImage", "kernelVersion", "containerRuntimeVersion")]
    version = info.get("kubeletVersion") or ""
    addresses = [_address(obj, kind) for kind in ("InternalIP", "ExternalIP")]
    return [obj["metadata"]["name"], _status(obj), _roles(obj), _old(obj, now), version, *addresses, *software]


def _status(obj: Obj) -> str:
    ready = condition(obj, "Ready")
    text = "Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"
    return f"{text},SchedulingDisabled" if (obj.get("spec") or {}).get("unschedulable") else text


def _roles(obj: Obj) -> str:
    held = obj["metadata"].get("labels") or {}
    roles = {name.removeprefix(_ROLE) for name in held if name.startswith(_ROLE)} | {held.get("kubernetes.io/role", "")}
    return ",".join(sorted(roles - {""})) or NONE


def _address(obj: Obj, kind: str) -> str:
    held = (obj.get("status") or {}).get("addresses") or ()
    return str(next((one["address"] for one in held if one.get("type") == kind), NONE))


def event(obj: Obj, now: datetime) -> Cells:
    """When, what, about whom. `obj` is of the core group."""
    first = age(obj.get("firstTimestamp") or obj.get("eventTime"), now)
    last = age(obj["lastTimestamp"], now) if obj.get("lastTimestamp") else first
    count = obj.get("count") or 1
    series = obj.get("series")
    if series is not None:
        last, count = age(series.get("lastObservedTime"), now), series.get("count") or 0
    about = obj.get("involvedObject") or {}
    target = str(about.get("kind") or "").lower() + (f"/{about['name']}" if about.get("name") else "")
    what = [obj.get("type") or "", obj.get("reason") or "", target, about.get("fieldPath") or "", _source(obj)]
    return [last, *what, (obj.get("message") or "").strip(), first, count, obj["metadata"]["name"]]


def _source(obj: Obj) -> str:
    held = obj.get("source") or {}
    component = held.get("component") or obj.get("reportingComponent") or ""
    instance = held.get("host") or obj.get("reportingInstance") or ""
    return f"{component}, {instance}" if instance else component


def quota(obj: Obj, now: datetime) -> Cells:
    """What is used of what may be, limits apart."""
    status = obj.get("status") or {}
    used = status.get("used") or {}
    told: dict[bool, list[str]] = {False: [], True: []}
    for name, hard in sorted((status.get("hard") or {}).items()):
        told[name.startswith("limits.")].append(f"{name}: {used.get(name, '0')}/{hard}")
    return [obj["metadata"]["name"], ", ".join(told[False]), ", ".join(told[True]), _old(obj, now)]


def priority_class(obj: Obj, now: datetime) -> Cells:
    """Its value, and whether it is the default."""
    values = [obj.get("value") or 0, bool(obj.get("globalDefault"))]
    return [obj["metadata"]["name"], *values, _old(obj, now), obj.get("preemptionPolicy") or ""]


def runtime_class(obj: Obj, now: datetime) -> Cells:
    """Its handler."""
    return [obj["metadata"]["name"], obj.get("handler") or "", _old(obj, now)]


def resource_claim(obj: Obj, now: datetime) -> Cells:
    """Pending, allocated, reserved, deleted."""
    status = obj.get("status") or {}
    deleted = bool(obj["metadata"].get("deletionTimestamp"))
    states = ["deleted"] if deleted else []
    if status.get("allocation") is not None:
        states += ["allocated", "reserved"] if status.get("reservedFor") else ["allocated"]
    elif not deleted:
        states.append("pending")
    return [obj["metadata"]["name"], ",".join(states), _old(obj, now)]


def resource_slice(obj: Obj, now: datetime) -> Cells:
    """Which node's, which driver's, of which pool."""
    spec = obj.get("spec") or {}
    of = [spec.get("nodeName") or "", spec.get("driver") or "", (spec.get("pool") or {}).get("name") or ""]
    return [obj["metadata"]["name"], *of, _old(obj, now)]


def name_and_age(obj: Obj, now: datetime) -> Cells:
    """Nothing else."""
    return [obj["metadata"]["name"], _old(obj, now)]


def name_and_creation(obj: Obj, _: datetime) -> Cells:
    """What is shown of a kind that has no printer."""
    return [obj["metadata"]["name"], obj["metadata"].get("creationTimestamp") or ""]


def scale(obj: Obj, now: datetime) -> Cells:
    """Wanted and there."""
    counts = [(obj.get(part) or {}).get("replicas") or 0 for part in ("spec", "status")]
    return [obj["metadata"]["name"], *counts, _old(obj, now)]
