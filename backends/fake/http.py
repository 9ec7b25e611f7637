"""The same `Cluster.handle` as an ASGI application, for kubectl and every other client; `serving.py` runs it.

Watches are sent as they happen. Under the machine's clock the event loop wakes whenever something is due in the
cluster; under a simulated clock time moves only when its owner moves it.

It refuses to be bound by its clients: bodies and the time for them are limited (`Limits`), and a reader that does not
read loses its watch. Authentication and authorization are the cluster's business, not ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import threading
import zlib
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from backends.fake.messages import Request, Response, Stream
from backends.fake.policies.callouts import Suspended
from backends.fake.server import BODY_LIMIT_BYTES

if TYPE_CHECKING:
    from backends.fake.cluster import Cluster
    from backends.fake.faulty_door import FaultyDoor
    from backends.fake.websockets import Pump

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PEER: Final = "client_certificate"
"""Under which name a connection's state has the identity of the client's certificate, or None."""
ABORT: Final = "abort"
"""And under which, what cuts it."""
IDLE_POLL_S: Final = 0.05
"""How often a shared cluster is looked at: what its clients in process write makes no noise here."""
_AS_CAME: Final = ("utf-8", "surrogateescape")
COMPRESSED_BYTES: Final = 128 * 1024
"""Longer bodies are compressed for who reads gzip (writers.go, defaultGzipThresholdBytes)."""
_GZIP: Final = 31
"""zlib's window of 15 bits, and 16 for the header of gzip."""
_CONTROL: Final = dict.fromkeys((*range(32), 127), " ")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may use. The defaults are Go's and kube-apiserver's."""

    head_bytes: int = 1 << 20
    """net/http, DefaultMaxHeaderBytes."""
    head_s: float = 32.0
    """kube-apiserver's ReadHeaderTimeout."""
    body_bytes: int = BODY_LIMIT_BYTES
    body_s: float = 60.0
    """kube-apiserver's --request-timeout."""
    discarded_bytes: int = 64 << 20
    """How much of a body that is too big is read and thrown away, so that its sender gets to read the refusal."""
    idle_s: float = 90.0
    """How long a connection may wait for its next request (client-go's own idle timeout)."""


