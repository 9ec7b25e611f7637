"""A cluster twice: forks that go their own way, and snapshots to come back to.

Called through `Cluster.fork`, `Cluster.snapshot` and `Cluster.restore`. A fork has everything that its original has:
objects, revisions, history, audit trail, what the controllers remember and what is due, the state of its random
numbers and the time. So the same requests get the same answers from both, byte for byte. What is stored is shared
until one of them writes (`buckets.py`), and so is what controllers remember of each object (`backends.sharing`); the
rest is copied (`forking.py`).

What is not part of a cluster stays behind: listeners, clients, open watches.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from backends.clock import Clock, SimulatedClock, SystemClock
from backends.fake.forking import Fork

if TYPE_CHECKING:
    from backends.fake.cluster import Cluster


class Snapshot:
    """What a cluster was at one moment. It does not change; restore it as often as you like, into that cluster."""

    def __init__(self, cluster: Cluster) -> None:
        # Whoever looked at it under a clock that runs would change it.
        stopped = SimulatedClock()
        stopped.set_as(cluster.clock)
        self._kept = fork(cluster, stopped)
        self._clock = cluster.clock
        self.revision = self._kept.store.revision
        """The cluster's revision at that moment."""

    def fork(self) -> Cluster:
        """A new cluster that goes on from that moment, under a clock of the same kind as the original's."""
        moves = isinstance(self._clock, SimulatedClock)
        clock = self._kept.clock if moves else self._clock
        return self._into(object.__new__(type(self._kept)), _same_time(clock), threading.RLock())

    def frozen(self) -> Cluster:
        """A cluster in which it stays that moment: nothing that is due ever happens."""
        return fork(self._kept, None)

    def restore(self, cluster: Cluster) -> None:
        """Make `cluster` what it was; see `restore` below."""
        clock, sleepers = cluster.clock, cluster.sleepers
        if isinstance(clock, SimulatedClock):
            clock.set_as(self._kept.clock)
        self._into(cluster, clock, cluster.lock)
        cluster.sleepers = sleepers

    def _into(self, cluster: Cluster, clock: Clock, lock: threading.RLock) -> Cluster:
        """Fill `cluster` with what was kept, its due times being as far away as they were."""
        _copied(self._kept, clock, cluster, lock)
        cluster.due.postpone(clock.monotonic() - self._kept.clock.monotonic())
        return cluster


def fork(cluster: Cluster, clock: Clock | None) -> Cluster:
    """A cluster of its own that goes on from here. Without `clock` its time is the original's, and then its own.

    Raises TypeError for a clock that cannot be copied (give one then) and for what `forking` cannot copy.
    """
    with cluster.lock:
        cluster.catch_up()
        return _copied(cluster, clock or _same_time(cluster.clock), object.__new__(type(cluster)), threading.RLock())


def restore(cluster: Cluster, snapshot: Snapshot) -> None:
    """Make `cluster` what it was at the snapshot; its listeners and clients stay, its watches end.

    A simulated clock goes back as well, for everybody who has it. Under the machine's clock what was due in ten seconds
    is due in ten seconds again.
    """
    with cluster.lock:
        cluster.store.end_watches()
        snapshot.restore(cluster)
        for wake in cluster.sleepers:
            wake()


def _copied(cluster: Cluster, clock: Clock, into: Cluster, lock: threading.RLock) -> Cluster:
    """Fill `into` with copies of all that hangs on `cluster`."""
    walk = Fork([(cluster, into), (cluster.clock, clock), (cluster.lock, lock), (cluster.sleepers, set())])
    state = walk.copies(vars(cluster))
    vars(into).update(state)
    return into


def _same_time(clock: Clock) -> Clock:
    if isinstance(clock, SimulatedClock):
        return clock.copy()
    if isinstance(clock, SystemClock):
        return clock
    raise TypeError(f"a {type(clock).__name__} cannot be copied: fork(clock=...) needs the fork's clock")
