"""What a Pod's own fields say: ready, available, finished, on its way out; and the conditions in its status.

Read by the kubelet and by every controller that counts pods. Pure: the object and the time come as arguments, and the
object is never changed, but for `with_condition`, which returns a new list.
Rules: Pod lifecycle (kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle), `podutil` of Kubernetes.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from backends.kubelet.rfc3339 import seconds_until, stamp

Object = dict[str, Any]
"""A Kubernetes object as its JSON."""

FINISHED = ("Succeeded", "Failed")
"""The phases that a pod never leaves."""


def phase(pod: Object) -> str:
    """`status.phase`; a pod without one is Pending."""
    found: str = pod.get("status", {}).get("phase") or "Pending"
    return found


def node_of(pod: Object) -> str:
    """The node that the pod is bound to, or an empty string."""
    name: str = pod.get("spec", {}).get("nodeName") or ""
    return name


def unstarted_debuggers(pod: Object) -> list[str]:
    """The names of its ephemeral containers of which there is no status yet."""
    seen = {one.get("name") for one in pod.get("status", {}).get("ephemeralContainerStatuses") or ()}
    given = pod.get("spec", {}).get("ephemeralContainers") or ()
    return [one["name"] for one in given if one["name"] not in seen]


def is_terminating(obj: Object) -> bool:
    """Whether its deletion has begun: true for any object with a `deletionTimestamp`."""
    return bool(obj["metadata"].get("deletionTimestamp"))


def is_finished(pod: Object) -> bool:
    """Whether it has run to its end, well or badly."""
    return phase(pod) in FINISHED


def is_active(pod: Object) -> bool:
    """Whether it counts as a replica: neither finished nor terminating."""
    return not is_finished(pod) and not is_terminating(pod)


def condition(conditions: Iterable[Object] | None, kind: str) -> Object | None:
    """The condition of type `kind`, or None."""
    return next((found for found in conditions or () if found.get("type") == kind), None)


def pod_condition(pod: Object, kind: str) -> Object | None:
    """The condition of type `kind` in the pod's status, or None."""
    return condition(pod.get("status", {}).get("conditions"), kind)


def is_ready(pod: Object) -> bool:
    """Whether its Ready condition is true; phase and deletionTimestamp do not matter here, as in `IsPodReady`."""
    ready = pod_condition(pod, "Ready")
    return ready is not None and ready.get("status") == "True"


def available_in_s(pod: Object, min_ready_s: int, now: datetime) -> float | None:
    """Seconds until the pod has been Ready for `min_ready_s` (0 when it has), or None while it is not Ready."""
    ready = pod_condition(pod, "Ready")
    if ready is None or ready.get("status") != "True":
        return None
    since = ready.get("lastTransitionTime")
    if min_ready_s == 0:
        return 0.0
    if not since:  # without a time it never becomes available: IsPodAvailable asks for a non-zero transition
        return None
    return max(0.0, min_ready_s + seconds_until(since, now))


def is_available(pod: Object, min_ready_s: int, now: datetime) -> bool:
    """Whether it has been Ready for `min_ready_s` seconds."""
    return available_in_s(pod, min_ready_s, now) == 0.0


def with_condition(conditions: Iterable[Object] | None, new: Object, now: datetime) -> list[Object]:
    """`conditions` with `new` put in: at its old place, with the old `lastTransitionTime` if its status is the same."""
    changed = list(conditions or ())
    for index, old in enumerate(changed):
        if old.get("type") == new["type"]:
            same = old.get("status") == new["status"] and old.get("lastTransitionTime")
            changed[index] = {"lastTransitionTime": old["lastTransitionTime"] if same else stamp(now), **new}
            return changed
    return [*changed, {"lastTransitionTime": stamp(now), **new}]
