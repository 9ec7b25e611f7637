"""A cluster twice: forks go their own way, snapshots bring a cluster back."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import orjson
import pytest
from kubernetes.client import CoreV1Api

from backends.clock import SimulatedClock, SystemClock
from backends.fake import FakeBackend, forking
from backends.fake.authentication import ADMINISTRATOR
from backends.fake.cluster import Cluster
from backends.fake.messages import Request
from backends.sharing import SharedDict
from tests.unit.backends.fake.door import CM, DEPLOYMENTS, MERGE, POD_SPEC, PODS, config_map, deployment, pod
from tests.unit.backends.fake.reachable import changeable, is_frozen


class One:
    """Requests to a cluster, as a client of its own."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def send(self, method: str, path: str, body: object = None, media: str = "application/json") -> None:
        sent = b"" if body is None else orjson.dumps(body)
        self.cluster.handle(Request(method, path, {"content-type": media}, sent, ADMINISTRATOR))

    def everything(self) -> str:
        """All that a client or a test can see of it."""
        audit = [repr(event) for event in self.cluster.audit]
        return "\n".join(map(repr, self.cluster.dump())) + "\n".join(audit)


def prepared(**options: Any) -> One:
    """A cluster in the middle of a rollout."""
    made = One(Cluster(SimulatedClock(), **options))
    made.send("POST", DEPLOYMENTS, deployment(replicas=3))
    made.send("POST", CM, config_map())
    return made


@pytest.mark.parametrize("authorization", ["always-allow", "rbac"])
def test_a_fork_in_the_middle_of_a_rollout_ends_as_the_original_does(authorization: str) -> None:
    original = prepared(authorization=authorization, seed=7)
    fork = One(original.cluster.fork())
    assert original.everything() == fork.everything()
    fork.cluster.settle()
    assert fork.everything() != original.everything()
    original.cluster.settle()
    assert fork.everything() == original.everything()
    assert fork.cluster.store.count("", "pods") == 3


