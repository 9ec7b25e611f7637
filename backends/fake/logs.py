"""pods/log: what a container has logged, cut to what was asked for, and followed as it is written.

Called by `running`. The lines are the rules of `programs.table`; a container of which nobody has said anything has
logged nothing. Options are checked as in ValidatePodLogOptions, the container and its run as by its kubelet; the order
in which the options work is the kubelet's (pkg/kubelet/kuberuntime/logs, ReadLogs): tail, since, limit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from backends.fake import statuses
from backends.fake.call import Call
from backends.fake.containers import Life, check_node, container_of, find_pod, life_of, running_id
from backends.fake.messages import Response
from backends.fake.programs import Invocation, Out, Programs, Sleep
from backends.fake.programs.steps import Running
from backends.fake.programs.table import Logged
from backends.fake.registry import Registry
from backends.fake.validation import causes
from backends.fake.validation.causes import Cause

POLL_S: Final = 1.0
"""How often a log that is followed is looked at while nothing in it is due."""
LIFETIME_S: Final = 4 * 3600.0
"""The kubelet's streamingConnectionIdleTimeout: no log is followed for longer."""
_TEXT: Final = "text/plain"
_NAMES: Final = frozenset(
    {
        "container", "follow", "insecureSkipTLSVerifyBackend", "limitBytes", "pretty", "previous", "sinceSeconds",
        "sinceTime", "stream", "tailLines", "timestamps",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LogOptions:
    """PodLogOptions, read."""

    follow: bool
    previous: bool
    timestamps: bool
    tail: int | None
    limit: int | None
    since: datetime | None


class Logs:
    """Answers for the logs of one cluster."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs

    def answer(self, registry: Registry, call: Call) -> Response:
        """A log, or a stream of it. Raises `ApiError` 400, 404, 422."""
        options = _options(call, registry.clock.wall())
        pod = find_pod(registry, call)
        container = container_of(pod, call.query.get("container", ""))
        if not check_node(registry, pod):
            return Response(200, {"Content-Type": _TEXT})  # LogLocation: nothing to ask, and no error either.
        life = life_of(pod, container, previous=options.previous)
        place = call.route.namespace, call.route.name, container
        log = _Log(self._programs, place, life, options)
        now = registry.clock.wall()
        if not options.follow or life.ended is not None:
            return Response(200, {"Content-Type": _TEXT}, b"".join(log.first(now)))
        stream = LogStream(log, registry, running_id(pod, container) or "")
        return Response(200, {"Content-Type": _TEXT}, stream=stream)

    def attached(self, registry: Registry, call: Invocation) -> Running:
        """What somebody sees who attaches: from now on, what the container logs. His input goes nowhere."""
        place = call.namespace, call.pod, call.container
        seen = registry.clock.wall()
        life = life_of(call.manifest, call.container, previous=False)
        while True:
            yield Sleep(POLL_S)
            now = registry.clock.wall()
            for line in self._programs.logged(*place, life.started, now):
                if line.at > seen:
                    yield Out(f"{line.text}\n")
            seen = now


class _Log:
    """One container's log as one client wants it."""

    def __init__(self, programs: Programs, place: tuple[str, str, str], life: Life, options: LogOptions) -> None:
        self.place = place
        self._programs, self._life, self._options = programs, life, options
        self._left = options.limit if options.limit is not None else math.inf
        self._seen = life.started - timedelta(seconds=1)

    def first(self, now: datetime) -> list[bytes]:
        """What is there already: the tail of it, of that what is new enough."""
        until = self._until(now)
        lines = self._programs.logged(*self.place, self._life.started, until)
        if self._options.tail is not None:
            lines = lines[max(0, len(lines) - self._options.tail) :]
        self._seen = until
        return self._shown(lines)

    def more(self, now: datetime) -> list[bytes]:
        """What has been written since."""
        seen, self._seen = self._seen, now
        lines = self._programs.logged(*self.place, self._life.started, now)
        return self._shown([line for line in lines if line.at > seen])

    def next_at(self, now: datetime) -> datetime | None:
        """When the next line is written, as far as that is known."""
        horizon = now + timedelta(seconds=LIFETIME_S)
        lines = self._programs.logged(*self.place, self._life.started, horizon)
        return next((line.at for line in lines if line.at > self._seen), None)

    @property
    def full(self) -> bool:
        """Whether as many bytes have been sent as were asked for."""
        return self._left <= 0

    def _until(self, now: datetime) -> datetime:
        return now if self._life.ended is None else min(now, self._life.ended)

    def _shown(self, lines: Sequence[Logged]) -> list[bytes]:
        shown: list[bytes] = []
        for line in lines:
            if self._options.since is not None and line.at < self._options.since:
                continue
            stamp = f"{_nano(line.at)} " if self._options.timestamps else ""
            data = f"{stamp}{line.text}\n".encode()
            if len(data) > self._left:
                data = data[: int(self._left)]
            self._left -= len(data)
            shown.append(data)
            if self.full:
                break
        return shown


class LogStream:
    """A log that is followed, for the transports: the same questions as those of a watch."""

    def __init__(self, log: _Log, registry: Registry, running: str) -> None:
        self.closed = False
        self._log, self._registry, self._running = log, registry, running
        self._waiting = log.first(registry.clock.wall())
        self._deadline = registry.clock.monotonic() + LIFETIME_S
        self._changed: Callable[[], None] | None = None
        self._ended = False
        namespace, name, self._container = log.place
        self._unwatch = registry.store.watch(*registry.pods.storage, namespace, name, self._on_pod)

    def on_change(self, callback: Callable[[], None] | None) -> None:
        """Call `callback` when the container has changed."""
        self._changed = callback

    def tick(self, now: float, revision: int) -> None:
        """Look what has been written; the end of the container is the end of its log."""
        del revision
        if self.closed:
            return
        self._waiting += self._log.more(self._registry.clock.wall())
        if self._ended or self._log.full or now >= self._deadline:
            self.close()

    def take(self) -> list[bytes]:
        """The lines that wait."""
        lines, self._waiting = self._waiting, []
        return lines

    def next_due(self) -> float:
        """When to tick, in monotonic seconds."""
        now, wall = self._registry.clock.monotonic(), self._registry.clock.wall()
        if self._ended or self._log.full:
            return now
        at = self._log.next_at(wall)
        wait_s = POLL_S if at is None else min(POLL_S, max(0.0, (at - wall).total_seconds()))
        return min(now + wait_s, self._deadline)

    def close(self) -> None:
        """End it, from either side."""
        if not self.closed:
            self.closed = True
            self._unwatch()

    def _on_pod(self, event: Any) -> None:
        if event.new is None or running_id(event.new.load(), self._container) != self._running:
            self._ended = True
            if self._changed is not None:
                self._changed()


# ---- options


def _options(call: Call, now: datetime) -> LogOptions:
    """Raises `ApiError` 400 for what cannot be read, 422 for what makes no sense."""
    query = call.query
    unknown = sorted(set(query) - _NAMES)
    if unknown:
        raise statuses.bad_request(f"unknown query parameter of a log: {', '.join(unknown)}")
    numbers = {name: _whole(query, name) for name in ("tailLines", "limitBytes", "sinceSeconds")}
    since_time = _time(query.get("sinceTime", ""))
    problems = _problems(numbers, since_time, stream="stream" in query)
    if problems:
        raise statuses.invalid("PodLogOptions", call.route.name, "", [one._asdict() for one in problems])
    seconds = numbers["sinceSeconds"]
    return LogOptions(
        follow=call.flag("follow"),
        previous=call.flag("previous"),
        timestamps=call.flag("timestamps"),
        tail=numbers["tailLines"],
        limit=numbers["limitBytes"],
        since=since_time if seconds is None else now - timedelta(seconds=seconds),
    )


def _problems(numbers: dict[str, int | None], since_time: datetime | None, *, stream: bool) -> list[Cause]:
    """ValidatePodLogOptions."""
    found: list[Cause] = []
    tail, limit, since = numbers["tailLines"], numbers["limitBytes"], numbers["sinceSeconds"]
    if tail is not None and tail < 0:
        found.append(causes.invalid("tailLines", tail, "must be greater than or equal to 0"))
    if limit is not None and limit < 1:
        found.append(causes.invalid("limitBytes", limit, "must be greater than 0"))
    if since is not None and since_time is not None:
        found.append(causes.forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    elif since is not None and since < 1:
        found.append(causes.invalid("sinceSeconds", since, "must be greater than 0"))
    if stream:
        found.append(causes.forbidden("stream", "may not be specified"))  # PodLogsQuerySplitStreams is off in v1.34.
    return found


def _whole(query: Any, name: str) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise statuses.bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def _time(text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        why = f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": cannot parse "{text}" as "2006"'
        raise statuses.bad_request(why)
    return found


def _nano(at: datetime) -> str:
    """RFC 3339 with nine digits, as the container runtime stamps its lines."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond * 1000:09}Z"
