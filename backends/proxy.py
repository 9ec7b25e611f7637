"""A proxy of one replica: a small HTTP server between a process and its API server, with faults in between.

Where the client is another process, its transport cannot be wrapped. So the process is given a kubeconfig that points
here; each request is sent on with a backend's own client, through the rules of `faults.py`:

    the process  --http-->  FaultProxy: FaultyTransport -> Recorder  --the backend's client-->  API server

A lost request or answer is a connection reset without an answer; a `Crash` calls `on_death`, which must kill the
process before it returns, and answers nothing; a `Pause` holds the request while its `meanwhile` runs. `Traffic` is
the record of what reached the API server and what that answered: who, which verb, which object, whether it changed.

The identity is a name in rules and records; the rights are those of the client that was given. It listens on the
loopback only, without credentials of its own: it refuses to be reached from elsewhere.

A WebSocket (exec, attach, logs) is one call, which a fault strikes at its upgrade: lost before it, or after it, when
the command has begun. A session that is under way is passed on byte by byte, and ends with either end. Other upgrades
(SPDY) get 501.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, cast

import yaml
from urllib3 import HTTPResponse, Timeout
from urllib3.exceptions import HTTPError, ProtocolError

from backends.calls import Call, read_call
from backends.clock import Clock
from backends.faults import Connect, Faults, FaultyTransport, ReplicaDied, Transport, Wire, dial

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

UPSTREAM_TIMEOUT_S = 30.0
"""How long the API server is waited for, unless it is a watch; the client behind us has a shorter deadline."""
PARTING_S = 2.0
"""How long the process may take to hang up when the API server has."""
WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
"""Verbs that may change something."""

_OUR_OWN = frozenset({"host", "connection", "content-length", "transfer-encoding", "authorization", "accept-encoding"})
"""Request headers that end here: they belong to one connection, or are the given client's to set."""
_ONE_HOP = frozenset({"connection", "content-length", "transfer-encoding", "keep-alive", "content-encoding"})
"""Answer headers that end here."""
_HANDSHAKE: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""What a server's answer to a WebSocket's key is made of (RFC 6455, 1.3)."""
_PIECE: Final = 64 * 1024
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER of no time at all: close() resets the connection, as a network that breaks does."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One request that reached the API server, and its answer. The fields are named as a fake cluster's audit events'.

    `code` 0: no answer came. `changed`: a write was answered with success and a state of the object that no answer
    had shown before; so a second DELETE of a pod that is going already, or a patch that finds its work done, is none.
    """

    at: datetime
    user: str
    verb: str
    group: str
    resource: str
    subresource: str
    namespace: str
    name: str
    code: int
    audit_id: str
    dry_run: bool
    changed: bool


