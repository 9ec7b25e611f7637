"""Whether a rollout has completed, failed or is still going, and waiting for it over rounds and leaders. Pure.

What counts as complete is what `kubectl rollout status` counts (k8s.io/kubectl, pkg/polymorphichelpers/
rollout_status.go). The wait is state in the intent (`resolved["rollout"]`), written once the change is known to be
applied: from then on nothing is sent, and whoever leads looks until the deadline. Completed: `succeeded`; failed, or
still going at the deadline: `failed`, with a message that says that the change itself was applied.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum

import orjson

from kubeactions.executors._endings import failed, succeeded, uid_of
from kubeactions.executors._parameters import DEFAULT_ROLLOUT_S, TIMEOUT, WAIT, deadline, is_over
from kubeactions.model import Action, Ending, Evidence, Intent, JsonObject, Status, Verdict

ENDINGS = (
    Ending("RolledOut", "succeeded", "`wait`: the change was applied and its rollout completed"),
    Ending("RolloutFailed", "failed", "`wait`: the change was applied; its rollout exceeded its progress deadline"),
    Ending("RolloutStillGoing", "failed", "`wait`: the change was applied; its rollout is going on after the timeout"),
    Ending("RolloutCutShort", "failed", "`wait`: the change was applied; then it was deleted, replaced or changed"),
)
"""How an action may end that waits for a rollout."""
FIRST_LOOK_S = 2.0
LONGEST_PAUSE_S = 10.0
STATE = "rollout"
"""Where the wait lies in an intent's `resolved`."""


class Progress(StrEnum):
    """How far a rollout is."""

    COMPLETE = "complete"
    FAILED = "failed"
    GOING = "going"


def progress(found: JsonObject) -> tuple[Progress, str]:
    """How far the rollout of a Deployment, StatefulSet, DaemonSet or ReplicaSet is, in words, too."""
    status = found.get("status") or {}
    if int(status.get("observedGeneration") or 0) < int(found["metadata"]["generation"]):
        return Progress.GOING, "its controller has not seen the change yet"
    return _BY_KIND[found["kind"]](found["spec"], status)


def _deployment(spec: JsonObject, status: JsonObject) -> tuple[Progress, str]:
    wanted, updated = int(spec.get("replicas", 1)), int(status.get("updatedReplicas", 0))
    held, available = int(status.get("replicas", 0)), int(status.get("availableReplicas", 0))
    for condition in status.get("conditions") or ():
        if condition.get("type") == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded":
            return Progress.FAILED, f"it exceeded its progress deadline with {available} of {wanted} pods available"
    paused = "; it is paused" if spec.get("paused") else ""
    if updated < wanted:
        return Progress.GOING, f"{updated} of {wanted} pods are updated{paused}"
    if held > updated:
        return Progress.GOING, f"{held - updated} old pods are still there{paused}"
    if available < updated:
        return Progress.GOING, f"{available} of {updated} updated pods are available{paused}"
    return Progress.COMPLETE, f"{available} of {wanted} pods are updated and available"


def _stateful_set(spec: JsonObject, status: JsonObject) -> tuple[Progress, str]:
    wanted, ready = int(spec.get("replicas", 1)), int(status.get("readyReplicas", 0))
    updated = int(status.get("updatedReplicas", 0))
    strategy = spec.get("updateStrategy") or {}
    partition = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
    if int(status.get("replicas", 0)) != wanted or ready < wanted:
        return Progress.GOING, f"{ready} of {wanted} pods are ready"
    rolls = strategy.get("type") != "OnDelete" and status.get("updateRevision") != status.get("currentRevision")
    if rolls and (updated < wanted - partition or not partition):
        return Progress.GOING, f"{updated} of {wanted - partition} pods are updated"
    return Progress.COMPLETE, f"{ready} of {wanted} pods are ready"


def _daemon_set(spec: JsonObject, status: JsonObject) -> tuple[Progress, str]:
    wanted, updated = int(status.get("desiredNumberScheduled", 0)), int(status.get("updatedNumberScheduled", 0))
    available = int(status.get("numberAvailable", 0))
    if (spec.get("updateStrategy") or {}).get("type") != "OnDelete" and updated < wanted:
        return Progress.GOING, f"{updated} of {wanted} pods are updated"
    if available < wanted:
        return Progress.GOING, f"{available} of {wanted} pods are available"
    return Progress.COMPLETE, f"{available} of {wanted} pods are updated and available"