def _play(one: One, dice: random.Random, steps: int) -> None:
    """Requests by lot, the same ones for the same dice."""
    names = [f"n{number}" for number in range(6)]
    for _ in range(steps):
        name, verb = dice.choice(names), dice.choice("cccpdmsw")
        if verb == "c":
            place, body = dice.choice([(CM, config_map), (PODS, pod)])
            one.send("POST", place, body(name))
        elif verb == "p":
            one.send("PATCH", f"{CM}/{name}", {"data": {"k": str(dice.randrange(9))}}, MERGE)
        elif verb == "d":
            one.send("DELETE", f"{dice.choice([CM, PODS])}/{name}")
        elif verb == "m":
            one.send("PATCH", f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": dice.randrange(4)}}, MERGE)
        elif verb == "s":
            one.cluster.settle()
        else:
            one.cluster.clock.sleep(dice.randrange(3))


@pytest.mark.parametrize("seed", range(2))
def test_forks_of_forks_are_as_good_as_clusters_of_their_own(seed: int) -> None:
    common, alone = prepared(seed=seed), prepared(seed=seed)
    for one in (common, alone):
        _play(one, random.Random(seed), 25)
    forks = [One(common.cluster.fork()) for _ in range(2)]
    forks.append(One(forks[1].cluster.fork()))
    for number, fork in enumerate(forks):  # interleaved: what one writes, none of the others sees
        _play(fork, random.Random(100 + number), 10)
    _play(common, random.Random(50), 25)
    for number, fork in enumerate(forks):
        _play(fork, random.Random(200 + number), 15)
    _play(alone, random.Random(50), 25)
    assert common.everything() == alone.everything()
    for number, fork in enumerate(forks):
        again = prepared(seed=seed)
        _play(again, random.Random(seed), 25)
        _play(again, random.Random(100 + number), 10)
        _play(again, random.Random(200 + number), 15)
        assert fork.everything() == again.everything()


@pytest.mark.parametrize("authorization", ["always-allow", "rbac"])
def test_two_clusters_share_nothing_that_changes(authorization: str) -> None:
    one, other = (prepared(authorization=authorization).cluster for _ in range(2))
    mine, theirs = changeable(one), changeable(other)
    assert [mine[at] for at in mine.keys() & theirs.keys() if not is_frozen(mine[at])] == []


@pytest.mark.parametrize("authorization", ["always-allow", "rbac"])
def test_a_fork_shares_what_is_stored_until_somebody_writes_and_nothing_else(authorization: str) -> None:
    original = prepared(authorization=authorization).cluster
    original.settle()
    fork = original.fork()
    stored: dict[int, object] = {}
    for collection in original.store._collections.values():
        stored |= changeable(collection.buckets) | changeable(collection.events)
    stored |= changeable(original.store._dependents.keys) | changeable(original.audit._records)
    mine, theirs = changeable(original), changeable(fork)
    stored |= {id(one._items): one for one in mine.values() if isinstance(one, SharedDict)}
    shared = [mine[at] for at in mine.keys() & theirs.keys() - stored.keys() if not is_frozen(mine[at])]
    assert [one for one in shared if one != set()] == []  # the empty set that stands for "nothing copied yet"


def test_each_history_has_its_own_changes_alone() -> None:
    original = prepared()
    begin = original.cluster.store.revision
    fork = One(original.cluster.fork())
    original.send("POST", CM, config_map("ours"))
    fork.send("POST", CM, config_map("mine"))
    for one, name in ((original, "ours"), (fork, "mine")):
        assert [event.key.name for event in one.cluster.store.since("", "configmaps", begin)] == [name]


def test_what_a_fork_copies_does_not_grow_with_workloads_and_pods(monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[int] = []

    def counted(copy: Callable[[forking.Fork, Any], Any], fork: forking.Fork, held: Any) -> Any:
        copied.append(len(held))
        return copy(fork, held)

    for kind in (dict, list, set, deque, Counter):
        monkeypatch.setitem(forking._COPIERS, kind, partial(counted, forking._COPIERS[kind]))
    sizes = set()
    for count in (2, 6):
        one = prepared()
        for number in range(count):
            one.send("POST", DEPLOYMENTS, deployment(f"d{number}", replicas=count))
            one.send("POST", PODS, {**pod(f"p{number}"), "spec": {**POD_SPEC, "nodeSelector": {"no": "node"}}})
        one.cluster.settle()
        copied.clear()
        one.cluster.fork()
        sizes.add(sum(copied))
    assert len(sizes) == 1, sizes


def test_a_fork_costs_less_than_a_millisecond() -> None:
    original = prepared()
    for number in range(300):
        original.send("POST", CM, config_map(f"c{number}"))
    original.cluster.settle()
    took = []
    for _ in range(20):
        begin = time.perf_counter()
        original.cluster.fork()
        took.append(time.perf_counter() - begin)
    assert min(took) < 0.001


def test_the_time_of_a_fork_is_its_own() -> None:
    original = prepared()
    fork = original.cluster.fork()
    fork.clock.sleep(60)
    assert fork.clock.wall() - original.cluster.clock.wall() == timedelta(seconds=60)
    given = SimulatedClock()
    assert original.cluster.fork(given).clock is given
    machine = Cluster(SystemClock())
    assert machine.fork().clock is machine.clock


class OwnClock:
    """A clock that somebody else has made."""

    def __init__(self) -> None:
        self.inner = SimulatedClock()

    def wall(self) -> datetime:
        return self.inner.wall()

    def monotonic(self) -> float:
        return self.inner.monotonic()

    def sleep(self, seconds: float, stop: threading.Event | None = None) -> None:
        self.inner.sleep(seconds, stop)


def test_a_clock_that_cannot_be_copied_has_to_be_given() -> None:
    cluster = Cluster(OwnClock())
    with pytest.raises(TypeError, match="a OwnClock cannot be copied"):
        cluster.fork()
    assert cluster.fork(SimulatedClock()).dump() == cluster.dump()


def test_a_closure_that_waits_cannot_be_forked() -> None:
    cluster = Cluster(SimulatedClock())
    held: list[int] = []
    cluster.enqueue("mine", 1.0, lambda: held.append(1))
    with pytest.raises(TypeError, match=r"closure .*use a method or a partial"):
        cluster.fork()


def test_a_restored_cluster_is_what_it_was_for_its_old_clients() -> None:
    original = prepared()
    original.cluster.settle()
    client = CoreV1Api(FakeBackend(cluster=original.cluster).client())
    before, at = original.everything(), original.cluster.clock.wall()
    snapshot = original.cluster.snapshot()
    for _ in range(2):
        client.delete_namespaced_config_map(config_map()["metadata"]["name"], "default")
        original.cluster.clock.sleep(600)
        original.cluster.settle()
        assert original.everything() != before
        original.cluster.restore(snapshot)
        assert original.everything() == before
        assert original.cluster.clock.wall() == at
        assert client.read_namespaced_config_map(config_map()["metadata"]["name"], "default").data
        original.cluster.restore(snapshot)
    assert One(snapshot.fork()).everything() == before


def test_a_restore_ends_the_watches() -> None:
    original = prepared()
    snapshot = original.cluster.snapshot()
    answer = original.cluster.handle(Request("GET", f"{CM}?watch=true&resourceVersion={snapshot.revision}", {}, b""))
    assert answer.stream is not None
    assert not answer.stream.closed
    original.cluster.restore(snapshot)
    assert answer.stream.closed


def test_under_the_machines_clock_what_was_due_is_due_as_much_later() -> None:
    class Hand(SystemClock):
        at = 50.0

        def monotonic(self) -> float:
            return self.at

    clock = Hand()
    cluster = Cluster(clock)
    clock.at = 100.0
    assert cluster.next_due() is None
    One(cluster).send("POST", PODS, pod())
    due = cluster.next_due()
    assert due is not None
    snapshot = cluster.snapshot()
    clock.at = 700.0
    cluster.catch_up()
    cluster.restore(snapshot)
    assert cluster.next_due() == due + 600.0
    clock.at += 60.0
    cluster.catch_up()
    assert any(one["kind"] == "Pod" and one["status"]["phase"] == "Running" for one in cluster.dump())
