"""What goes into the API server and what comes out of it: the HTTP message, without HTTP.

Built by a transport (in process, or the HTTP listener) and given to `Cluster.handle`. Nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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


@dataclass(slots=True)
class Response:
    """The answer. A watch has a `stream` instead of a body, of which the transport sends what comes as it comes.

    With a `session` (then the status is 101) the connection becomes a WebSocket; see `websockets`.
    """

    status: int
    headers: dict[str, str]
    body: bytes = b""
    stream: Stream | None = None
    session: Session | None = None
