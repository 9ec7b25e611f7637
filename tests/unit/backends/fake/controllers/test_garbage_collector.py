"""The garbage collector: what has lost its owners goes, in the background, in the foreground, or is let go."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.backends.fake.controllers.world import World
from tests.unit.backends.fake.door import CM, config_map

Obj = dict[str, Any]
HOLD = "example.com/hold"


@pytest.fixture
def world() -> World:
    return World()


def reference(owner: Obj, **more: Any) -> Obj:
    metadata = owner["metadata"]
    return {"apiVersion": "v1", "kind": "ConfigMap", "name": metadata["name"], "uid": metadata["uid"], **more}


def made(world: World, name: str, *owners: Obj, block: bool = False, hold: bool = False) -> Obj:
    metadata: Obj = {}
    if owners:
        metadata["ownerReferences"] = [reference(owner, blockOwnerDeletion=block) for owner in owners]
    if hold:
        metadata["finalizers"] = [HOLD]
    found: Obj = world.made(CM, config_map(name, **metadata))
    return found


def delete(world: World, name: str, policy: str) -> None:
    assert world.ask("DELETE", f"{CM}/{name}?propagationPolicy={policy}").code in (200, 202)
    world.settle()


def names(world: World) -> list[str]:
    return [one["metadata"]["name"] for one in world.items(CM) if one["metadata"]["name"] != "kube-root-ca.crt"]


def owners_of(world: World, name: str) -> list[str]:
    return [one["name"] for one in world.object(f"{CM}/{name}")["metadata"].get("ownerReferences", [])]


def release(world: World, name: str) -> None:
    world.patch(f"{CM}/{name}", {"metadata": {"finalizers": None}})
    world.settle()


def test_in_the_background_the_owner_goes_first_and_the_whole_family_follows(world: World) -> None:
    child = made(world, "child", made(world, "owner"))
    made(world, "grandchild", child)
    assert world.ask("DELETE", f"{CM}/owner?propagationPolicy=Background").code == 200
    assert names(world) == ["child", "grandchild"]
    world.settle()
    assert names(world) == []


def test_in_the_foreground_the_owner_waits_for_what_blocks_it(world: World) -> None:
    made(world, "child", made(world, "owner"), block=True, hold=True)
    delete(world, "owner", "Foreground")
    assert world.object(f"{CM}/owner")["metadata"]["finalizers"] == ["foregroundDeletion"]
    assert "deletionTimestamp" in world.object(f"{CM}/child")["metadata"]
    release(world, "child")
    assert names(world) == []


def test_in_the_foreground_what_does_not_block_is_not_waited_for(world: World) -> None:
    made(world, "child", made(world, "owner"), hold=True)
    delete(world, "owner", "Foreground")
    assert names(world) == ["child"]


def test_the_foreground_reaches_the_grandchildren_first(world: World) -> None:
    child = made(world, "child", made(world, "owner"), block=True)
    made(world, "grandchild", child, block=True, hold=True)
    delete(world, "owner", "Foreground")
    assert names(world) == ["child", "grandchild", "owner"]
    assert world.object(f"{CM}/child")["metadata"]["finalizers"] == ["foregroundDeletion"]
    release(world, "grandchild")
    assert names(world) == []


def test_an_orphan_loses_its_owner_and_lives(world: World) -> None:
    made(world, "child", made(world, "owner"))
    delete(world, "owner", "Orphan")
    assert names(world) == ["child"]
    assert owners_of(world, "child") == []


def test_one_living_owner_is_enough_and_the_other_is_forgotten(world: World) -> None:
    first, second = made(world, "first"), made(world, "second")
    made(world, "child", first, second)
    delete(world, "first", "Background")
    assert owners_of(world, "child") == ["second"]
    delete(world, "second", "Background")
    assert names(world) == []


def test_an_owner_in_the_foreground_does_not_wait_for_what_another_owner_keeps(world: World) -> None:
    first, second = made(world, "first"), made(world, "second")
    made(world, "child", first, second, block=True)
    delete(world, "first", "Foreground")
    assert names(world) == ["child", "second"]
    assert owners_of(world, "child") == ["second"]


def test_an_owner_that_waits_goes_when_its_dependent_disowns_it(world: World) -> None:
    made(world, "child", made(world, "owner"), block=True, hold=True)
    delete(world, "owner", "Foreground")
    world.patch(f"{CM}/child", {"metadata": {"ownerReferences": None}})
    world.settle()
    assert names(world) == ["child"]


def test_an_owner_that_never_was_takes_its_dependent_along(world: World) -> None:
    made(world, "child", {"metadata": {"name": "ghost", "uid": "22222222-0000-4000-8000-000000000001"}})
    world.settle()
    assert names(world) == []


def test_another_object_of_the_owners_name_is_not_the_owner(world: World) -> None:
    owner = made(world, "owner")
    world.delete(f"{CM}/owner")
    made(world, "owner")
    made(world, "child", owner)
    world.settle()
    assert names(world) == ["owner"]


def test_an_owner_of_a_kind_that_is_not_served_is_left_alone(world: World) -> None:
    unknown = {"apiVersion": "example.com/v1", "kind": "Widget", "name": "w", "uid": "u"}
    world.made(CM, config_map("child", ownerReferences=[unknown]))
    world.settle()
    assert names(world) == ["child"]


def test_a_cluster_scoped_object_cannot_be_owned_by_a_namespaced_one(world: World) -> None:
    """Its reference cannot be resolved, so it is never collected (since Kubernetes 1.20)."""
    node = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "n", "ownerReferences": [reference(made(world, "o"))]},
    }
    world.made("/api/v1/nodes", node)
    delete(world, "o", "Background")
    assert world.get("/api/v1/nodes/n").code == 200


def test_two_that_own_each_other_do_not_keep_each_other_from_going(world: World) -> None:
    first = made(world, "first")
    second = made(world, "second", first, block=True)
    world.patch(f"{CM}/first", {"metadata": {"ownerReferences": [reference(second, blockOwnerDeletion=True)]}})
    delete(world, "first", "Foreground")
    assert names(world) == []
