"""Ten thousand connections at once, and what they do wrong: the server answers, and nothing of them stays."""

from __future__ import annotations

import os
import resource
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.conformance.served import Served, serve

pytestmark = [pytest.mark.slow, pytest.mark.http]

CONNECTIONS = 10_000
FILES = CONNECTIONS + 500
"""Open files that each of the two processes needs."""
PATIENCE_S = 120.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < FILES:
        pytest.skip(f"this machine allows {hard} open files, and {FILES} are needed (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, FILES), hard))
    try:
        with serve(tmp_path) as running:
            yield running
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def version(server: Served) -> int:
    with urllib.request.urlopen(f"{server.url}/version", timeout=PATIENCE_S) as answer:
        return int(answer.status)


def files(server: Served) -> int:
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def eventually(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < limit, "it does not come true"
        time.sleep(0.1)


def test_it_answers_among_ten_thousand_connections_and_forgets_them(server: Served) -> None:
    at = urlsplit(server.url)
    assert at.hostname is not None
    version(server)
    before = files(server)
    beginnings = (
        b"",
        b"GET /version HTT",
        b"POST /api/v1/namespaces HTTP/1.1\r\nContent-Length: 9\r\n\r\n{",
        b"\x16\x03\x01\x00",
    )
    with ExitStack() as open_ones:
        for number in range(CONNECTIONS):
            connection = socket.create_connection((at.hostname, at.port or 80), timeout=PATIENCE_S)
            open_ones.callback(connection.close)
            if begin := beginnings[number % len(beginnings)]:
                connection.sendall(begin)
        assert version(server) == 200
    eventually(lambda: files(server) <= before + 5)
    assert version(server) == 200
