"""From the sources to the ledger: pull everything, accept what is new, and only then acknowledge.

Called by the processor. A source is read whole each time (level, not edge), so nothing depends on having seen a
change. What was read of a config is remembered by its bytes, so a config that stays costs a comparison. A source that
fails is tried again at the next pull and does not hold up the others; an acknowledgement that fails is repeated.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from kubeactions.clock import Clock
from kubeactions.ledger import Ledger, Waiting
from kubeactions.model import AckState, ActionKey, Config, Meter, Pull, Record, Source, Spec, Status, Wakeful
from kubeactions.processor.accept import TOO_OLD, Acceptance, Judge, candidates, conflict_key, is_named, whole_refusal
from kubeactions.settings import Limits

log = logging.getLogger("kubeactions.intake")

MAX_BATCH = 200
"""New records in one write; a config's own are never divided."""
MAX_WAITING = 20
"""Configs that the ledger names as not accepted; those behind them are not even looked at."""
MAX_PROBLEMS = 1000
"""Problems remembered so that each is said once."""
_Place: TypeAlias = tuple[str, str, int, str]
"""Source, id, version and content: a source may hold two contents of one version, and the second is refused."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """One config of one source, and the records that it would make."""

    source: Source
    config: Config
    fingerprint: str
    records: tuple[Record, ...]
    need: int
    """Bytes that all of them would take in the ledger."""


class Intake:
    """Keeps the sources' whole current set and what each source was told."""

    def __init__(
        self,
        sources: Sequence[Source],
        clock: Clock,
        specs: Mapping[str, Spec],
        limits: Limits,
        meter: Meter | None = None,
    ) -> None:
        self._meter = meter or Meter()
        self.pulled_at: dict[str, float] = {}
        """When each source was last read in full, by name, in monotonic seconds."""
        self._sources = tuple(sources)
        self._clock = clock
        self._specs = specs
        self._limits = limits
        self._current: list[_Reading] = []
        self._accepted: set[_Place] = set()
        self._untold: set[_Place] = set()
        self._by_name: dict[str, list[_Reading]] = {}
        self._read: dict[_Place, _Reading] = {}
        self._told: dict[_Place, tuple[AckState, str]] = {}
        self._said: set[tuple[str, str, str]] = set()

    def forget(self) -> None:
        """A new term: what was accepted is looked up in the ledger again."""
        self._accepted.clear()
        self._untold = set(self._read)

    def stirs(self) -> bool:
        """Whether a source may have changed since it was read, as far as they can tell. Cheap, without a request."""
        return any(self._does_stir(source) for source in self._sources)

    def _does_stir(self, source: Source) -> bool:
        try:
            return isinstance(source, Wakeful) and source.stirs()
        except Exception as error:  # noqa: BLE001  Whatever a source does: the poll will read it.
            self._say(source.name, "stirs", f"{type(error).__name__}: {error}")
            return False

    def glance(self, capacity: int) -> None:
        """Read what stirs, ahead of its time; the rest stays as it was read."""
        self._keep([one for source in self._sources for one in self._glanced(source, capacity)])

    def pull(self, capacity: int) -> None:
        """Read every source in full; `capacity` is what an empty ledger could hold, in bytes."""
        self._keep([one for source in self._sources for one in self._read_from(source, source.pull, capacity)])

    def _glanced(self, source: Source, capacity: int) -> list[_Reading]:
        if isinstance(source, Wakeful) and self._does_stir(source):
            return self._read_from(source, source.glance, capacity)
        return self._kept(source)

    def _kept(self, source: Source) -> list[_Reading]:
        return [reading for reading in self._current if reading.source is source]

    def _read_from(self, source: Source, read: Callable[[], Pull], capacity: int) -> list[_Reading]:
        try:
            pulled = read()
            found = [self._reading(source, config, capacity) for config in pulled.configs]
        except Exception as error:  # noqa: BLE001  Whatever a source does, the others are read.
            self._say(source.name, "pull", f"{type(error).__name__}: {error}", "SourceUnreadable")
            return self._kept(source)
        self.pulled_at[source.name] = self._clock.monotonic()
        self._say_mended(source.name)
        for problem in pulled.problems:
            self._say(source.name, problem.item, problem.text, "Unreadable")
        return found

    def _keep(self, found: list[_Reading]) -> None:
        before, self._current = self._read, found
        self._read = {_place(reading): reading for reading in found}
        fresh = {place for place, reading in self._read.items() if before.get(place) is not reading}
        self._accepted = (self._accepted & self._read.keys()) - fresh
        self._untold = (self._untold & self._read.keys()) | fresh
        self._told = {place: told for place, told in self._told.items() if place in self._read}
        self._by_name = {}
        for reading in found:
            for name in _names(reading):
                self._by_name.setdefault(name, []).append(reading)

    def accept(self, ledger: Ledger, judge: Judge) -> bool:
        """Make new records durable, in one write. True when there is more to accept at once. Raises a `KubeError`."""
        records = ledger.records
        acceptance = Acceptance(
            ledger.history,
            {name: record for name, record in records.items() if record.open},
            ledger.meta.watermark,
            judge,
            self._clock.wall(),
            1 + max((record.order for record in records.values()), default=0),
        )
        waiting: list[Waiting] = []
        more = False
        room = ledger.room()
        for reading in self._current:
            if _place(reading) in self._accepted:
                continue
            new = [one for one in reading.records if not acceptance.known(one) and not ledger.forgets(one)]
            if not new:
                if not acceptance.records:  # Known to the ledger, and not only to what is about to be written.
                    self._accepted.add(_place(reading))
                continue
            if len(acceptance.records) >= MAX_BATCH:
                more = True
                break
            if len(waiting) >= MAX_WAITING:
                break
            room -= 0 if waiting else reading.need if len(new) == len(reading.records) else ledger.need(new)
            if waiting or room < 0:
                reason = "HistoryFull" if ledger.full else "LedgerFull"
                waiting.append(Waiting(reading.config.id, reading.config.version, reason))
                continue
            for record in new:
                acceptance.take(record)
        self._say_waiting(ledger, waiting)
        if acceptance.records:
            ledger.write(acceptance.records.values())
            for record in acceptance.records.values():
                if record.whole and record.outcome is not None:
                    self._meter.unverified(record.outcome.reason)
            _log(acceptance.records.values())
        return more

    def acknowledge(self, ledger: Ledger) -> None:
        """Tell each source what became of its configs, where that is durable and not told yet."""
        for name in ledger.history.take_changes():
            self._untold.update(_place(reading) for reading in self._by_name.get(name, ()))
        for place in sorted(self._untold, key=str):
            reading = self._read[place]
            found = _state(reading.records, ledger)  # None: its records will be among the changes one day.
            if found is not None and self._told.get(place) != found:
                try:
                    reading.source.ack(reading.config, *found)
                except Exception as error:  # noqa: BLE001  It is told again at the next round.
                    self._say(reading.source.name, "ack", f"{type(error).__name__}: {error}")
                    continue
                self._told[place] = found
            self._untold.discard(place)

    def lists(self, marker: str) -> bool:
        """Whether a source holds the config of this record still."""
        return marker in self._by_name

    def source_of(self, marker: str) -> str:
        """Name of a source that holds the config of this record, "" when none does any more."""
        return next((reading.source.name for reading in self._by_name.get(marker, ())), "")

    def _reading(self, source: Source, config: Config, capacity: int) -> _Reading:
        fingerprint = hashlib.sha256(config.payload).hexdigest()
        if (known := self._read.get((source.name, config.id, config.version, fingerprint))) is not None:
            return known
        records = tuple(self._records(config, self._clock.wall(), capacity))
        return _Reading(source, config, fingerprint, records, Ledger.need(records))

    def _records(self, config: Config, now: datetime, capacity: int) -> list[Record]:
        """Its records-to-be. Whatever goes wrong in reading it is its own fault, and is recorded as that."""
        try:
            found = candidates(config, self._specs, self._limits, now)
            if (need := Ledger.need(found)) > capacity:
                text = f"its {len(found)} actions need {need} bytes of the ledger; {capacity} are allowed"
                return [whole_refusal(config, "ConfigTooLarge", text, now)]
        except Exception as error:  # A config that breaks the reader must not stop the others.
            log.exception("config %s cannot be read", config.id)
            return [whole_refusal(config, "Unreadable", f"{type(error).__name__}: {error}", now)]
        return found

    def _say(self, source: str, item: str, text: str, unverified: str = "") -> None:
        """Each problem once, until it changes; counted under `unverified` when what was read is no config."""
        if (source, item, text) in self._said:
            return
        if len(self._said) >= MAX_PROBLEMS:
            self._said.clear()
        self._said.add((source, item, text))
        if unverified:
            self._meter.unverified(unverified)
        log.warning("source %s: %s: %s", source, item, text, extra={"source": source, "item": item})

    def _say_mended(self, source: str) -> None:
        """It can be read again: when it breaks the same way once more, that is news."""
        broken = {said for said in self._said if said[:2] == (source, "pull")}
        if broken:
            self._said -= broken
            log.warning("source %s: can be read again", source, extra={"source": source})

    def _say_waiting(self, ledger: Ledger, waiting: list[Waiting]) -> None:
        ledger.say_waiting(tuple(waiting))
        for one in waiting:
            why = ledger.full or "the ledger is full of open records"
            self._say("ledger", f"{one.id}:v{one.version}", f"not accepted yet: {why}")