class App:
    """The ASGI application over one cluster. `shared` when others than this app write to the cluster.

    `door`: faults that strike its clients. `moves_time`: for the WebSockets of clients in this process, which wait
    while the clock stands still; see `websockets`.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        shared: bool = False,
        limits: Limits | None = None,
        moves_time: bool = False,
        door: FaultyDoor | None = None,
    ) -> None:
        self._cluster = cluster
        self._door = door
        self._moves_time = moves_time
        self._pumps: set[Pump] = set()
        self._limits = limits or Limits()
        self._closing = False
        self._watches: set[Watching] = set()
        self._heart = Heartbeat(cluster, IDLE_POLL_S if shared else None)
        self._date = (0.0, b"")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or serve a WebSocket (uvicorn calls this; lifespan is switched off)."""
        headers = _request_headers(scope["headers"])
        if scope["type"] == "websocket":
            await self._upgrade(scope, headers, receive, send)
            return
        body = b""
        if "content-length" in headers or "transfer-encoding" in headers:
            try:
                async with asyncio.timeout(self._limits.body_s):
                    body = await self._read(receive)
            except TimeoutError:
                await self._send_whole(send, _timed_out())
                return
            except ConnectionResetError:
                return
        response, events = await self._answer(scope, scope["method"], headers, body)
        if response is None:
            await _break_off(scope, receive)
        elif response.stream is not None:
            await self._watch(response, response.stream, receive, send, left=events)
            if events is not None:
                await _break_off(scope, receive)
        else:
            if response.length > COMPRESSED_BYTES and _reads_gzip(headers.get("accept-encoding", "")):
                await self._send_compressed(send, response)
            else:
                await self._send_whole(send, response, close=len(body) > self._limits.body_bytes)

    async def _answer(
        self, scope: Scope, method: str, headers: dict[str, str], body: bytes = b""
    ) -> tuple[Response | None, int | None]:
        """What the client gets through the faults: nothing but a broken connection, or a watch of so many events."""
        if self._door is None or self._door.open:
            return await self._handle(scope, method, headers, body), None
        answered = await asyncio.to_thread(self._door.answer, _request(scope, method, headers, body))
        self._heart.arm()
        return answered

    async def _handle(self, scope: Scope, method: str, headers: dict[str, str], body: bytes = b"") -> Response:
        request = _request(scope, method, headers, body)
        try:
            response = self._cluster.attempt(request)
        except Suspended:
            # A webhook is asked: that takes its time, and it may ask the cluster something.
            response = await asyncio.to_thread(self._cluster.handle, request)
        self._heart.arm()
        return response

    async def _upgrade(self, scope: Scope, headers: dict[str, str], receive: Receive, send: Send) -> None:
        """A WebSocket is asked for: serve the session that comes of it, or give the plain answer."""
        headers |= {"upgrade": "websocket", "sec-websocket-protocol": ", ".join(scope["subprotocols"])}
        from backends.fake.websockets import EXTENSION, Pump  # uvicorn has loaded it by now

        wire = scope["extensions"][EXTENSION]
        response, _ = await self._answer(scope, "GET", headers)
        if response is None:
            wire.abort()
            return
        if response.session is None:
            head = [*self._headers(response), (b"content-length", b"%d" % len(response.body))]
            kind = "websocket.http.response"
            await send({"type": f"{kind}.start", "status": response.status, "headers": head})
            await send({"type": f"{kind}.body", "body": response.body, "more_body": False})
            return
        pump = Pump(self._cluster, response.session, wire, moves_time=self._moves_time)
        self._pumps.add(pump)
        try:
            await pump.run(receive, send)
        finally:
            self._pumps.discard(pump)
            self._heart.arm()

    def close(self) -> None:
        """End every watch and session, now and from now on. Called in the event loop."""
        self._closing = True
        self._heart.stop()
        for pump in list(self._pumps):
            pump.stop()
        for watching in list(self._watches):
            watching.wake()

    async def _send_whole(self, send: Send, response: Response, *, close: bool = False) -> None:
        headers = self._headers(response)
        headers.append((b"content-length", b"%d" % response.length))
        if close:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        left = response.length
        for part in response.slices():
            left -= len(part)
            await send({"type": "http.response.body", "body": part, "more_body": left > 0})

    async def _send_compressed(self, send: Send, response: Response) -> None:
        """A long body as gzip: its length is not known before its end."""
        response.headers["Content-Encoding"] = "gzip"
        vary = response.headers.get("Vary", "")
        if "Accept-Encoding" not in vary:
            response.headers["Vary"] = f"{vary}, Accept-Encoding" if vary else "Accept-Encoding"
        start = {"type": "http.response.start", "status": response.status, "headers": self._headers(response)}
        await send(start)
        packer = zlib.compressobj(1, wbits=_GZIP)
        for part in response.slices():
            await send({"type": "http.response.body", "body": packer.compress(part), "more_body": True})
        await send({"type": "http.response.body", "body": packer.flush(), "more_body": False})

    def _headers(self, response: Response) -> list[tuple[bytes, bytes]]:
        """The response's headers and the cluster's time, which clients compare with the stamps in its objects."""
        wall = self._cluster.clock.wall()
        second = wall.timestamp() // 1
        if self._date[0] != second:
            self._date = (second, email.utils.format_datetime(wall, usegmt=True).encode())
        return [(b"date", self._date[1]), *_pairs(response)]

    async def _read(self, receive: Receive) -> bytes:
        """The body; of one that is too big only enough to see that. ConnectionResetError when the client went."""
        chunks: list[bytes] = []
        length = discarded = 0
        while discarded < self._limits.discarded_bytes:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ConnectionResetError
            chunk: bytes = message["body"]
            if length <= self._limits.body_bytes:
                chunks.append(chunk)
                length += len(chunk)
            else:
                discarded += len(chunk)
            if not message["more_body"]:
                break
        return b"".join(chunks)

    async def _watch(
        self, response: Response, stream: Stream, receive: Receive, send: Send, left: int | None = None
    ) -> None:
        """Send each event as it happens, until the stream ends, the client goes or the server closes.

        With `left`, at most so many events; then it returns without an end.
        """
        watching = Watching(stream, self._cluster)
        self._watches.add(watching)
        gone = asyncio.ensure_future(watching.until_gone(receive))
        try:
            await send({"type": "http.response.start", "status": response.status, "headers": self._headers(response)})
            while not (watching.gone or self._closing):
                lines = watching.take()
                if left is not None:
                    lines = lines[:left]
                    left -= len(lines)
                if lines:
                    await send({"type": "http.response.body", "body": b"".join(lines), "more_body": True})
                elif left == 0:
                    return
                elif stream.closed:
                    break
                else:
                    await watching.wait()
            if not watching.gone:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._watches.discard(watching)
            gone.cancel()
            with self._cluster.lock:
                stream.on_change(None)
                stream.close()


