"""delete_pod: class U, as a table."""

from __future__ import annotations

from typing import Any

import pytest

from kubeactions.errors import BadRequest, Conflict, Forbidden, NotFound, TooManyRequests
from kubeactions.executors.delete_pod import EXECUTOR, FORCE_PERMIT
from kubeactions.model import Evidence, Next, Outcome, Plan, Seen, Status, Target
from tests.unit.kubeactions.executors.orders import act, circumstances, evidence, intent

POD = Target("v1", "Pod", "web-0", "shop")


def pod(uid: str = "uid-1", *, terminating: bool = False, owner: str = "") -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": "web-0", "uid": uid}
    if terminating:
        metadata["deletionTimestamp"] = "2026-08-20T10:00:00Z"
    if owner:
        metadata["ownerReferences"] = [{"kind": owner, "uid": "o"}]
    return {"metadata": metadata}


def busy(after: float | None) -> TooManyRequests:
    error = TooManyRequests("busy", status=429)
    error.retry_after_s = after
    return error


def planned(found: Any, target: Target = POD, **parameters: Any) -> Plan | Outcome:
    return EXECUTOR.plan(act("delete_pod", target, **parameters), Seen(found), circumstances())


def test_the_plan_is_the_uid_that_was_seen_and_the_grace_period() -> None:
    plan = planned(pod(), grace_period_seconds=7)
    assert isinstance(plan, Plan)
    assert (plan.uid, plan.resolved) == ("uid-1", {"grace_period_seconds": 7})


@pytest.mark.parametrize(
    ("found", "target", "status", "reason"),
    [
        (None, POD, Status.FAILED, "TargetGone"),
        (pod(terminating=True), POD, Status.SUCCEEDED, "AlreadyTerminating"),
        (pod("uid-2"), Target("v1", "Pod", "web-0", "shop", "uid-1"), Status.FAILED, "TargetReplaced"),
    ],
)
def test_nothing_is_sent_when_there_is_nothing_to_delete(
    found: Any, target: Target, status: Status, reason: str
) -> None:
    outcome = planned(found, target)
    assert isinstance(outcome, Outcome)
    assert (outcome.status, outcome.reason) == (status, reason)


def test_a_new_plan_is_bound_to_the_uid_of_the_first() -> None:
    outcome = EXECUTOR.plan(act("delete_pod", POD), Seen(pod("uid-2")), circumstances(intent("uid-1")))
    assert isinstance(outcome, Outcome)
    assert outcome.reason == "TargetReplaced"


def test_a_stateful_sets_pod_is_not_killed_without_permission() -> None:
    action = act("delete_pod", POD, grace_period_seconds=0)
    found = Seen(pod(owner="StatefulSet"))
    refused = EXECUTOR.plan(action, found, circumstances())
    assert isinstance(refused, Outcome)
    assert refused.reason == "ForceNotPermitted"
    assert isinstance(EXECUTOR.plan(action, found, circumstances(permits=frozenset({FORCE_PERMIT}))), Plan)
    assert isinstance(EXECUTOR.plan(action, Seen(pod(owner="ReplicaSet")), circumstances()), Plan)


@pytest.mark.parametrize(
    ("known", "step", "status", "reason"),
    [
        (evidence(answer={}), Next.SETTLE, Status.SUCCEEDED, "Deleted"),
        # not looked yet
        (evidence(refused=NotFound("")), Next.SETTLE, Status.FAILED, "GoneBeforeExecution"),
        (evidence(refused=NotFound(""), doubt=True), Next.SETTLE, Status.SUCCEEDED, "Deleted"),
        (evidence(refused=Forbidden("no")), Next.SETTLE, Status.FAILED, "Forbidden"),
        (evidence(refused=Forbidden("no"), doubt=True), Next.SETTLE, Status.UNKNOWN, "Forbidden"),
        (evidence(refused=BadRequest("no")), Next.SETTLE, Status.FAILED, "BadRequest"),
        (evidence(refused=Conflict("uid")), Next.LOOK, None, "InDoubt"),
        (evidence(doubt=True), Next.LOOK, None, "InDoubt"),
        (evidence(refused=busy(None)), Next.SEND, None, "TooManyRequests"),
        # looked
        (evidence(None), Next.SETTLE, Status.FAILED, "GoneBeforeExecution"),
        (evidence(None, doubt=True), Next.SETTLE, Status.SUCCEEDED, "Deleted"),
        (evidence(pod("uid-2")), Next.SETTLE, Status.FAILED, "GoneBeforeExecution"),
        (evidence(pod("uid-2"), doubt=True), Next.SETTLE, Status.SUCCEEDED, "Deleted"),
        (evidence(pod(terminating=True)), Next.SETTLE, Status.SUCCEEDED, "AlreadyTerminating"),
        (evidence(pod(terminating=True), doubt=True), Next.SETTLE, Status.SUCCEEDED, "Deleted"),
        (evidence(pod()), Next.SEND, None, "NotApplied"),
        (evidence(pod(), doubt=True), Next.SEND, None, "NotApplied"),
    ],
)
def test_what_the_evidence_means(known: Evidence, step: Next, status: Status | None, reason: str) -> None:
    verdict = EXECUTOR.verdict(act("delete_pod", POD), intent(grace_period_seconds=None), known)
    assert (verdict.next, verdict.reason) == (step, reason)
    assert (verdict.outcome.status if verdict.outcome else None) is status
    if verdict.outcome:
        assert verdict.outcome.inferred is (known.doubt and status is Status.SUCCEEDED and known.answer is None)


def test_the_servers_wish_to_wait_is_obeyed() -> None:
    assert EXECUTOR.verdict(act("delete_pod", POD), intent(), evidence(refused=busy(7.0))).after_s == 7.0


@pytest.mark.parametrize(("given", "parsed"), [(0, 0), ("30", 30), (86400, 86400)])
def test_a_grace_period_is_whole_seconds(given: Any, parsed: Any) -> None:
    assert EXECUTOR.spec.parameters[0].parse(given) == parsed


@pytest.mark.parametrize("given", [-1, "-1", 86401, "1.5", 1.5, True, "²", "9" * 50, [], {}])
def test_any_other_grace_period_is_refused(given: Any) -> None:
    with pytest.raises(ValueError, match="whole seconds"):
        EXECUTOR.spec.parameters[0].parse(given)
