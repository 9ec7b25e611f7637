"""Whose objects are whose: owned, adopted, released, left alone."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.controllers.claims import Claims
from backends.fake.controllers.client import Client
from backends.fake.controllers.kinds import PODS, REPLICA_SETS
from backends.fake.events import Source
from backends.fake.selectors import labels_of
from tests.unit.backends.fake.controllers.world import APPS, workload
from tests.unit.backends.fake.controllers.world import PODS as POD_PATH
from tests.unit.backends.fake.door import Door, pod

Obj = dict[str, Any]
WEB = labels_of({"matchLabels": {"app": "web"}})


@pytest.fixture
def owner(door: Door) -> Obj:
    """A ReplicaSet that nobody acts for: the claims are the test's own."""
    made: Obj = door.made(f"{APPS}/replicasets", workload("ReplicaSet", replicas=0))
    return made


def claims(door: Door) -> Claims:
    client = Client(
        door.cluster.store, door.cluster.server.handle, "system:test", door.cluster.recorder, Source("test")
    )
    return Claims(client, REPLICA_SETS, PODS)


def names(found: list[Obj]) -> list[str]:
    return [one["metadata"]["name"] for one in found]


def reference(owner: Obj, **more: Any) -> Obj:
    uid = owner["metadata"]["uid"]
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": uid, "controller": True, **more}


def test_what_matches_and_has_no_controller_is_adopted(door: Door, owner: Obj) -> None:
    door.made(POD_PATH, pod("b", labels={"app": "web"}))
    door.made(POD_PATH, pod("a", labels={"app": "web"}))
    door.made(POD_PATH, pod("other", labels={"app": "db"}))
    assert names(claims(door).claim(owner, WEB)) == ["a", "b"]
    (held,) = door.get(f"{POD_PATH}/a").body["metadata"]["ownerReferences"]
    assert held == reference(owner, blockOwnerDeletion=True)
    assert "ownerReferences" not in door.get(f"{POD_PATH}/other").body["metadata"]


def test_what_no_longer_matches_is_released_and_keeps_its_other_owners(door: Door, owner: Obj) -> None:
    friend = {"apiVersion": "v1", "kind": "ConfigMap", "name": "friend", "uid": "friend-uid"}
    door.made(POD_PATH, pod("a", labels={"app": "db"}, ownerReferences=[reference(owner), friend]))
    assert claims(door).claim(owner, WEB) == []
    assert door.get(f"{POD_PATH}/a").body["metadata"]["ownerReferences"] == [friend]


def test_what_another_controller_has_is_left_alone(door: Door, owner: Obj) -> None:
    foreign = reference(owner, uid="another-uid", name="another")
    door.made(POD_PATH, pod("a", labels={"app": "web"}, ownerReferences=[foreign]))
    assert claims(door).claim(owner, WEB) == []
    assert door.get(f"{POD_PATH}/a").body["metadata"]["ownerReferences"] == [foreign]


def test_an_owner_that_does_not_control_keeps_nobody_from_adopting(door: Door, owner: Obj) -> None:
    friend = {"apiVersion": "v1", "kind": "ConfigMap", "name": "friend", "uid": "friend-uid"}
    references = [reference(owner, controller=False), friend]
    door.made(POD_PATH, pod("a", labels={"app": "web"}, ownerReferences=references))
    assert names(claims(door).claim(owner, WEB)) == ["a"]
    held = door.get(f"{POD_PATH}/a").body["metadata"]["ownerReferences"]
    assert held == [friend, reference(owner, blockOwnerDeletion=True)]


def test_an_owner_that_is_being_deleted_neither_adopts_nor_releases(door: Door, owner: Obj) -> None:
    door.made(POD_PATH, pod("mine", labels={"app": "web"}, ownerReferences=[reference(owner)]))
    door.made(POD_PATH, pod("was-mine", labels={"app": "db"}, ownerReferences=[reference(owner)]))
    door.made(POD_PATH, pod("orphan", labels={"app": "web"}))
    owner["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    before = door.cluster.store.revision
    assert names(claims(door).claim(owner, WEB)) == ["mine"]
    assert door.cluster.store.revision == before, "nothing was written"


def test_what_is_not_adoptable_stays_an_orphan(door: Door, owner: Obj) -> None:
    door.made(POD_PATH, pod("a", labels={"app": "web"}))
    assert claims(door).claim(owner, WEB, lambda _: False) == []


def test_another_namespace_is_another_world(door: Door, owner: Obj) -> None:
    door.made("/api/v1/namespaces/kube-system/pods", pod("a", labels={"app": "web"}))
    assert claims(door).claim(owner, WEB) == []


def test_without_a_selector_nothing_is_adopted(door: Door, owner: Obj) -> None:
    door.made(POD_PATH, pod("a", labels={"app": "web"}))
    assert claims(door).claim(owner, None) == []
