"""Faults at the wire: a transport that loses, delays, refuses, cuts, pauses or kills.

`FaultyTransport` stands between the official client and whatever it sends with (a `urllib3.PoolManager`, or the
in-process transport of the fake), so the same faults hit every backend. `install` puts one under a client; all
transports of a run share one `Faults`, the book of rules. A `Rule` says which calls (`Match`, which of them by number,
or a chance by seed) and what happens to them (a `Fault`):

    LoseRequest   the connection breaks before anything was sent: not applied
    LoseAnswer    the connection breaks after the server has done it: applied, and the client cannot know
    Late          the client gives up, and the request arrives afterwards all the same
    Delay         the answer takes its time; beyond the client's timeout it is lost
    Answer        the server refuses, without having looked: 403, 409, 429 with Retry-After, 500, 503
    CutWatch      the stream breaks after some events
    StaleRead     a read is answered by a replica that lags behind
    Pause         the caller stands still at this point while the rest of the world goes on
    Crash         the caller dies at this point, as by SIGKILL

It refuses to change what a request says, and to invent success: a fault takes away, it never adds.

Everything happens on the caller's thread and by the clock that was given; nothing sleeps in real time under a simulated
clock. Rules may be added and removed from any thread, and from inside a `Pause`.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, cast

from urllib3 import HTTPConnectionPool, HTTPResponse
from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError

from backends.calls import Call as Call
from backends.calls import read_call as read_call
from backends.clock import Clock

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

Wire: TypeAlias = Any
"""A response as the official client reads it: `urllib3.HTTPResponse`, or the fake's with the same members."""
Connect: TypeAlias = Callable[[Any, Mapping[str, str]], Any]
"""Opens a WebSocket with a configuration of the official client and more headers, and returns what came of it."""
When: TypeAlias = Literal["before", "after"]
"""On which side of the server a fault strikes: before it has the request, or after it has answered."""


class Transport(Protocol):
    """What the official client sends with: `ApiClient.rest_client.pool_manager`."""

    def request(self, method: str, url: str, **options: Any) -> Wire:
        """Send one request and return the response, its body unread."""
        ...

    def clear(self) -> None:
        """Drop idle connections."""
        ...


class ReplicaDied(BaseException):
    """The process that sent this is dead, as by SIGKILL. A BaseException: whoever catches it runs code after death."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call under way: what a fault is given to strike at."""

    call: Call
    clock: Clock
    forward: Callable[[], Wire]
    """Goes on: the next fault, then the server. Returns the response, its body unread."""
    hold: Callable[[float], None]
    """Lets the network keep the request for so many seconds; no further fault strikes it."""
    ask: Callable[[Transport], Wire]
    """Sends the same request to somebody else."""


class Fault(Protocol):
    """What happens to a call. Faults that strike the same call lie around each other, the oldest rule outermost."""

    def strike(self, exchange: Exchange) -> Wire:
        """Let the exchange go on, or not, and return what the client gets to see. May raise."""
        ...


@dataclass(frozen=True, slots=True)
class LoseRequest:
    """The connection is reset before the request is out: the server never sees it."""

    def strike(self, exchange: Exchange) -> Wire:
        """Break the connection."""
        raise _reset(f"{exchange.call} was reset before it was sent")


@dataclass(frozen=True, slots=True)
class LoseAnswer:
    """The connection is reset after the server has done it: the client is in doubt."""

    def strike(self, exchange: Exchange) -> Wire:
        """Go on, then break the connection."""
        exchange.forward()
        raise _reset(f"{exchange.call} was reset while the answer was awaited")


@dataclass(frozen=True, slots=True)
class Late:
    """The network holds the request for `seconds` (> 0); the client gives up at its timeout, or at once if it has none.

    The request is delivered by `Faults.deliver_due`, which every later call on any transport asks first.
    """

    seconds: float

    def strike(self, exchange: Exchange) -> Wire:
        """Keep the request for later and let the client run into its timeout."""
        exchange.hold(self.seconds)
        exchange.clock.sleep(min(exchange.call.timeout_s or 0.0, self.seconds))
        raise _timed_out(exchange.call)


