"""The scheduler: which node a pod gets, why it gets none, and when it is asked again."""

from __future__ import annotations

from typing import Any

import pytest

from backends.kubelet import node_object
from tests.unit.backends.fake.controllers.world import PODS, World, condition
from tests.unit.backends.fake.door import pod

Obj = dict[str, Any]
NODES = "/api/v1/nodes"


@pytest.fixture
def world() -> World:
    return World()


def add_node(world: World, index: int, *, labels: dict[str, str] | None = None, room: int = 110) -> str:
    node = node_object(index, world.clock.wall())
    node["metadata"]["labels"].update(labels or {})
    node["status"]["allocatable"]["pods"] = str(room)
    world.made(NODES, node)
    world.settle()
    return str(node["metadata"]["name"])


def with_spec(name: str, **spec: Any) -> Obj:
    made = pod(name)
    return {**made, "spec": {**made["spec"], **spec}}


def node_of(world: World, name: str) -> str | None:
    found: str | None = world.object(f"{PODS}/{name}")["spec"].get("nodeName")
    return found


def why(world: World, name: str) -> str:
    text: str = condition(world.object(f"{PODS}/{name}"), "PodScheduled")["message"]
    return text


def none(why: str, preemption: str = "1 Preemption is not helpful for scheduling") -> str:
    """The scheduler's words of a cluster with one node that takes the pod not."""
    available = "0/1 nodes are available"
    return f"{available}: {why}. no new claims to deallocate, preemption: {available}: {preemption}."


def test_pods_are_spread_over_the_nodes(world: World) -> None:
    add_node(world, 2)
    for name in "abcd":
        world.made(PODS, pod(name))
        world.settle()
    assert [node_of(world, name) for name in "abcd"] == ["node-1", "node-2", "node-1", "node-2"]


def test_a_node_selector_is_waited_for(world: World) -> None:
    world.made(PODS, with_spec("p", nodeSelector={"disk": "fast"}))
    world.settle()
    assert why(world, "p") == none("1 node(s) didn't match Pod's node affinity/selector")
    assert add_node(world, 2, labels={"disk": "fast"}) == node_of(world, "p") == "node-2"


def test_a_cordoned_node_gets_no_pod_until_it_is_uncordoned(world: World) -> None:
    world.patch(f"{NODES}/node-1", {"spec": {"unschedulable": True}})
    world.made(PODS, pod())
    world.settle()
    assert why(world, "p") == none("1 node(s) were unschedulable")
    world.patch(f"{NODES}/node-1", {"spec": {"unschedulable": None}})
    world.settle()
    assert node_of(world, "p") == "node-1"


def test_a_taint_keeps_away_who_does_not_tolerate_it(world: World) -> None:
    world.patch(f"{NODES}/node-1", {"spec": {"taints": [{"key": "gpu", "value": "yes", "effect": "NoSchedule"}]}})
    world.made(PODS, pod("plain"))
    world.made(PODS, with_spec("tolerant", tolerations=[{"key": "gpu", "operator": "Exists"}]))
    world.settle()
    assert node_of(world, "plain") is None
    assert why(world, "plain") == none("1 node(s) had untolerated taint {gpu: yes}")
    assert node_of(world, "tolerant") == "node-1"


def test_a_full_node_takes_the_next_pod_when_one_has_gone(world: World) -> None:
    world.patch(f"{NODES}/node-1/status", {"status": {"allocatable": {"pods": "1"}}})
    world.made(PODS, pod("first"))
    world.settle()
    world.made(PODS, pod("second"))
    world.settle()
    assert why(world, "second") == none("1 Too many pods", "1 No preemption victims found for incoming pod")
    world.ask("DELETE", f"{PODS}/first?gracePeriodSeconds=0")
    world.settle()
    assert node_of(world, "second") == "node-1"


def test_a_pod_that_has_ended_takes_no_room(world: World) -> None:
    world.patch(f"{NODES}/node-1/status", {"status": {"allocatable": {"pods": "1"}}})
    world.made(PODS, pod("first"))
    world.settle()
    world.made(PODS, pod("second"))
    world.settle()
    world.patch(f"{PODS}/first/status", {"status": {"phase": "Succeeded"}})
    world.settle()
    assert node_of(world, "second") == "node-1"


def test_a_gated_pod_waits_until_its_last_gate_is_gone(world: World) -> None:
    world.made(PODS, with_spec("p", schedulingGates=[{"name": "example.com/quota"}]))
    world.settle()
    assert node_of(world, "p") is None
    world.patch(f"{PODS}/p", {"spec": {"schedulingGates": []}})
    world.settle()
    assert node_of(world, "p") == "node-1"


def test_a_pod_of_another_scheduler_is_left_alone(world: World) -> None:
    world.made(PODS, with_spec("p", schedulerName="mine"))
    world.settle()
    assert node_of(world, "p") is None


def test_bindings_are_the_schedulers_and_no_other_users(world: World) -> None:
    world.made(PODS, pod())
    world.settle()
    (bound,) = world.cluster.audit.find(subresource="binding")
    assert (bound.user, bound.name, bound.code) == ("system:kube-scheduler", "p", 201)


def test_a_claim_that_is_not_there_is_waited_for(world: World) -> None:
    volume = {"name": "v", "persistentVolumeClaim": {"claimName": "data"}}
    world.made(PODS, with_spec("p", volumes=[volume]))
    world.settle()
    assert why(world, "p") == none('persistentvolumeclaim "data" not found')
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    world.made(f"{PODS.removesuffix('pods')}persistentvolumeclaims", {"metadata": {"name": "data"}, "spec": spec})
    world.settle()
    assert node_of(world, "p") == "node-1"