def _replica_set(spec: JsonObject, status: JsonObject) -> tuple[Progress, str]:
    wanted, held = int(spec.get("replicas", 1)), int(status.get("replicas", 0))
    available = int(status.get("availableReplicas", 0))
    complete = held == wanted and available >= wanted
    return Progress.COMPLETE if complete else Progress.GOING, f"{available} of {wanted} pods are available"


_BY_KIND = {
    "DaemonSet": _daemon_set,
    "Deployment": _deployment,
    "ReplicaSet": _replica_set,
    "StatefulSet": _stateful_set,
}


def is_watching(intent: Intent) -> bool:
    """Whether the change is known to be applied and only the rollout is waited for."""
    return STATE in intent.resolved


def then_wait(action: Action, intent: Intent, evidence: Evidence, verdict: Verdict) -> Verdict:
    """The verdict on the change, or the beginning of the wait if it was applied and the order asks to wait."""
    outcome = verdict.outcome
    if outcome is None or outcome.status is not Status.SUCCEEDED or action.parameters.get(WAIT) is None:
        return verdict
    seconds = float(action.parameters.get(TIMEOUT) or DEFAULT_ROLLOUT_S)
    state = {
        "until": deadline(evidence.at or intent.at, seconds),
        "seconds": seconds,
        "done": outcome.message,
        "inferred": outcome.inferred,
        "like": _likeness(action.type, _changed_object(evidence)),
    }
    kept = {name: value for name, value in intent.resolved.items() if name not in _NEEDLESS}
    text = f"{outcome.message}; its rollout is watched"
    return Verdict.advance({**kept, STATE: state}, "RolloutBegun", text, FIRST_LOOK_S)


def _changed_object(evidence: Evidence) -> JsonObject:
    """The object with the change: the answer to it, or what a look has found."""
    if isinstance(evidence.answer, dict):
        return evidence.answer
    return (evidence.seen.target if evidence.seen else None) or {}


def _likeness(action_type: str, found: JsonObject) -> str:
    """A hash of what must stay for a rollout to be that of the change: the number of pods, or their template."""
    spec = found.get("spec") or {}
    kept = spec.get("replicas") if action_type.startswith("scale_") else spec.get("template")
    return "" if kept is None else hashlib.sha256(orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


_NEEDLESS = frozenset({"template", "body", "annotations_after"})
"""What an intent held only to be sent."""


def rollout_verdict(action: Action, intent: Intent, evidence: Evidence) -> Verdict:
    """Completed, failed, or look again; the change itself is applied."""
    state = intent.resolved[STATE]
    done, inferred = str(state["done"]), bool(state["inferred"])
    if evidence.seen is None:
        return Verdict.look("RolloutGoing", "how far its rollout is, is to be seen")
    target = evidence.seen.target
    if target is None or uid_of(target) != intent.uid:
        return Verdict.settle(failed("RolloutCutShort", f"{done}; then it was deleted or replaced"))
    if state.get("like", "") not in ("", _likeness(action.type, target)):
        text = f"{done}; then somebody else changed it: what rolls out now is not this change"
        return Verdict.settle(failed("RolloutCutShort", text))
    found, text = progress(target)
    if found is Progress.COMPLETE:
        return Verdict.settle(succeeded("RolledOut", f"{done}; its rollout completed: {text}", inferred=inferred))
    if found is Progress.FAILED:
        return Verdict.settle(failed("RolloutFailed", f"{done}; its rollout failed: {text}"))
    if is_over(str(state["until"]), evidence.at):
        text = f"{done}; its rollout is still going after {state['seconds']:g} s: {text}"
        return Verdict.settle(failed("RolloutStillGoing", text))
    return Verdict.look("RolloutGoing", f"its rollout is going: {text}", _pause(state["until"], evidence))


def _pause(until: str, evidence: Evidence) -> float:
    """Longer from look to look, and never beyond the deadline."""
    pause = min(FIRST_LOOK_S * (1 + evidence.looks), LONGEST_PAUSE_S)
    if evidence.at is None:
        return pause
    left = (datetime.fromisoformat(until) - evidence.at).total_seconds()
    return max(min(pause, left), 0.1)