class Watching:
    """One watch being sent: wakes when there is something to take, the client has gone or the time has come."""

    def __init__(self, stream: Stream, cluster: Cluster) -> None:
        self.gone = False
        self._stream, self._cluster = stream, cluster
        self._changed = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        stream.on_change(self.wake)

    def wake(self) -> None:
        """Look again; from any thread."""
        if threading.get_ident() == self._thread:
            self._changed.set()
            return
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._changed.set)

    def take(self) -> list[bytes]:
        """The lines that wait, after time has had its effect on the stream."""
        self._changed.clear()
        with self._cluster.lock:
            self._stream.tick(self._cluster.clock.monotonic(), self._cluster.store.revision)
            return self._stream.take()

    async def wait(self) -> None:
        """Until `wake`, or until the stream wants to be ticked."""
        due_s = self._stream.next_due() - self._cluster.clock.monotonic()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, due_s)):
                await self._changed.wait()

    async def until_gone(self, receive: Receive) -> None:
        """Wait for the client to end the connection."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        self._changed.set()


class Heartbeat:
    """Lets the cluster catch up whenever something is due, so that watchers see it without asking.

    Only under a clock that runs by itself. `poll_s` is for a cluster that others write to as well: it is then looked
    at this often, once the first request has come.
    """

    def __init__(self, cluster: Cluster, poll_s: float | None) -> None:
        self._cluster, self._poll_s = cluster, poll_s
        self._runs = not hasattr(cluster.clock, "advance")
        self._timer: asyncio.TimerHandle | None = None
        self._at = 0.0

    def arm(self) -> None:
        """Wake up when the next step is due, if not earlier already. Called after each request."""
        if not self._runs:
            return
        now = self._cluster.clock.monotonic()
        at = self._cluster.next_due()
        if self._poll_s is not None:
            at = min(now + self._poll_s, at if at is not None else now + self._poll_s)
        if at is None or (self._timer is not None and self._at <= at):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._at = at
        self._timer = asyncio.get_running_loop().call_later(max(0.0, at - now), self._beat)

    def stop(self) -> None:
        """Wake up no more."""
        self._runs = False
        if self._timer is not None:
            self._timer.cancel()

    def _beat(self) -> None:
        self._timer = None
        try:
            self._cluster.catch_up()
            if self._cluster.callouts.waiting:
                asyncio.get_running_loop().run_in_executor(None, self._cluster.ask_webhooks)
        finally:
            self.arm()


# ---------------------------------------------------------------- messages


def _request(scope: Scope, method: str, headers: dict[str, str], body: bytes) -> Request:
    query = scope["query_string"]
    target = (scope["raw_path"] + b"?" + query if query else scope["raw_path"]).decode("latin-1")
    return Request(method, target, headers, body, scope["state"].get(PEER))


async def _break_off(scope: Scope, receive: Receive) -> None:
    """Cut the connection, as a network that breaks does, and wait until that is known."""
    scope["state"][ABORT]()
    while (await receive())["type"] != "http.disconnect":
        pass


def _request_headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name; repeated ones joined with a comma (RFC 9110, 5.3).

    Bytes that are no UTF-8 survive as surrogates, so that what is echoed (Audit-ID) goes back as it came.
    """
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1"), raw_value.decode(*_AS_CAME)
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _reads_gzip(accept_encoding: str) -> bool:
    """As the real server asks for it: the word itself, without a quality."""
    return any(one.strip() == "gzip" for one in accept_encoding.split(","))


def _pairs(response: Response) -> list[tuple[bytes, bytes]]:
    """Headers as bytes. A Warning may quote what a client wrote, so control characters become blanks."""
    return [
        (name.lower().encode("ascii"), (value if value.isprintable() else value.translate(_CONTROL)).encode(*_AS_CAME))
        for name, value in response.headers.items()
    ]


def _timed_out() -> Response:
    """408 for a body that does not come; a Status, so that clients can read it."""
    status = {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "Timeout", "code": 408,
        "message": "Timeout: the request's body did not arrive in time",
    }  # fmt: skip
    return Response(408, {"Content-Type": "application/json", "Connection": "close"}, orjson.dumps(status))
