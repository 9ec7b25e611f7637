"""trigger_cronjob: class N. The name decides, and nothing is created twice."""

from __future__ import annotations

from typing import Any

import pytest

from kubeactions.errors import Conflict, Forbidden
from kubeactions.executors.trigger_cronjob import EXECUTOR, MAX_NAME, job_name
from kubeactions.model import MARKER_ANNOTATION, Evidence, Next, Outcome, Plan, Seen, Status, Target
from tests.unit.kubeactions.executors.orders import KEY, act, circumstances, evidence, intent

NIGHTLY = Target("batch/v1", "CronJob", "nightly", "shop")
CRON_JOB: dict[str, Any] = {
    "metadata": {"name": "nightly", "uid": "uid-1"},
    "spec": {"jobTemplate": {"metadata": {"labels": {"a": "b"}}, "spec": {"template": {}}}},
}


def job(marker: str) -> dict[str, Any]:
    return {"metadata": {"name": "x", "uid": "j", "annotations": {MARKER_ANNOTATION: marker}}}


OURS, THEIRS = (job(KEY.marker),), (job("other"),)


def test_the_job_is_the_cron_jobs_with_our_mark_and_owner() -> None:
    plan = EXECUTOR.plan(act("trigger_cronjob", NIGHTLY), Seen(CRON_JOB), circumstances())
    assert isinstance(plan, Plan)
    body = plan.resolved["body"]
    assert body["metadata"]["name"] == f"nightly-{KEY.marker}"
    assert body["metadata"]["annotations"][MARKER_ANNOTATION] == KEY.marker
    assert body["metadata"]["ownerReferences"][0]["uid"] == "uid-1"
    assert body["metadata"]["labels"] == {"a": "b"}


def test_a_long_name_is_cut_so_that_the_marker_fits() -> None:
    name = job_name(act("trigger_cronjob", Target("batch/v1", "CronJob", "n" * 52, "shop")))
    assert len(name) == MAX_NAME
    assert name.endswith(KEY.marker)


def test_a_template_that_would_fill_the_ledger_is_refused() -> None:
    large = {"metadata": CRON_JOB["metadata"], "spec": {"jobTemplate": {"spec": {"template": "x" * 50_000}}}}
    outcome = EXECUTOR.plan(act("trigger_cronjob", NIGHTLY), Seen(large), circumstances())
    assert isinstance(outcome, Outcome)
    assert (outcome.status, outcome.reason) == (Status.FAILED, "TooLarge")


@pytest.mark.parametrize(
    ("known", "step", "status"),
    [
        (evidence(answer={}), Next.SETTLE, Status.SUCCEEDED),
        (evidence(doubt=True), Next.LOOK, None),
        (evidence(refused=Conflict("")), Next.LOOK, None),
        (evidence(refused=Forbidden("")), Next.SETTLE, Status.FAILED),
        (evidence(None, doubt=True, related=OURS), Next.SETTLE, Status.SUCCEEDED),
        (evidence(None, refused=Conflict(""), related=OURS), Next.SETTLE, Status.SUCCEEDED),
        (evidence(None, refused=Conflict(""), related=THEIRS), Next.SETTLE, Status.FAILED),
        (evidence(None, doubt=True, related=THEIRS), Next.SETTLE, Status.UNKNOWN),
        (evidence(None, doubt=True), Next.SETTLE, Status.UNKNOWN),
    ],
)
def test_what_the_evidence_means(known: Evidence, step: Next, status: Status | None) -> None:
    verdict = EXECUTOR.verdict(act("trigger_cronjob", NIGHTLY), intent(job="x", body={}), known)
    assert verdict.next is step
    assert (verdict.outcome.status if verdict.outcome else None) is status
