"""A command in a container, over a WebSocket of its own. Called by kube.py, the one door; nobody else comes here.

What the official client offers for this cannot be used as it is: its `stream()` replaces `ApiClient.call_api` while it
runs, which takes every other thread's request with it; its `WSClient` keeps whatever comes, without bound, reads on as
long as more is coming, and its `returncode` raises TypeError when the connection broke. So only its `create_websocket`
is used (TLS, proxy and credentials as the client has them), and the channels are read here: piece by piece, against a
deadline and a cap for each stream.

Nothing is written to a command's input; none is asked for. The connection is closed when this returns: what then still
runs in the container, the container runtime ends, or does not.

An in-process cluster has no address. Its transport has a method `dial(configuration, target, connect)`, which calls
`connect` with a configuration that has one, and headers that say who asks; a transport that injects faults has it too.
Any other client is dialled as it is configured.

Protocol: k8s.io/apimachinery/pkg/util/remotecommand; the first byte of each message is its channel.
"""

from __future__ import annotations

import errno
import json
import queue
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from kubeactions.clock import Clock

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

STDOUT, STDERR, STATUS = 1, 2, 3
PROTOCOLS: Final = "v5.channel.k8s.io,v4.channel.k8s.io"
STATUS_BYTES: Final = 64 * 1024
"""How much of a Status is read; a real one has some hundred bytes."""
LOOK_S: Final = 0.05
"""How often the deadline is looked at while nothing comes, in the machine's seconds."""
_NOTHING_SENT: Final = frozenset({errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH})


class NotConnected(Exception):  # noqa: N818  It is what happened.
    """No connection came about: nothing was sent."""


class Broken(Exception):  # noqa: N818
    """The connection could not be opened to its end: it may have begun."""


class HandshakeRefused(Exception):  # noqa: N818
    """The server answered the upgrade with something else."""

    def __init__(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        super().__init__(f"{status}")
        self.status, self.body, self.headers = status, body, headers


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be run: `command` in `container`; each stream is kept up to `max_bytes`."""

    path: str
    """Of the pod's exec subresource."""
    container: str
    command: Sequence[str]
    deadline_s: float
    max_bytes: int

    @property
    def target(self) -> str:
        """Path and query."""
        asked = [("command", word) for word in self.command]
        asked += [("container", self.container), ("stdout", "true"), ("stderr", "true")]
        return f"{self.path}?{urlencode(asked)}"


@dataclass(slots=True)
class Ran:
    """What is known of a command when its connection is over."""

    exit_code: int | None = None
    """None: it is not known to have ended."""
    error: str = ""
    """Why not, in words; what the container runtime said, or what became of the connection."""
    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)
    cut: set[str] = field(default_factory=set)
    """Names of the streams of which not everything was kept."""

    def keep(self, name: str, data: bytes, max_bytes: int) -> None:
        """Keep what still fits of one stream."""
        stream = self.stdout if name == "stdout" else self.stderr
        room = max_bytes - len(stream)
        if len(data) > room:
            self.cut.add(name)
        stream += data[: max(room, 0)]


def run(client: ApiClient, clock: Clock, order: Order) -> Any:
    """Run it, once, and return what came of it: a `Ran`, or the response that a fault put in its place.

    Raises `NotConnected`, `HandshakeRefused` and `Broken`.
    """
    headers = _credentials(client)

    def connect(configuration: Any, more_headers: Mapping[str, str]) -> Ran:
        ends_at = clock.monotonic() + order.deadline_s
        connection = _connected(configuration, {**headers, **more_headers}, order)
        try:
            return _read(connection, clock, ends_at, order)
        finally:
            connection.shutdown()  # `close` leaves the socket open when the server has said goodbye already.

    dial = getattr(client.rest_client.pool_manager, "dial", None)
    if dial is not None:
        return dial(client.configuration, order.target, connect)
    return connect(client.configuration, {})


def _credentials(client: ApiClient) -> dict[str, str]:
    """Who asks. Raises `NotConnected` for somebody whom the client's WebSocket would not name: it drops headers."""
    impersonated = [name for name in client.default_headers if name.lower().startswith("impersonate-")]
    if impersonated:
        raise NotConnected("the kubeconfig impersonates a user, and a WebSocket of the official client would not")
    headers: dict[str, str] = {}
    client.update_params_for_auth(headers, None, ["BearerToken"], "", "", None)
    return {**headers, "sec-websocket-protocol": PROTOCOLS}


