"""Faults for clients over HTTP: the same rules as in process, between the listener and the cluster.

Used by `http.App` (a `Listener` that is given `faults`) while its book of rules has any. A request that is lost, or
whose answer is, ends with a connection that breaks; a delay takes real time, by which such clients live, whatever clock
the cluster has. `Crash` breaks the connection and every later one of that client's identity. A WebSocket (exec, attach)
is struck at its upgrade: when its answer is lost, the program has begun, and its client has gone.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

from urllib3.exceptions import HTTPError

from backends.clock import SystemClock
from backends.fake.messages import Request, Response
from backends.fake.transport import HOST
from backends.faults import CutResponse, Faults, FaultyTransport, ReplicaDied, Wire

if TYPE_CHECKING:
    from backends.fake.cluster import Cluster
    from backends.fake.programs import Session


class Answered(NamedTuple):
    """What the client gets: nothing but a broken connection without `response`; a watch breaks after `events`."""

    response: Response | None
    events: int | None = None


class FaultyDoor:
    """The way of every HTTP client to one cluster. Thread-safe."""

    def __init__(self, cluster: Cluster, faults: Faults) -> None:
        self._cluster = cluster
        self._faults = faults
        self._dead: set[str] = set()
        self._lock = threading.Lock()

    @property
    def open(self) -> bool:
        """Whether nothing can happen to a request: then it need not go through here."""
        return self._faults.idle and not self._dead

    def answer(self, request: Request) -> Answered:
        """Let the request pass through the faults that strike it. May take as long as they say."""
        identity = self._cluster.server.who(request)
        with self._lock:
            if identity in self._dead:
                return Answered(None)
        inner = _Inner(self._cluster, request)
        transport = FaultyTransport(inner, self._faults, identity, clock=SystemClock())
        try:
            # The address is for a replica that is asked instead.
            wire = transport.request(request.method, HOST + request.target, body=request.body, headers=request.headers)
        except HTTPError:
            inner.forget()
            return Answered(None)
        except ReplicaDied:
            inner.forget()
            with self._lock:
                self._dead.add(identity)
            return Answered(None)
        if isinstance(wire, CutResponse):
            return Answered(_response_of(wire.inner), wire.events)
        return Answered(_response_of(wire))


class _Carried:
    """The cluster's answer, carried through the faults as it is."""

    def __init__(self, response: Response) -> None:
        self.response = response
        self.status = response.status

    def release_conn(self) -> None:
        if self.response.stream is not None:
            self.response.stream.close()


class _Inner:
    """The innermost transport: the cluster."""

    def __init__(self, cluster: Cluster, request: Request) -> None:
        self._cluster = cluster
        self._request = request
        self._begun: list[Session] = []

    def request(self, method: str, url: str, **options: Any) -> _Carried:
        del method, url, options
        response = self._cluster.handle(self._request)
        if response.session is not None:
            self._begun.append(response.session)
        return _Carried(response)

    def forget(self) -> None:
        """The client has gone: a program that has begun runs as far as it gets at once, and is killed."""
        with self._cluster.lock:
            for session in self._begun:
                session.tick(self._cluster.clock.monotonic())
                session.close()

    def clear(self) -> None:
        """No connections."""


def _response_of(wire: Wire) -> Response:
    """An answer of whatever kind: the cluster's own, one that a fault has made, one of a replica."""
    if isinstance(wire, _Carried):
        return wire.response
    headers = {name: value for name, value in wire.headers.items() if name.lower() != "date"}
    return Response(int(wire.status), headers, wire.data)
