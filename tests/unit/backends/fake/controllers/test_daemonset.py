"""DaemonSets: one pod on each node that wants it, and how a new template reaches them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from backends.fake.controllers import daemon_pods
from backends.fake.controllers.client import Delete
from backends.fake.controllers.daemonset import decide
from backends.kubelet import node_object
from tests.unit.backends.fake.controllers.world import APPS, PODS, World, workload

Obj = dict[str, Any]
DAEMON_SET = f"{APPS}/daemonsets/agent"
NODES = "/api/v1/nodes"
QUOTAS = "/api/v1/namespaces/default/resourcequotas"
HASH = "controller-revision-hash"


@pytest.fixture
def world() -> World:
    """Three nodes."""
    world = World()
    add_node(world, 2)
    add_node(world, 3)
    return world


def add_node(world: World, index: int, **labels: str) -> None:
    node = node_object(index, world.clock.wall())
    node["metadata"]["labels"].update(labels)
    world.made(NODES, node)
    world.settle()


def agents(**spec: Any) -> Obj:
    return workload("DaemonSet", "agent", **spec)


def places(world: World) -> list[str]:
    return sorted(pod["spec"].get("nodeName", "") for pod in world.living())


def digests(world: World) -> dict[str, str]:
    return {pod["spec"]["nodeName"]: pod["metadata"]["labels"][HASH] for pod in world.living()}


def test_there_is_one_pod_on_each_node_and_the_status_counts_them(world: World) -> None:
    world.run("daemonsets", agents())
    assert places(world) == ["node-1", "node-2", "node-3"]
    assert world.object(DAEMON_SET)["status"] == {
        "currentNumberScheduled": 3, "desiredNumberScheduled": 3, "numberAvailable": 3, "numberMisscheduled": 0,
        "numberReady": 3, "observedGeneration": 1, "updatedNumberScheduled": 3,
    }  # fmt: skip


def test_a_node_that_appears_gets_one_and_one_that_goes_loses_it(world: World) -> None:
    world.run("daemonsets", agents())
    add_node(world, 4)
    assert places(world) == ["node-1", "node-2", "node-3", "node-4"]
    world.delete(f"{NODES}/node-4")
    world.after(120)
    assert places(world) == ["node-1", "node-2", "node-3"]


def test_only_nodes_that_fit_get_one_and_a_label_decides_at_any_time(world: World) -> None:
    body = agents()
    body["spec"]["template"]["spec"]["nodeSelector"] = {"disk": "fast"}
    world.run("daemonsets", body)
    assert places(world) == []
    world.patch(f"{NODES}/node-2", {"metadata": {"labels": {"disk": "fast"}}})
    world.settle()
    assert places(world) == ["node-2"]
    world.patch(f"{NODES}/node-2", {"metadata": {"labels": {"disk": None}}})
    world.settle()
    assert places(world) == []


def test_a_cordon_does_not_matter_but_a_taint_does(world: World) -> None:
    world.patch(f"{NODES}/node-1", {"spec": {"unschedulable": True}})
    world.patch(f"{NODES}/node-2", {"spec": {"taints": [{"key": "gpu", "effect": "NoSchedule"}]}})
    world.run("daemonsets", agents())
    assert places(world) == ["node-1", "node-3"]


def test_a_taint_that_comes_later_keeps_pods_or_drives_them_away(world: World) -> None:
    world.run("daemonsets", agents())
    world.patch(f"{NODES}/node-1", {"spec": {"taints": [{"key": "gpu", "effect": "NoSchedule"}]}})
    world.patch(f"{NODES}/node-2", {"spec": {"taints": [{"key": "gpu", "effect": "NoExecute"}]}})
    world.settle()
    assert places(world) == ["node-1", "node-3"]
    status = world.object(DAEMON_SET)["status"]
    assert (status["desiredNumberScheduled"], status["numberMisscheduled"]) == (1, 1)
    world.patch(f"{NODES}/node-2", {"spec": {"taints": None}})
    world.settle()
    assert places(world) == ["node-1", "node-2", "node-3"]


def test_pods_become_available_with_time_alone(world: World) -> None:
    world.run("daemonsets", agents(minReadySeconds=45))
    world.after(30)
    assert world.object(DAEMON_SET)["status"]["numberUnavailable"] == 3
    world.after(20)
    assert world.object(DAEMON_SET)["status"]["numberAvailable"] == 3


def test_a_pod_that_has_ended_and_is_held_by_a_finalizer_keeps_no_place(world: World) -> None:
    body = agents()
    body["spec"]["template"]["metadata"]["finalizers"] = ["example.com/hold"]
    world.run("daemonsets", body)
    world.delete(f"{PODS}/{world.pods()[0]['metadata']['name']}")
    world.settle()
    assert (len(world.pods()), places(world)) == (4, ["node-1", "node-2", "node-3"])


def test_a_pod_for_a_node_that_is_not_there_goes_unless_it_was_bound() -> None:
    body = agents()
    body["metadata"] |= {"namespace": "default", "uid": "d"}
    unbound = daemon_pods.pod_for(body, "gone", "x")
    bound = {**unbound, "metadata": {"name": "bound"}, "spec": {**unbound["spec"], "nodeName": "gone"}}
    unbound["metadata"]["name"] = "unbound"
    plan = decide(body, [], [bound, unbound], [], datetime(2026, 1, 1, tzinfo=UTC), lambda _node: 0.0)
    assert [write.obj["metadata"]["name"] for write in plan.writes if isinstance(write, Delete)] == ["unbound"]


def test_an_update_replaces_one_pod_after_the_other(world: World) -> None:
    world.run("daemonsets", agents())
    old = set(digests(world).values())
    world.restart("daemonsets", "agent", "1")
    for _ in range(200):
        world.after(0.1)
        ready = [pod for pod in world.living() if pod["status"]["phase"] == "Running"]
        assert len(ready) >= 2
    assert not old & set(digests(world).values())
    assert world.object(DAEMON_SET)["status"]["updatedNumberScheduled"] == 3


def test_a_surge_has_the_new_pod_ready_before_the_old_one_goes(world: World) -> None:
    surge = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    world.run("daemonsets", agents(updateStrategy=surge))
    old = set(digests(world).values())
    world.restart("daemonsets", "agent", "1")
    for _ in range(200):
        world.after(0.1)
        ready = {pod["spec"]["nodeName"] for pod in world.living() if pod["status"]["phase"] == "Running"}
        assert len(ready) == 3
        assert len(world.living()) <= 4
    assert not old & set(digests(world).values())


def test_on_delete_replaces_only_what_somebody_deletes(world: World) -> None:
    world.run("daemonsets", agents(updateStrategy={"type": "OnDelete"}))
    before = digests(world)
    world.restart("daemonsets", "agent", "1")
    world.settle()
    assert digests(world) == before
    (name,) = [pod["metadata"]["name"] for pod in world.pods() if pod["spec"]["nodeName"] == "node-2"]
    world.delete(f"{PODS}/{name}")
    world.settle()
    changed = [node for node, digest in digests(world).items() if digest != before[node]]
    assert changed == ["node-2"]


def test_a_template_that_comes_back_brings_its_revision_forward(world: World) -> None:
    world.run("daemonsets", agents())
    (first,) = set(digests(world).values())
    world.restart("daemonsets", "agent", "1")
    world.settle()
    world.change("daemonsets", "agent", template={"metadata": {"annotations": None}})
    world.settle()
    numbers = {one["metadata"]["labels"][HASH]: one["revision"] for one in world.items(f"{APPS}/controllerrevisions")}
    assert numbers[first] == 3
    assert len(numbers) == 2
    assert set(digests(world).values()) == {first}


def test_revisions_beyond_the_limit_go(world: World) -> None:
    world.run("daemonsets", agents(revisionHistoryLimit=1))
    for mark in ("1", "2", "3"):
        world.restart("daemonsets", "agent", mark)
        world.settle()
    assert sorted(one["revision"] for one in world.items(f"{APPS}/controllerrevisions")) == [3, 4]


def test_a_revision_that_a_pod_is_of_stays(world: World) -> None:
    world.run("daemonsets", agents(updateStrategy={"type": "OnDelete"}, revisionHistoryLimit=0))
    for mark in ("1", "2"):
        world.restart("daemonsets", "agent", mark)
        world.settle()
    assert sorted(one["revision"] for one in world.items(f"{APPS}/controllerrevisions")) == [1, 3]


def test_a_pod_that_failed_is_replaced_ever_later(world: World) -> None:
    world.run("daemonsets", agents())

    def fail() -> None:
        (pod,) = [one for one in world.living() if one["spec"]["nodeName"] == "node-1"]
        world.patch(f"{PODS}/{pod['metadata']['name']}/status", {"status": {"phase": "Failed"}})

    def failed() -> bool:
        return any(one["status"]["phase"] == "Failed" for one in world.pods())

    fail()
    world.after(0.5)
    assert not failed(), "the first time at once"
    world.after(3)
    fail()
    world.after(0.5)
    assert not failed(), "3 s later: the wait of 1 s is over"
    world.after(0.5)
    fail()
    world.after(0.5)
    assert failed(), "1 s later: the wait is 2 s by now"
    world.after(1)
    assert not failed()


def test_deleting_it_takes_its_pods_along(world: World) -> None:
    world.run("daemonsets", agents())
    world.delete(DAEMON_SET)
    world.settle()
    assert world.pods() == []
    assert world.items(f"{APPS}/controllerrevisions") == []


def test_a_daemon_set_whose_pods_are_refused_says_how_many_it_wants(world: World) -> None:
    world.made(QUOTAS, {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}})
    world.settle()
    world.run("daemonsets", agents())
    assert places(world) == []
    assert world.object(DAEMON_SET)["status"] == {
        "currentNumberScheduled": 0, "desiredNumberScheduled": 3, "numberMisscheduled": 0, "numberReady": 0,
        "numberUnavailable": 3, "observedGeneration": 1,
    }  # fmt: skip
