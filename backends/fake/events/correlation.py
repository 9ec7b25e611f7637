"""What becomes of what a component says: an Event of its own, one more of an Event that is there, or nothing.

The rules of client-go's EventCorrelator (tools/record/events_cache.go), in its order: what differs in the text alone
is thrown together from the tenth text within 10 minutes on; the same again raises the count; and a component says no
more than 25 things about one object, and one more each 5 minutes. Of the newer recorder (tools/events), which
kube-scheduler uses: the same again makes a series, whatever the text, until it has paused for 6 minutes; its count is
told at once here, where the real one waits until the series ends.

Pure but for what it remembers; it stores nothing and reads no clock.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from backends.fake.events.words import Saying, Told
from backends.sharing import SharedDict

T = TypeVar("T")

REMEMBERED: Final = 4096
"""Of how many things each memory knows; the one that was longest not mentioned goes (`maxLruCacheEntries`)."""
SIMILAR: Final = 10
SIMILAR_S: Final = 600.0
"""From so many texts within so many seconds of each other on they are one Event (`defaultAggregateMaxEvents`)."""
BURST: Final = 25
REFILL_S: Final = 300.0
"""So many writes about one object at once, and one more in so many seconds (`defaultSpamBurst`, `defaultSpamQPS`)."""
SERIES_S: Final = 360.0
"""After so many seconds of silence a series is over (`finishTime`)."""
COMBINED: Final = "(combined from similar events): "
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NAME_LIMIT: Final = 253
"""The longest name of an object; a longer one is cut before the time is put behind it (`GenerateEventName`)."""


class Correlator:
    """What has been said of late, by anybody."""

    def __init__(self) -> None:
        self._texts: SharedDict[Hashable, tuple[tuple[str, ...], float]] = SharedDict()
        self._seen: SharedDict[Hashable, Told] = SharedDict()
        self._budgets: SharedDict[Hashable, tuple[float, float]] = SharedDict()
        self._last_ns = 0

    def observe(self, said: Saying) -> Told | None:
        """The Event that this makes, or the one that it changes; None: it is one too many."""
        if said.source.series:
            return self._series(said)
        key, message = self._similar(said)
        before = self._seen.get(key)
        if before is None:
            told = Told(said, self._name(said), message, 1, said.at, said.monotonic)
        else:
            told = before._replace(message=message, times=before.times + 1, at=said.at, monotonic=said.monotonic)
        _remember(self._seen, key, told)
        return told if self._may_write(said) else None

    def _series(self, said: Saying) -> Told:
        key = ("series", said.source, said.about, said.type, said.reason, said.action)
        before = self._seen.get(key)
        if before is None or said.monotonic - before.monotonic > SERIES_S:
            told = Told(said, self._name(said), said.message, 1, said.at, said.monotonic)
        else:
            told = before._replace(times=before.times + 1, at=said.at, monotonic=said.monotonic)
        _remember(self._seen, key, told)
        return told

    def _similar(self, said: Saying) -> tuple[Hashable, str]:
        """Under what it is counted, and with which text."""
        group = (said.source, said.about.whole, said.type, said.reason)
        texts, last = self._texts.get(group, ((), said.monotonic))
        if said.monotonic - last > SIMILAR_S:
            texts = ()
        if said.message not in texts:
            texts = (*texts, said.message)
        together = len(texts) >= SIMILAR
        _remember(self._texts, group, (texts[1:] if together else texts, said.monotonic))
        if together:
            return group, COMBINED + said.message
        return (*group, said.about.part, said.message), said.message

    def _may_write(self, said: Saying) -> bool:
        key = (said.source, said.about.whole)
        left, at = self._budgets.get(key, (float(BURST), said.monotonic))
        left = min(float(BURST), left + (said.monotonic - at) / REFILL_S)
        allowed = left >= 1.0
        _remember(self._budgets, key, (left - 1.0 if allowed else left, said.monotonic))
        return allowed

    def _name(self, said: Saying) -> str:
        """The object's name and the time in nanoseconds; never the same twice, though the clock may stand still."""
        ns = (said.at - _EPOCH) // timedelta(microseconds=1) * 1000
        self._last_ns = max(ns, self._last_ns + 1)
        suffix = f".{self._last_ns:x}"
        return said.about.name[: _NAME_LIMIT - len(suffix)] + suffix


def _remember(memory: SharedDict[Hashable, T], key: Hashable, value: T) -> None:
    if key in memory:
        del memory[key]
    memory[key] = value
    if len(memory) > REMEMBERED:
        del memory[next(iter(memory))]
