"""From the ledger to the destinations: each settled record is delivered to every reporter until that has acknowledged.

Called by the processor. Each reporter has its own queue and its own backoff, so one that is down holds up nobody; the
settled records in the ledger are the queue, so nothing is lost with a process. A crash between delivery and the write
that says so repeats the report; receivers drop repeats by the action's key.

What a read brought back is kept here only until it is delivered, within a bound; when it is no longer there (another
leader, no room), it is read again, which a read may be.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import orjson

from kubeactions.clock import Clock
from kubeactions.errors import KubeError
from kubeactions.ledger import Ledger
from kubeactions.model import Meter, Outcome, Record, Report, Reporter, Status

log = logging.getLogger("kubeactions.outbox")

MAX_BATCH = 100
"""Reports in one delivery."""
FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 60.0
KEPT_BYTES = 16 * 1024 * 1024
"""Results of reads kept in memory, all together."""
READ_AGAIN_FOR = timedelta(minutes=10)
"""How long to try to read again what was lost with its reader; after that the report goes without."""

ReadAgain = Callable[[Record], Outcome]
"""Repeats a read. Raises a `KubeError`."""


@dataclass(slots=True)
class _Line:
    """One reporter and when it may be tried again (monotonic seconds)."""

    reporter: Reporter
    failures: int = 0
    not_before: float = float("-inf")


class Outbox:
    """Delivers what is settled and not reported."""

    def __init__(
        self, reporters: Sequence[Reporter], clock: Clock, read_again: ReadAgain, meter: Meter | None = None
    ) -> None:
        self._meter = meter or Meter()
        self._lines = [_Line(reporter) for reporter in reporters]
        self._clock = clock
        self._read_again = read_again
        self._results: dict[str, Mapping[str, Any]] = {}
        self._sizes: dict[str, int] = {}

    def keep(self, record: Record, result: Mapping[str, Any]) -> None:
        """Hold what a read brought back until it is delivered."""
        self._results[record.marker] = result
        self._sizes[record.marker] = len(orjson.dumps(result))
        while sum(self._sizes.values()) > KEPT_BYTES:
            self._drop(next(iter(self._results)))

    def deliver(self, ledger: Ledger) -> None:
        """One delivery to each reporter that is due; what is acknowledged is amended and rides on the next write."""
        for line in self._lines:
            if self._clock.monotonic() >= line.not_before:
                self._deliver_to(line, ledger)
        names = {line.reporter.name for line in self._lines}
        for record in list(ledger.records.values()):
            if not record.open and not record.reported and names <= set(record.delivered):
                ledger.amend(replace(record, reported=True))
                self._drop(record.marker)
                waited_s = (self._clock.wall() - (record.settled_at or record.received_at)).total_seconds()
                self._meter.took(record.action.type if record.action else "", "report", max(waited_s, 0.0))

    def next_try(self, ledger: Ledger) -> float | None:
        """When something is to be delivered (monotonic seconds); None when nothing is."""
        return min((line.not_before for line in self._lines if _queue(line, ledger)), default=None)

    def _deliver_to(self, line: _Line, ledger: Ledger) -> None:
        reports: list[tuple[Record, Report]] = []
        for record in _queue(line, ledger)[:MAX_BATCH]:
            if (report := self._report(record)) is None:
                break  # In order: those behind it wait, too.
            reports.append((record, report))
        if not reports:
            if _queue(line, ledger):
                self._back_off(line, "the first report in line cannot be made right now")
            return
        try:
            line.reporter.deliver([report for _, report in reports])
        except Exception as error:  # noqa: BLE001  Whatever a destination does, the report stays in the outbox.
            self._back_off(line, f"{type(error).__name__}: {error}")
            return
        line.failures, line.not_before = 0, float("-inf")
        for record, _ in reports:
            current = ledger.records[record.marker]
            ledger.amend(replace(current, delivered=(*current.delivered, line.reporter.name)))

    def _back_off(self, line: _Line, why: str) -> None:
        pause = min(FIRST_BACKOFF_S * 2**line.failures, LONGEST_BACKOFF_S)
        line.failures = min(line.failures + 1, 16)
        line.not_before = self._clock.monotonic() + pause
        log.warning("reporter %s: %s; again in %.0f s", line.reporter.name, why, pause)

    def _report(self, record: Record) -> Report | None:
        """The report of a record; None when what it read is to be read again and cannot be right now."""
        outcome = record.outcome
        if outcome is None or record.settled_at is None:
            raise RuntimeError(f"{record.key} is settled without an outcome")
        if record.marker in self._results:
            outcome = replace(outcome, payload=self._results[record.marker])
        elif outcome.reason == "Read" and outcome.status is Status.SUCCEEDED:
            try:
                again = self._read_again(record)
                outcome = replace(outcome, payload=again.payload)
                self.keep(record, again.payload)
            except KubeError as error:
                if self._clock.wall() - record.settled_at < READ_AGAIN_FOR:
                    log.warning("%s cannot be read again for its report: %s", record.key, error)
                    return None
                outcome = replace(outcome, message=f"{outcome.message}; what was read is lost: {error}")
            except Exception as error:  # noqa: BLE001  Not even an executor's bug keeps a report back.
                outcome = replace(outcome, message=f"{outcome.message}; what was read is lost: {error!r}")
        uid = record.intent.uid if record.intent else ""
        return Report(record.key, record.action, outcome, record.replica, record.settled_at, uid)

    def _drop(self, marker: str) -> None:
        self._results.pop(marker, None)
        self._sizes.pop(marker, None)


def _queue(line: _Line, ledger: Ledger) -> list[Record]:
    """What this reporter has not acknowledged, in the order in which it was settled."""
    found = [
        record
        for record in ledger.records.values()
        if not record.open and not record.reported and line.reporter.name not in record.delivered
    ]
    return sorted(found, key=lambda record: (record.settled_at or record.received_at, record.order))
