"""What may be said of how a Job stands (ValidateJobUpdateStatus in pkg/apis/batch/validation).

Most is looked at only when what it is about changes: a status that was wrong already may stay so (getStatusValidation-
Options in pkg/registry/batch/job/strategy.go).

Called by `registered`. Stores nothing and asks nobody: the object decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backends.fake.validation import causes
from backends.fake.validation.causes import Cause

Obj = dict[str, Any]

_COUNTS = ("active", "succeeded", "failed", "ready", "terminating")
_TERMINAL = ("Failed", "Complete", "FailureTarget")


class _Status:
    """A Job's status, and which of its conditions are true."""

    def __init__(self, job: Obj) -> None:
        self.told: Obj = job.get("status") or {}
        conditions = self.told.get("conditions") or ()
        self.true = {one.get("type") for one in conditions if one.get("status") == "True"}
        self.finished = bool(self.true & {"Complete", "Failed"})

    def count(self, name: str) -> int:
        return int(self.told.get(name) or 0)


def update(new: Obj, old: Obj) -> list[Cause]:
    """The status of a Job."""
    now, was, spec = _Status(new), _Status(old), new["spec"]
    found = [cause for name in _COUNTS for cause in causes.at_least_zero(f"status.{name}", now.told.get(name))]
    found += _uncounted(now.told.get("uncountedTerminatedPods") or {})
    found += _completion(now, was)
    found += _finish(now, was)
    found += _indexes(now, was, spec)
    found += _running(now, was)
    found += _success(now, spec)
    return found + _transitions(now, was, spec)


def _conditions(text: str) -> Cause:
    """What is wrong with conditions is told without them."""
    return Cause("status.conditions", "FieldValueInvalid", f"Invalid value: {text}")


def _changed(now: _Status, was: _Status, conditions: Iterable[str] = (), members: Iterable[str] = ()) -> bool:
    return any((one in now.true) != (one in was.true) for one in conditions) or any(
        now.told.get(one) != was.told.get(one) for one in members
    )


def _uncounted(given: Obj) -> list[Cause]:
    found, seen = [], set()
    for member in ("succeeded", "failed"):
        for number, uid in enumerate(given.get(member) or ()):
            path = f"status.uncountedTerminatedPods.{member}[{number}]"
            if not uid:
                found.append(causes.invalid(path, uid, "must not be empty"))
            elif uid in seen:
                found.append(causes.duplicate(path, uid))
            seen.add(uid)
    return found


def _completion(now: _Status, was: _Status) -> list[Cause]:
    """When it was completed, and that nothing is complete that has failed."""
    complete, path, at = "Complete" in now.true, "status.completionTime", now.told.get("completionTime")
    found: list[Cause] = []
    for other, shown in (("Failed", "Failed=true"), ("FailureTarget", "FailureTarget=true")):
        if complete and other in now.true and _changed(now, was, ("Complete", other)):
            found.append(_conditions(f"cannot set Complete=True and {shown} conditions"))
    if _changed(now, was, ("Complete",), ("completionTime",)):
        if at is not None and not complete:
            text = "cannot set completionTime when there is no Complete=True condition"
            found.append(causes.invalid(path, at, text))
        if at is None and complete:
            found.append(causes.required(path, "completionTime is required for Complete jobs"))
    start = now.told.get("startTime")
    if start and at and at < start and _changed(now, was, (), ("startTime", "completionTime")):
        found.append(causes.invalid(path, at, "completionTime cannot be set before startTime"))
    return found


