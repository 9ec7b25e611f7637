"""A run, once for every call that it makes, with a fault at that call: no way of failing is left out.

Used by tests and explorations over any backend. `every_call` gives one attempt after another, each to be armed before
its run; it ends with the first run that has no such call any more, which is a run without a fault:

    for attempt in every_call(LoseAnswer(), Match(identity="operator")):
        with template.fork() as cluster:
            attempt.arm(cluster.faults)
            run_the_operator(cluster)
            assert cluster.diff(expected) == []

It refuses to go on when an attempt was never armed, and when there is no end.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from backends.faults import Fault, Faults, Match, Rule

LIMIT: Final = 10_000
"""Calls of one run after which it is taken for endless."""


class Attempt:
    """One run: the fault strikes its call number `number` (1 is the first) that matches."""

    def __init__(self, fault: Fault, match: Match, number: int) -> None:
        self.number = number
        self._rule = Rule(match, fault, first=number, times=1)
        self._armed = False

    def arm(self, faults: Faults) -> None:
        """Put the fault into the book of this run. RuntimeError the second time: another run has other calls."""
        if self._armed:
            raise RuntimeError(f"attempt {self.number} is armed already: one run for each attempt")
        self._armed = True
        faults.put(self._rule)

    @property
    def armed(self) -> bool:
        """Whether `arm` has been called."""
        return self._armed

    @property
    def struck(self) -> bool:
        """Whether the run had such a call."""
        return self._rule.struck > 0

    def __repr__(self) -> str:
        return f"Attempt({self._rule.fault} at call {self.number} of {self._rule.match})"


def every_call(fault: Fault, match: Match | None = None, *, limit: int = LIMIT) -> Iterator[Attempt]:
    """An attempt for each n, until a run has no n-th call that matches; the last one is the run without a fault.

    Raises RuntimeError when an attempt was not armed, or after `limit` attempts.
    """
    for number in range(1, limit + 2):
        attempt = Attempt(fault, match or Match(), number)
        yield attempt
        if not attempt.armed:
            raise RuntimeError(f"{attempt} was never armed: call attempt.arm(cluster.faults) before the run")
        if not attempt.struck:
            return
    raise RuntimeError(f"still a call to strike after {limit} attempts: does a failed run try for ever?")
