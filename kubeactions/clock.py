"""Time, as an argument.

`Clock` is what every part of the action system asks for the time; together with `backends/clock.py` this is
the only file that reads it. The wall clock stamps and expires; the monotonic clock counts leases and timeouts.
A simulated clock (tests, the demo) has the same three methods, so nothing below it knows the difference.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What tells the time: two readings and a wait."""

    def wall(self) -> datetime:
        """The time of day, aware, in UTC. May jump; never used to measure a distance."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary point; never goes back."""
        ...

    def sleep(self, seconds: float, stop: threading.Event | None = None) -> None:
        """Wait for `seconds` (>= 0), or until `stop` is set, whichever comes first."""
        ...


class SystemClock:
    """The machine's own clocks. Never used while freezegun holds the time: it freezes `monotonic` too."""

    def wall(self) -> datetime:
        """The time of day, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds on the machine's monotonic clock."""
        return time.monotonic()

    def sleep(self, seconds: float, stop: threading.Event | None = None) -> None:
        """Wait for `seconds`, or until `stop` is set."""
        if stop is None:
            time.sleep(seconds)
        else:
            stop.wait(seconds)