@dataclass(frozen=True, slots=True)
class Delay:
    """The answer takes `seconds` (>= 0) longer; beyond the client's timeout it never arrives, though it was done."""

    seconds: float

    def strike(self, exchange: Exchange) -> Wire:
        """Go on, then wait, at most as long as the client does."""
        response = exchange.forward()
        patience = exchange.call.timeout_s
        if patience is not None and self.seconds >= patience:
            exchange.clock.sleep(patience)
            raise _timed_out(exchange.call)
        exchange.clock.sleep(self.seconds)
        return response


REASONS: Mapping[int, str] = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}
"""The reason that a Status of this code carries (k8s.io/apimachinery, `metav1.StatusReason`)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The server (or what stands before it) refuses with `status` (400 to 599) and has done nothing."""

    status: int
    message: str = ""
    retry_after_s: int | None = None

    def __post_init__(self) -> None:
        if not 400 <= self.status <= 599:
            raise ValueError(f"status: {self.status} is no refusal; a fault never invents success")

    def strike(self, exchange: Exchange) -> Wire:
        """Answer in the server's place, with a Status object."""
        call = exchange.call
        reason = REASONS.get(self.status, "")
        body = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message or f'{call.resource} "{call.name}" is refused by a fault of this run',
            "reason": reason,
            "details": {"group": call.group, "kind": call.resource, "name": call.name},
            "code": self.status,
        }
        headers = {"Content-Type": "application/json"}
        if self.retry_after_s is not None:
            headers["Retry-After"] = str(self.retry_after_s)
        text = io.BytesIO(json.dumps(body).encode())
        return HTTPResponse(text, status=self.status, reason=reason, headers=headers, preload_content=False)


@dataclass(frozen=True, slots=True)
class CutWatch:
    """A watch breaks after `events` (>= 0) pieces of its stream; other calls pass."""

    events: int = 0

    def strike(self, exchange: Exchange) -> Wire:
        """Go on, and hand out a response whose stream breaks."""
        response = exchange.forward()
        return CutResponse(response, self.events) if exchange.call.verb == "watch" else response


@dataclass(frozen=True, slots=True)
class StaleRead:
    """A get or list is answered by `replica`, a server that lags behind; other calls pass.

    The request goes to the server too, which has to grant it: a replica is no way around its permissions.
    """

    replica: Transport

    def strike(self, exchange: Exchange) -> Wire:
        """Go on; where the server gives an answer, give the replica's instead."""
        response = exchange.forward()
        if exchange.call.verb not in ("get", "list") or response.status not in (200, 404):
            return response
        response.release_conn()
        return exchange.ask(self.replica)


@dataclass(frozen=True, slots=True)
class Pause:
    """The caller stands still on this side of the call while `meanwhile` runs: the rest of the world goes on.

    That is a process that is stopped, starved or collecting garbage; paused `before`, it is also a request that the
    network delivers late to a server while its sender still waits.
    """

    meanwhile: Callable[[], object]
    when: When = "before"

    def strike(self, exchange: Exchange) -> Wire:
        """Let the others go on, before the request is out or before the answer is read."""
        if self.when == "before":
            self.meanwhile()
            return exchange.forward()
        response = exchange.forward()
        self.meanwhile()
        return response


@dataclass(frozen=True, slots=True)
class Crash:
    """The caller dies on this side of the call: with the request unsent, or with the answer unread."""

    when: When = "before"

    def strike(self, exchange: Exchange) -> Wire:
        """Die, however the call was answered."""
        if self.when == "after":
            with contextlib.suppress(HTTPError):
                exchange.forward()
        raise ReplicaDied(f"{exchange.call.identity} died {self.when} {exchange.call}")


