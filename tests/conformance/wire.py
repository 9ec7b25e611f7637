"""How a case reaches the server under test: over loopback HTTP, or in this process under a simulated clock.

The player asks for the same five things of either: send, watch, now, wall, sleep. A watch is pulled: `pull` hands
over what has arrived and never waits, so that a case runs in one thread and, in process, in no time at all.
"""

from __future__ import annotations

import contextlib
import email.utils
import http.client
import json
import socket
import ssl
import threading
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, Self

from backends.clock import SimulatedClock, SystemClock
from backends.fake.authentication import read_token_table
from backends.fake.cluster import Cluster
from backends.fake.messages import Request, Response
from backends.fake.transport import HOST, InProcessTransport
from tests.conformance.case import TOKEN_FILE, TOKENS, UNKNOWN_TOKEN

ANSWER_LIMIT_S = 60.0
"""How long one answer may take over HTTP before the step counts as unanswered."""


ROUND_TRIP_S = 0.004
"""Simulated: the recorder's requests took about that, and controllers work meanwhile."""


class NoAnswerError(Exception):
    """The connection broke, or nothing came within `ANSWER_LIMIT_S`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as it came: the body still bytes."""

    status: int
    headers: dict[str, str]
    body: bytes

    def document(self) -> Any:
        """The body as JSON; as text where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return self.body.decode("utf-8", "replace")


class OpenWatch(Protocol):
    """A watch that was asked for; it may have been refused."""

    status: int
    headers: dict[str, str]
    error: Any
    """The body, when the server refused; else None."""
    closed: bool
    """Has the server ended the stream (and all of it been pulled)?"""

    def pull(self) -> list[dict[str, Any]]:
        """The events that arrived since the last pull; never waits."""
        ...

    def close(self) -> None:
        """End the watch from the client's side."""
        ...


