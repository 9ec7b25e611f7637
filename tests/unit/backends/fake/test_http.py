"""The API over a real socket: answers, watches as they happen, and clients that do not behave."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from backends.clock import SimulatedClock
from backends.fake import http as fake_http
from backends.fake.cluster import Cluster
from backends.fake.http import Limits
from backends.fake.messages import Identity, Request
from backends.fake.serving import Listener

pytestmark = pytest.mark.http

CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
PATIENCE_S = 5.0
TIGHT = Limits(head_bytes=2000, head_s=0.1, body_bytes=1000, body_s=0.1, discarded_bytes=2_000_000)


class Door:
    """A listener and ways to talk to it."""

    def __init__(self, cluster: Cluster, limits: Limits | None = None) -> None:
        self.cluster = cluster
        self.listener = Listener(cluster, limits=limits)
        host, port = self.listener.url.removeprefix("http://").split(":")
        self.address = (host, int(port))

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(*self.address, timeout=PATIENCE_S)

    def ask(self, method: str, target: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """One request on a connection of its own; status and JSON."""
        connection = self.connect()
        try:
            data = None if body is None else json.dumps(body).encode()
            connection.request(method, target, data, {"Content-Type": "application/json", **headers})
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def raw(self, *pieces: bytes) -> bytes:
        """Send bytes as they are and read until the server closes."""
        with socket.create_connection(self.address, timeout=PATIENCE_S) as connection:
            for piece in pieces:
                connection.sendall(piece)
            return read_to_end(connection)

    def write(self, name: str) -> None:
        """A ConfigMap, written in this process beside the listener."""
        body = json.dumps(configmap(name)).encode()
        headers = {"content-type": "application/json"}
        assert self.cluster.handle(Request("POST", CONFIGMAPS, headers, body)).status == 201


def read_to_end(connection: socket.socket) -> bytes:
    answer = b""
    while chunk := connection.recv(65536):
        answer += chunk
    return answer


def configmap(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


def until(happened: Callable[[], object]) -> None:
    limit = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < limit, "it has not happened"
        time.sleep(0.005)


@pytest.fixture
def opened() -> Iterator[Callable[..., Door]]:
    """Opens doors and closes them."""
    doors: list[Door] = []

    def open_door(cluster: Cluster | None = None, limits: Limits | None = None) -> Door:
        doors.append(Door(cluster or Cluster(controllers=False), limits))
        return doors[-1]

    yield open_door
    for door in doors:
        door.listener.close()


@pytest.fixture(scope="module")
def shared() -> Iterator[Door]:
    """A door for tests that leave nothing behind."""
    door = Door(Cluster(controllers=False))
    yield door
    door.listener.close()


@pytest.fixture(scope="module")
def tight() -> Iterator[Door]:
    """A door with limits that a test can reach."""
    door = Door(Cluster(controllers=False), TIGHT)
    yield door
    door.listener.close()


@contextlib.contextmanager
def watch(door: Door, query: str = "", path: str = CONFIGMAPS) -> Iterator[http.client.HTTPResponse]:
    """A watch over HTTP; leaving hangs up."""
    connection = door.connect()
    connection.request("GET", f"{path}?watch=1{query}")
    response = connection.getresponse()
    try:
        yield response
    finally:
        response.close()
        connection.close()


def test_an_answer_is_the_clusters_own_with_its_headers(shared: Door) -> None:
    connection = shared.connect()
    connection.request("GET", "/api/v1/namespaces/none", headers={"Audit-ID": "mine"})
    response = connection.getresponse()
    body = json.loads(response.read())
    assert (response.status, body["reason"]) == (404, "NotFound")
    assert response.headers["Audit-Id"] == "mine"
    assert response.headers["Content-Type"] == "application/json"
    connection.request("GET", "/version")  # on the same connection
    assert connection.getresponse().read()
    connection.close()


def test_the_date_is_the_clusters(opened: Callable[..., Door]) -> None:
    connection = opened(Cluster(SimulatedClock())).connect()
    connection.request("GET", "/version")
    response = connection.getresponse()
    response.read()
    assert response.headers["Date"] == "Thu, 01 Jan 2026 00:00:00 GMT"
    connection.close()


def test_the_path_goes_to_the_cluster_as_it_was_written(shared: Door) -> None:
    status, body = shared.ask("GET", f"{CONFIGMAPS}?fieldSelector=metadata.name%3Da%2Bb&limit=5")
    assert (status, body["items"]) == (200, [])
    assert shared.cluster.audit.find()[-1].target.endswith("?fieldSelector=metadata.name%3Da%2Bb&limit=5")


def test_repeated_headers_are_one_list(shared: Door) -> None:
    groups = b"impersonate-group: a\r\nimpersonate-group: b\r\n"
    whoami = b'{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}'
    answer = shared.raw(
        b"POST /apis/authentication.k8s.io/v1/selfsubjectreviews HTTP/1.1\r\nhost: x\r\nimpersonate-user: u\r\n",
        groups,
        b"content-type: application/json\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(whoami), whoami),
    )
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["status"]["userInfo"]["groups"][:2] == ["a", "b"]


@pytest.mark.parametrize(
    ("target", "accepted", "encoding"),
    [
        ("/apis", "deflate, gzip", "gzip"),
        ("/apis", "gzip;q=0.5", None),
        ("/apis", "identity", None),
        ("/version", "gzip", None),
    ],
)
def test_a_long_answer_is_compressed_for_who_reads_gzip(
    shared: Door, monkeypatch: pytest.MonkeyPatch, target: str, accepted: str, encoding: str | None
) -> None:
    monkeypatch.setattr(fake_http, "COMPRESSED_BYTES", 1000)
    connection = shared.connect()
    connection.request("GET", target, headers={"Accept-Encoding": accepted})
    response = connection.getresponse()
    body = response.read()
    assert response.headers["Content-Encoding"] == encoding
    if encoding is not None:
        assert "Accept-Encoding" in response.headers["Vary"]
        body = gzip.decompress(body)
    assert isinstance(json.loads(body), dict)
    connection.close()


def test_bytes_that_are_no_text_go_back_as_they_came(shared: Door) -> None:
    answer = shared.raw(b"GET /version HTTP/1.1\r\nhost: x\r\naudit-id: \xfc\xff\r\nconnection: close\r\n\r\n")
    assert b"\r\naudit-id: \xfc\xff\r\n" in answer


def test_a_warning_that_quotes_control_characters_is_a_legal_header(shared: Door) -> None:
    status, _ = shared.ask("POST", f"{CONFIGMAPS}?fieldValidation=Warn&dryRun=All", {**configmap("w"), "a\nb\x01": 1})
    assert status == 201


def test_tokens_of_the_table_are_asked_for(opened: Callable[..., Door]) -> None:
    door = opened(Cluster(controllers=False, tokens={"t": Identity("alice", "", ("system:authenticated",))}))
    assert door.ask("GET", CONFIGMAPS)[0] == 401
    assert door.ask("GET", CONFIGMAPS, Authorization="Bearer t")[0] == 200


# ---------------------------------------------------------------- watches


def test_a_watch_hears_of_each_change_as_it_happens(opened: Callable[..., Door]) -> None:
    door = opened()
    with watch(door) as response:
        for name in ("a", "b"):
            door.write(name)  # by another thread than the one that sends
            event = json.loads(response.readline())
            assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", name)
        door.ask("DELETE", f"{CONFIGMAPS}/a")
        assert json.loads(response.readline())["type"] == "DELETED"


def test_a_watch_ends_when_its_time_is_over(opened: Callable[..., Door]) -> None:
    begin = time.monotonic()
    with watch(opened(), "&timeoutSeconds=1") as response:
        assert response.read() == b""
    assert 0.9 < time.monotonic() - begin < PATIENCE_S


def test_a_client_that_goes_takes_its_watch_with_it(opened: Callable[..., Door]) -> None:
    door = opened()
    alive: set[object] = set()
    real = door.cluster.store.watch

    def counted(*arguments: Any) -> Callable[[], None]:
        end, mark = real(*arguments), object()
        alive.add(mark)

        def ended() -> None:
            alive.discard(mark)
            end()

        return ended

    door.cluster.store.watch = counted  # type: ignore[method-assign, assignment]  # only counts
    with watch(door):
        assert len(alive) == 1
    until(lambda: not alive)


SERVICE_ACCOUNTS = "/api/v1/serviceaccounts"


def namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def test_controllers_act_without_anybody_asking(opened: Callable[..., Door]) -> None:
    door = opened(Cluster())
    with watch(door, "&fieldSelector=metadata.namespace=new", SERVICE_ACCOUNTS) as response:
        door.ask("POST", "/api/v1/namespaces", namespace("new"))
        assert json.loads(response.readline())["object"]["metadata"]["name"] == "default"


def test_what_is_written_beside_the_listener_wakes_the_controllers_too(opened: Callable[..., Door]) -> None:
    door = opened(Cluster())
    body = json.dumps(namespace("new")).encode()
    with watch(door, "&fieldSelector=metadata.namespace=new", SERVICE_ACCOUNTS) as response:
        door.cluster.handle(Request("POST", "/api/v1/namespaces", {"content-type": "application/json"}, body))
        assert json.loads(response.readline())["object"]["metadata"]["name"] == "default"


def test_a_simulated_clock_is_left_to_its_owner(opened: Callable[..., Door]) -> None:
    clock = SimulatedClock()
    door = opened(Cluster(clock, controllers=False))
    with watch(door, "&timeoutSeconds=30") as response:
        before = clock.monotonic()
        door.write("a")
        assert json.loads(response.readline())["type"] == "ADDED"
        assert clock.monotonic() == before
        clock.advance(31)
        door.write("b")
        assert len(response.read().splitlines()) <= 1


# ---------------------------------------------------------------- clients that do not behave


def big(length: int) -> bytes:
    head = b"POST %s HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % (CONFIGMAPS.encode(), length)


def test_a_body_that_is_too_big_is_refused_with_a_status_that_its_sender_reads(shared: Door) -> None:
    answer = shared.raw(big(10_000_000), *[b" " * 1_000_000] * 10)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nconnection: close\r\n" in answer
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["reason"] == "RequestEntityTooLarge"


def test_of_a_body_without_end_only_so_much_is_read(tight: Door) -> None:
    chunk = b"40000\r\n" + b"x" * 0x40000 + b"\r\n"
    with pytest.raises(ConnectionError):
        tight.raw(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n", *[chunk] * 1000)


def test_a_body_that_does_not_come_is_408(tight: Door) -> None:
    answer = tight.raw(big(10), b"{")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["reason"] == "Timeout"


def test_a_head_that_does_not_come_ends_the_connection(tight: Door) -> None:
    assert tight.raw() == b""
    assert tight.raw(b"GET / HTTP/1.1\r\nhost:") == b""


@pytest.mark.parametrize("pieces", [(b"GET / HT",), (b"", b"GET / HT")], ids=["in one packet", "in two"])
def test_the_second_head_of_a_connection_is_bounded_too(tight: Door, pieces: tuple[bytes, ...]) -> None:
    first = b"GET /version HTTP/1.1\r\nhost: x\r\n\r\n"
    answer = tight.raw(first + pieces[0], *pieces[1:])
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_a_head_that_is_too_long_is_431(tight: Door) -> None:
    assert tight.raw(b"GET / HTTP/1.1\r\nx: " + b"y" * 3000).startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a TLS client
        b"GET /\xff\xfe HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost : x\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nhost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"OPTIONS * HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\r\n",
    ],
)
def test_malformed_http_is_refused_and_nothing_is_said_about_it(
    tight: Door, sent: bytes, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = tight.raw(sent)
    assert answer[9:10] in (b"4", b"2", b"5", b"")
    assert tight.ask("GET", "/version")[0] == 200
    assert (caplog.records, capfd.readouterr()) == ([], ("", ""))


def test_a_client_that_leaves_in_the_middle_of_its_body_does_nothing(
    tight: Door, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection(tight.address) as connection:
        connection.sendall(big(100) + b"{")
    assert tight.ask("GET", "/version")[0] == 200
    assert caplog.records == []
