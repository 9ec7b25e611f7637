"""pods/log: which container, which run, which lines; and a log that is followed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backends.fake.messages import Stream
from backends.fake.programs import Line
from tests.unit.backends.fake.door import PODS, Door, pod

LOG = f"{PODS}/p/log"


@pytest.fixture
def running() -> Door:
    """A pod with one container that has logged three lines, two seconds apart."""
    door = Door(controllers=True)
    door.made(PODS, pod())
    door.cluster.settle()
    door.cluster.programs.log([Line("one", 0), Line("two", 2), Line("three", 4)], pod="p")
    door.clock.advance(5)
    return door


def refused(door: Door, target: str) -> tuple[int, str]:
    answer = door.get(target)
    return answer.code, answer.body["message"]


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ("", ["one", "two", "three"]),
        ("?container=c", ["one", "two", "three"]),
        ("?tailLines=2", ["two", "three"]),
        ("?tailLines=0", []),
        ("?sinceSeconds=3", ["three"]),
        ("?tailLines=1&sinceSeconds=100", ["three"]),
        ("?sinceTime=2020-01-01T00:00:00Z&pretty=true", ["one", "two", "three"]),
        ("?follow=false", ["one", "two", "three"]),
    ],
)
def test_the_lines_that_are_asked_for(running: Door, query: str, lines: list[str]) -> None:
    answer = running.get(LOG + query)
    assert (answer.code, answer.headers["Content-Type"]) == (200, "text/plain")
    assert answer.body.decode().splitlines() == lines


def test_a_limit_cuts_in_the_middle_of_a_line_and_stamps_count(running: Door) -> None:
    assert running.get(f"{LOG}?limitBytes=6").body == b"one\ntw"
    started = running.get(f"{PODS}/p").body["status"]["containerStatuses"][0]["state"]["running"]["startedAt"]
    assert running.get(f"{LOG}?timestamps=true&tailLines=3&limitBytes=35").body.decode() == (
        f"{started.removesuffix('Z')}.000000000Z one\n"
    )


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("container=x", 400, "container x is not valid for pod p"),
        ("previous=true", 400, 'previous terminated container "c" in pod "p" not found'),
        ("tailLines=few", 400, 'strconv.ParseInt: parsing "few": invalid syntax'),
        ("sinceTime=yesterday", 400, 'cannot parse "yesterday"'),
        ("colour=red", 400, "unknown query parameter of a log: colour"),
        (
            "tailLines=-1&limitBytes=0", 422,
            'PodLogOptions "p" is invalid: [tailLines: Invalid value: -1: must be greater than or equal to 0,',
        ),
        ("sinceSeconds=0", 422, "sinceSeconds: Invalid value: 0: must be greater than 0"),
        ("sinceSeconds=1&sinceTime=2020-01-01T00:00:00Z", 422, "at most one of `sinceTime` or `sinceSeconds`"),
        ("stream=Stdout", 422, "stream: Forbidden: may not be specified"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(running: Door, query: str, code: int, message: str) -> None:
    found = refused(running, f"{LOG}?{query}")
    assert found[0] == code
    assert message in found[1]


def test_of_several_containers_one_must_be_named_init_ones_and_sidecars_too(door: Door) -> None:
    containers = [{"name": "a", "image": "i"}, {"name": "b", "image": "i"}]
    spec = {"containers": containers, "initContainers": [{"name": "first", "image": "i"}]}
    door.made(PODS, {**pod(), "spec": spec})
    assert refused(door, LOG) == (
        400,
        "a container name must be specified for pod p, choose one of: [first a b]",
    )
    assert door.get(f"{LOG}?container=first").code == 200


def test_a_container_that_has_not_started_says_what_it_waits_for() -> None:
    door = Door()
    door.made("/api/v1/nodes", {"metadata": {"name": "n"}})
    door.made(PODS, pod(node="n"))
    assert refused(door, LOG) == (400, 'container "c" in pod "p" is not available')
    for reason, said in (
        ("ContainerCreating", ": ContainerCreating"),
        ("ErrImagePull", ": image can't be pulled"),
        ("ImagePullBackOff", ": trying and failing to pull image"),
        (None, " - no logs yet"),
    ):
        waiting: dict[str, Any] = {"reason": reason} if reason else {}
        one = {
            "name": "c",
            "image": "i",
            "imageID": "",
            "ready": False,
            "restartCount": 0,
            "state": {"waiting": waiting},
        }
        assert door.patch(f"{PODS}/p/status", {"status": {"containerStatuses": [one]}}).code == 200
        assert refused(door, LOG) == (400, f'container "c" in pod "p" is waiting to start{said}')


def test_each_run_of_a_container_has_a_log_of_its_own() -> None:
    door = Door(controllers=True)
    door.cluster.programs.log([Line("start"), Line("never", 1000)])
    door.made(PODS, pod(annotations={"kubelet.kubeactions.test/exit-after-s": "10"}))
    door.clock.advance(15)
    assert door.get(f"{PODS}/p").body["status"]["containerStatuses"][0]["restartCount"] == 1
    assert door.get(LOG).body == b"start\n"
    assert door.get(f"{LOG}?previous=true").body == b"start\n"


def followed(door: Door, query: str = "") -> Stream:
    stream = door.send("GET", f"{LOG}?follow=true{query}").stream
    assert stream is not None
    return stream


def passed(door: Door, stream: Stream, seconds: float) -> bytes:
    door.clock.advance(seconds)
    door.cluster.catch_up()
    stream.tick(door.clock.monotonic(), 0)
    return b"".join(stream.take())


def test_a_log_is_followed_as_it_is_written_until_its_container_ends(running: Door) -> None:
    running.cluster.programs.log([Line("old"), Line("new", 8), Line("late", 3600)], pod="p")
    stream = followed(running)
    assert passed(running, stream, 0) == b"old\n"
    assert stream.next_due() <= running.clock.monotonic() + 1
    assert passed(running, stream, 4) == b"new\n"
    running.cluster.programs.say("said", running.clock.wall() + timedelta(seconds=1), pod="p")
    assert passed(running, stream, 2) == b"said\n"
    told: list[bool] = []
    stream.on_change(lambda: told.append(True))
    running.delete(f"{PODS}/p?gracePeriodSeconds=0")
    assert told
    assert (passed(running, stream, 0), stream.closed) == (b"", True)


def test_a_followed_log_ends_at_its_limit(running: Door) -> None:
    stream = followed(running, "&limitBytes=5&tailLines=1")
    assert (passed(running, stream, 0), stream.closed) == (b"three", True)


def test_the_official_client_reads_and_follows_logs() -> None:
    from kubernetes.client import CoreV1Api

    from backends.clock import SimulatedClock
    from backends.fake import FakeBackend

    backend = FakeBackend(SimulatedClock())
    api = CoreV1Api(backend.client())
    api.create_namespaced_pod("default", pod())
    backend.cluster.settle()
    backend.cluster.programs.log([Line("one"), Line("two", 30)])
    assert api.read_namespaced_pod_log("p", "default") == "one\n"
    response = api.read_namespaced_pod_log("p", "default", follow=True, _preload_content=False)
    pieces = response.stream()
    assert [next(pieces), next(pieces)] == [b"one\n", b"two\n"]
    response.close()
