"""What may be said of how workloads stand: counts that fit each other.

Rules: the `Validate...StatusUpdate` functions of pkg/apis/apps/validation, pkg/apis/core/validation (replication
controllers), pkg/apis/policy/validation and pkg/apis/autoscaling/validation.

Called by `registered`. Stores nothing and asks nobody: the object decides.
"""

from __future__ import annotations

from typing import Any

from backends.fake.validation import causes
from backends.fake.validation.causes import Cause

Obj = dict[str, Any]

_OF_ALL = "cannot be greater than status.replicas"


def deployment(new: Obj, old: Obj) -> list[Cause]:
    """The status of a Deployment."""
    names = ("observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    found = _counts(new, *names, "unavailableReplicas", "terminatingReplicas", "collisionCount")
    found += _at_most(new, "replicas", _OF_ALL, "updatedReplicas", "readyReplicas", "availableReplicas")
    found += _at_most(new, "readyReplicas", "cannot be greater than readyReplicas", "availableReplicas")
    return found + _collisions(new, old)


def replica_set(new: Obj, old: Obj) -> list[Cause]:
    """The status of a ReplicaSet or ReplicationController."""
    del old
    names = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas")
    found = _counts(new, *names, "terminatingReplicas", "observedGeneration")
    found += _at_most(new, "replicas", _OF_ALL, "fullyLabeledReplicas", "readyReplicas", "availableReplicas")
    return found + _at_most(new, "readyReplicas", "cannot be greater than readyReplicas", "availableReplicas")


def stateful_set(new: Obj, old: Obj) -> list[Cause]:
    """The status of a StatefulSet."""
    parts = ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")
    found = _counts(new, "replicas", *parts, "observedGeneration", "collisionCount")
    found += _at_most(new, "replicas", _OF_ALL, *parts)
    found += _at_most(new, "readyReplicas", "cannot be greater than status.readyReplicas", "availableReplicas")
    return found + _collisions(new, old)


def daemon_set(new: Obj, old: Obj) -> list[Cause]:
    """The status of a DaemonSet, whose counts need not fit each other."""
    found = _counts(
        new, "currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady",
        "observedGeneration", "updatedNumberScheduled", "numberAvailable", "numberUnavailable", "collisionCount",
    )  # fmt: skip
    return found + _collisions(new, old)


def budget(new: Obj, old: Obj) -> list[Cause]:
    """The status of a PodDisruptionBudget."""
    del old
    return _counts(new, "disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods")


def autoscaler(new: Obj, old: Obj) -> list[Cause]:
    """The status of a HorizontalPodAutoscaler."""
    del old
    return _counts(new, "currentReplicas", "desiredReplicas")


def _counts(obj: Obj, *names: str) -> list[Cause]:
    status = obj.get("status") or {}
    return [cause for name in names for cause in causes.at_least_zero(f"status.{name}", status.get(name))]


def _at_most(obj: Obj, limit: str, text: str, *names: str) -> list[Cause]:
    status = obj.get("status") or {}
    most = status.get(limit, 0)
    return [causes.invalid(f"status.{name}", status.get(name, 0), text) for name in names if status.get(name, 0) > most]


def _collisions(new: Obj, old: Obj) -> list[Cause]:
    """Collisions are counted up; None counts as less than none."""
    before, after = ((obj.get("status") or {}).get("collisionCount") for obj in (old, new))
    if before is None or (after is not None and after >= before):
        return []
    return [causes.invalid("status.collisionCount", after or 0, "cannot be decremented")]