def _log(records: Iterable[Record]) -> None:
    for record in records:
        if record.outcome is None:
            log.info("%s: accepted", record.key, extra={"action": str(record.key)})
        else:
            level = logging.INFO if record.outcome.status is Status.CANCELLED else logging.WARNING
            extra = {"action": str(record.key), "status": record.outcome.status, "reason": record.outcome.reason}
            log.log(level, "%s: %s: %s", record.key, record.outcome.status, record.outcome.message, extra=extra)


def _place(reading: _Reading) -> _Place:
    return (reading.source.name, reading.config.id, reading.config.version, reading.fingerprint)


def _names(reading: _Reading) -> set[str]:
    """Names of the records that decide what its source is told."""
    names = {name for record in reading.records for name in (record.marker, conflict_key(record).marker)}
    config = reading.config
    return names | ({ActionKey(config.id, config.version).marker} if is_named(config) else set())


def _state(records: Sequence[Record], ledger: Ledger) -> tuple[AckState, str] | None:
    """What the source is to be told of a config; None while any of its records is not durable."""
    history = ledger.history
    errors: list[str] = []
    for record in records:
        known = history.whole(record.key.id, record.key.version) or history.get(record.marker)
        if known is not None and known.digest not in ("", record.digest):
            known = history.get(conflict_key(record).marker)
        if known is None and ledger.forgets(record):
            errors.append(TOO_OLD)
        elif known is None:
            return None
        elif known.refused:
            errors.append(known.message)
    if errors:
        return AckState.ERROR, "; ".join(errors)[:1000]
    return AckState.ACKNOWLEDGED, ""
