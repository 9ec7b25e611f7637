"""The HTTP server under `App`: uvicorn with httptools and wsproto, in this thread or in one of its own.

`serve` runs until SIGINT or SIGTERM (`fake serve`), `Listener` until it is closed (`FakeBackend.kubeconfig`). Closing
ends every watch, connection and thread. A client cannot hold the server by a head that is endless or never comes.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from http import HTTPStatus
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from backends.base import BackendError
from backends.fake import kubeconfig
from backends.fake.http import ABORT, PEER, App, Limits
from backends.fake.tls import Tls, identity_of

if TYPE_CHECKING:
    from backends.fake.cluster import Cluster
    from backends.fake.faulty_door import FaultyDoor
    from backends.faults import Faults

MESSAGE_BYTES: Final = 4 << 20
"""The longest WebSocket message that is read; clients send input in pieces of 32 KiB."""
CLOSE_GRACE_S: Final = 1.0
"""How long a connection may take to end when the server closes; then it is cut."""


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which lets a client take for ever over a request's head and make it as long as it likes."""

    limits = Limits()
    _head_bytes = 0
    _in_head = True
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn narrows it too
        """Start the clock for the first head; note whose certificate the client has shown."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, ABORT: transport.abort}
        secured = transport.get_extra_info("ssl_object")
        if secured is not None:
            peer = identity_of(secured.getpeercert(), secured.getpeercert(binary_form=True))
            self.app_state = {**self.app_state, PEER: peer}
        self._head_timer = self.loop.call_later(self.limits.head_s, transport.close)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the clock."""
        self._stop_timer()
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head; refuse with 431 what is too much."""
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > self.limits.head_bytes:
                self._refuse_head()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """A head begins, perhaps in the same packet in which the last request ended: start its clock."""
        super().on_message_begin()
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.limits.head_s, self.transport.close)

    def on_headers_complete(self) -> None:
        """The head is over: what follows is bounded by the application."""
        self._in_head, self._head_bytes = False, 0
        self._stop_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The next byte belongs to another head."""
        self._in_head = True
        super().on_message_complete()

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse_head(self) -> None:
        status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        self.transport.write(f"HTTP/1.1 {status.value} {status.phrase}\r\nconnection: close\r\n\r\n".encode())
        self.transport.close()


class ServeError(BackendError):
    """The server cannot listen: one line that says where and why."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens at `host` and `port` (0: any free one). Raises `ServeError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        made = socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ServeError(f"cannot listen on {host} port {port}: {reason.lower()}") from error
    # asyncio sends without delay only on sockets that say they are TCP, and accepted ones say what the listener says;
    # without it each answer waits 40 ms for the client's acknowledgement of its head.
    return socket.socket(made.family, made.type, socket.IPPROTO_TCP, fileno=made.detach())


def url_of(listening: socket.socket, *, secure: bool = False) -> str:
    """Where a client finds `listening`: an address that means "all of them" is reached through loopback."""
    host, port = listening.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  it is compared, not bound
    return f"http{'s' * secure}://{f'[{host}]' if ':' in host else host}:{port}"


def _websocket(**given: Any) -> asyncio.Protocol:
    """The connection of a client that has asked for an upgrade; the first one loads what it takes."""
    from backends.fake.websockets import KubernetesWebSocket

    return KubernetesWebSocket(**given)


class _Server(uvicorn.Server):
    """uvicorn's server, which ends watches first and keeps a signal to itself once it has obeyed it."""

    def __init__(self, app: App, limits: Limits, tls: Tls | None = None) -> None:
        protocol = type("Protocol", (BoundedProtocol,), {"limits": limits})
        super().__init__(
            uvicorn.Config(
                app,
                http=protocol,
                ws=_websocket,  # type: ignore[arg-type]  # whatever makes one will do
                ws_max_size=MESSAGE_BYTES,
                ws_ping_interval=None,
                ws_per_message_deflate=False,
                loop="asyncio",
                lifespan="off",
                log_config=None,
                log_level="error",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,  # the application sends the cluster's
                timeout_keep_alive=int(limits.idle_s),
            )
        )
        self._app = app
        self.config.load()
        # uvicorn makes a context from files; ours may never have been in one.
        self.config.ssl = tls.context if tls is not None else None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; the second time, at once."""
        del sig, frame
        self.force_exit = self.should_exit
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the watches, let answers finish, and cut what has not ended after `CLOSE_GRACE_S`."""
        self._app.close()
        asyncio.get_running_loop().call_later(CLOSE_GRACE_S, self._cut)
        await super().shutdown(sockets)

    def _cut(self) -> None:
        for connection in list(self.server_state.connections):
            transport = connection.transport
            if isinstance(transport, asyncio.Transport):
                transport.abort()


def serve(cluster: Cluster, listening: socket.socket, *, tls: Tls | None = None, limits: Limits | None = None) -> None:
    """Serve `cluster` on `listening` until SIGINT or SIGTERM; then close everything and return.

    To be called in the main thread.
    """
    with listening:
        limits = limits or Limits()
        server = _Server(App(cluster, limits=limits), limits, tls)
        asyncio.run(server.serve(sockets=[listening]))


def _door(cluster: Cluster, faults: Faults) -> FaultyDoor:
    from backends.fake.faulty_door import FaultyDoor  # it takes a client's library to load: not for `fake serve`

    return FaultyDoor(cluster, faults)


class Listener:
    """Serves a cluster of this process on a free loopback port, in a thread, from construction until `close`.

    `faults` strike what comes this way. `moves_time`: its WebSockets move a clock that can be moved, see `websockets`.
    """

    def __init__(
        self,
        cluster: Cluster,
        *,
        limits: Limits | None = None,
        tls: Tls | None = None,
        moves_time: bool = False,
        faults: Faults | None = None,
    ) -> None:
        self._cluster, self._tls = cluster, tls
        limits = limits or Limits()
        door = _door(cluster, faults) if faults is not None else None
        app = App(cluster, shared=True, limits=limits, moves_time=moves_time, door=door)
        self._server = _Server(app, limits, tls)
        self._socket = listen("127.0.0.1", 0)
        self.url = url_of(self._socket, secure=tls is not None)
        """`http://127.0.0.1:<port>`, or `https` with `tls`"""
        self._thread = threading.Thread(target=self._run, name=f"fake {self.url}", daemon=True)
        self._thread.start()

    def write_kubeconfig(self, path: Path) -> None:
        """Write a kubeconfig for this listener to `path`. Raises `BackendError`."""
        try:
            kubeconfig.write(path, kubeconfig.kubeconfig(self.url, self._cluster.tokens, self._tls))
        except OSError as error:
            raise BackendError(f"{path}: cannot write the kubeconfig: {error.strerror}") from error

    def close(self) -> None:
        """End every watch and connection and wait for the thread."""
        self._server.should_exit = True
        self._thread.join()

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))