@dataclass(frozen=True, slots=True)
class Match:
    """Which calls. Every field is a shell-style pattern; "*" takes anything."""

    verb: str = "*"
    resource: str = "*"
    namespace: str = "*"
    name: str = "*"
    identity: str = "*"

    def takes(self, call: Call) -> bool:
        """Whether the call is one of these."""
        return (
            fnmatchcase(call.verb, self.verb)
            and fnmatchcase(call.resource, self.resource)
            and fnmatchcase(call.namespace, self.namespace)
            and fnmatchcase(call.name, self.name)
            and fnmatchcase(call.identity, self.identity)
        )


@dataclass(slots=True, eq=False)
class Rule:
    """What happens to which calls: to `times` of them (None: all), from the `first` that matches (1 is the first).

    `chance` (0 to 1) lets each of those pass or not by the seed of its `Faults`. Counts what it saw and did.
    """

    match: Match
    fault: Fault
    first: int = 1
    times: int | None = None
    chance: float = 1.0
    seen: int = field(default=0, init=False)
    struck: int = field(default=0, init=False)

    def strikes(self, call: Call, dice: random.Random) -> bool:
        """Count the call; whether this rule acts on it."""
        if not self.match.takes(call):
            return False
        self.seen += 1
        if self.seen < self.first or (self.times is not None and self.struck >= self.times):
            return False
        if self.chance < 1.0 and dice.random() >= self.chance:
            return False
        self.struck += 1
        return True


class Faults:
    """The book of rules that all transports of one run share, with what the network still holds.

    `watcher`, if given, is shown every call before any fault strikes: that is how a run is recorded. `seed` decides
    every `chance`.
    """

    def __init__(self, clock: Clock, *, seed: int = 0, watcher: Callable[[Call], None] | None = None) -> None:
        self.clock = clock
        self.watcher = watcher
        self._dice = random.Random(seed)  # noqa: S311  # a replayable run, no secret
        self._rules: list[Rule] = []
        self._held: list[tuple[float, Callable[[], Wire]]] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault, match: Match | None = None, **limits: Any) -> Rule:
        """Add a rule (`limits`: `first`, `times`, `chance` of `Rule`) and return it; it acts from the next call on."""
        rule = Rule(match or Match(), fault, **limits)
        self.put(rule)
        return rule

    def put(self, rule: Rule) -> None:
        """Add a rule that has been made already; it acts from the next call on."""
        with self._lock:
            self._rules.append(rule)

    def remove(self, rule: Rule) -> None:
        """Take a rule away; one that is gone already is fine."""
        with self._lock:
            self._rules = [kept for kept in self._rules if kept is not rule]

    def clear(self) -> None:
        """Take all rules away. What the network holds is still delivered."""
        with self._lock:
            self._rules = []

    def partition(self, identity: str) -> Rule:
        """Cut one client off: nothing it sends gets out, until the rule is removed."""
        return self.add(LoseRequest(), Match(identity=identity))

    def striking(self, call: Call) -> list[Fault]:
        """The faults that act on this call, in the order in which their rules were added."""
        with self._lock:
            return [rule.fault for rule in self._rules if rule.strikes(call, self._dice)]

    def hold(self, seconds: float, send: Callable[[], Wire]) -> None:
        """Keep a request in the network for `seconds`."""
        with self._lock:
            self._held.append((self.clock.monotonic() + seconds, send))
            self._held.sort(key=lambda held: held[0])

    @property
    def idle(self) -> bool:
        """Whether nothing can happen to a call, and nobody is shown it."""
        return not (self._rules or self._held or self.watcher)

    @property
    def held(self) -> int:
        """How many requests the network still holds."""
        with self._lock:
            return len(self._held)

    def deliver_due(self) -> int:
        """Deliver what the network held up to now, oldest first; nobody reads the answers. Returns how many."""
        return self._deliver(self.clock.monotonic())

    def deliver_held(self) -> int:
        """Deliver everything that the network still holds, due or not. Returns how many."""
        return self._deliver(math.inf)

    def _deliver(self, until: float) -> int:
        delivered = 0
        while (send := self._next_held(until)) is not None:
            with contextlib.suppress(HTTPError):  # its sender has hung up
                send()
            delivered += 1
        return delivered

    def _next_held(self, until: float) -> Callable[[], Wire] | None:
        with self._lock:
            return self._held.pop(0)[1] if self._held and self._held[0][0] <= until else None


