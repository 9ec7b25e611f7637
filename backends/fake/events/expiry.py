"""Events go an hour after they were last written, whoever wrote them.

kube-apiserver's `--event-ttl`: each write of an Event gives it a new lease in etcd, and what is gone with its lease is
a DELETED for those who watch, and in nobody's audit trail. Hears of every commit, and acts on the cluster's queue.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from backends.fake.forking import Fork
from backends.fake.store import Key, Store, StoreEvent
from backends.sharing import SharedDict

EVENT_TTL_S: Final = 3600.0
"""The default of `--event-ttl`."""
_WORK: Final = ("event-ttl",)


class Enqueue(Protocol):
    """The cluster's queue."""

    def __call__(self, key: tuple[str], delay_s: float, step: Callable[[], None], *, background: bool) -> None:
        """Do `step` in so many seconds; nobody waits for what is in the background."""


class Expiry:
    """When each stored Event goes, in monotonic seconds of the cluster."""

    def __init__(self, store: Store, monotonic: Callable[[], float], enqueue: Enqueue) -> None:
        self._store = store
        self._monotonic = monotonic
        self._enqueue = enqueue
        self._until: SharedDict[Key, float] = SharedDict()
        self._order: list[tuple[float, Key]] = []
        store.subscribe(self._on_event)

    def forked(self, fork: Fork) -> Mapping[str, object]:
        """A fork forgets at the same times."""
        del fork
        return {"_order": list(self._order)}

    def hold(self, key: Key, written: float) -> None:
        """The Event under `key` was written at `written` (monotonic seconds), not in this moment."""
        self._until[key] = written + EVENT_TTL_S
        heapq.heappush(self._order, (written + EVENT_TTL_S, key))
        self._enqueue(_WORK, max(0.0, written + EVENT_TTL_S - self._monotonic()), self.step, background=True)

    def step(self) -> None:
        """Remove what is over, and look again when the next one is."""
        now = self._monotonic()
        while self._order and self._order[0][0] <= now:
            until, key = heapq.heappop(self._order)
            if self._until.get(key) != until:
                continue  # written again since, or gone
            del self._until[key]
            entry = self._store.get(key)
            if entry is not None:
                self._store.delete(entry)
        if self._order:
            self._enqueue(_WORK, self._order[0][0] - now, self.step, background=True)

    def _on_event(self, event: StoreEvent) -> None:
        """Called by the store inside each commit."""
        if event.key.plural != "events" or event.key.group:
            return
        if event.new is None:
            self._until.pop(event.key, None)
        else:
            self.hold(event.key, self._monotonic())
