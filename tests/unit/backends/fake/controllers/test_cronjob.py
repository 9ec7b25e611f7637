"""CronJobs: a Job at each time of the schedule, and what becomes of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.backends.fake.controllers.world import World
from tests.unit.backends.fake.door import STRATEGIC

Obj = dict[str, Any]
CRON_JOBS = "/apis/batch/v1/namespaces/default/cronjobs"
CRON_JOB = f"{CRON_JOBS}/nightly"
JOBS = "/apis/batch/v1/namespaces/default/jobs"
SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"
MINUTE = 60.0


@pytest.fixture
def world() -> World:
    return World()


def cron_job(exit_after_s: str | None = "2", exit_code: int = 0, **spec: Any) -> Obj:
    annotations = {"kubelet.kubeactions.test/exit-code": str(exit_code)}
    if exit_after_s is not None:
        annotations["kubelet.kubeactions.test/exit-after-s"] = exit_after_s
    containers = [{"name": "c", "image": "example.com/job:1"}]
    pod = {"restartPolicy": "Never", "containers": containers, "terminationGracePeriodSeconds": 1}
    template = {"metadata": {"annotations": annotations}, "spec": pod}
    job = {
        "metadata": {"labels": {"app": "nightly"}, "annotations": {"note": "x"}},
        "spec": {"backoffLimit": 0, "template": template},
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "nightly"},
        "spec": {"schedule": "*/10 * * * *", "jobTemplate": job, **spec},
    }


def jobs(world: World) -> list[Obj]:
    return [job for job in world.items(JOBS) if "deletionTimestamp" not in job["metadata"]]


def to_the_next_time(world: World, minutes: int = 10) -> None:
    """The simulated clock begins on a full ten minutes; a little later the controller has acted."""
    for _ in range(minutes * 6):
        world.after(10.0)
    world.after(1.0)


def test_a_job_starts_at_its_time_and_is_named_by_it(world: World) -> None:
    world.made(CRON_JOBS, cron_job(exit_after_s=None))
    world.settle()
    assert jobs(world) == []

    to_the_next_time(world)

    (job,) = jobs(world)
    cron = world.object(CRON_JOB)
    at = job["metadata"]["annotations"][SCHEDULED]
    assert cron["status"]["lastScheduleTime"] == at
    assert at.endswith("0:00Z")
    assert job["metadata"]["labels"]["app"] == "nightly"
    assert job["metadata"]["annotations"]["note"] == "x"
    (owner,) = job["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("CronJob", cron["metadata"]["uid"], True)
    (active,) = cron["status"]["active"]
    assert (active["name"], active["uid"]) == (job["metadata"]["name"], job["metadata"]["uid"])


def test_a_finished_job_is_no_longer_active(world: World) -> None:
    world.made(CRON_JOBS, cron_job())
    to_the_next_time(world)
    world.settle()

    status = world.object(CRON_JOB)["status"]
    (job,) = jobs(world)
    assert "active" not in status
    assert status["lastSuccessfulTime"] == job["status"]["completionTime"]


@pytest.mark.parametrize(("exit_code", "kept"), [(0, 3), (1, 1)])
def test_only_so_many_finished_jobs_are_kept(world: World, exit_code: int, kept: int) -> None:
    world.made(CRON_JOBS, cron_job(exit_code=exit_code))
    for _ in range(5):
        to_the_next_time(world)
    world.settle()

    left = [job["metadata"]["annotations"][SCHEDULED] for job in jobs(world)]
    assert len(left) == kept
    assert max(left) == world.object(CRON_JOB)["status"]["lastScheduleTime"]


@pytest.mark.parametrize(
    ("policy", "times"),
    [("Allow", ["00:10", "00:20", "00:30"]), ("Forbid", ["00:10"]), ("Replace", ["00:30"])],
)
def test_what_happens_while_the_last_one_still_runs(world: World, policy: str, times: list[str]) -> None:
    world.made(CRON_JOBS, cron_job(exit_after_s=None, concurrencyPolicy=policy))
    for _ in range(3):
        to_the_next_time(world)
    world.settle()

    assert sorted(job["metadata"]["annotations"][SCHEDULED][11:16] for job in jobs(world)) == times
    assert len(world.object(CRON_JOB)["status"]["active"]) == len(times)


def test_a_suspended_one_waits_and_then_makes_up_for_the_latest_time_alone(world: World) -> None:
    world.made(CRON_JOBS, cron_job(suspend=True))
    for _ in range(3):
        to_the_next_time(world)
    assert jobs(world) == []

    world.patch(CRON_JOB, {"spec": {"suspend": False}}, STRATEGIC)
    world.settle()

    assert len(jobs(world)) == 1


def test_what_is_too_late_is_not_started(world: World) -> None:
    world.made(CRON_JOBS, cron_job(suspend=True, startingDeadlineSeconds=30))
    to_the_next_time(world)
    world.after(MINUTE)
    world.patch(CRON_JOB, {"spec": {"suspend": False}}, STRATEGIC)
    world.settle()
    assert jobs(world) == []


def test_its_jobs_go_with_it(world: World) -> None:
    world.made(CRON_JOBS, cron_job())
    to_the_next_time(world)
    world.settle()
    world.delete(CRON_JOB)
    world.settle()
    assert world.items(JOBS) == []
