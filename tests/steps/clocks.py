"""The scenarios' time: one clock for the whole world, and each replica's own view of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from freezegun.api import FrozenDateTimeFactory

from backends.clock import SimulatedClock

START = datetime(2026, 8, 20, 10, 0, 0, tzinfo=UTC)
"""When every scenario begins: a Thursday, 10:00:00 UTC, 1787220000 in seconds."""


class ScenarioClock(SimulatedClock):
    """Moves its own wall and monotonic time and the wall that freezegun holds together.

    Whatever in the system under test asks the machine instead of its clock, sees the same time, standing still.
    """

    def __init__(self, frozen: FrozenDateTimeFactory) -> None:
        super().__init__(START)
        self._frozen = frozen
        frozen.move_to(START)

    def advance(self, seconds: float) -> None:
        """Move everything forward by `seconds` (>= 0)."""
        super().advance(seconds)
        self._frozen.move_to(self.wall())

    def jump_wall(self, seconds: float) -> None:
        """Move the time of day alone."""
        super().jump_wall(seconds)
        self._frozen.move_to(self.wall())


class ReplicaClock:
    """One replica's view of the world's clock: its time of day can be wrong, and its seconds too long."""

    def __init__(self, world: SimulatedClock) -> None:
        self._world = world
        self.wrong_by_s = 0.0
        self._slowness = 1.0
        self._slow_since = (world.monotonic(), world.monotonic())
        self.readings = 0
        """How often the seconds were read."""
        self.interruptions: dict[int, Callable[[], object]] = {}
        """What happens just before the reading of this number: the replica stands still between two requests."""

    def slow_down(self, times: float) -> None:
        """From now on each of its seconds lasts `times` (> 0) seconds of the world."""
        self._slow_since = (self._world.monotonic(), self._own())
        self._slowness = times

    def in_the_world(self, seconds: float) -> float:
        """How long `seconds` of the replica's are in the world's."""
        return seconds * self._slowness

    def wall(self) -> datetime:
        """The replica's idea of the time of day."""
        return self._world.wall() + timedelta(seconds=self.wrong_by_s)

    def monotonic(self) -> float:
        """The replica's seconds."""
        self.readings += 1
        interruption = self.interruptions.pop(self.readings, None)
        if interruption is not None:
            interruption()
        return self._own()

    def sleep(self, seconds: float, stop: threading.Event | None = None) -> None:
        """Move the world."""
        self._world.sleep(self.in_the_world(seconds), stop)

    def _own(self) -> float:
        at, own = self._slow_since
        return own + (self._world.monotonic() - at) / self._slowness
