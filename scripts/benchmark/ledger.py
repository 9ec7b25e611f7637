"""The ledger at size: what a record costs to write, and how long a new leader loads, from 10 to 50,000 records."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from backends.clock import SimulatedClock
from backends.fake import Cluster, FakeBackend
from kubeactions.clock import Clock
from kubeactions.kube import Kube
from kubeactions.ledger import Ledger
from kubeactions.ledger.reset import cluster_uid
from kubeactions.model import Action, ActionKey, Intent, Outcome, Phase, Record, Status, Target
from scripts.benchmark.measure import Row

SIZES = (10, 1_000, 10_000, 50_000)
BATCH = 8
"""Actions whose intents and outcomes are written together, as the execution does."""
STOCKED = 100
"""Records in one write, where a history is wanted and not what it costs."""
WINDOW = 2_000
"""Actions over which the bytes for one are averaged: some seals and merges are in it."""
LOADS = 3
NAMESPACE = "default"


class Writer:
    """A leader that writes what actions would: no action is done."""

    def __init__(self, kube: Kube, clock: Clock) -> None:
        self.clock = clock
        self.done = 0
        self.ledger = Ledger(kube, clock, namespace=NAMESPACE, identity="writer")
        self.ledger.open(None)

    def stock(self, until: int) -> None:
        """Write the ends of actions only, many in a write: the same history in a tenth of the time."""
        while self.done < until:
            numbers = range(self.done, min(self.done + STOCKED, until))
            self.ledger.write([self._settled(self._intended(self._pending(number))) for number in numbers])
            self.done += len(numbers)
            self._keep_house()

    def _keep_house(self) -> None:
        while self.ledger.seal_due():
            self.ledger.seal()
        if self.ledger.merge_due():
            self.ledger.merge()

    def _pending(self, number: int) -> Record:
        now = self.clock.wall()
        key = ActionKey(f"restart-of-deployment-{number:06}", 1)
        target = Target("apps/v1", "Deployment", f"service-{number % 997}", f"team-{number % 41}", f"{number:032x}")
        action = Action(key, "restart_deployment", target, now, {}, f"{number * 7919:032x}", "ops@example.org")
        return Record(key, Phase.PENDING, action.digest, now, number + 1, action)

    def _intended(self, record: Record) -> Record:
        now = self.clock.wall()
        assert record.action is not None
        resolved = {"stamp": now.isoformat()}
        intent = Intent(self.ledger.epoch, 1, record.action.target.uid, 3, resolved, now)
        return replace(record, phase=Phase.INTENT, intent=intent)

    def _settled(self, record: Record) -> Record:
        assert record.action is not None
        outcome = Outcome(Status.SUCCEEDED, "Restarted", f"{record.action.target} restarted, its pods are replaced")
        now = self.clock.wall() + timedelta(milliseconds=40)
        done = replace(record, phase=Phase.SETTLED, outcome=outcome, settled_at=now)
        return replace(done, replica="writer", delivered=("log",), reported=True)


class Shelf(Writer):
    """An API server in memory, and a leader that writes there what actions would."""

    def __init__(self) -> None:
        clock = SimulatedClock()
        self.backend = FakeBackend(cluster=Cluster(clock, controllers=False))
        self.simulated = clock
        super().__init__(self.kube("writer"), clock)

    def open(self, name: str) -> Ledger:
        """A replica that is promoted."""
        ledger = Ledger(self.kube(name), self.clock, namespace=NAMESPACE, identity=name)
        ledger.open(None)
        return ledger

    def kube(self, name: str) -> Kube:
        """A door of one's own."""
        return Kube(self.backend.client(name), self.simulated, 60)

    def fill(self, until: int) -> None:
        """Write whole lives of actions: accepted, intended, settled and reported."""
        while self.done < until:
            pending = [self._pending(self.done + index) for index in range(min(BATCH, until - self.done))]
            self.ledger.write(pending)
            self.simulated.advance(1)
            intents = [self._intended(one) for one in pending]
            self.ledger.write(intents)
            self.ledger.write([self._settled(one) for one in intents])
            self.done += len(pending)
            self._keep_house()

    def largest(self) -> int:
        """Bytes of the largest ConfigMap of the ledger, keys and values."""
        found = self.kube("reader").list(f"/api/v1/namespaces/{NAMESPACE}/configmaps")["items"]
        return max(
            sum(
                len(name) + len(text.encode())
                for part in ("data", "binaryData")
                for name, text in (one.get(part) or {}).items()
            )
            for one in found
        )


def growth() -> Iterator[Row]:
    """Bytes for one action and the load of a new leader, as the history grows."""
    shelf = Shelf()
    cluster_uid(shelf.kube("reader"))
    base: float | None = None
    for size in SIZES:
        shelf.fill(max(size - WINDOW, 0))
        before, began = shelf.ledger.bytes_written, shelf.done
        shelf.fill(size)
        each = (shelf.ledger.bytes_written - before) / (shelf.done - began)
        base = base or each
        ratio = each / base
        yield Row(
            "ledger", f"bytes written for one action, {size:,} kept", each, "B", base, ratio, "<= 1.2", ratio <= 1.2
        )
    yield from _load(shelf)
    largest = float(shelf.largest())
    limit = 256 * 1024.0
    yield Row("ledger", "largest ConfigMap", largest, "B", limit, largest / limit, "<= 1", largest <= limit)


def _load(shelf: Shelf) -> Iterator[Row]:
    """The best of some promotions: on a machine that others use, the rest measures them."""
    wall, cpu = [], []
    for number in range(LOADS):
        began, worked = time.perf_counter(), time.process_time()
        loaded = shelf.open(f"next-{number}")
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - worked)
    what = f"load on promotion, {len(loaded.history):,} records in {len(loaded.meta.segments)} segments"
    for name, seconds in ((what, min(wall)), (f"{what}, processor time", min(cpu))):
        yield Row("ledger", name, seconds, "s", 2.0, seconds / 2.0, "<= 1", seconds <= 2.0)
