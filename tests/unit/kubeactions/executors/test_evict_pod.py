"""evict_pod: class U that waits for a budget, with a look before each request."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from kubeactions.errors import Refused, TooManyRequests, Unavailable
from kubeactions.executors._eviction import evict, has_two_budgets
from kubeactions.executors.evict_pod import EXECUTOR
from kubeactions.model import Next, Plan, Seen, Status, Target
from tests.unit.kubeactions.executors.orders import AT, act, circumstances, evidence, intent

POD = Target("v1", "Pod", "web-0", "shop")
LIVE: dict[str, Any] = {"metadata": {"name": "web-0", "uid": "uid-1"}}
INTENT = intent(grace_period_seconds=None, until=(AT + timedelta(seconds=300)).isoformat())


def busy(after: float | None = None) -> TooManyRequests:
    error = TooManyRequests("budget", status=429)
    error.retry_after_s = after
    return error


def test_the_plan_has_a_deadline() -> None:
    plan = EXECUTOR.plan(act("evict_pod", POD, timeout_seconds=60), Seen(LIVE), circumstances())
    assert isinstance(plan, Plan)
    assert plan.resolved["until"] == (AT + timedelta(seconds=60)).isoformat()


@pytest.mark.parametrize(("asked", "pause"), [(None, 5.0), (10.0, 10.0)])
def test_a_spent_budget_is_waited_for_as_long_as_the_server_asks(asked: float | None, pause: float) -> None:
    verdict = EXECUTOR.verdict(act("evict_pod", POD), INTENT, replace(evidence(refused=busy(asked)), at=AT))
    assert (verdict.next, verdict.after_s) == (Next.LOOK, pause)


@pytest.mark.parametrize(
    ("refused", "doubt", "seconds", "step", "status"),
    [
        (busy(), False, 1, Next.SEND, None),
        (busy(), False, 300, Next.SETTLE, Status.FAILED),
        # A copy of an earlier try may still arrive, and find the budget lifted.
        (busy(), True, 300, Next.SETTLE, Status.UNKNOWN),
        (None, True, 1, Next.SEND, None),
        (None, True, 300, Next.SETTLE, Status.UNKNOWN),
    ],
)
def test_after_the_look_it_is_sent_again_until_the_deadline(
    refused: Refused | None, doubt: bool, seconds: int, step: Next, status: Status | None
) -> None:
    known = replace(evidence(LIVE, refused=refused, doubt=doubt), at=AT + timedelta(seconds=seconds))
    verdict = EXECUTOR.verdict(act("evict_pod", POD), INTENT, known)
    assert verdict.next is step
    assert (verdict.outcome.status if verdict.outcome else None) is status


class Answering:
    """A cluster that answers every POST with this error."""

    def __init__(self, error: Unavailable) -> None:
        self._error = error

    def create(self, path: str, body: Any, *, dry_run: bool = False) -> Any:
        raise self._error


def test_two_budgets_are_a_definite_no_and_any_other_500_is_doubt() -> None:
    text = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
    two = Unavailable("500", status=500, body={"message": text, "code": 500})
    answer = evict(Answering(two), "/p", {})  # type: ignore[arg-type]  # It is only asked to create.
    assert has_two_budgets(answer)
    verdict = EXECUTOR.verdict(act("evict_pod", POD), INTENT, evidence(answer=answer))
    assert verdict.outcome is not None
    assert (verdict.outcome.status, verdict.outcome.reason) == (Status.FAILED, "TwoBudgets")
    with pytest.raises(Unavailable):
        evict(Answering(Unavailable("500", status=500)), "/p", {})  # type: ignore[arg-type]  # As above.
