"""Failing every call of a run in turn."""

from __future__ import annotations

import pytest

from backends.attempts import every_call
from backends.clock import SimulatedClock
from backends.faults import Answer, Call, Faults, Match


def run(faults: Faults, calls: int) -> list[int]:
    """A run of so many gets; returns the numbers of those that were struck."""
    call = Call("me", "GET", "/api/v1/pods", "list", "", "pods", "", "")
    return [number for number in range(1, calls + 1) if faults.striking(call)]


def test_each_call_fails_in_a_run_of_its_own_and_the_last_run_has_no_fault() -> None:
    struck = []
    for attempt in every_call(Answer(503), Match(verb="list")):
        faults = Faults(SimulatedClock())
        attempt.arm(faults)
        struck.append(run(faults, calls=3))
    assert struck == [[1], [2], [3], []]


def test_a_run_without_such_a_call_is_the_only_one() -> None:
    attempts = []
    for attempt in every_call(Answer(503), Match(verb="delete")):
        faults = Faults(SimulatedClock())
        attempt.arm(faults)
        run(faults, calls=3)
        attempts.append(attempt)
    (only,) = attempts
    assert not only.struck
    assert "at call 1 of Match(verb='delete'" in repr(only)


def test_an_attempt_that_is_not_armed_once_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="never armed"):
        list(every_call(Answer(503)))
    attempt = next(every_call(Answer(503)))
    attempt.arm(Faults(SimulatedClock()))
    with pytest.raises(RuntimeError, match="armed already"):
        attempt.arm(Faults(SimulatedClock()))


def test_a_run_that_never_ends_is_an_error() -> None:
    attempts = every_call(Answer(503), limit=5)
    for _ in range(5):
        faults = Faults(SimulatedClock())
        next(attempts).arm(faults)
        run(faults, calls=100)
    next(attempts).arm(faults)
    run(faults, calls=100)
    with pytest.raises(RuntimeError, match="still a call to strike after 5 attempts"):
        next(attempts)
