"""A small HTTP server for the kubelet and Prometheus: /livez, /readyz, /metrics, or whatever routes it is given.

`kubeactions run` starts one when an address is set. It runs in a thread of its own on asyncio, so that no client can
hold it up: a connection has `DEADLINE_S` for everything, reading and writing together, a request may be
`MAX_REQUEST_BYTES` long, and of too many connections the oldest goes. It serves GET and HEAD, one request a connection,
without TLS, authentication or a body to read; it knows nothing of what its routes say.

https://kubernetes.io/docs/reference/using-api/health-checks/ has the paths and their answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from kubeactions.errors import SettingsError

log = logging.getLogger("kubeactions.health")

DEADLINE_S = 5.0
"""For one connection, from its first byte to its last."""
MAX_REQUEST_BYTES = 8192
MAX_CONNECTIONS = 64
BACKLOG = 1024
"""Connections that the kernel may hold until they are let in."""
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a route says."""

    status: int
    body: bytes
    content_type: str = TEXT


Route = Callable[[Mapping[str, str]], Answer]
"""Takes the request's headers by lower-case name. Must not block: every client waits meanwhile."""


def verdict(why_not: str) -> Answer:
    """200 "ok", or 503 with the reason."""
    if not why_not:
        return Answer(HTTPStatus.OK, b"ok\n")
    return Answer(HTTPStatus.SERVICE_UNAVAILABLE, f"{why_not}\n".encode(errors="replace"))


class HealthServer:
    """Serves `routes` (path -> Route) on `host` ("" is every address) and `port` (0: any that is free).

    It listens once it is made; `start` begins to answer. Raises `SettingsError` when the address cannot be had.
    """

    def __init__(self, host: str, port: int, routes: Mapping[str, Route]) -> None:
        self._routes = dict(routes)
        self._socket = _listen(host, port)
        self.port = int(self._socket.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="health", daemon=True)
        self._clients: dict[asyncio.Task[None], None] = {}

    def start(self) -> None:
        """Answer from now on, in a thread of its own."""
        self._thread.start()

    def close(self) -> None:
        """Stop answering; connections that are open are cut. Returns when the thread has ended."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(DEADLINE_S)
        else:
            self._loop.close()
            self._socket.close()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._answer_all())
        finally:
            self._loop.close()

    async def _answer_all(self) -> None:
        server = await asyncio.start_server(self._take, sock=self._socket, limit=MAX_REQUEST_BYTES, backlog=BACKLOG)
        await self._stop.wait()
        self._loop.remove_reader(self._socket)  # Let nobody in; who is half in must be all in before `server.close()`,
        while others := asyncio.all_tasks() - {asyncio.current_task()}:  # or Python 3.11 forgets about them.
            for client in tuple(self._clients):
                client.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        server.close()
        await asyncio.sleep(0)  # Transports are closed one turn of the loop after they were told.

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end; whoever waits longest gives way to the newest."""
        me = asyncio.current_task()
        assert me is not None, "asyncio calls this in a task"
        if self._stop.is_set():
            writer.transport.abort()
            return
        if len(self._clients) >= MAX_CONNECTIONS:
            next(iter(self._clients)).cancel()
        self._clients[me] = None
        try:
            async with asyncio.timeout(DEADLINE_S):
                await self._serve(reader, writer)
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            log.debug("a client went away, or was too slow")
        finally:
            self._clients.pop(me, None)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.LimitOverrunError:
            answer, method = Answer(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, b"the request is too long\n"), "GET"
        else:
            method = head.partition(" ")[0]
            answer = self._answer(head)
        writer.write(_bytes_of(answer, with_body=method != "HEAD"))
        await writer.drain()
        writer.write_eof()
        while await reader.read(MAX_REQUEST_BYTES):  # Its end of the connection: closing earlier could cut the answer.
            pass

    def _answer(self, head: str) -> Answer:
        lines = head.split("\r\n")
        words = lines[0].split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return Answer(HTTPStatus.BAD_REQUEST, b"this is no HTTP/1 request\n")
        if words[0] not in ("GET", "HEAD"):
            return Answer(HTTPStatus.METHOD_NOT_ALLOWED, b"only GET and HEAD are served\n")
        route = self._routes.get(words[1].partition("?")[0])
        if route is None:
            return Answer(HTTPStatus.NOT_FOUND, f"there are {', '.join(self._routes)}\n".encode())
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
        }
        try:
            return route(headers)
        except Exception:  # A bug in one route is its answer; the other routes must go on.
            log.exception("%s cannot be answered", words[1])
            return Answer(HTTPStatus.INTERNAL_SERVER_ERROR, b"an error of ours; the log has it\n")


def _bytes_of(answer: Answer, *, with_body: bool) -> bytes:
    status = HTTPStatus(answer.status)
    allow = "Allow: GET, HEAD\r\n" if status is HTTPStatus.METHOD_NOT_ALLOWED else ""
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {answer.content_type}\r\n{allow}"
        f"Content-Length: {len(answer.body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    return head.encode("latin-1") + (answer.body if with_body else b"")


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket; on every address it takes IPv4 and IPv6 where the machine has both."""
    try:
        if not host and socket.has_dualstack_ipv6():
            with contextlib.suppress(OSError):  # A kernel with IPv6 switched off at run time: IPv4 then.
                return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise SettingsError(f"kubeactions.listen: cannot listen on {host}:{port}: {error.strerror}") from error
