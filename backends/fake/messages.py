"""What goes into the API server and what comes out of it: the HTTP message, without HTTP.

Built by a transport (in process, or the HTTP listener) and given to `Cluster.handle`. Nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from backends.fake.programs.session import Session


class Identity(NamedTuple):
    """Who is asking: what kube-apiserver calls `user.Info`."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(slots=True)
class Request:
    """One request as it was on the wire.

    `target` is the raw path with its query; header names are lower-case. With `identity` None the server
    authenticates by the Authorization header; a transport that knows who asks sets it.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    identity: Identity | None = None


class Stream(Protocol):
    """An answer that comes piece by piece: a watch, a log that is followed. See `watching.WatchStream`."""

    closed: bool

    def on_change(self, callback: Callable[[], None] | None) -> None:
        """Call `callback` when there may be something to take."""

    def tick(self, now: float, revision: int) -> None:
        """Let the time have its effect."""

    def take(self) -> list[bytes]:
        """What waits."""

    def next_due(self) -> float:
        """When `tick` has something to do, in monotonic seconds."""

    def close(self) -> None:
        """End it."""


SLICE_BYTES = 1 << 20
"""About how much of a long body is put together at a time."""


class Response:
    """The answer. A watch has a `stream` instead of a body, of which the transport sends what comes as it comes.

    With a `session` (then the status is 101) the connection becomes a WebSocket; see `websockets`. A long list is given
    as `pieces` of stored bytes, which are joined when somebody asks for the `body`, or sent slice by slice.
    """

    __slots__ = ("_body", "_pieces", "headers", "session", "status", "stream")

    def __init__(
        self,
        status: int,
        headers: dict[str, str],
        body: bytes = b"",
        stream: Stream | None = None,
        session: Session | None = None,
        pieces: list[bytes] | None = None,
    ) -> None:
        self.status = status
        self.headers = headers
        self._body = body
        self.stream = stream
        self.session = session
        self._pieces = pieces

    @property
    def body(self) -> bytes:
        """The whole body."""
        if self._pieces is not None:
            self._body, self._pieces = b"".join(self._pieces), None
        return self._body

    @body.setter
    def body(self, body: bytes) -> None:
        self._body, self._pieces = body, None

    def end_line(self) -> None:
        """End the body with a line's end, as Go's JSON encoder does."""
        if self._pieces is None:
            self._body += b"\n"
        else:
            self._pieces.append(b"\n")

    @property
    def length(self) -> int:
        """How many bytes the body has."""
        return len(self._body) if self._pieces is None else sum(map(len, self._pieces))

    def slices(self) -> Iterator[bytes]:
        """The body, in slices of about `SLICE_BYTES`: so a long one never stands in memory as a whole."""
        if self._pieces is None:
            yield self._body
            return
        begin = size = 0
        for end, piece in enumerate(self._pieces, start=1):
            size += len(piece)
            if size >= SLICE_BYTES:
                yield b"".join(self._pieces[begin:end])
                begin, size = end, 0
        if begin < len(self._pieces):
            yield b"".join(self._pieces[begin:])
