"""The server for the kubelet and Prometheus: what it answers, and that no client holds it up."""

from __future__ import annotations

import contextlib
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping

import pytest

from kubeactions import health
from kubeactions.errors import SettingsError
from kubeactions.health import Answer, HealthServer, verdict

pytestmark = pytest.mark.http


def broken(_headers: Mapping[str, str]) -> Answer:
    raise RuntimeError("a bug")


ROUTES: dict[str, Callable[[Mapping[str, str]], Answer]] = {
    "/livez": lambda _headers: verdict(""),
    "/readyz": lambda _headers: verdict("the ledger is closed"),
    "/echo": lambda headers: Answer(200, headers["accept"].encode(), "text/x-test"),
    "/large": lambda _headers: Answer(200, b"x" * 4_000_000),
    "/broken": broken,
}


@pytest.fixture
def server() -> Iterator[HealthServer]:
    found = HealthServer("127.0.0.1", 0, ROUTES)
    found.start()
    yield found
    found.close()


def get(server: HealthServer, path: str, **headers: str) -> tuple[int, bytes, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read(), answer.headers["Content-Type"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers["Content-Type"]


def say(server: HealthServer, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(65536):
                received += piece
        return received


def test_a_route_says_ok_or_why_not(server: HealthServer) -> None:
    assert get(server, "/livez") == (200, b"ok\n", "text/plain; charset=utf-8")
    assert get(server, "/readyz?verbose") == (503, b"the ledger is closed\n", "text/plain; charset=utf-8")


def test_a_route_sees_the_headers_and_names_its_content_type(server: HealthServer) -> None:
    assert get(server, "/echo", Accept="a/b") == (200, b"a/b", "text/x-test")


def test_a_large_answer_arrives_whole(server: HealthServer) -> None:
    assert len(get(server, "/large")[1]) == 4_000_000


def test_another_path_is_told_which_there_are(server: HealthServer) -> None:
    status, body, _ = get(server, "/nope")
    assert (status, body.startswith(b"there are /livez, ")) == (404, True)


def test_a_bug_in_a_route_is_its_answer(server: HealthServer) -> None:
    assert get(server, "/broken")[0] == 500
    assert get(server, "/livez")[0] == 200


@pytest.mark.parametrize(
    ("request_bytes", "start"),
    [
        (b"POST /livez HTTP/1.1\r\n\r\n", b"HTTP/1.1 405 Method Not Allowed\r\n"),
        (b"HEAD /livez HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n"),
        (b"nonsense\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n"),
        (b"\xff\x00 / HTTP/1.1\r\n\r\n", b"HTTP/1.1 405 "),
        (b"GET /livez HTTP/1.1\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", b"HTTP/1.1 431 "),
        (b"GET /livez HTTP/1.1\r\nHost: x\r\n", b""),
        (b"", b""),
    ],
)
def test_whatever_is_sent_gets_an_answer_or_a_closed_connection(
    server: HealthServer, request_bytes: bytes, start: bytes
) -> None:
    received = say(server, request_bytes)
    assert received.startswith(start)
    assert (received == b"") == (start == b"")
    assert get(server, "/livez")[0] == 200


def test_head_has_no_body(server: HealthServer) -> None:
    assert say(server, b"HEAD /livez HTTP/1.1\r\n\r\n").endswith(b"\r\n\r\n")


def test_a_crowd_that_says_nothing_does_not_keep_the_kubelet_out(server: HealthServer) -> None:
    with contextlib.ExitStack() as crowd:
        for _ in range(3 * health.MAX_CONNECTIONS):
            connection = crowd.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=5))
            connection.sendall(b"GET /livez HTTP/1.1\r\n")
        assert get(server, "/livez")[0] == 200


def test_a_client_that_drips_is_cut_off_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "DEADLINE_S", 0.2)
    server = HealthServer("127.0.0.1", 0, ROUTES)
    server.start()
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
            connection.sendall(b"GET /livez HTTP/1.1\r\n")
            assert connection.recv(100) == b""
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
            connection.sendall(b"GET /large HTTP/1.1\r\n\r\n")
            assert connection.recv(10) == b"HTTP/1.1 2"  # It takes ten bytes and no more: nobody waits for it.
            assert get(server, "/livez")[0] == 200
    finally:
        server.close()


def test_it_ends_while_clients_are_connected() -> None:
    server = HealthServer("127.0.0.1", 0, ROUTES)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(b"GET")
        server.close()
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(100) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)


def test_an_address_that_cannot_be_had_is_one_clear_line(server: HealthServer) -> None:
    with pytest.raises(SettingsError, match=r"cannot listen on 127.0.0.1:\d+: Address already in use"):
        HealthServer("127.0.0.1", server.port, ROUTES)
    with pytest.raises(SettingsError, match=r"cannot listen on 192.0.2.1:0: "):
        HealthServer("192.0.2.1", 0, ROUTES)


def test_no_host_means_every_address() -> None:
    server = HealthServer("", 0, ROUTES)
    server.start()
    try:
        assert get(server, "/livez")[0] == 200
    finally:
        server.close()