def dial(inner: Transport, configuration: Any, target: str, connect: Connect) -> Any:
    """Let `connect` open a WebSocket as `inner` has it, if that has an opinion, else as the client is configured."""
    opinion = getattr(inner, "dial", None)
    return connect(configuration, {}) if opinion is None else opinion(configuration, target, connect)


class FaultyTransport:
    """A transport in front of another one, with the faults of `faults` in between, for the client of one identity.

    Once it has raised `ReplicaDied` it sends nothing any more: no `finally` of a dead process reaches the server.
    `clock` is what the caller's waiting is measured by, where that is not the clock of `faults`.
    """

    def __init__(self, inner: Transport, faults: Faults, identity: str = "", *, clock: Clock | None = None) -> None:
        self._inner = inner
        self._faults = faults
        self._clock = clock or faults.clock
        self._dead = False
        self.identity = identity

    def request(self, method: str, url: str, **options: Any) -> Wire:
        """Send one request through the faults that strike it.

        Raises urllib3's `ProtocolError` or `ReadTimeoutError` as the real network does, and `ReplicaDied`.
        """
        if self._faults.idle and not self._dead:
            return self._inner.request(method, url, **options)
        call = read_call(method, url, identity=self.identity, body=options.get("body"), timeout=options.get("timeout"))

        return self._through(call, self._inner, lambda to: to.request(method, url, **options))

    def dial(self, configuration: Any, target: str, connect: Connect) -> Any:
        """Open a WebSocket through the faults that strike it: one call, from the upgrade to the end of its session.

        `connect(configuration, headers)` does it; its result, or the response of a fault, is returned. Raises as
        `request`.
        """
        call = read_call("GET", target, identity=self.identity)

        return self._through(call, self._inner, lambda to: dial(to, configuration, target, connect))

    def _through(self, call: Call, inner: Transport, ask: Callable[[Transport], Wire]) -> Wire:
        """Show the call to the watcher, and let it go through its faults."""
        if self._dead:
            raise ReplicaDied(f"{self.identity} is dead and cannot send {call}")
        if self._faults.watcher is not None:
            self._faults.watcher(call)
        self._faults.deliver_due()
        send = partial(ask, inner)
        forward: Callable[[], Wire] = send
        for fault in reversed(self._faults.striking(call)):
            exchange = Exchange(call, self._clock, forward, partial(self._faults.hold, send=send), ask)
            forward = partial(fault.strike, exchange)
        try:
            return forward()
        except ReplicaDied:
            self._dead = True
            raise

    def clear(self) -> None:
        """Drop the inner transport's idle connections."""
        self._inner.clear()


def install(client: ApiClient, faults: Faults, identity: str) -> FaultyTransport:
    """Put a `FaultyTransport` under an official client, in front of what it sends with now."""
    transport = FaultyTransport(cast(Transport, client.rest_client.pool_manager), faults, identity)
    client.rest_client.pool_manager = transport
    return transport


def _reset(what: str) -> ProtocolError:
    return ProtocolError("Connection aborted.", ConnectionResetError(104, what))


def _timed_out(call: Call) -> ReadTimeoutError:
    return ReadTimeoutError(HTTPConnectionPool("apiserver"), call.target, "Read timed out.")


class CutResponse:
    """A response whose stream breaks after some pieces; everything else is the inner response's."""

    def __init__(self, inner: Wire, events: int) -> None:
        self.inner = inner
        self.events = events

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def stream(self, *args: Any, **options: Any) -> Iterator[bytes]:
        """The inner stream's first pieces, then a broken connection."""
        pieces = iter(self.inner.stream(*args, **options))
        for _ in range(self.events):
            try:
                yield next(pieces)
            except StopIteration:
                return
        self.inner.close()
        raise ProtocolError("Connection broken: the watch was cut", ConnectionResetError(104, "Connection reset"))
