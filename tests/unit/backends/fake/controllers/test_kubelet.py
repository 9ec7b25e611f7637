"""The kubelets in the cluster: what they decide reaches the pod, under the name of its node."""

from __future__ import annotations

import pytest

from tests.unit.backends.fake.controllers.world import PODS, World
from tests.unit.backends.fake.door import CM, POD_SPEC, config_map, pod

ANNOTATIONS = {"kubelet.kubeactions.test/ready-after-s": "5"}


@pytest.fixture
def world() -> World:
    return World()


def test_a_pod_runs_on_its_node_as_its_annotations_say(world: World) -> None:
    world.made(PODS, pod(annotations=ANNOTATIONS))
    world.after(4.9)
    assert world.object(f"{PODS}/p")["status"]["phase"] == "Pending"
    world.after(0.2)
    status = world.object(f"{PODS}/p")["status"]
    assert (status["phase"], status["hostIP"]) == ("Running", "10.0.0.1")


def test_a_deleted_pod_keeps_its_grace_period_and_goes_by_its_nodes_hand(world: World) -> None:
    world.made(PODS, pod())
    world.settle()
    world.ask("DELETE", f"{PODS}/p?gracePeriodSeconds=10")
    world.after(9)
    ready = [one["status"] for one in world.object(f"{PODS}/p")["status"]["conditions"] if one["type"] == "Ready"]
    assert ready == ["False"]
    world.after(2)
    assert world.get(f"{PODS}/p").code == 404
    (gone,) = world.cluster.audit.find(user="system:node:node-1", verb="delete")
    assert gone.name == "p"


def test_without_a_grace_period_it_goes_at_once(world: World) -> None:
    world.made(PODS, pod())
    world.settle()
    world.ask("DELETE", f"{PODS}/p?gracePeriodSeconds=0")
    assert world.get(f"{PODS}/p").code == 404


def test_a_finalizer_holds_the_object_of_a_pod_that_has_stopped(world: World) -> None:
    world.made(PODS, pod(finalizers=["example.com/hold"]))
    world.settle()
    world.ask("DELETE", f"{PODS}/p?gracePeriodSeconds=1")
    world.settle()
    held = world.object(f"{PODS}/p")
    assert held["status"]["phase"] == "Failed"
    assert held["metadata"]["deletionGracePeriodSeconds"] == 0
    world.patch(f"{PODS}/p", {"metadata": {"finalizers": None}})
    assert world.get(f"{PODS}/p").code == 404


def test_a_timing_that_cannot_be_read_fails_the_pod_and_says_why(world: World) -> None:
    world.made(PODS, pod(annotations={"kubelet.kubeactions.test/ready-after-s": "soon"}))
    world.settle()
    status = world.object(f"{PODS}/p")["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "InvalidTiming")
    assert "'soon' is not a number of seconds" in status["message"]


def test_a_saved_cluster_goes_on_where_it_was(world: World) -> None:
    world.made(PODS, pod(annotations=ANNOTATIONS))
    world.after(2)
    saved = world.cluster.dump()
    other = World()
    other.cluster.load(saved)
    other.settle()
    assert other.object(f"{PODS}/p")["status"]["phase"] == "Running"


def test_a_pod_waits_for_what_it_needs_and_starts_when_that_comes(world: World) -> None:
    volume = {"name": "v", "configMap": {"name": "a"}}
    variable = {"name": "X", "valueFrom": {"configMapKeyRef": {"name": "a", "key": "k"}}}
    world.made(PODS, {**pod("mounts"), "spec": {**POD_SPEC, "volumes": [volume]}})
    world.made(PODS, {**pod("reads"), "spec": {"containers": [{"name": "c", "image": "i", "env": [variable]}]}})
    world.after(30.0)
    states = {name: world.object(f"{PODS}/{name}")["status"]["containerStatuses"][0]["state"] for name in WAITING}
    assert states == WAITING
    events = world.items(f"{PODS.removesuffix('pods')}events?fieldSelector=type=Warning")
    assert {(one["reason"], one["count"]) for one in events} == {("FailedMount", 6), ("Failed", 6)}
    world.made(CM, config_map())
    world.settle()
    assert {world.object(f"{PODS}/{name}")["status"]["phase"] for name in WAITING} == {"Running"}


WAITING = {
    "mounts": {"waiting": {"reason": "ContainerCreating"}},
    "reads": {"waiting": {"reason": "CreateContainerConfigError", "message": 'configmap "a" not found'}},
}
