"""Finished Jobs go when their time is over; `test_job.py` has the whole way there."""

from __future__ import annotations

import pytest

from tests.unit.backends.fake.controllers.test_job import JOB, JOBS, job
from tests.unit.backends.fake.controllers.world import World


@pytest.fixture
def world() -> World:
    """With a Job that has just completed, and that says nothing of how long it stays."""
    world = World()
    world.made(JOBS, job(exit_after_s="0"))
    world.settle()
    return world


def test_a_job_that_is_given_a_time_later_goes_then(world: World) -> None:
    world.after(1000)
    world.patch(JOB, {"spec": {"ttlSecondsAfterFinished": 100}})
    world.after(1)
    assert world.get(JOB).code == 404


def test_a_job_that_is_given_more_time_stays_for_so_long(world: World) -> None:
    world.patch(JOB, {"spec": {"ttlSecondsAfterFinished": 100}})
    world.after(50)
    world.patch(JOB, {"spec": {"ttlSecondsAfterFinished": 200}})
    world.after(100)
    assert world.get(JOB).code == 200
    world.after(60)
    assert world.get(JOB).code == 404


def test_its_own_controller_deletes_it_once_and_in_the_foreground(world: World) -> None:
    world.patch(JOB, {"spec": {"ttlSecondsAfterFinished": 0}})
    world.settle()
    (event,) = world.cluster.audit.find(verb="delete", resource="jobs")
    assert event.user == "system:serviceaccount:kube-system:ttl-after-finished-controller"
    assert world.pods() == []


def test_a_job_that_still_runs_is_not_measured() -> None:
    world = World()
    world.made(JOBS, job(exit_after_s=None, ttlSecondsAfterFinished=0))
    world.after(1000)
    assert world.object(JOB)["status"]["active"] == 1
