"""Who hears of which pod."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.controllers.client import Client
from backends.fake.controllers.kinds import BUDGETS, REPLICA_SETS, STATEFUL_SETS
from backends.fake.controllers.owners import Owners
from backends.fake.events import Source
from backends.fake.store import StoreEvent
from tests.unit.backends.fake.controllers.world import APPS, PODS, workload
from tests.unit.backends.fake.door import Door, pod


class Listener:
    """Owners that hear everything, and the events of pods for the test to ask about."""

    def __init__(self, door: Door) -> None:
        store = door.cluster.store
        handle, recorder = door.cluster.server.handle, door.cluster.recorder
        self.owners = Owners(Client(store, handle, "system:test", recorder, Source("test")))
        self.events: list[StoreEvent] = []
        store.subscribe(self._hear)

    def _hear(self, event: StoreEvent) -> None:
        self.owners.hear(event)
        if event.key.plural == "pods":
            self.events.append(event)

    def interested(self) -> list[tuple[str, str]]:
        """The ReplicaSets that the last event concerns."""
        return list(self.owners.interested(self.events[-1], REPLICA_SETS))


@pytest.fixture
def listener(door: Door) -> Listener:
    return Listener(door)


def owned_pod(door: Door) -> dict[str, Any]:
    owner = door.made(f"{APPS}/replicasets", workload("ReplicaSet", replicas=0))["metadata"]
    reference = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": owner["uid"], "controller": True}
    made: dict[str, Any] = door.made(PODS, pod(labels={"app": "unrelated"}, ownerReferences=[reference]))
    return made


def test_the_owner_hears_of_its_pod_until_it_is_gone(door: Door, listener: Listener) -> None:
    owned_pod(door)
    assert listener.interested() == [("default", "web")]
    door.delete(f"{PODS}/p")
    assert listener.events[-1].type == "DELETED"
    assert listener.interested() == [("default", "web")]


def test_the_owner_hears_that_it_lost_its_pod(door: Door, listener: Listener) -> None:
    owned_pod(door)
    door.patch(f"{PODS}/p", {"metadata": {"ownerReferences": None}})
    assert listener.interested() == [("default", "web")]


def test_of_a_pod_without_an_owner_hears_who_would_adopt_it(door: Door, listener: Listener) -> None:
    door.made(f"{APPS}/replicasets", workload("ReplicaSet", replicas=0))
    door.made(f"{APPS}/replicasets", workload("ReplicaSet", "db", replicas=0))
    door.made(PODS, pod(labels={"app": "web"}))
    assert listener.interested() == [("default", "web")]
    assert list(listener.owners.interested(listener.events[-1], STATEFUL_SETS)) == []


def test_a_deleted_owner_hears_nothing_more(door: Door, listener: Listener) -> None:
    owned_pod(door)
    door.delete(f"{APPS}/replicasets/web?propagationPolicy=Background")
    door.patch(f"{PODS}/p", {"metadata": {"labels": {"x": "y"}}})
    assert listener.interested() == []


def test_another_selector_is_noticed(door: Door, listener: Listener) -> None:
    budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    door.made(
        budgets, {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b"}, "spec": spec}
    )
    assert list(listener.owners.selecting({"app": "web"}, "default", BUDGETS)) == [("default", "b")]
    door.patch(f"{budgets}/b", {"spec": {"selector": {"matchLabels": {"app": "db"}}}})
    assert list(listener.owners.selecting({"app": "web"}, "default", BUDGETS)) == []