class Traffic:
    """What passed through all proxies of one run, oldest first. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._passages: list[Passage] = []
        self._shown: set[tuple[str, str, str]] = set()
        """Of every object that an answer held: UID and resourceVersion, UID and deletionTimestamp."""
        self._under_way = 0

    dropped = 0
    """Nothing is ever dropped: an absence proves something."""

    def __iter__(self) -> Iterator[Passage]:
        with self._lock:
            return iter(tuple(self._passages))

    @property
    def under_way(self) -> int:
        """Requests, but for those about leases, that have come in and are not answered yet."""
        with self._lock:
            return self._under_way

    @contextmanager
    def one_more(self, call: Call) -> Iterator[None]:
        """A request is under way."""
        counts = call.resource != "leases"
        with self._lock:
            self._under_way += counts
        try:
            yield
        finally:
            with self._lock:
                self._under_way -= counts

    def note(
        self, call: Call, code: int, body: bytes, headers: Mapping[str, str], *, sent: bytes | str | None = None
    ) -> None:
        """Record one request, with the body that it was `sent` with, and its answer."""
        dry_run = rehearses(call, sent)
        resource, _, subresource = call.resource.partition("/")
        with self._lock:
            # What a dry run shows has not come about: it would hide that it does later.
            new = self._show(call.verb, body) if 200 <= code < 300 and not dry_run else False
            self._passages.append(
                Passage(
                    at=self._clock.wall(),
                    user=call.identity,
                    verb=call.verb,
                    group=call.group,
                    resource=resource,
                    subresource=subresource,
                    namespace=call.namespace,
                    name=call.name,
                    code=code,
                    audit_id=headers.get("Audit-ID") or headers.get("Audit-Id") or "",
                    dry_run=dry_run,
                    changed=new and call.verb in WRITES,
                )
            )

    def _show(self, verb: str, body: bytes) -> bool:
        """Whether an answer shows what no answer has shown before: of a deletion, that the object is going."""
        try:
            found = json.loads(body)
        except ValueError:
            return True
        if found.get("kind") == "Status":  # A deletion that is over at once.
            uid, version, going = (found.get("details") or {}).get("uid"), "", "gone"
        else:
            metadata = found.get("metadata") or {}
            uid, version = metadata.get("uid"), metadata.get("resourceVersion", "")
            # A pod that is deleted without grace is answered as it last was.
            going = metadata.get("deletionTimestamp") or ("gone" if verb == "delete" else "")
        # An object that is going is still written to by others: its version says nothing of a second deletion.
        states = {(str(uid), "version", version), (str(uid), "going", going)}
        told = (str(uid), "going", going) if verb == "delete" else (str(uid), "version", version)
        new = told not in self._shown or not uid
        self._shown |= states
        return new


def rehearses(call: Call, sent: bytes | str | None) -> bool:
    """Whether a request is a dry run, by its query or by the options in its body: a DELETE's, an eviction's. Pure."""
    if "dryRun=All" in call.target:
        return True
    if call.verb != "delete" and not call.resource.endswith("/eviction"):
        return False
    try:
        options = json.loads(sent or b"{}")
    except ValueError:
        return False  # the server refuses it
    if not isinstance(options, dict):
        return False
    return "All" in ((options.get("deleteOptions") or options).get("dryRun") or ())


def streams(call: Call) -> bool:
    """Whether the answer comes as things happen, for as long as the client likes: a watch, a log that is followed."""
    return call.verb == "watch" or "follow=true" in call.target


class _Recorder:
    """The innermost transport: sends, reads the whole answer, notes both.

    A held request that is sent late comes here too, so nothing reaches the server unrecorded.
    """

    def __init__(self, inner: Transport, traffic: Traffic, identity: str) -> None:
        self._inner = inner
        self._traffic = traffic
        self._identity = identity

    def request(self, method: str, url: str, **options: Any) -> Wire:
        """Send on; raises what the inner transport raises, noted as code 0."""
        call = read_call(method, url, identity=self._identity, body=options.get("body"))
        headers, sent = options.get("headers") or {}, options.get("body")
        timeout = Timeout(connect=UPSTREAM_TIMEOUT_S, read=None if streams(call) else UPSTREAM_TIMEOUT_S)
        try:
            answer = self._inner.request(method, url, timeout=timeout, **options)
            if streams(call):
                self._traffic.note(call, int(answer.status), b"", headers)
                return answer
            body = answer.read(decode_content=True)
            answer.release_conn()
        except HTTPError:
            self._traffic.note(call, 0, b"", headers, sent=sent)
            raise
        self._traffic.note(call, int(answer.status), body, headers, sent=sent)
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _ONE_HOP}
        return HTTPResponse(io.BytesIO(body), status=int(answer.status), headers=kept, preload_content=False)

    def dial(self, configuration: Any, target: str, connect: Connect) -> Any:
        """Open a WebSocket; raises as `request`. Code 101: it is open."""
        call = read_call("GET", target, identity=self._identity)
        try:
            answer = dial(self._inner, configuration, target, connect)
        except HTTPError:
            self._traffic.note(call, 0, b"", {})
            raise
        self._traffic.note(call, int(answer.status), b"", {})
        return answer

    def clear(self) -> None:
        """Drop the inner transport's idle connections."""
        self._inner.clear()


class _Session:
    """A WebSocket to the API server that is open."""

    status = HTTPStatus.SWITCHING_PROTOCOLS

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.protocol = str(connection.subprotocol or "")

    @property
    def socket(self) -> socket.socket:
        """What carries its frames."""
        return cast("socket.socket", self._connection.sock)

    def hang_up(self) -> None:
        """End it without a closing handshake, and wake whoever reads from it."""
        with contextlib.suppress(OSError):  # it has ended by itself
            self.socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """The end: nobody reads from it any more."""
        self._connection.shutdown()


