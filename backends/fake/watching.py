"""One watch, pull-based: what happened waits in it until somebody takes it.

Opened by `reading.py`, emptied by a transport: the in-process one blocks (or lets simulated time pass) between two
`take()`s, the HTTP one awaits the callback of `on_change`. A stream decides by itself what its client may see:
selectors are applied here, so an object that leaves a selector is DELETED for this client and nobody else.
Refuses to grow without bound: a client that does not read loses its watch, as with the real server.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable

from backends.fake.store import Entry, StoreEvent

Matcher = Callable[[Entry], bool]

BACKLOG_LIMIT = 20_000
"""Events that may wait in one stream, beyond those that it began with."""
BOOKMARK_INTERVAL_S = 60.0
"""How often a client that allows bookmarks gets one (cacher.go: about once a minute)."""
BOOKMARK_BEFORE_END_S = 2.0


class WatchStream:
    """The events of one watch, in order of their commits.

    `deadline` is when the server ends it, in monotonic seconds of the cluster's clock; the transport looks.
    """

    __slots__ = (
        "_bookmark", "_bookmark_at", "_changed", "_encode", "_end", "_frame", "_limit", "_matches", "_waiting",
        "closed", "deadline",
    )  # fmt: skip

    def __init__(
        self,
        matches: Matcher | None,
        encode: Callable[[Entry], bytes],
        *,
        opened: float,
        deadline: float,
        bookmark: Callable[[int], bytes] | None,
        frame: Callable[[bytes], bytes] | None = None,
    ) -> None:
        """`frame` turns a line into what is sent instead of it: a client may ask for protobuf."""
        self._waiting: deque[tuple[str, Entry] | Callable[[], bytes]] = deque()
        self._matches = matches
        self._encode = encode
        self._frame = frame
        self._changed: Callable[[], None] | None = None
        self._end: Callable[[], None] | None = None
        self._bookmark = bookmark
        self.deadline = deadline
        self._bookmark_at = self._next_bookmark(opened)
        self._limit = BACKLOG_LIMIT
        self.closed = False

    # ---- the server's side

    def attach(self, end: Callable[[], None]) -> None:
        """Tell the stream how to stop its supply, now that what it begins with is in it."""
        self._end = end
        self._limit = BACKLOG_LIMIT + len(self._waiting)

    def offer(self, event: StoreEvent) -> None:
        """A commit that may concern this client."""
        if self.closed:
            return
        kind = self._seen_as(event)
        if kind is None:
            return
        self._waiting.append((kind, event.shown if kind != "DELETED" or event.new is None else _left(event)))
        if len(self._waiting) > self._limit:
            self.close()
        self._tell()

    def put(self, kind: str, entry: Entry) -> None:
        """An event made for this client alone: the initial state."""
        self._waiting.append((kind, entry))

    def put_line(self, line: Callable[[], bytes]) -> None:
        """A line of another kind, a bookmark or an ERROR, made when it is taken: lines may follow from those before."""
        self._waiting.append(line)

    def _seen_as(self, event: StoreEvent) -> str | None:
        matches = self._matches
        if matches is None:
            return event.type
        before = event.old is not None and matches(event.old)
        after = event.new is not None and matches(event.new)
        if before:
            return "MODIFIED" if after else "DELETED"
        return "ADDED" if after else None

    # ---- the transport's side

    def on_change(self, callback: Callable[[], None] | None) -> None:
        """Call `callback` (from whatever thread writes) when there is something to take or the stream has closed."""
        self._changed = callback

    def take(self) -> list[bytes]:
        """Everything that waits, as lines ready to send; empty when nothing does."""
        lines = []
        waiting = self._waiting
        while waiting:
            item = waiting.popleft()
            lines.append(self._line(*item) if isinstance(item, tuple) else item())
        return lines if self._frame is None else [self._frame(line) for line in lines]

    def tick(self, now: float, revision: int) -> None:
        """Let the time have its effect: a bookmark that is due, the deadline. `now` in monotonic seconds."""
        if self.closed:
            return
        if self._bookmark is not None and now >= self._bookmark_at:
            self.put_line(functools.partial(self._bookmark, revision))
            self._bookmark_at = self._next_bookmark(now)
        if now >= self.deadline:
            self.close()

    def next_due(self) -> float:
        """When `tick` has something to do, in monotonic seconds."""
        return self.deadline if self._bookmark is None else min(self._bookmark_at, self.deadline)

    def _next_bookmark(self, now: float) -> float:
        """About every minute, and shortly before the end (cache_watcher.go, nextBookmarkTime)."""
        before_end = self.deadline - BOOKMARK_BEFORE_END_S
        regular = now + BOOKMARK_INTERVAL_S
        return before_end if now < before_end < regular else regular

    def close(self) -> None:
        """End it, from either side. What waits can still be taken."""
        if self.closed:
            return
        self.closed = True
        if self._end is not None:
            self._end()
        self._tell()

    def _line(self, kind: str, entry: Entry) -> bytes:
        return b'{"type":"%s","object":%s}\n' % (kind.encode(), self._encode(entry))

    def _tell(self) -> None:
        if self._changed is not None:
            self._changed()


def _left(event: StoreEvent) -> Entry:
    """An object that left a selector is shown as it was, under the revision of the change (cacher.go)."""
    old = event.old
    if old is None:
        raise RuntimeError("an object that was not there cannot leave")
    return Entry(old.key, old.resource, old.load(), event.rv)
