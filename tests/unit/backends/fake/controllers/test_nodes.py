"""Around nodes: taints that follow conditions, and pods whose node is gone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.backends.fake.controllers.world import PODS, World
from tests.unit.backends.fake.door import STRATEGIC, pod

NODE = "/api/v1/nodes/node-1"


@pytest.fixture
def world() -> World:
    return World()


def taints(world: World) -> list[str]:
    found: list[dict[str, Any]] = world.object(NODE)["spec"].get("taints") or []
    return [f"{one['key'].removeprefix('node.kubernetes.io/')}:{one['effect']}" for one in found]


def report(world: World, kind: str, status: str) -> None:
    condition = {"type": kind, "status": status}
    assert world.patch(f"{NODE}/status", {"status": {"conditions": [condition]}}, STRATEGIC).code == 200
    world.settle()


def test_a_node_that_reports_ready_has_no_taints(world: World) -> None:
    world.settle()
    assert taints(world) == []


@pytest.mark.parametrize(
    ("kind", "status", "taint"),
    [
        ("Ready", "False", "not-ready"),
        ("Ready", "Unknown", "unreachable"),
        ("MemoryPressure", "True", "memory-pressure"),
        ("DiskPressure", "True", "disk-pressure"),
        ("PIDPressure", "True", "pid-pressure"),
        ("NetworkUnavailable", "True", "network-unavailable"),
    ],
)
def test_a_condition_becomes_a_taint_and_goes_with_it(world: World, kind: str, status: str, taint: str) -> None:
    report(world, kind, status)
    leave = [f"{taint}:NoExecute"] if kind == "Ready" else []
    assert taints(world) == [f"{taint}:NoSchedule", *leave]
    report(world, kind, "True" if kind == "Ready" else "False")
    assert taints(world) == []


def test_a_cordon_is_a_taint_too_and_leaves_those_of_others_alone(world: World) -> None:
    mine = {"key": "gpu", "value": "yes", "effect": "NoExecute"}
    world.patch(NODE, {"spec": {"unschedulable": True, "taints": [mine]}})
    world.settle()
    assert taints(world) == ["gpu:NoExecute", "unschedulable:NoSchedule"]
    world.patch(NODE, {"spec": {"unschedulable": None}})
    world.settle()
    assert taints(world) == ["gpu:NoExecute"]


def test_pods_of_a_node_that_is_gone_go_after_a_while(world: World) -> None:
    world.made(PODS, pod())
    world.settle()
    world.delete(NODE)
    world.after(35)
    assert world.get(f"{PODS}/p").code == 200
    world.after(10)
    assert world.get(f"{PODS}/p").code == 404


def test_a_node_that_comes_back_in_time_keeps_its_pods(world: World) -> None:
    world.made(PODS, pod())
    world.settle()
    node = world.object(NODE)
    world.delete(NODE)
    world.after(35)
    node["metadata"].pop("resourceVersion")
    world.made("/api/v1/nodes", node)
    world.after(60)
    assert world.get(f"{PODS}/p").code == 200
