"""The cluster: how time passes in it, and that it is data."""

from __future__ import annotations

import functools
import threading

import pytest

from backends.clock import SimulatedClock, SystemClock
from backends.fake.cluster import Cluster
from tests.unit.backends.fake.door import CM, PODS, Door, config_map, pod


def test_a_cluster_begins_with_its_own_namespaces_and_service(door: Door) -> None:
    found = [item["metadata"]["name"] for item in door.get("/api/v1/namespaces").body["items"]]
    assert found == ["default", "kube-node-lease", "kube-public", "kube-system"]
    service = door.get("/api/v1/namespaces/default/services/kubernetes").body
    assert service["spec"]["clusterIP"] == "10.96.0.1"


def test_a_cluster_started_before_anybody_looked(door: Door) -> None:
    created = door.get("/api/v1/namespaces/default").body["metadata"]["creationTimestamp"]
    assert created == "2025-12-31T23:59:50Z"
    assert door.made(CM, config_map())["metadata"]["creationTimestamp"] == "2026-01-01T00:00:00Z"


def test_steps_run_in_due_order_each_at_its_own_time(door: Door) -> None:
    seen: list[tuple[str, float]] = []
    time = door.cluster.time

    def step(name: str) -> None:
        seen.append((name, round(time.monotonic() - begin, 3)))
        if name == "first":
            door.cluster.enqueue("third", 0.5, lambda: step("third"))

    begin = door.clock.monotonic()
    door.cluster.enqueue("second", 2.0, lambda: step("second"))
    door.cluster.enqueue("first", 1.0, lambda: step("first"))
    door.clock.advance(10)
    door.get(CM)
    assert seen == [("first", 1.0), ("third", 1.5), ("second", 2.0)]


def test_what_a_step_creates_carries_the_time_of_the_step(door: Door) -> None:
    door.cluster.enqueue("make", 3.0, lambda: door.made(CM, config_map()))
    door.clock.advance(60)
    assert door.get(f"{CM}/a").body["metadata"]["creationTimestamp"] == "2026-01-01T00:00:03Z"


def test_nothing_happens_before_it_is_due(door: Door) -> None:
    door.cluster.enqueue("make", 3.0, lambda: door.made(CM, config_map()))
    door.clock.advance(2.9)
    assert door.get(f"{CM}/a").code == 404


def test_settling_follows_what_is_due_soon_and_leaves_the_rest(door: Door) -> None:
    ran: list[int] = []

    def step(number: int) -> None:
        ran.append(number)
        if number < 3:
            door.cluster.enqueue("again", 5.0, lambda: step(number + 1))

    door.cluster.enqueue("again", 5.0, lambda: step(1))
    door.cluster.enqueue("nightly", 86_400.0, lambda: ran.append(99))
    assert door.cluster.settle() == 15.0
    assert ran == [1, 2, 3]


def test_what_never_settles_is_said(door: Door) -> None:
    def step() -> None:
        door.cluster.enqueue("loop", 1.0, step)

    step()
    with pytest.raises(RuntimeError, match="does not settle"):
        door.cluster.settle(limit_s=60)


def test_settling_needs_a_clock_that_can_be_moved() -> None:
    with pytest.raises(TypeError, match="simulated"):
        Cluster(SystemClock(), controllers=False).settle()


def test_one_seed_gives_one_history() -> None:
    def history(seed: int) -> list[object]:
        door = Door(seed=seed)
        door.made(CM, {"metadata": {"generateName": "x-"}})
        door.made(PODS, pod())
        return list(door.cluster.dump())

    assert history(1) == history(1)
    assert history(1) != history(2)


def test_two_clusters_share_nothing(door: Door) -> None:
    other = Door()
    door.made(CM, config_map())
    assert other.get(f"{CM}/a").code == 404
    assert other.cluster.audit.find(verb="create", resource="configmaps") == []


def test_a_dump_loaded_elsewhere_is_the_same_cluster(door: Door) -> None:
    uid = door.made(CM, config_map())["metadata"]["uid"]
    other = Door()
    other.cluster.load(door.cluster.dump())
    assert other.get(f"{CM}/a").body["metadata"]["uid"] == uid
    assert {obj["metadata"]["uid"] for obj in other.cluster.dump()} == {
        obj["metadata"]["uid"] for obj in door.cluster.dump()
    }


def test_loading_what_is_not_served_is_refused(door: Door) -> None:
    with pytest.raises(KeyError):
        door.cluster.load([{"apiVersion": "x/v1", "kind": "Nothing", "metadata": {"name": "n"}}])


def test_threads_may_write_at_once() -> None:
    door = Door()

    def write(prefix: str) -> None:
        for number in range(50):
            door.made(CM, config_map(f"{prefix}-{number}"))

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    items = door.get(CM).body["items"]
    versions = {item["metadata"]["resourceVersion"] for item in items}
    assert len(items) == len(versions) == 200


def test_the_clocks_of_two_clusters_may_be_one() -> None:
    clock = SimulatedClock()
    clusters = [Cluster(clock, controllers=False) for _ in range(2)]
    ran: list[int] = []
    for number, cluster in enumerate(clusters):
        cluster.enqueue("k", 1.0, functools.partial(ran.append, number))
    clock.advance(1.0)
    for cluster in clusters:
        cluster.catch_up()
    assert ran == [0, 1]
