"""What goes into the API server and what comes out of it: the HTTP message, without HTTP.

Built by a transport (in process, or the HTTP listener) and given to `Cluster.handle`. Nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from backends.fake.watching import WatchStream


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


@dataclass(slots=True)
class Response:
    """The answer. A watch has a `stream` instead of a body, of which the transport sends what comes as it comes."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    stream: WatchStream | None = None
