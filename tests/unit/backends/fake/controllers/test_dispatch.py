"""The dispatch: one look for many events, retries that grow, and nothing in the way of the writer."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.unit.backends.fake.controllers.world import APPS, PODS, World, workload
from tests.unit.backends.fake.door import Door, pod


@pytest.fixture
def world() -> World:
    return World()


def test_controllers_do_not_act_inside_the_request_that_they_react_to(world: World) -> None:
    world.made(f"{APPS}/deployments", workload("Deployment", replicas=1))
    assert world.items(f"{APPS}/replicasets") == []
    world.after(0.01)
    assert len(world.items(f"{APPS}/replicasets")) == 1


def test_many_changes_at_a_time_are_looked_at_once(world: World) -> None:
    world.run("deployments", workload("Deployment", replicas=1))
    before = len(world.cluster.audit.find(user="system:serviceaccount:kube-system:deployment-controller"))
    for number in range(20):
        world.patch(f"{APPS}/deployments/web", {"metadata": {"labels": {"n": str(number)}}})
    world.change("deployments", "web", replicas=2)
    world.after(0.015)
    resized = world.cluster.audit.find(resource="replicasets", verb="update", subresource="", changed=True)
    assert len(resized) == 1
    assert len(world.cluster.audit.find(user="system:serviceaccount:kube-system:deployment-controller")) <= before + 2


def test_a_refused_step_is_tried_again_ever_later(world: World) -> None:
    body = workload("ReplicaSet", replicas=1)
    body["spec"]["template"]["spec"]["serviceAccountName"] = "missing"
    world.made(f"{APPS}/replicasets", body)
    world.after(300)
    refused = [event.monotonic for event in world.cluster.audit.find(resource="pods", verb="create", code=403)]
    waits = [later - earlier for earlier, later in pairwise(refused)]
    assert waits[5] > 10 * waits[1]
    assert max(waits) <= 61
    assert len(refused) < 30


def test_without_controllers_nothing_happens_by_itself() -> None:
    door = Door()
    door.made(f"{APPS}/deployments", workload("Deployment", replicas=1))
    door.clock.advance(60)
    assert door.get(f"{APPS}/replicasets").body["items"] == []
    assert door.cluster.next_due() is None


def test_a_quiet_cluster_has_nothing_to_do_soon(world: World) -> None:
    world.run("deployments", workload("Deployment", replicas=2))
    world.made(PODS, pod())
    world.settle()
    revision = world.cluster.store.revision
    world.after(3600)
    assert world.cluster.store.revision == revision
    assert world.cluster.next_due() is None