def _finish(now: _Status, was: _Status) -> list[Cause]:
    """What goes before a Job is finished, and what it no longer has then."""
    found: list[Cause] = []
    for last, first in (("Failed", "FailureTarget"), ("Complete", "SuccessCriteriaMet")):
        if last in now.true and first not in now.true and _changed(now, was, (last, first)):
            found.append(_conditions(f"cannot set {last}=True condition without the {first}=true condition"))
    if not now.finished:
        return found
    changed = now.finished != was.finished
    if now.count("active") > 0 and (changed or now.count("active") != was.count("active")):
        found.append(causes.invalid("status.active", now.count("active"), "active>0 is invalid for finished job"))
    if not now.told.get("startTime") and (changed or _changed(now, was, (), ("startTime",))):
        found.append(causes.required("status.startTime", "startTime is required for finished job"))
    left = now.told.get("uncountedTerminatedPods") or {}
    if any(left.values()) and (changed or _changed(now, was, (), ("uncountedTerminatedPods",))):
        text = "uncountedTerminatedPods needs to be empty for finished job"
        found.append(causes.invalid("status.uncountedTerminatedPods", left, text))
    return found


def _indexes(now: _Status, was: _Status, spec: Obj) -> list[Cause]:
    """Who has no indexes has none that are done."""
    found: list[Cause] = []
    done, failed = now.told.get("completedIndexes") or "", now.told.get("failedIndexes")
    if done and spec.get("completionMode") != "Indexed" and _changed(now, was, (), ("completedIndexes",)):
        text = "cannot set non-empty completedIndexes when non-indexed completion mode"
        found.append(causes.invalid("status.completedIndexes", done, text))
    if failed is not None and spec.get("backoffLimitPerIndex") is None and _changed(now, was, (), ("failedIndexes",)):
        text = "cannot set non-null failedIndexes when backoffLimitPerIndex is null"
        found.append(causes.invalid("status.failedIndexes", failed, text))
    return found


def _running(now: _Status, was: _Status) -> list[Cause]:
    found: list[Cause] = []
    terminating, ready = now.count("terminating"), now.told.get("ready")
    changed = now.finished != was.finished or _changed(now, was, (), ("terminating",))
    if now.finished and terminating > 0 and changed:
        found.append(causes.invalid("status.terminating", terminating, "terminating>0 is invalid for finished job"))
    if ready is not None and ready > now.count("active") and _changed(now, was, (), ("ready", "active")):
        found.append(causes.invalid("status.ready", ready, "cannot set more ready pods than active"))
    return found


def _success(now: _Status, spec: Obj) -> list[Cause]:
    """A Job has not met its criteria and failed as well."""
    found: list[Cause] = []
    met = "SuccessCriteriaMet" in now.true
    for other, shown in (("Failed", "Failed=true"), ("FailureTarget", "FailureTarget=true")):
        if met and other in now.true:
            found.append(_conditions(f"cannot set SuccessCriteriaMet=True and {shown} conditions"))
    if spec.get("successPolicy") is not None and not met and "Complete" in now.true:
        text = "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True"
        found.append(_conditions(text))
    return found


def _transitions(now: _Status, was: _Status, spec: Obj) -> list[Cause]:
    """What is over stays over, and counters count up."""
    found = [
        _conditions(f"cannot disable the terminal {one}=True condition")
        for one in _TERMINAL
        if one in was.true and one not in now.true
    ]
    elastic = spec.get("completionMode") == "Indexed" and spec.get("completions") == spec.get("parallelism")
    found += [
        causes.invalid(f"status.{name}", now.count(name), f"cannot decrease the {name} counter")
        for name in ("failed", "succeeded")
        if now.count(name) < was.count(name) and not (name == "succeeded" and elastic)
    ]
    at, before = now.told.get("completionTime"), was.told.get("completionTime")
    if at and before and at != before:
        found.append(causes.invalid("status.completionTime", at, "completionTime cannot be mutated"))
    start = was.told.get("startTime")
    resumed = "Suspended" in was.true  # its time starts anew (v1.34.2)
    if start and start != now.told.get("startTime") and not spec.get("suspend") and not resumed:
        found.append(causes.required("status.startTime", "startTime cannot be removed for unsuspended job"))
    met, had = "SuccessCriteriaMet" in now.true, "SuccessCriteriaMet" in was.true
    if had and not met:
        found.append(_conditions("cannot disable the SuccessCriteriaMet=True condition"))
    if met and not had and "Complete" in was.true:
        text = "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"
        found.append(_conditions(text))
    return found
