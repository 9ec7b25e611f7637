"""Under the official client, in process: what urllib3's pool manager is asked goes to a cluster's `handle`.

`InProcessTransport` stands in `ApiClient.rest_client.pool_manager`. What comes out is a small response of ours, not a
urllib3 one, because that would read a watch to its end before anybody sees its first event. Nothing of the client is
patched, so every byte that it would have sent to a cluster is sent to this one.
"""

from __future__ import annotations

import copy
import email.utils
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from backends.fake.messages import Identity, Request, Response, Stream

if TYPE_CHECKING:
    from backends.fake.cluster import Cluster

HOST = "http://fake.invalid"
"""The host of a client in process: a name that nobody can resolve (RFC 6761)."""
REASONS = {
    200: "OK", 201: "Created", 202: "Accepted", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
    404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable", 409: "Conflict", 410: "Gone",
    413: "Request Entity Too Large", 415: "Unsupported Media Type", 422: "Unprocessable Entity",
    429: "Too Many Requests", 500: "Internal Server Error", 501: "Not Implemented", 503: "Service Unavailable",
    504: "Gateway Timeout",
}  # fmt: skip


class Headers(dict[str, str]):
    """Response headers, found in any case."""

    def get(self, name: str, default: Any = None) -> Any:
        """The header called `name`, whatever its case."""
        if name in self:
            return self[name]
        wanted = name.lower()
        return next((value for key, value in self.items() if key.lower() == wanted), default)


class InProcessResponse:
    """What the client reads: the part of urllib3's response that it and its watch use."""

    __slots__ = ("_at", "_body", "_headers", "_lines", "_position", "_watch", "status")

    def __init__(self, response: Response, at: datetime, lines: Iterator[bytes] | None = None) -> None:
        """`at`: the server's time, which every HTTP answer tells."""
        self.status = response.status
        self._at = at
        self._headers = response.headers
        self._body = response.body
        self._watch = response.stream
        self._lines = lines
        self._position = 0

    @property
    def reason(self) -> str:
        """The words of the status line."""
        return REASONS.get(self.status, "")

    @property
    def headers(self) -> Headers:
        """The response's headers."""
        return Headers({"Date": email.utils.format_datetime(self._at, usegmt=True), **self._headers})

    @property
    def data(self) -> bytes:
        """The whole body. Of a watch: everything until the server ends it."""
        if self._lines is not None:
            self._body += b"".join(self._lines)
            self._lines = None
        return self._body

    def read(self, amt: int | None = None, decode_content: bool | None = None) -> bytes:
        """The next `amt` bytes, all that are left without it."""
        del decode_content
        data = self.data
        end = len(data) if amt is None else self._position + amt
        chunk, self._position = data[self._position : end], min(end, len(data))
        return chunk

    def read1(self, amt: int | None = None) -> bytes:
        """Some bytes: of a watch, the next event."""
        if self._lines is None:
            return self.read(amt)
        return next(self._lines, b"")

    def stream(self, amt: int | None = None, decode_content: bool | None = None) -> Iterator[bytes]:
        """The body as it comes: of a watch, each event as it happens."""
        del amt, decode_content
        if self._lines is None:
            if self._body:
                yield self._body
            return
        yield from self._lines

    def release_conn(self) -> None:
        """No connection is held; a watch that is still open ends here, since nobody can read on."""
        self.close()

    def close(self) -> None:
        """End a watch."""
        if self._watch is not None:
            # Whoever reads it ends with it; if nobody has begun to, this is all there is to end.
            self._watch.close()

    @property
    def closed(self) -> bool:
        """Whether everything has been read."""
        return self._lines is None and self._position >= len(self._body)


class InProcessTransport:
    """Stands in for `urllib3.PoolManager` below one client, which acts as `identity` (None: by its token).

    `address` is where the cluster listens for what needs a socket: it opens a listener when it is called first.
    """

    def __init__(self, cluster: Cluster, identity: Identity | None, address: Callable[[], str] | None = None) -> None:
        self._address = address
        self._cluster = cluster
        self._handle: Callable[[Request], Response] = cluster.handle
        self._identity = identity

    def request(
        self,
        method: str,
        url: str,
        body: bytes | str | None = None,
        fields: Any = None,
        headers: Mapping[str, str] | None = None,
        **ignored: Any,
    ) -> InProcessResponse:
        """Answer as the cluster does. `timeout`, `retries` and `preload_content` concern sockets: there are none."""
        del ignored
        start = url.find("/", url.find("//") + 2)
        target = url[start:] if start > 0 else "/"
        if fields:
            target += ("&" if "?" in target else "?") + urlencode(fields)
        data = body.encode() if isinstance(body, str) else body or b""
        sent: dict[str, str] = {}
        for name, value in headers.items() if headers else ():
            lower = name.lower()  # urllib3's own mapping gives a repeated header several times
            sent[lower] = f"{sent[lower]}, {value}" if lower in sent else value
        response = self._handle(Request(method, target, sent, data, self._identity))
        stream = response.stream
        lines = None if stream is None else follow(self._cluster, stream)
        return InProcessResponse(response, self._cluster.clock.wall(), lines)

    def dial(self, configuration: Any, target: str, connect: Callable[[Any, Mapping[str, str]], Any]) -> Any:
        """Let `connect(configuration, headers)` open a WebSocket: over loopback, as the user that this client is."""
        del target
        if self._address is None:
            raise RuntimeError("this client belongs to no FakeBackend: nothing can listen for it")
        there = copy.copy(configuration)
        there.host = self._address()
        lent = {} if self._identity is None else {"authorization": f"Bearer {self._cluster.lend(self._identity)}"}
        return connect(there, lent)

    def clear(self) -> None:
        """No connections, nothing to close."""


def follow(cluster: Cluster, stream: Stream) -> Iterator[bytes]:
    """The lines of a watch as they come.

    Where nothing has happened yet, time has to pass: under a clock that can be moved this moves it to whatever is due
    next in the cluster (at last the end of the watch itself, so it never hangs); under the system clock it waits.
    """
    simulated = hasattr(cluster.clock, "advance")
    changed = threading.Event()
    stream.on_change(changed.set)
    with cluster.lock:
        cluster.sleepers.add(changed.set)
    try:
        while True:
            changed.clear()
            if cluster.callouts.waiting:
                cluster.ask_webhooks()
            with cluster.lock:
                cluster.catch_up()
                stream.tick(cluster.clock.monotonic(), cluster.store.revision)
                lines = stream.take()
                ended = stream.closed
                due = min(stream.next_due(), cluster.due.next_at() or stream.next_due())
            if lines:
                yield from lines
                continue
            if ended:
                return
            wait_s = max(0.0, due - cluster.clock.monotonic())
            if simulated:
                cluster.clock.sleep(wait_s)
            else:
                changed.wait(wait_s)
    finally:
        with cluster.lock:
            cluster.sleepers.discard(changed.set)
            stream.close()
