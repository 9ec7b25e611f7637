"""What a Deployment says of itself: counts, the conditions Available and Progressing, when to look again. Pure.

Used by deployment.py. Rules: pkg/controller/deployment/{progress,sync}.go; `kubectl rollout status` reads the outcome.
Conditions of Deployments move to the end of the list when they change, unlike those of other kinds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from backends.fake.controllers import rollout
from backends.kubelet.pods import Object, condition
from backends.kubelet.rfc3339 import seconds_until, stamp

NO_DEADLINE = 2**31 - 1
AVAILABLE, PROGRESSING, FAILURE = "Available", "Progressing", "ReplicaFailure"


def has_deadline(deployment: Object) -> bool:
    """Whether a lack of progress is to be reported."""
    deadline = deployment["spec"].get("progressDeadlineSeconds")
    return deadline is not None and deadline != NO_DEADLINE


def with_condition(conditions: Sequence[Object], new: Object, now: datetime) -> list[Object]:
    """`SetDeploymentCondition`: no change if status and reason are the same, else it goes to the end."""
    old = condition(conditions, new["type"])
    if old is not None and old["status"] == new["status"] and old["reason"] == new["reason"]:
        return list(conditions)
    since = old["lastTransitionTime"] if old is not None and old["status"] == new["status"] else stamp(now)
    others = [one for one in conditions if one["type"] != new["type"]]
    return [*others, {**new, "lastUpdateTime": stamp(now), "lastTransitionTime": since}]


def without(conditions: Sequence[Object], kind: str) -> list[Object]:
    """The conditions but for one type."""
    return [one for one in conditions if one["type"] != kind]


def progressing(status: str, reason: str, message: str) -> Object:
    """A Progressing condition, without its times."""
    return {"type": PROGRESSING, "status": status, "reason": reason, "message": message}


def paused_conditions(deployment: Object, now: datetime) -> list[Object]:
    """The conditions, with what pausing or resuming does to Progressing."""
    conditions: list[Object] = deployment.get("status", {}).get("conditions") or []
    current = condition(conditions, PROGRESSING)
    if not has_deadline(deployment) or (current is not None and current["reason"] == "ProgressDeadlineExceeded"):
        return conditions
    says_paused = current is not None and current["reason"] == "DeploymentPaused"
    is_paused = bool(deployment["spec"].get("paused"))
    if is_paused and not says_paused:
        return with_condition(conditions, progressing("Unknown", "DeploymentPaused", "Deployment is paused"), now)
    if not is_paused and says_paused:
        return with_condition(conditions, progressing("Unknown", "DeploymentResumed", "Deployment is resumed"), now)
    return conditions


def counted(
    deployment: Object, everything: Sequence[Object], new: Object | None, conditions: Sequence[Object], now: datetime
) -> Object:
    """The counts, and Available (`calculateStatus`)."""
    old = deployment.get("status", {})

    def actual(member: str, sets: Sequence[Object] = everything) -> int:
        return sum(one.get("status", {}).get(member, 0) for one in sets)

    available = actual("availableReplicas")
    counts = {
        "replicas": actual("replicas"),
        "updatedReplicas": actual("replicas", [new] if new is not None else []),
        "readyReplicas": actual("readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, rollout.total(everything) - available),
    }
    status: Object = {"observedGeneration": deployment["metadata"].get("generation", 0)}
    status.update({member: count for member, count in counts.items() if count})
    if "collisionCount" in old:
        status["collisionCount"] = old["collisionCount"]
    enough = available >= rollout.wanted(deployment) - rollout.max_unavailable(deployment)
    words = (
        ("True", "MinimumReplicasAvailable", "has")
        if enough
        else ("False", "MinimumReplicasUnavailable", "does not have")
    )
    new_condition = {
        "type": AVAILABLE,
        "status": words[0],
        "reason": words[1],
        "message": f"Deployment {words[2]} minimum availability.",
    }
    status["conditions"] = with_condition(conditions, new_condition, now)
    return status


def is_complete(deployment: Object, status: Object) -> bool:
    """Whether all pods are new and available, and no old one is left."""
    size = rollout.wanted(deployment)
    members = ("updatedReplicas", "replicas", "availableReplicas")
    observed = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    return bool(observed) and all(status.get(member, 0) == size for member in members)


def _has_progressed(old: Object, new: Object) -> bool:
    def outdated(status: Object) -> int:
        return int(status.get("replicas", 0) - status.get("updatedReplicas", 0))

    more = any(
        new.get(member, 0) > old.get(member, 0) for member in ("updatedReplicas", "readyReplicas", "availableReplicas")
    )
    return more or outdated(new) < outdated(old)


def _has_timed_out(deployment: Object, current: Object | None, now: datetime) -> bool:
    if current is None or current["reason"] == "NewReplicaSetAvailable":
        return False
    if current["reason"] == "ProgressDeadlineExceeded":
        return True
    deadline_s: int = deployment["spec"]["progressDeadlineSeconds"]
    return seconds_until(current["lastUpdateTime"], now) + deadline_s < 0


def rolled(
    deployment: Object, everything: Sequence[Object], new: Object | None, conditions: Sequence[Object], now: datetime
) -> Object:
    """The status during and after a rollout: the counts, and how it goes (`syncRolloutStatus`)."""
    status = counted(deployment, everything, new, conditions, now)
    conditions = status["conditions"]
    current = condition(conditions, PROGRESSING)
    if not has_deadline(deployment):
        conditions = without(conditions, PROGRESSING)
    elif not (
        status.get("replicas", 0) == status.get("updatedReplicas", 0)
        and current is not None
        and current["reason"] == "NewReplicaSetAvailable"
    ):
        conditions = _judged(deployment, status, current, new, now)
    status["conditions"] = _with_failures(conditions, everything, new, now)
    return status


def _judged(
    deployment: Object, status: Object, current: Object | None, new: Object | None, now: datetime
) -> list[Object]:
    conditions: list[Object] = status["conditions"]
    who = f'Deployment "{deployment["metadata"]["name"]}"'
    if new is not None:
        who = f'ReplicaSet "{new["metadata"]["name"]}"'
    if is_complete(deployment, status):
        done = progressing("True", "NewReplicaSetAvailable", f"{who} has successfully progressed.")
        return with_condition(conditions, done, now)
    if _has_progressed(deployment.get("status", {}), status):
        moving = progressing("True", "ReplicaSetUpdated", f"{who} is progressing.")
        since = current["lastTransitionTime"] if current and current["status"] == "True" else stamp(now)
        times = {"lastUpdateTime": stamp(now), "lastTransitionTime": since}
        return [*without(conditions, PROGRESSING), {**moving, **times}]
    if _has_timed_out(deployment, current, now):
        late = progressing("False", "ProgressDeadlineExceeded", f"{who} has timed out progressing.")
        return with_condition(conditions, late, now)
    return conditions


def _with_failures(
    conditions: Sequence[Object], everything: Sequence[Object], new: Object | None, now: datetime
) -> list[Object]:
    """A ReplicaSet's failure to create pods is the Deployment's; the new one's before the old ones'."""
    for one in [*([new] if new is not None else []), *everything]:
        failure = condition(one.get("status", {}).get("conditions"), FAILURE)
        if failure is not None:
            shown = {member: failure.get(member, "") for member in ("type", "status", "reason", "message")}
            return with_condition(conditions, shown, now)
    return without(conditions, FAILURE)


def look_again_in_s(deployment: Object, status: Object, now: datetime) -> float | None:
    """When a lack of progress would have to be reported, in seconds; None if it would not."""
    current = condition(status.get("conditions"), PROGRESSING)
    if not has_deadline(deployment) or current is None or deployment["spec"].get("paused"):
        return None
    if is_complete(deployment, status) or current["reason"] in ("ProgressDeadlineExceeded", "NewReplicaSetAvailable"):
        return None
    left_s: float = seconds_until(current["lastUpdateTime"], now) + deployment["spec"]["progressDeadlineSeconds"]
    return max(1.0, left_s + 1.0)
