"""How far a rollout is, as `kubectl rollout status` counts, and the wait for it as state in the intent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kubeactions.executors._endings import succeeded
from kubeactions.executors._rollout import Progress, progress, rollout_verdict, then_wait
from kubeactions.model import Next, Status, Target, Verdict
from tests.unit.kubeactions.executors.orders import AT, act, evidence, intent

CART = Target("apps/v1", "Deployment", "cart", "shop")
WATCHING = {"until": (AT + timedelta(seconds=60)).isoformat(), "seconds": 60.0, "done": "restarted", "inferred": False}


def workload(kind: str, status: dict[str, Any], uid: str = "uid-1", **spec: Any) -> dict[str, Any]:
    return {
        "kind": kind,
        "metadata": {"generation": 2, "uid": uid},
        "spec": {"replicas": 3, **spec},
        "status": {"observedGeneration": 2, **status},
    }


ORDER = act("restart_deployment", CART)
DONE = {"replicas": 3, "updatedReplicas": 3, "availableReplicas": 3}
EXCEEDED = {"conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]}


@pytest.mark.parametrize(
    ("found", "how_far"),
    [
        (workload("Deployment", DONE), Progress.COMPLETE),
        (workload("Deployment", DONE | {"observedGeneration": 1}), Progress.GOING),
        (workload("Deployment", DONE | {"updatedReplicas": 2}), Progress.GOING),
        (workload("Deployment", DONE | {"replicas": 4}), Progress.GOING),
        (workload("Deployment", DONE | {"availableReplicas": 2}), Progress.GOING),
        (workload("Deployment", DONE | EXCEEDED), Progress.FAILED),
        (workload("Deployment", DONE, paused=True), Progress.COMPLETE),  # Paused when it was done.
        (workload("Deployment", DONE | {"updatedReplicas": 2}, paused=True), Progress.GOING),
        (workload("StatefulSet", {"replicas": 3, "readyReplicas": 3}), Progress.COMPLETE),
        (workload("StatefulSet", {"replicas": 3, "readyReplicas": 2}), Progress.GOING),
        (workload("StatefulSet", {"replicas": 3, "readyReplicas": 3, "updateRevision": "b"}), Progress.GOING),
        (workload("DaemonSet", {"desiredNumberScheduled": 2, "updatedNumberScheduled": 1}), Progress.GOING),
        (
            workload("DaemonSet", {"desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberAvailable": 1}),
            Progress.COMPLETE,
        ),
        (workload("ReplicaSet", {"replicas": 3, "availableReplicas": 3}), Progress.COMPLETE),
        (workload("ReplicaSet", {"replicas": 5, "availableReplicas": 5}), Progress.GOING),
    ],
)
def test_how_far_a_rollout_is(found: dict[str, Any], how_far: Progress) -> None:
    assert progress(found)[0] is how_far


def test_the_wait_begins_when_the_change_is_known_to_be_applied_and_forgets_what_was_sent() -> None:
    applied = Verdict.settle(succeeded("Applied", "restarted"))
    planned = intent(template={"big": 1}, stamp="x")
    action = act("restart_deployment", CART, wait="rollout", timeout_seconds=60)
    verdict = then_wait(action, planned, replace(evidence(), at=AT), applied)
    assert verdict.next is Next.ADVANCE
    assert verdict.resolved == {"stamp": "x", "rollout": WATCHING | {"like": ""}}
    assert then_wait(act("restart_deployment", CART), planned, evidence(), applied) is applied
    undecided = Verdict.look("InDoubt")
    assert then_wait(action, planned, evidence(), undecided) is undecided


@pytest.mark.parametrize(
    ("found", "seconds", "step", "status", "reason"),
    [
        ("not looked", 1, Next.LOOK, None, "RolloutGoing"),
        (workload("Deployment", DONE), 1, Next.SETTLE, Status.SUCCEEDED, "RolledOut"),
        (workload("Deployment", {}), 1, Next.LOOK, None, "RolloutGoing"),
        (workload("Deployment", {}), 60, Next.SETTLE, Status.FAILED, "RolloutStillGoing"),
        (workload("Deployment", DONE | EXCEEDED), 1, Next.SETTLE, Status.FAILED, "RolloutFailed"),
        (None, 1, Next.SETTLE, Status.FAILED, "RolloutCutShort"),
        (workload("Deployment", DONE, "uid-2"), 1, Next.SETTLE, Status.FAILED, "RolloutCutShort"),
    ],
)
def test_the_outcome_says_how_the_rollout_ended(
    found: Any, seconds: int, step: Next, status: Status | None, reason: str
) -> None:
    known = replace(evidence(found, doubt=True), at=AT + timedelta(seconds=seconds))
    verdict = rollout_verdict(ORDER, intent(rollout=WATCHING), known)
    assert (verdict.next, verdict.reason) == (step, reason)
    assert (verdict.outcome.status if verdict.outcome else None) is status
    assert verdict.after_s <= 60 - seconds or verdict.next is not Next.LOOK


BROKEN, FIXED = {"spec": {"image": "broken"}}, {"spec": {"image": "fixed"}}


@pytest.mark.parametrize("source", ["answer", "look"])
@pytest.mark.parametrize(
    ("order", "changed", "reason"),
    [
        (act("patch_deployment", CART, wait="rollout"), {"template": FIXED}, "RolloutCutShort"),
        (act("patch_deployment", CART, wait="rollout"), {"replicas": 5}, "RolledOut"),
        (act("scale_deployment", CART, wait="rollout"), {"replicas": 0}, "RolloutCutShort"),
        (act("scale_deployment", CART, wait="rollout"), {"template": FIXED}, "RolledOut"),
    ],
)
def test_a_rollout_that_somebody_elses_change_took_over_is_none_of_ours(
    source: str, order: Any, changed: dict[str, Any], reason: str
) -> None:
    """What completes then is theirs: who undoes a broken image must not make it look rolled out."""
    ours = workload("Deployment", {}, template=BROKEN)
    known = evidence(answer=ours) if source == "answer" else evidence(ours)
    begun = then_wait(order, intent(), replace(known, at=AT), Verdict.settle(succeeded("Applied", "patched")))
    replicas = changed.get("replicas", 3)
    done = {"replicas": replicas, "updatedReplicas": replicas, "availableReplicas": replicas}
    theirs = workload("Deployment", done, **{"template": BROKEN, **changed})
    verdict = rollout_verdict(order, intent(**(begun.resolved or {})), replace(evidence(theirs), at=AT))
    assert verdict.reason == reason
