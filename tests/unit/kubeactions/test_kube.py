"""The one door: one request a call, a deadline for all of it, errors by what the caller does next."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from kubernetes.client import ApiClient, Configuration

from backends.clock import SimulatedClock
from backends.fake import Cluster, FakeBackend
from backends.faults import Answer, Delay, Faults, LoseAnswer, Match, install
from kubeactions.clock import SystemClock
from kubeactions.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    TooLarge,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from kubeactions.kube import Kube, path_of

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"


class Door:
    def __init__(self) -> None:
        self.clock = SimulatedClock()
        self.backend = FakeBackend(cluster=Cluster(self.clock, controllers=False))
        self.faults = Faults(self.clock)
        self.client = self.backend.client("alice")
        install(self.client, self.faults, "alice")
        self.kube = Kube(self.client, self.clock, 5.0)


@pytest.fixture
def door() -> Door:
    return Door()


def configmap(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def test_an_object_goes_through_its_whole_life(door: Door) -> None:
    made = door.kube.create(CONFIGMAPS, configmap("a", x="1"))
    assert door.kube.get(f"{CONFIGMAPS}/a")["data"] == {"x": "1"}
    door.kube.patch(f"{CONFIGMAPS}/a", [{"op": "add", "path": "/data/y", "value": "2"}])
    door.kube.patch(f"{CONFIGMAPS}/a", {"data": {"x": None}}, type="merge")
    found = door.kube.get(f"{CONFIGMAPS}/a")
    assert found["data"] == {"y": "2"}
    door.kube.replace(f"{CONFIGMAPS}/a", {**found, "data": {"z": "3"}})
    door.kube.delete(f"{CONFIGMAPS}/a", uid=made["metadata"]["uid"])
    with pytest.raises(NotFound):
        door.kube.get(f"{CONFIGMAPS}/a")


def test_a_dry_run_changes_nothing(door: Door) -> None:
    door.kube.create(CONFIGMAPS, configmap("a"), dry_run=True)
    with pytest.raises(NotFound):
        door.kube.get(f"{CONFIGMAPS}/a")


def test_a_deletion_with_the_wrong_uid_is_a_conflict(door: Door) -> None:
    door.kube.create(CONFIGMAPS, configmap("a"))
    with pytest.raises(Conflict):
        door.kube.delete(f"{CONFIGMAPS}/a", uid="another")


def test_a_long_list_is_read_page_by_page(door: Door) -> None:
    for index in range(7):
        door.kube.create(CONFIGMAPS, configmap(f"c{index}"))
    found = door.kube.list(CONFIGMAPS, limit=3)
    assert [one["metadata"]["name"] for one in found["items"]] == [f"c{index}" for index in range(7)]
    assert "continue" not in found["metadata"]


def test_requests_are_attributed(door: Door) -> None:
    door.kube.attributed("abcdefghijklmnop").create(CONFIGMAPS, configmap("a"))
    (event,) = door.backend.cluster.audit.find(resource="configmaps", name="a")
    assert event.audit_id == "abcdefghijklmnop"
    assert "fieldManager=kubeactions" in event.target


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, BadRequest),
        (401, Unauthorized),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (410, Gone),
        (422, Invalid),
        (429, TooManyRequests),
        (500, Unavailable),
        (503, Unavailable),
        (504, Unavailable),
    ],
)
def test_each_status_is_the_error_that_its_caller_acts_on(door: Door, status: int, error: type[Exception]) -> None:
    door.faults.add(Answer(status, "because", retry_after_s=7), Match(verb="get"))
    with pytest.raises(error, match="because") as raised:
        door.kube.get(f"{CONFIGMAPS}/a")
    assert type(raised.value) is error
    assert getattr(raised.value, "retry_after_s", 7) == 7


def test_a_lost_answer_is_doubt(door: Door) -> None:
    door.faults.add(LoseAnswer(), Match(verb="create"))
    with pytest.raises(Unavailable) as raised:
        door.kube.create(CONFIGMAPS, configmap("a"))
    assert not isinstance(raised.value, Unreachable)
    assert door.kube.get(f"{CONFIGMAPS}/a")


def test_an_answer_that_comes_after_the_deadline_did_not_come(door: Door) -> None:
    door.faults.add(Delay(4.9), Match(verb="get"), times=1)
    assert door.kube.get("/api/v1/namespaces/default")
    door.faults.add(Delay(5.1), Match(verb="get"))
    with pytest.raises(Unavailable):
        door.kube.get("/api/v1/namespaces/default")


def test_an_answer_longer_than_allowed_is_not_kept(door: Door) -> None:
    door.kube.create(CONFIGMAPS, configmap("a", x="x" * 5000))
    with pytest.raises(TooLarge):
        door.kube.get(f"{CONFIGMAPS}/a", max_bytes=4000)


@pytest.mark.parametrize(
    "call",
    [
        lambda kube: kube.create(CONFIGMAPS, b"{}"),
        lambda kube: kube.replace(CONFIGMAPS, "{}"),
        lambda kube: kube.patch(CONFIGMAPS, {"a": 1}),
        lambda kube: kube.patch(CONFIGMAPS, [], type="merge"),
    ],
    ids=["bytes", "text", "an object as a JSON patch", "a list as a merge patch"],
)
def test_a_body_that_the_client_would_mangle_is_refused(door: Door, call: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError):
        call(door.kube)


def test_an_unknown_patch_type_is_refused(door: Door) -> None:
    with pytest.raises(ValueError, match="apply"):
        door.kube.patch(CONFIGMAPS, {}, type="apply")


def test_a_programming_error_below_is_not_taken_for_the_network(door: Door) -> None:
    class Broken:
        def strike(self, exchange: Any) -> Any:
            raise ZeroDivisionError

    door.faults.add(Broken(), Match(verb="get"))
    with pytest.raises(ZeroDivisionError):
        door.kube.get("/api/v1/namespaces/default")


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({"plural": "pods", "namespace": "a", "name": "b"}, "/api/v1/namespaces/a/pods/b"),
        ({"plural": "nodes", "name": "b", "subresource": "status"}, "/api/v1/nodes/b/status"),
        (
            {"plural": "pods", "namespace": "../kube-system", "name": "x/y"},
            "/api/v1/namespaces/..%2Fkube-system/pods/x%2Fy",
        ),
    ],
)
def test_no_name_leaves_its_place_in_a_path(arguments: dict[str, str], path: str) -> None:
    assert path_of("v1", **arguments) == path


def test_a_group_has_its_own_root() -> None:
    assert path_of("apps/v1", "deployments", namespace="a") == "/apis/apps/v1/namespaces/a/deployments"


def test_a_deadline_is_positive() -> None:
    clock = SimulatedClock()
    with pytest.raises(ValueError, match="deadline_s"):
        Kube(FakeBackend(cluster=Cluster(clock, controllers=False)).client(), clock, 0)


# --- over a real socket ---


@contextmanager
def served(answer: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[bytes]]]:
    """A server on loopback that reads each request and lets `answer` write; yields its URL and what it read."""
    listener = socket.create_server(("127.0.0.1", 0))
    heard: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                heard.append(connection.recv(65536))
                try:
                    answer(connection)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", heard
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(2)


def real(url: str, deadline_s: float) -> Kube:
    configuration = Configuration()
    configuration.host = url
    configuration.api_key["authorization"] = "token-1"
    configuration.api_key_prefix["authorization"] = "Bearer"
    return Kube(ApiClient(configuration), SystemClock(), deadline_s)  # retries are left as they are by default


def test_a_body_that_drips_ends_at_the_deadline() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            connection.sendall(b" ")
            time.sleep(0.05)

    with served(drip) as (url, heard):
        before = time.monotonic()
        with pytest.raises(Unavailable):
            real(url, 0.3).get("/api/v1/namespaces/a")
        assert time.monotonic() - before < 0.8
    assert len(heard) == 1


@pytest.mark.parametrize("method", ["get", "delete"])
def test_no_request_is_sent_twice_whatever_the_clients_default_is(method: str) -> None:
    with served(lambda connection: connection.close()) as (url, heard):
        with pytest.raises(Unavailable):
            getattr(real(url, 1.0), method)("/api/v1/namespaces/a")
        assert len(heard) == 1
        assert b"authorization: Bearer token-1" in heard[0].replace(b"Authorization", b"authorization")


def test_a_retry_after_is_not_obeyed_below_the_caller() -> None:
    body = b'{"kind": "Status", "reason": "TooManyRequests", "message": "busy"}'

    def busy(connection: socket.socket) -> None:
        head = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
        connection.sendall(head % len(body) + body)

    with served(busy) as (url, heard):
        with pytest.raises(TooManyRequests) as raised:
            real(url, 1.0).get("/api/v1/namespaces/a")
        assert raised.value.retry_after_s == 1.0
        assert len(heard) == 1


def test_a_connection_that_does_not_come_about_leaves_no_doubt() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(Unreachable) as raised:
        real(f"http://127.0.0.1:{port}", 1.0).get("/api/v1/namespaces/a")
    assert str(raised.value) == f"GET /api/v1/namespaces/a: cannot connect to 127.0.0.1:{port}: connection refused"


def test_a_proxy_that_does_not_let_us_through_leaves_no_doubt() -> None:
    def through(proxy: str) -> str:
        configuration = Configuration()
        configuration.host, configuration.proxy, configuration.no_proxy = "https://far.invalid:6443", proxy, None
        with pytest.raises(Unreachable) as raised:
            Kube(ApiClient(configuration), SystemClock(), 1.0).get("/version")
        return str(raised.value).removeprefix("GET /version: cannot connect to far.invalid:6443 through its proxy: ")

    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert through(f"http://127.0.0.1:{port}") == "connection refused"

    def stranger(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")

    with served(stranger) as (url, _):
        assert through(url) == "Tunnel connection failed: 407 Proxy Authentication Required"


def test_network_errors_are_said_in_words() -> None:
    with pytest.raises(Unreachable, match=r"cannot connect: the host name of nowhere.invalid:1 cannot be resolved$"):
        real("http://nowhere.invalid:1", 1.0).get("/version")
    with served(lambda _connection: None) as (url, _):
        where = url.removeprefix("http://")
        with pytest.raises(Unavailable, match=rf"^GET /version: {where} broke the connection off \("):
            real(url, 1.0).get("/version")
        with pytest.raises(Unavailable, match=rf"^GET /version: TLS with {where} failed: .*SSL"):
            real(url.replace("http:", "https:"), 1.0).get("/version")
    with served(lambda connection: time.sleep(0.3)) as (url, _), pytest.raises(Unavailable, match="did not answer"):
        real(url, 0.1).get("/version")


def test_whoever_observes_is_told_how_each_request_ended(door: Door) -> None:
    told: list[tuple[str, int]] = []
    kube = Kube(
        door.client, door.clock, observer=lambda method, status, _seconds: told.append((method, status))
    ).attributed("x")
    kube.within(1.0).get("/api/v1/namespaces/default")
    with pytest.raises(NotFound):
        kube.get("/api/v1/namespaces/nope")
    door.faults.add(LoseAnswer())
    with pytest.raises(Unavailable):
        kube.create("/api/v1/namespaces", {"metadata": {"name": "a"}})
    assert told == [("GET", 200), ("GET", 404), ("POST", 0)]


def test_an_answer_that_is_no_json_is_doubt() -> None:
    def page(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\n<html>")

    with served(page) as (url, _), pytest.raises(Unavailable, match="no JSON object"):
        real(url, 1.0).get("/api/v1/namespaces/a")


@pytest.mark.parametrize("head", [b"404 Not Found", b"409 Conflict", b"410 Gone", b"422 Unprocessable"])
def test_a_page_of_something_in_between_says_nothing_of_an_object(head: bytes) -> None:
    def page(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 " + head + b"\r\nConnection: close\r\nContent-Length: 6\r\n\r\n<html>")

    with served(page) as (url, _), pytest.raises(Unavailable, match="no Kubernetes API server"):
        real(url, 1.0).delete("/api/v1/namespaces/a", uid="u")