class FaultProxy:
    """The way of one process to its API server. Open it with `with`; leaving stops listening.

    `client` is used by this proxy alone from now on. `on_death` is called, on the request's own thread, when a fault
    says that the process dies here; when it returns, the process must be dead.
    """

    def __init__(
        self, client: ApiClient, faults: Faults, traffic: Traffic, identity: str, on_death: Callable[[], object]
    ) -> None:
        self.identity = identity
        self.traffic = traffic
        self._client = client
        self._on_death = on_death
        recorder = _Recorder(cast(Transport, client.rest_client.pool_manager), traffic, identity)
        self._transport = FaultyTransport(recorder, faults, identity)
        self.seen = threading.Event()
        """Set by the first request: the process has come up."""

    def __enter__(self) -> Self:
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._client.close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig that leads here, and return its path."""
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "proxy", "cluster": {"server": self.url}}],
            "users": [{"name": self.identity, "user": {}}],
            "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": self.identity}}],
            "current-context": "proxy",
        }
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        return path

    def send(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Wire | None:
        """One request through the faults; None when the client gets no answer."""
        self.seen.set()
        sent = {name: value for name, value in headers.items() if name.lower() not in _OUR_OWN}
        self._client.update_params_for_auth(sent, None, ["BearerToken"], "", "", None)
        url = self._client.configuration.host + target
        call = read_call(method, url, body=body)
        options = {"body": body or None, "headers": sent, "preload_content": False, "retries": False}
        with self.traffic.one_more(call):
            try:
                return self._transport.request(method, url, **options)
            except HTTPError:
                return None
            except ReplicaDied:
                self._on_death()
                return None

    def dial(self, target: str, protocols: str) -> Wire | None:
        """Open a WebSocket through the faults: a `_Session`, a refusal, or None when the client gets no answer.

        Whatever was opened and is not returned is closed again: its client has gone.
        """
        self.seen.set()
        headers = {"sec-websocket-protocol": protocols}
        self._client.update_params_for_auth(headers, None, ["BearerToken"], "", "", None)
        opened: list[_Session] = []
        answer: Wire | None = None

        def connect(configuration: Any, more_headers: Mapping[str, str]) -> Wire:
            found = _upgraded(configuration, target, {**headers, **more_headers})
            if isinstance(found, _Session):
                opened.append(found)
            return found

        call = read_call("GET", target)
        with self.traffic.one_more(call):
            try:
                answer = self._transport.dial(self._client.configuration, target, connect)
            except HTTPError:
                pass  # the client learns of it by the connection that breaks
            except ReplicaDied:
                self._on_death()
        for session in opened:
            if session is not answer:
                session.close()
        return answer


def _upgraded(configuration: Any, target: str, headers: Mapping[str, str]) -> Wire:
    """The API server's answer to the upgrade, by the official client's own WebSocket. Raises `ProtocolError`."""
    from kubernetes.stream.ws_client import create_websocket, get_websocket_url
    from websocket import WebSocketBadStatusException, WebSocketException

    try:
        return _Session(create_websocket(configuration, get_websocket_url(configuration.host + target), headers))
    except WebSocketBadStatusException as error:
        body = io.BytesIO(error.resp_body or b"")
        return HTTPResponse(body, status=error.status_code, headers=error.resp_headers, preload_content=False)
    except (WebSocketException, OSError) as error:
        raise ProtocolError(f"no answer to the upgrade: {error}", error) from error


class _Server(ThreadingHTTPServer):
    """A thread a connection; none of them keeps this process alive."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, proxy: FaultProxy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hung up is no news: it was killed, or has run into its deadline."""


class _Handler(BaseHTTPRequestHandler):
    """One connection of the process; the standard library makes it, on a thread of its own."""

    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # Status line, headers and body leave in one piece.

    def handle_one_request(self) -> None:
        """Read one request, whatever its method, and pass it on."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "upgrade" in (self.headers.get("Connection") or "").lower():
            self._upgrade()
            return
        answer = self.server.proxy.send(self.command, self.path, dict(self.headers.items()), body)
        if answer is None:
            self._break_off()
        else:
            self._pass_back(answer)
        self.wfile.flush()

    def _upgrade(self) -> None:
        """Pass a WebSocket on, from its opening to its end."""
        self.close_connection = True
        if self.headers.get("Upgrade", "").lower() != "websocket":
            self.send_error(501, "this proxy passes WebSockets on, and no other upgrade")
            return
        answer = self.server.proxy.dial(self.path, self.headers.get("Sec-WebSocket-Protocol", ""))
        if answer is None:
            self._break_off()
        elif not isinstance(answer, _Session):
            self._pass_back(answer)
        else:
            with contextlib.closing(answer):
                self._switch(answer)
                self._carry(answer)

    def _switch(self, session: _Session) -> None:
        key = self.headers.get("Sec-WebSocket-Key", "").encode()
        digest = hashlib.sha1(key + _HANDSHAKE, usedforsecurity=False).digest()
        self.send_response_only(HTTPStatus.SWITCHING_PROTOCOLS)
        self.send_header("Connection", "Upgrade")
        self.send_header("Upgrade", "websocket")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(digest).decode())
        if session.protocol:
            self.send_header("Sec-WebSocket-Protocol", session.protocol)
        self.end_headers()
        self.wfile.flush()

    def _carry(self, session: _Session) -> None:
        """Both directions, until either end has gone."""

        def there() -> None:
            with contextlib.suppress(OSError):
                while piece := self.rfile.read1(_PIECE):
                    session.socket.sendall(piece)
            session.hang_up()

        sending = threading.Thread(target=there, name="proxy session", daemon=True)
        sending.start()
        try:
            while piece := session.socket.recv(_PIECE):
                self.connection.sendall(piece)
            self.connection.shutdown(socket.SHUT_WR)
            sending.join(PARTING_S)
        except OSError:
            self._break_off()
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RD)
        sending.join()

    def _break_off(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    def _pass_back(self, answer: Wire) -> None:
        self.send_response_only(int(answer.status))
        for name, value in answer.headers.items():
            if name.lower() not in _ONE_HOP:
                self.send_header(name, value)
        if streams(read_call(self.command, self.path)):
            self._stream(answer)
            return
        content = answer.read()
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, answer: Wire) -> None:
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for piece in answer.stream(64 * 1024, decode_content=True):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        except HTTPError:
            self._break_off()
        finally:
            answer.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  The standard library's name.
        """Say nothing: `Traffic` has it all."""
