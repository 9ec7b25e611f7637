"""How the benchmark measures: medians over rounds, the garbage collector at rest, one row a number.

What happens in this process alone is measured in its own processor time, so that other programs on the machine
disturb it less; what goes over a socket in time on the wall.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One measured number, what it is held against, and what is asked of it."""

    area: str
    name: str
    value: float
    unit: str
    ceiling: float | None = None
    """The same work without the part under test, in the same unit."""
    ratio: float | None = None
    target: str = ""
    met: bool | None = None

    def as_json(self) -> dict[str, Any]:
        """The row as a JSON object."""
        return asdict(self)


Timer = Callable[[], float]
"""Seconds from some moment on."""
CPU: Timer = time.process_time
WALL: Timer = time.perf_counter


def per_call_us(call: Callable[[], object], *, calls: int, rounds: int = 7, timer: Timer = CPU) -> float:
    """Median over `rounds` of the mean microseconds of one call, after one unmeasured round."""
    means = []
    gc.collect()
    gc.disable()
    try:
        for number in range(rounds + 1):
            start = timer()
            for _ in range(calls):
                call()
            spent = timer() - start
            if number:
                means.append(spent / calls * 1e6)
    finally:
        gc.enable()
    return statistics.median(means)


def interleaved_us(
    calls: dict[str, Callable[[], object]], *, each: int, rounds: int = 9, timer: Timer = CPU
) -> dict[str, float]:
    """Like `per_call_us` for several calls, taking turns, so that a noisy neighbour disturbs all of them alike."""
    means: dict[str, list[float]] = {name: [] for name in calls}
    gc.collect()
    gc.disable()
    try:
        for number in range(rounds + 1):
            for name, call in calls.items():
                start = timer()
                for _ in range(each):
                    call()
                spent = timer() - start
                if number:
                    means[name].append(spent / each * 1e6)
    finally:
        gc.enable()
    return {name: statistics.median(values) for name, values in means.items()}
