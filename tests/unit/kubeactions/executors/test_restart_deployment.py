"""restart_deployment: class P, its five rules as a table, and the patch that makes them true."""

from __future__ import annotations

from typing import Any

import pytest

from kubeactions.errors import Conflict, Forbidden, Invalid, NotFound, Refused, TooManyRequests
from kubeactions.executors._pinned_patch import CONTROLLER_LOOKS
from kubeactions.executors._restart import RESTARTED_AT, patch_of
from kubeactions.executors.restart_deployment import EXECUTOR
from kubeactions.model import MARKER_ANNOTATION, Evidence, Next, Outcome, Plan, Seen, Status, Target
from tests.unit.kubeactions.executors.orders import KEY, act, circumstances, evidence, intent

CART = Target("apps/v1", "Deployment", "cart", "shop")
STAMP = "2026-08-20T10:15:00Z"
OURS = {MARKER_ANNOTATION: KEY.marker, RESTARTED_AT: STAMP}
INTENT = intent("uid-1", 5, stamp=STAMP, annotations=False)


def deployment(
    generation: int = 5, annotations: Any = None, uid: str = "uid-1", observed: int | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "metadata": {"name": "cart", "uid": uid, "generation": generation, **more.pop("metadata", {})},
        "spec": {
            "selector": {"matchLabels": {"app": "cart"}},
            "template": {"metadata": {"annotations": annotations} if annotations else {}},
            **more,
        },
        "status": {"observedGeneration": generation if observed is None else observed},
    }


def replica_set(annotations: Any = None) -> dict[str, Any]:
    metadata = {"name": "cart-7", "ownerReferences": [{"uid": "uid-1"}]}
    return {"metadata": metadata, "spec": {"template": {"metadata": {"annotations": annotations}}}}


def fields(manager: str) -> dict[str, Any]:
    owned: dict[str, Any] = {"f:spec": {"f:template": {"f:metadata": {"f:annotations": {f"f:{RESTARTED_AT}": {}}}}}}
    return {"managedFields": [{"manager": "kubectl"}, {"manager": manager, "fieldsV1": owned}]}


def planned(found: Any, target: Target = CART, previous: Any = None) -> Plan | Outcome:
    return EXECUTOR.plan(act("restart_deployment", target), Seen(found), circumstances(previous))


def test_the_plan_fixes_uid_generation_and_stamp() -> None:
    plan = planned(deployment(7))
    assert isinstance(plan, Plan)
    assert (plan.uid, plan.pin, plan.resolved) == ("uid-1", 7, {"stamp": STAMP, "annotations": False})


def test_the_stamp_is_never_the_one_that_is_there_already() -> None:
    plan = planned(deployment(annotations={RESTARTED_AT: STAMP}))
    assert isinstance(plan, Plan)
    assert plan.resolved == {"stamp": "2026-08-20T10:15:01Z", "annotations": True}


@pytest.mark.parametrize(
    ("found", "status", "reason"),
    [
        (None, Status.FAILED, "TargetGone"),
        (deployment(paused=True), Status.FAILED, "Paused"),
        (deployment(metadata={"deletionTimestamp": "x"}), Status.FAILED, "TargetTerminating"),
        (deployment(annotations=OURS), Status.SUCCEEDED, "Applied"),
    ],
)
def test_nothing_is_sent_when_nothing_would_restart(found: Any, status: Status, reason: str) -> None:
    outcome = planned(found)
    assert isinstance(outcome, Outcome)
    assert (outcome.status, outcome.reason) == (status, reason)


@pytest.mark.parametrize(
    ("target", "previous"),
    [(Target("apps/v1", "Deployment", "cart", "shop", "uid-0"), None), (CART, intent("uid-0", 1))],
    ids=["the order's uid", "the first plan's uid"],
)
def test_another_object_of_the_same_name_is_not_restarted(target: Target, previous: Any) -> None:
    outcome = planned(deployment(), target, previous)
    assert isinstance(outcome, Outcome)
    assert outcome.reason == "TargetReplaced"


@pytest.mark.parametrize("annotations", [True, False])
def test_the_patch_tests_uid_and_generation_before_it_changes_anything(annotations: bool) -> None:
    patch = patch_of(intent("uid-1", 5, stamp=STAMP, annotations=annotations), KEY.marker)
    assert patch[:2] == [
        {"op": "test", "path": "/metadata/uid", "value": "uid-1"},
        {"op": "test", "path": "/metadata/generation", "value": 5},
    ]
    base = "/spec/template/metadata/annotations"
    if annotations:
        assert {one["path"]: one["value"] for one in patch[2:]} == {
            f"{base}/kubectl.kubernetes.io~1restartedAt": STAMP,
            f"{base}/kubeactions.datadoghq.com~1action": KEY.marker,
        }
    else:
        assert patch[2:] == [{"op": "add", "path": base, "value": OURS}]


