"""Time for the backends: the same three questions as the action system asks, answered by one object.

A backend is given a clock and reads the time nowhere else. `SystemClock` is the machine's; `SimulatedClock` stands
still until it is told to move, moves the wall and the monotonic time together, and is what the fake cluster, the
scenarios and the demo share.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What tells the time: two readings and a wait."""

    def wall(self) -> datetime:
        """The time of day, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary point; never goes back."""
        ...

    def sleep(self, seconds: float, stop: threading.Event | None = None) -> None:
        """Wait for `seconds` (>= 0), or until `stop` is set, whichever comes first."""
        ...


class SystemClock:
    """The machine's own clocks."""

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


class SimulatedClock:
    """A clock that stands still until somebody moves it.

    `sleep` is a move: whoever waits, jumps. So code written for the system clock runs under it unchanged and
    takes no time. Wall and monotonic move together; `jump_wall` moves the time of day alone, as a clock
    correction does.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._wall = start or datetime(2026, 1, 1, tzinfo=UTC)
        if self._wall.tzinfo is None:
            raise ValueError("start: an aware datetime is needed, this one has no time zone")
        self._monotonic = 1000.0

    def wall(self) -> datetime:
        """The simulated time of day."""
        return self._wall

    def monotonic(self) -> float:
        """Simulated seconds; starts at 1000 so that a forgotten zero shows."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move both clocks forward by `seconds` (>= 0)."""
        if seconds < 0:
            raise ValueError(f"advance: {seconds} s is negative; only jump_wall goes back")
        self._wall += timedelta(seconds=seconds)
        self._monotonic += seconds

    def copy(self) -> SimulatedClock:
        """A clock of its own that shows the same time."""
        other = SimulatedClock(self._wall)
        other._monotonic = self._monotonic
        return other

    def set_as(self, other: Clock) -> None:
        """Show what `other` shows, be it earlier: only for whoever takes a whole cluster back with it."""
        self._wall, self._monotonic = other.wall(), other.monotonic()

    def jump_wall(self, seconds: float) -> None:
        """Move the time of day alone by `seconds`, either way, as a clock correction does."""
        self._wall += timedelta(seconds=seconds)

    def sleep(self, seconds: float, stop: threading.Event | None = None) -> None:
        """Jump `seconds` ahead, unless `stop` is already set."""
        if stop is None or not stop.is_set():
            self.advance(seconds)
