"""When a Job is over, and why: each reason, and which of them comes first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backends.fake.controllers.job_outcome import Tally, begun, completed, deadline_in_s, finished, outcome
from backends.fake.controllers.job_pods import INDEX, INDEX_FAILURES, TRACKING

Obj = dict[str, Any]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PER_INDEX: Obj = {"completionMode": "Indexed", "backoffLimitPerIndex": 1, "backoffLimit": 2**31 - 1}


def job(status: Obj | None = None, **spec: Any) -> Obj:
    return {"metadata": {"name": "once"}, "spec": {"template": {"spec": {}}, **spec}, "status": status or {}}


def pod(
    uid: str, phase: str, *, tracked: bool = True, index: int | None = None, failures: int = 0, **status: Any
) -> Obj:
    annotations = {} if index is None else {INDEX: str(index), INDEX_FAILURES: str(failures)}
    metadata: Obj = {"uid": uid, "name": uid, "namespace": "default", "annotations": annotations}
    if tracked:
        metadata["finalizers"] = [TRACKING]
    return {"metadata": metadata, "status": {"phase": phase, **status}}


def reason(body: Obj, *owned: Obj, now: datetime = NOON) -> str | None:
    found = outcome(body, Tally.of(body, owned), now)
    return found["reason"] if found is not None else None


# ---- counting


def test_ends_that_are_counted_already_are_not_counted_again() -> None:
    body = job({"succeeded": 2, "failed": 1})
    tally = Tally.of(body, [pod("a", "Succeeded"), pod("b", "Failed"), pod("c", "Succeeded", tracked=False)])
    assert (tally.succeeded, tally.failed) == (3, 2)


def test_ends_that_are_noted_by_uid_count_once() -> None:
    body = job({"uncountedTerminatedPods": {"succeeded": ["a"], "failed": ["gone"]}})
    tally = Tally.of(body, [pod("a", "Succeeded")])
    assert (tally.succeeded, tally.failed, tally.new_succeeded) == (1, 1, [])


def test_failures_that_the_policy_ignores_do_not_count() -> None:
    ignore = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    body = job(podFailurePolicy={"rules": [ignore]})
    disrupted = pod("a", "Failed", conditions=[{"type": "DisruptionTarget", "status": "True"}])
    assert Tally.of(body, [disrupted, pod("b", "Failed")]).failed == 1


def test_an_index_counts_once_and_only_if_there_is_such_an_index() -> None:
    body = job({"completedIndexes": "0-2,9"}, completionMode="Indexed", completions=4)
    ended = [pod("a", "Succeeded", index=2), pod("b", "Succeeded", index=3), pod("c", "Succeeded", index=4)]
    tally = Tally.of(body, ended)
    assert tally.done == {0, 1, 2, 3}
    assert tally.succeeded == 4


def test_an_index_is_lost_with_one_failure_more_than_it_may_have() -> None:
    body = job({"failedIndexes": "3"}, completions=4, **PER_INDEX)
    failed = [
        pod("a", "Failed", index=0),
        pod("b", "Failed", index=1, failures=1),
        pod("c", "Running", index=2, failures=5),
    ]
    assert Tally.of(body, failed).lost == {1, 3}


def test_a_rule_can_give_an_index_up_at_once() -> None:
    rule = {"action": "FailIndex", "onPodConditions": [{"type": "Hopeless", "status": "True"}]}
    body = job(completions=2, podFailurePolicy={"rules": [rule]}, **PER_INDEX)
    hopeless = pod("a", "Failed", index=0, conditions=[{"type": "Hopeless", "status": "True"}])
    assert Tally.of(body, [hopeless]).lost == {0}


# ---- reasons


def test_a_job_goes_on_with_as_many_failures_as_it_may_have() -> None:
    body = job(backoffLimit=2)
    assert reason(body, pod("a", "Failed"), pod("b", "Failed")) is None
    assert reason(body, *(pod(uid, "Failed") for uid in "abc")) == "BackoffLimitExceeded"


@pytest.mark.parametrize(("limit", "restarts", "over"), [(0, 0, False), (0, 1, True), (2, 1, False), (2, 2, True)])
def test_restarts_count_where_containers_are_restarted(limit: int, restarts: int, over: bool) -> None:
    body = job(backoffLimit=limit)
    body["spec"]["template"]["spec"]["restartPolicy"] = "OnFailure"
    running = pod("a", "Running", containerStatuses=[{"name": "c", "restartCount": restarts}])
    assert (reason(body, running) == "BackoffLimitExceeded") is over


def test_the_deadline_counts_from_the_start_and_not_while_suspended() -> None:
    status = {"startTime": "2026-01-01T12:00:00Z"}
    body = job(status, activeDeadlineSeconds=60)
    assert deadline_in_s(body, NOON + timedelta(seconds=45)) == 15
    assert reason(body, now=NOON + timedelta(seconds=59)) is None
    assert reason(body, now=NOON + timedelta(seconds=60)) == "DeadlineExceeded"
    suspended = job(status, activeDeadlineSeconds=60, suspend=True)
    assert reason(suspended, now=NOON + timedelta(seconds=61)) is None
    assert deadline_in_s(job(activeDeadlineSeconds=60), NOON) is None


def test_too_many_lost_indexes_end_it_at_once_and_fewer_at_the_end() -> None:
    failed = [pod("a", "Failed", index=0, failures=1), pod("b", "Failed", index=1, failures=1)]
    assert reason(job(completions=3, maxFailedIndexes=1, **PER_INDEX), *failed) == "MaxFailedIndexesExceeded"
    assert reason(job(completions=3, maxFailedIndexes=2, **PER_INDEX), *failed) is None
    assert reason(job(completions=3, **PER_INDEX), *failed, pod("c", "Succeeded", index=2)) == "FailedIndexes"


@pytest.mark.parametrize(
    ("rule", "met"),
    [
        ({"succeededCount": 2}, True),
        ({"succeededCount": 3}, False),
        ({"succeededIndexes": "1"}, True),
        ({"succeededIndexes": "1-2"}, False),
        ({"succeededIndexes": "1-2", "succeededCount": 1}, True),
        ({"succeededIndexes": "2-3", "succeededCount": 1}, False),
    ],
)
def test_a_success_policy_is_met_by_indexes_by_their_number_or_by_both(rule: Obj, met: bool) -> None:
    spec: Obj = {"completionMode": "Indexed", "completions": 4, "successPolicy": {"rules": [rule]}}
    found = reason(job({"completedIndexes": "0,1"}, **spec))
    assert (found == "SuccessPolicy") is met


def test_failure_comes_before_success() -> None:
    spec: Obj = {"completionMode": "Indexed", "completions": 4, "successPolicy": {"rules": [{"succeededCount": 1}]}}
    ends = [pod("a", "Succeeded", index=0), pod("b", "Failed", index=1)]
    assert reason(job(backoffLimit=0, **spec), *ends) == "BackoffLimitExceeded"


def test_how_it_began_to_end_is_how_it_ends() -> None:
    ending = {"type": "SuccessCriteriaMet", "status": "True", "reason": "SuccessPolicy", "message": "m"}
    body = job({"conditions": [ending]}, backoffLimit=0)
    assert reason(body, pod("a", "Failed")) == "SuccessPolicy"
    assert begun(body) == ending
    assert finished(body) is None
    assert finished(job({"conditions": [ending, {**ending, "type": "Complete"}]})) is not None


# ---- completion


@pytest.mark.parametrize(
    ("completions", "succeeded", "active", "done"),
    [(2, 2, 0, True), (2, 1, 0, False), (2, 2, 1, False), (None, 1, 0, True), (None, 1, 1, False), (None, 0, 0, False)],
)
def test_it_is_complete_with_enough_successes_and_nothing_left_running(
    completions: int | None, succeeded: int, active: int, done: bool
) -> None:
    found = completed(job(completions=completions), succeeded, active)
    assert (found is not None) is done
    if found is not None:
        assert (found["type"], found["reason"]) == ("SuccessCriteriaMet", "CompletionsReached")
