"""What is to be done later, and when: one queue a cluster, in the cluster's monotonic time.

Controllers put themselves in (`Cluster.enqueue`); `Cluster.catch_up` takes out what is due, in due order. A key that
already waits is not queued twice: the earlier time wins, as in client-go's delaying queue, so a controller that is
told ten times of one object looks once.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable
from typing import NamedTuple

Step = Callable[[], None]


class Due(NamedTuple):
    """One thing to do: `step` at `at` (monotonic seconds). What is in the background goes on for ever."""

    at: float
    key: Hashable
    step: Step
    background: bool = False


class DueQueue:
    """A delaying queue without threads: nothing happens until somebody takes what is due."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Hashable]] = []
        self._waiting: dict[Hashable, Due] = {}
        self._order = 0

    def add(self, key: Hashable, at: float, step: Step, *, background: bool = False) -> None:
        """Do `step` at `at` (monotonic seconds). If `key` waits already, the earlier of both times holds."""
        held = self._waiting.get(key)
        if held is not None and held.at <= at:
            return
        self._waiting[key] = Due(at, key, step, background)
        self._order += 1
        heapq.heappush(self._heap, (at, self._order, key))

    def postpone(self, seconds: float) -> None:
        """Everything is due so much later (or earlier), in the same order."""
        if not seconds:
            return
        # Both by the same sum: an entry of the heap counts while its time is that of what waits under its key.
        self._heap = [(at + seconds, order, key) for at, order, key in self._heap]
        self._waiting = {key: due._replace(at=due.at + seconds) for key, due in self._waiting.items()}

    def discard(self, key: Hashable) -> None:
        """Forget what waits under `key`; nothing happens if nothing does."""
        self._waiting.pop(key, None)

    def next_at(self) -> float | None:
        """When the next thing is due, in monotonic seconds; None when nothing waits."""
        heap = self._heap
        while heap:
            at, _, key = heap[0]
            held = self._waiting.get(key)
            if held is not None and held.at == at:
                return at
            heapq.heappop(heap)
        return None

    def next_to_wait_for(self) -> float | None:
        """The same of what is not in the background: for whoever wants to see the cluster at rest.

        Costs a look at all that waits if anything is in the background, nothing more than `next_at` otherwise.
        """
        at = self.next_at()
        if at is None or not any(due.background for due in self._waiting.values()):
            return at
        return min((due.at for due in self._waiting.values() if not due.background), default=None)

    def take(self, now: float) -> Due | None:
        """The earliest thing that is due at `now`, out of the queue; None when nothing is."""
        at = self.next_at()
        if at is None or at > now:
            return None
        _, _, key = heapq.heappop(self._heap)
        return self._waiting.pop(key)

    def __len__(self) -> int:
        return len(self._waiting)
