"""Sessions over WebSocket: uvicorn's wsproto connection, and what carries frames between it and a `Session`.

`KubernetesWebSocket` is the protocol class that `serving` gives to uvicorn; `Pump` is called by `http.App` for each
connection that asks for an upgrade. A request that the cluster refuses is answered like any other, with its Status.

Time passes as it does for whoever listens: under the machine's clock the pump waits for what is due. Under a clock that
can be moved it waits for whoever moves it, unless nobody can because he waits for this very answer (`moves_time`, a
client in process): then it moves the clock itself, to what is due next, and by `HANG_S` at a time when the program
hangs, each time waiting for the client's pong, so that the client sees time pass and gives up when it wants to.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, Final

import wsproto
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol

if TYPE_CHECKING:
    from backends.fake.cluster import Cluster
    from backends.fake.programs import Session

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

EXTENSION: Final = "kubernetes"
"""Under which name a connection's scope has its `Wire`."""
HANG_S: Final = 1.0
POLL_S: Final = 0.05
"""How often a clock that somebody else moves is looked at."""


class Wire:
    """What ASGI has no words for: to break a connection off, and to know that the client is still reading."""

    def __init__(self, protocol: KubernetesWebSocket) -> None:
        self._protocol = protocol
        self.answered = asyncio.Event()

    def abort(self) -> None:
        """Break it off, without a closing handshake."""
        self._protocol.transport.abort()

    async def ping(self) -> None:
        """Wait until the client has answered a ping; the caller is cancelled when it goes instead."""
        self.answered.clear()
        self._protocol.transport.write(self._protocol.conn.send(wsproto.events.Ping(b"time")))
        await self.answered.wait()


class KubernetesWebSocket(WSProtocol):
    """uvicorn's WebSocket connection, with a `Wire`."""

    def handle_connect(self, event: wsproto.events.Request) -> None:
        """Begin, as uvicorn does; its task runs when this has returned."""
        super().handle_connect(event)
        self._wire = Wire(self)
        extensions: dict[str, Any] = self.scope["extensions"]
        extensions[EXTENSION] = self._wire

    def handle_pong(self, event: wsproto.events.Pong) -> None:
        """Somebody may wait for it."""
        super().handle_pong(event)
        self._wire.answered.set()


class Pump:
    """Carries frames between one connection and one session, until either ends."""

    def __init__(self, cluster: Cluster, session: Session, wire: Wire, *, moves_time: bool) -> None:
        self._cluster, self._session, self._wire = cluster, session, wire
        self._moves_time = moves_time
        self._runs = not hasattr(cluster.clock, "advance")
        self._changed = asyncio.Event()
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        self._gone = False

    def wake(self) -> None:
        """Look again; from any thread."""
        if threading.get_ident() == self._thread:
            self._changed.set()
            return
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._changed.set)

    def stop(self) -> None:
        """The server closes."""
        self._gone = True
        self._changed.set()

    async def run(self, receive: Receive, send: Send) -> None:
        """Accept the connection and serve it to its end."""
        self._session.on_change(self.wake)
        await receive()  # websocket.connect
        await send({"type": "websocket.accept", "subprotocol": self._session.protocol})
        listening = asyncio.ensure_future(self._listen(receive))
        try:
            await self._serve(send)
            if listening.done():
                listening.result()
        finally:
            listening.cancel()
            with self._cluster.lock:
                self._session.close()

    async def _serve(self, send: Send) -> None:
        while not self._gone:
            self._changed.clear()
            frames, ended = self._turn()
            for frame in frames:
                await send({"type": "websocket.send", "bytes": frame})
            if ended and self._session.cut:
                self._wire.abort()
                return
            if ended:
                await send({"type": "websocket.close", "code": 1000})
                return
            await self._wait()

    def _turn(self) -> tuple[list[bytes], bool]:
        """What is to be sent, and whether nothing more will come: both at one time, others may end the session."""
        with self._cluster.lock:
            self._cluster.catch_up()
            self._session.tick(self._cluster.clock.monotonic())
            return self._session.take(), self._session.closed

    async def _listen(self, receive: Receive) -> None:
        """Take what the client sends, until it goes."""
        try:
            while (message := await receive())["type"] != "websocket.disconnect":
                data = message.get("bytes")
                with self._cluster.lock:
                    self._session.receive(data if data is not None else message["text"].encode())
                self.wake()
        finally:
            self.stop()

    async def _wait(self) -> None:
        """Until something has happened, or is due."""
        due_s = self._session.next_due() - self._cluster.clock.monotonic()
        if self._moves_time and (self._session.hangs or not math.isinf(due_s)):
            await self._move_time(HANG_S if self._session.hangs else max(0.0, due_s))
            return
        if not self._runs:
            due_s = POLL_S
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if math.isinf(due_s) else max(0.0, due_s)):
                await self._changed.wait()

    async def _move_time(self, seconds: float) -> None:
        """Let time pass for a client that waits, but no further than it has seen."""
        with self._cluster.lock:
            self._cluster.clock.sleep(seconds)
        pong = asyncio.ensure_future(self._wire.ping())
        changed = asyncio.ensure_future(self._changed.wait())
        await asyncio.wait((pong, changed), return_when=asyncio.FIRST_COMPLETED)
        pong.cancel()
        changed.cancel()