def _connected(configuration: Any, headers: Mapping[str, str], order: Order) -> Any:
    """The open connection. The official client bounds neither connecting nor the handshake: a thread waits for it."""
    from kubernetes.stream.ws_client import create_websocket, get_websocket_url

    url = get_websocket_url(f"{configuration.host}{order.target}")
    box: queue.SimpleQueue[Any] = queue.SimpleQueue()
    abandoned = threading.Event()

    def work() -> None:
        try:
            opened = create_websocket(configuration, url, headers)
        except Exception as error:  # noqa: BLE001  It is raised again on the other thread.
            box.put(error)
            return
        box.put(opened)
        if abandoned.is_set():
            opened.shutdown()

    threading.Thread(target=work, name="exec connect", daemon=True).start()
    try:
        found = box.get(timeout=order.deadline_s)
    except queue.Empty:
        abandoned.set()
        raise Broken(f"no answer to the upgrade within {order.deadline_s:g} s") from None
    if isinstance(found, Exception):
        raise _said(found) from found
    return found


def _said(error: Exception) -> Exception:
    """What an error while connecting means."""
    from websocket import WebSocketAddressException, WebSocketBadStatusException, WebSocketException

    if isinstance(error, WebSocketBadStatusException):
        return HandshakeRefused(error.status_code, error.resp_body or b"", error.resp_headers or {})
    if isinstance(error, WebSocketAddressException):
        return NotConnected(str(error))
    if isinstance(error, OSError) and error.errno in _NOTHING_SENT:
        return NotConnected((error.strerror or str(error)).lower())
    if isinstance(error, (OSError, WebSocketException)):
        return Broken(f"{type(error).__name__}: {error}")
    return error  # A programming error is not the network's.


def _read(connection: Any, clock: Clock, ends_at: float, order: Order) -> Ran:
    """Everything up to the end, the deadline or the break of the connection."""
    from websocket import ABNF, WebSocketException, WebSocketTimeoutException

    ran, status = Ran(), bytearray()
    connection.settimeout(LOOK_S)
    while True:
        if clock.monotonic() > ends_at:
            ran.error = f"it did not end within {order.deadline_s:g} s"
            return ran
        try:
            opcode, frame = connection.recv_data_frame(True)
        except WebSocketTimeoutException:
            continue
        except (WebSocketException, OSError) as error:
            ran.error = f"the connection broke before it ended: {type(error).__name__}: {error}"
            return _with_status(ran, status) if status else ran
        if opcode == ABNF.OPCODE_CLOSE:
            ran.error = "the connection was closed without a status"
            return _with_status(ran, status) if status else ran
        if opcode in (ABNF.OPCODE_BINARY, ABNF.OPCODE_TEXT) and frame.data:
            _take(ran, status, frame.data, order.max_bytes)


def _take(ran: Ran, status: bytearray, data: bytes, max_bytes: int) -> None:
    """One message; channels that nobody asked for are ignored."""
    channel = data[0]
    if channel == STDOUT:
        ran.keep("stdout", data[1:], max_bytes)
    elif channel == STDERR:
        ran.keep("stderr", data[1:], max_bytes)
    elif channel == STATUS and len(status) < STATUS_BYTES:
        status += data[1:]


def _with_status(ran: Ran, status: bytearray) -> Ran:
    """The exit code that the node's Status tells; none for a Status that tells of something else."""
    try:
        found = json.loads(status)
        causes = (found.get("details") or {}).get("causes") or []
        codes = [one.get("message") for one in causes if one.get("reason") == "ExitCode"]
        if found.get("status") == "Success":
            ran.exit_code, ran.error = 0, ""
        elif codes:
            ran.exit_code, ran.error = int(codes[0]), ""
        else:
            ran.error = str(found.get("message") or "a failure without a message")
    except (ValueError, AttributeError, TypeError):
        ran.error = f"its status cannot be read: {bytes(status[:200])!r}"
    return ran
