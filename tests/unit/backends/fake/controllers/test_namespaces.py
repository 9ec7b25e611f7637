"""The end of a namespace: its content first, then it; and what holds it is told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.backends.fake.controllers.world import World, condition, workload
from tests.unit.backends.fake.door import config_map

NAMESPACE = "/api/v1/namespaces/x"


@pytest.fixture
def world() -> World:
    world = World()
    world.made("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}})
    world.settle()
    return world


def end(world: World) -> None:
    assert world.delete(NAMESPACE).code == 200


def test_an_empty_namespace_goes(world: World) -> None:
    end(world)
    world.settle()
    assert world.get(NAMESPACE).code == 404
    assert [one for one in world.cluster.dump() if one["metadata"].get("namespace") == "x"] == []


def test_everything_in_it_goes_and_nothing_comes_back(world: World) -> None:
    world.made("/apis/apps/v1/namespaces/x/deployments", workload("Deployment", replicas=2))
    world.made("/apis/apps/v1/namespaces/x/statefulsets", workload("StatefulSet", "db", replicas=2))
    world.settle()
    end(world)
    world.settle()
    assert world.get(NAMESPACE).code == 404
    assert [one for one in world.cluster.dump() if one["metadata"].get("namespace") == "x"] == []


def test_pods_keep_their_grace_period_and_go_before_everything_else(world: World) -> None:
    world.made("/apis/apps/v1/namespaces/x/deployments", workload("Deployment", replicas=1, grace_s=20))
    world.made(f"{NAMESPACE}/configmaps", config_map())
    world.settle()
    end(world)
    world.after(15)
    (pod,) = world.items(f"{NAMESPACE}/pods")
    assert "deletionTimestamp" in pod["metadata"]
    assert world.get(f"{NAMESPACE}/configmaps/a").code == 200
    remaining = condition(world.object(NAMESPACE), "NamespaceContentRemaining")
    assert remaining["status"] == "False", "while there are pods nothing is counted"
    world.after(10)
    assert world.get(NAMESPACE).code == 404


def test_a_finalizer_holds_it_and_the_conditions_say_which(world: World) -> None:
    world.made(f"{NAMESPACE}/configmaps", config_map(finalizers=["example.com/hold"]))
    end(world)
    world.settle()
    found = world.object(NAMESPACE)
    assert found["status"]["phase"] == "Terminating"
    assert [one["type"] for one in found["status"]["conditions"]] == [
        "NamespaceDeletionDiscoveryFailure",
        "NamespaceDeletionGroupVersionParsingFailure",
        "NamespaceDeletionContentFailure",
        "NamespaceContentRemaining",
        "NamespaceFinalizersRemaining",
    ]
    text = "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances"
    assert condition(found, "NamespaceFinalizersRemaining")["message"] == text

    world.patch(f"{NAMESPACE}/configmaps/a", {"metadata": {"finalizers": None}})
    world.settle()
    assert world.get(NAMESPACE).code == 404


def test_its_own_finalizers_hold_it_when_it_is_empty(world: World) -> None:
    world.patch(NAMESPACE, {"metadata": {"finalizers": ["example.com/hold"]}})
    end(world)
    world.settle()
    held = world.object(NAMESPACE)
    assert held["spec"] == {}
    said = [(one["status"], one["reason"]) for one in held["status"]["conditions"]]
    assert said[2:] == [("False", "ContentDeleted"), ("False", "ContentRemoved"), ("False", "ContentHasNoFinalizers")]
    world.patch(NAMESPACE, {"metadata": {"finalizers": None}})
    assert world.get(NAMESPACE).code == 404


def test_another_namespace_is_not_touched(world: World) -> None:
    world.made("/api/v1/namespaces/default/configmaps", config_map())
    end(world)
    world.settle()
    assert world.get("/api/v1/namespaces/default/configmaps/a").code == 200


def test_a_living_namespace_that_changes_loses_nothing(world: World) -> None:
    world.made(f"{NAMESPACE}/configmaps", config_map())
    changed: dict[str, Any] = {"metadata": {"labels": {"team": "a"}}}
    world.patch(NAMESPACE, changed)
    world.settle()
    assert world.get(f"{NAMESPACE}/configmaps/a").code == 200
