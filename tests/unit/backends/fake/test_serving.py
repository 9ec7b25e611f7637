"""Where the server listens, how it ends, and what it says when it cannot."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from pathlib import Path

import pytest

import backends
from backends.base import BackendError
from backends.fake import FakeBackend
from backends.fake.cluster import Cluster
from backends.fake.serving import Listener, ServeError, listen, url_of

pytestmark = pytest.mark.http


def test_a_port_that_is_taken_is_one_line() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServeError, match=rf"^cannot listen on 127\.0\.0\.1 port {port}: address already in use"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.7", "a b"])
def test_a_host_that_is_not_ours_is_one_line(host: str) -> None:
    with pytest.raises(ServeError, match=f"^cannot listen on {host} port 0: [^\n]+$"):
        listen(host, 0)


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("host", "found"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]"), ("::", "[::1]")]
)
def test_the_url_is_where_a_client_of_this_machine_finds_it(host: str, found: str) -> None:
    if ":" in host and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    with listen(host, 0) as listening:
        port = listening.getsockname()[1]
        assert url_of(listening) == f"http://{found}:{port}"
        assert url_of(listening, secure=True) == f"https://{found}:{port}"


def test_accepted_connections_say_that_they_are_tcp_so_that_asyncio_sends_without_delay() -> None:
    with listen("127.0.0.1", 0) as listening, socket.create_connection(listening.getsockname()):
        accepted, _ = listening.accept()
        with accepted:
            assert accepted.proto == socket.IPPROTO_TCP


def test_closing_ends_watches_connections_and_the_thread() -> None:
    before = threading.active_count()
    listener = Listener(Cluster(controllers=False))
    host, port = listener.url.removeprefix("http://").split(":")
    idle = socket.create_connection((host, int(port)))
    watching = http.client.HTTPConnection(host, int(port), timeout=5)
    watching.request("GET", "/api/v1/pods?watch=1")
    response = watching.getresponse()
    begin = time.monotonic()
    listener.close()
    assert time.monotonic() - begin < 2.0
    assert response.read() == b""  # ended in order, not cut
    assert idle.recv(1) == b""
    idle.close()
    response.close()
    watching.close()
    assert threading.active_count() == before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)))


def test_a_client_that_does_not_read_does_not_hold_up_the_end() -> None:
    cluster = Cluster(controllers=False)
    big = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "default"}, "data": {"k": "x" * 900_000}}
    cluster.load({**big, "metadata": {"namespace": "default", "name": f"c{n}"}} for n in range(30))
    listener = Listener(cluster)
    host, port = listener.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as stuck:
        stuck.sendall(b"GET /api/v1/configmaps?watch=1 HTTP/1.1\r\nhost: x\r\n\r\n")
        stuck.recv(1)
        begin = time.monotonic()
        listener.close()
        assert time.monotonic() - begin < 4.0


def test_the_backend_opens_its_listener_on_first_use_and_closes_it(tmp_path: Path) -> None:
    before = threading.active_count()
    with FakeBackend() as backend:
        assert threading.active_count() == before
        first = backend.kubeconfig(tmp_path / "one").read_text()
        assert backend.kubeconfig(tmp_path / "two").read_text() == first
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


def test_a_kubeconfig_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with FakeBackend() as backend, pytest.raises(BackendError, match=f"^{tmp_path}: cannot write the kubeconfig: Is a"):
        backend.kubeconfig(tmp_path)


def test_the_official_client_reaches_the_cluster_through_its_kubeconfig(tmp_path: Path) -> None:
    with FakeBackend() as backend, backends.open("live", kubeconfig=backend.kubeconfig(tmp_path / "config")) as live:
        client = live.client()
        answer = client.call_api("GET", f"{client.configuration.host}/api/v1/namespaces/default")
        assert b'"name":"default"' in answer.read()
        client.rest_client.pool_manager.clear()