class Wire(Protocol):
    """A way to one server."""

    def send(
        self, method: str, target: str, user: str = "admin", headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Send one request as `user` and wait for the whole answer. Raises `NoAnswerError`."""
        ...

    def watch(self, target: str, user: str, headers: Mapping[str, str]) -> OpenWatch:
        """Open a watch; returns once the server has answered with a status. Raises `NoAnswerError`."""
        ...

    def now(self) -> float:
        """Monotonic seconds."""
        ...

    def wall(self) -> datetime:
        """The time of day, UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        ...


def request_headers(user: str, headers: Mapping[str, str] | None, tokens: Mapping[str, str]) -> dict[str, str]:
    """The headers of one request: the recorder's own, the user's token, and whatever the step lays over them.

    The user agent matters: the server derives the default field manager, `parity`, from it.
    """
    sent = {"User-Agent": "parity/1", "Accept": "application/json", "Accept-Encoding": "identity"}
    if user != "anonymous":
        sent["Authorization"] = "Bearer " + tokens.get(user, UNKNOWN_TOKEN)
    for name, value in (headers or {}).items():
        replaced = next((known for known in sent if known.lower() == name.lower()), name)
        sent.pop(replaced, None)
        if value is not None:
            sent[name] = value
    return sent


@dataclass(slots=True)
class EventLines:
    """Bytes of a watch in, events out: one JSON document a line, cut wherever the wire cuts."""

    _rest: bytes = b""

    def feed(self, chunk: bytes) -> list[dict[str, Any]]:
        """The events that `chunk` completes."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        return [json.loads(line) for line in lines if line.strip()]


# ---------------------------------------------------------------- in this process


class InProcessWire:
    """Talks to a cluster in this process, whose clock moves only when the case waits."""

    def __init__(self, cluster: Cluster, clock: SimulatedClock) -> None:
        self._cluster, self._clock = cluster, clock
        self._transport = InProcessTransport(cluster, None)

    @classmethod
    def fresh(cls) -> Self:
        """A wire to a new cluster with the cases' users and, as recorded, without scheduler and kubelet."""
        clock = SimulatedClock()
        cluster = Cluster(
            clock, tokens=read_token_table(TOKEN_FILE), authorization="rbac", scheduler=False, kubelet=False
        )
        return cls(cluster, clock)

    def send(
        self, method: str, target: str, user: str = "admin", headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Send one request through the transport that stands under the official client; it takes `ROUND_TRIP_S`."""
        self._clock.sleep(ROUND_TRIP_S)
        sent = request_headers(user, headers, TOKENS)
        response = self._transport.request(method, HOST + target.replace(" ", "%20"), body=body, headers=sent)
        return Answer(response.status, {**response.headers, "Date": self._date()}, response.data)

    def watch(self, target: str, user: str, headers: Mapping[str, str]) -> OpenWatch:
        """Open a watch. It goes to the cluster itself: the transport's would let time pass while it waits."""
        sent = {name.lower(): value for name, value in request_headers(user, headers, TOKENS).items()}
        response = self._cluster.handle(Request("GET", target.replace(" ", "%20"), sent))
        return InProcessWatch(self._cluster, response)

    def now(self) -> float:
        """The simulated clock's seconds."""
        return self._clock.monotonic()

    def wall(self) -> datetime:
        """The simulated time of day."""
        return self._clock.wall()

    def sleep(self, seconds: float) -> None:
        """Move the clock; takes no time."""
        self._clock.sleep(seconds)

    def _date(self) -> str:
        """The Date header, which over HTTP is the HTTP server's business."""
        return email.utils.format_datetime(self._clock.wall(), usegmt=True)


class InProcessWatch:
    """A watch in this process: whoever pulls lets the cluster catch up with the clock first."""

    def __init__(self, cluster: Cluster, response: Response) -> None:
        self.status, self.headers = response.status, response.headers
        self.error: Any = None
        self._cluster, self._stream = cluster, response.stream
        self._lines = EventLines()
        self.closed = self._stream is None
        if self._stream is None:
            self.error = json.loads(response.body)

    def pull(self) -> list[dict[str, Any]]:
        """What happened since the last pull."""
        if self._stream is None:
            return []
        self._cluster.catch_up()
        self._stream.tick(self._cluster.clock.monotonic(), self._cluster.store.revision)
        lines = self._stream.take()
        self.closed = self._stream.closed
        return [event for line in lines for event in self._lines.feed(line)]

    def close(self) -> None:
        """End it from the client's side."""
        if self._stream is not None:
            self._stream.close()


# ---------------------------------------------------------------- over HTTP


class HttpWire:
    """Talks to a server at `url` (`http://host:port`, https with `authority`); a connection for every request."""

    def __init__(self, url: str, tokens: Mapping[str, str] | None = None, authority: Path | None = None) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != ("https" if authority else "http") or not parts.hostname:
            raise ValueError(f"{url}: http://host:port is needed, or https://host:port and whom to trust")
        self._address = (parts.hostname, parts.port or 80)
        self._trust = ssl.create_default_context(cafile=str(authority)) if authority else None
        self._tokens = {**TOKENS, **(tokens or {})}
        self._clock = SystemClock()

    def send(
        self, method: str, target: str, user: str = "admin", headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Send one request and read the whole answer."""
        connection, response = self._open(method, target, user, headers, body)
        with contextlib.closing(connection):
            try:
                return Answer(response.status, dict(response.getheaders()), response.read())
            except (OSError, http.client.HTTPException) as error:
                raise NoAnswerError(f"{type(error).__name__}: {error}") from error

    def watch(self, target: str, user: str, headers: Mapping[str, str]) -> OpenWatch:
        """Open a watch that a thread of its own reads."""
        connection, response = self._open("GET", target, user, headers, b"")
        return HttpWatch(connection, response)

    def now(self) -> float:
        """The machine's monotonic seconds."""
        return self._clock.monotonic()

    def wall(self) -> datetime:
        """The machine's time of day."""
        return self._clock.wall()

    def sleep(self, seconds: float) -> None:
        """Really wait."""
        self._clock.sleep(seconds)

    def _open(
        self, method: str, target: str, user: str, headers: Mapping[str, str] | None, body: bytes
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        connection = (
            http.client.HTTPSConnection(*self._address, timeout=ANSWER_LIMIT_S, context=self._trust)
            if self._trust
            else http.client.HTTPConnection(*self._address, timeout=ANSWER_LIMIT_S)
        )
        try:
            sent = request_headers(user, headers, self._tokens)
            connection.request(method, target.replace(" ", "%20"), body or None, sent)
            return connection, connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise NoAnswerError(f"{type(error).__name__}: {error}") from error


class HttpWatch:
    """A watch over HTTP: a thread reads, `pull` takes what it has read."""

    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = dict(response.getheaders())
        self.error: Any = None
        self.closed = False
        self._socket = connection.sock
        self._connection, self._response = connection, response
        self._arrived: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._reader: threading.Thread | None = None
        if self.status == http.HTTPStatus.OK:
            self._reader = threading.Thread(target=self._read, name="watch", daemon=True)
            self._reader.start()
        else:
            self.error = json.loads(response.read())
            self.closed = True

    def pull(self) -> list[dict[str, Any]]:
        """What arrived since the last pull."""
        ended = self._ended.is_set()
        with self._lock:
            events, self._arrived = self._arrived, []
        self.closed = self.closed or ended
        return events

    def close(self) -> None:
        """Cut the connection and wait for the reader."""
        if self._reader is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._reader.join(5.0)
        self._response.close()
        self._connection.close()

    def _read(self) -> None:
        lines = EventLines()
        # A stream that is cut, by either side, is how a watch ends: not an error of the case.
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            while chunk := self._response.read1(65536):
                events = lines.feed(chunk)
                with self._lock:
                    self._arrived.extend(events)
        self._ended.set()