@pytest.mark.parametrize(
    ("known", "step", "status", "reason"),
    [
        (evidence(answer={}), Next.SETTLE, Status.SUCCEEDED, "Applied"),
        # not looked yet
        (evidence(refused=Invalid("")), Next.LOOK, None, "InDoubt"),
        (evidence(refused=Conflict("")), Next.LOOK, None, "InDoubt"),
        (evidence(doubt=True), Next.LOOK, None, "InDoubt"),
        (evidence(refused=NotFound("")), Next.SETTLE, Status.FAILED, "TargetGone"),
        (evidence(refused=NotFound(""), doubt=True), Next.LOOK, None, "InDoubt"),
        (evidence(refused=Forbidden("")), Next.SETTLE, Status.FAILED, "Forbidden"),
        (evidence(refused=Forbidden(""), doubt=True), Next.SETTLE, Status.UNKNOWN, "Forbidden"),
        (evidence(refused=Refused("", status=415)), Next.SETTLE, Status.FAILED, "Refused"),
        (evidence(refused=TooManyRequests("")), Next.SEND, None, "TooManyRequests"),
        # rule 1
        (evidence(deployment(9, OURS), doubt=True), Next.SETTLE, Status.SUCCEEDED, "Applied"),
        # rule 2
        (evidence(deployment(5), doubt=True), Next.SEND, None, "NotApplied"),
        (evidence(deployment(5), refused=Conflict("")), Next.SEND, None, "NotApplied"),
        (evidence(deployment(5), refused=Invalid("")), Next.SETTLE, Status.FAILED, "Invalid"),
        (evidence(deployment(5), refused=Invalid(""), doubt=True), Next.SETTLE, Status.UNKNOWN, "Invalid"),
        # rule 3
        (evidence(deployment(6), doubt=True), Next.REPLAN, None, "PinDead"),
        # refused is not doubt, at any distance
        (evidence(deployment(9), refused=Invalid("")), Next.REPLAN, None, "PinDead"),
        # rule 4
        (evidence(deployment(7), doubt=True), Next.SETTLE, Status.UNKNOWN, "NoTrace"),
        (evidence(deployment(7), doubt=True, related=(replica_set(),)), Next.SETTLE, Status.UNKNOWN, "NoTrace"),
        (
            evidence(deployment(7), doubt=True, related=(replica_set(), replica_set(OURS))),
            Next.SETTLE,
            Status.SUCCEEDED,
            "Applied",
        ),
        (evidence(deployment(7, observed=6), doubt=True), Next.LOOK, None, "ControllerBehind"),
        (
            evidence(deployment(7, observed=6), doubt=True, looks=CONTROLLER_LOOKS),
            Next.SETTLE,
            Status.UNKNOWN,
            "NoTrace",
        ),
        (
            evidence(deployment(7, {RESTARTED_AT: STAMP}, metadata=fields("kubeactions")), doubt=True),
            Next.SETTLE,
            Status.SUCCEEDED,
            "Applied",
        ),
        (
            evidence(deployment(7, {RESTARTED_AT: STAMP}, metadata=fields("kubectl-rollout")), doubt=True),
            Next.SETTLE,
            Status.UNKNOWN,
            "NoTrace",
        ),
        (evidence(deployment(3), doubt=True), Next.SETTLE, Status.UNKNOWN, "NoTrace"),
        # rule 5
        (evidence(None, doubt=True), Next.SETTLE, Status.UNKNOWN, "TargetReplaced"),
        (evidence(deployment(uid="uid-2"), doubt=True), Next.SETTLE, Status.UNKNOWN, "TargetReplaced"),
        (evidence(None), Next.SETTLE, Status.FAILED, "TargetGone"),
        (evidence(deployment(uid="uid-2"), refused=Invalid("")), Next.SETTLE, Status.FAILED, "TargetReplaced"),
    ],
)
def test_what_the_evidence_means(known: Evidence, step: Next, status: Status | None, reason: str) -> None:
    verdict = EXECUTOR.verdict(act("restart_deployment", CART), INTENT, known)
    assert (verdict.next, verdict.reason) == (step, reason)
    assert (verdict.outcome.status if verdict.outcome else None) is status


def test_an_order_that_must_not_meet_a_change_fails_instead_of_planning_again() -> None:
    action = act("restart_deployment", CART, if_changed="fail")
    verdict = EXECUTOR.verdict(action, INTENT, evidence(deployment(6), doubt=True))
    assert verdict.outcome is not None
    assert (verdict.outcome.status, verdict.outcome.reason) == (Status.FAILED, "Conflict")


@pytest.mark.parametrize("given", ["replan", "fail"])
def test_what_to_do_on_a_change_is_one_of_two_words(given: str) -> None:
    assert EXECUTOR.spec.parameters[0].parse(given) == given
    with pytest.raises(ValueError, match="expected"):
        EXECUTOR.spec.parameters[0].parse(given.upper())
