"""Under the official client, in process."""

from __future__ import annotations

import functools
import itertools
import threading
from collections.abc import Iterator

import orjson
import pytest

from backends.base import BackendError
from backends.clock import SystemClock
from backends.fake import Cluster, FakeBackend
from backends.fake.authentication import read_token_table
from backends.fake.transport import InProcessResponse, InProcessTransport
from tests.unit.backends.fake.door import CM, Door, config_map

HOST = "http://fake.invalid"


@pytest.fixture
def transport(door: Door) -> InProcessTransport:
    return InProcessTransport(door.cluster, None)


def send(transport: InProcessTransport, method: str, path: str, body: object = None) -> InProcessResponse:
    data = None if body is None else orjson.dumps(body)
    return transport.request(method, HOST + path, body=data, headers={"Content-Type": "application/json"})


def test_the_official_client_creates_reads_and_is_refused(door: Door) -> None:
    from kubernetes.client import CoreV1Api
    from kubernetes.client.exceptions import ApiException

    with FakeBackend(cluster=door.cluster) as backend:
        api = CoreV1Api(backend.client("alice"))
        raw = api.create_namespaced_config_map("default", config_map("a"), _preload_content=False)
        assert orjson.loads(raw.data)["metadata"]["name"] == "a"
        listed = api.list_namespaced_config_map("default", label_selector="x=y", _preload_content=False)
        assert orjson.loads(listed.data)["items"] == []
        with pytest.raises(ApiException) as refused:
            api.read_namespaced_config_map("none", "default")
    assert refused.value.status == 404
    assert orjson.loads(refused.value.body)["reason"] == "NotFound"
    assert door.cluster.audit.find(user="alice", verb="create", name="a")[0].code == 201


def test_the_watch_of_the_official_client_ends_by_itself_under_a_simulated_clock(door: Door) -> None:
    from kubernetes.client import CoreV1Api
    from kubernetes.watch import Watch

    door.made(CM, config_map("a"))
    door.cluster.enqueue("later", 7.0, lambda: door.made(CM, config_map("later")))
    api = CoreV1Api(FakeBackend(cluster=door.cluster).client())
    begin = door.clock.monotonic()
    seen = [
        (event["type"], event["raw_object"]["metadata"]["name"])
        for event in Watch().stream(api.list_namespaced_config_map, "default", timeout_seconds=30)
    ]
    assert seen == [("ADDED", "a"), ("ADDED", "later")]
    assert door.clock.monotonic() - begin == 30


def test_each_event_is_there_as_soon_as_it_happened(transport: InProcessTransport, door: Door) -> None:
    door.made(CM, config_map("a"))
    lines = send(transport, "GET", f"{CM}?watch=1&timeoutSeconds=9").stream()
    assert orjson.loads(next(lines))["object"]["metadata"]["name"] == "a"
    assert door.clock.monotonic() == 1000.0, "no time passed for what was there"


def test_a_closed_watch_takes_nothing_more_from_the_store(transport: InProcessTransport, door: Door) -> None:
    response = send(transport, "GET", f"{CM}?watch=1")
    door.made(CM, config_map("a"))
    assert next(response.stream())
    response.close()
    door.made(CM, config_map("b"))
    assert list(response.stream()) == []


def test_a_watch_that_nobody_began_to_read_can_be_closed(transport: InProcessTransport, door: Door) -> None:
    response = send(transport, "GET", f"{CM}?watch=1")
    response.release_conn()
    door.made(CM, config_map("a"))
    assert list(response.stream()) == []


def test_under_the_system_clock_a_watch_sees_what_is_due_after_the_write_of_another_thread() -> None:
    cluster = Cluster(SystemClock(), controllers=False)
    transport = InProcessTransport(cluster, None)
    lines: Iterator[bytes] = send(transport, "GET", f"{CM}?watch=1&timeoutSeconds=30").stream()
    later = functools.partial(send, transport, "POST", CM, config_map("later"))
    writer = threading.Timer(0.02, cluster.enqueue, ("later", 0.01, later))
    writer.start()
    assert b'"later"' in next(lines)
    writer.join()


def test_under_the_system_clock_a_watch_waits_for_the_write_of_another_thread() -> None:
    cluster = Cluster(SystemClock(), controllers=False)
    transport = InProcessTransport(cluster, None)
    lines: Iterator[bytes] = send(transport, "GET", f"{CM}?watch=1&timeoutSeconds=30").stream()
    writer = threading.Timer(0.02, send, (transport, "POST", CM, config_map("a")))
    writer.start()
    assert b'"ADDED"' in next(lines)
    writer.join()


def test_a_body_can_be_read_in_pieces(transport: InProcessTransport) -> None:
    response = send(transport, "GET", "/version")
    pieces = list(itertools.takewhile(bool, iter(lambda: response.read(10), None)))
    assert b"".join(pieces) == response.data
    assert response.closed


def test_headers_are_found_in_any_case(transport: InProcessTransport) -> None:
    headers = send(transport, "GET", "/version").headers
    assert headers.get("content-type") == headers.get("Content-Type") == "application/json"
    assert headers.get("nothing", "else") == "else"


def test_a_backend_without_a_token_table_is_anybodys(door: Door) -> None:
    assert FakeBackend(cluster=door.cluster).client("whoever") is not None


def test_a_backend_with_a_token_table_knows_its_users_only() -> None:
    door = Door(tokens=read_token_table('t,alice,1,"devs,ops"'))
    backend = FakeBackend(cluster=door.cluster)
    backend.client("alice")
    with pytest.raises(BackendError, match="no user 'mallory'"):
        backend.client("mallory")
