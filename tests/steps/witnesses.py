"""Witnesses of the scenarios at both ends of the system: what a source was told, and what a destination was brought.

They stand where a real source and a real destination would, implement the same interfaces, and remember.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from backends.clock import Clock
from kubeactions.model import AckState, Config, Pull, Report, Source
from tests.steps.moments import Side


@dataclass(frozen=True, slots=True)
class Ack:
    """What a source was told of a config, and by whom."""

    replica: str
    id: str
    version: int
    state: AckState
    message: str


class Notes(Protocol):
    """Where acknowledgements are noted: a list, or a file."""

    def append(self, ack: Ack, /) -> None:
        """Note one."""
        ...


class WitnessedSource:
    """A real source of one replica; every word that it is told is noted in a list that all replicas share."""

    def __init__(self, inner: Source, replica: str, acks: Notes) -> None:
        self.name = inner.name
        self._inner = inner
        self._replica = replica
        self._acks = acks

    def pull(self) -> Pull:
        """Read the real source."""
        return self._inner.pull()

    def ack(self, config: Config, state: AckState, message: str) -> None:
        """Note what is said and pass it on."""
        self._acks.append(Ack(self._replica, config.id, config.version, state, message))
        self._inner.ack(config, state, message)


class NotAcknowledgedError(ConnectionError):
    """The destination did not acknowledge."""


@dataclass
class Destination:
    """Where results go. It drops repeats by key, as every receiver is asked to, and counts what is left."""

    clock: Clock
    name: str
    down: bool = False
    acknowledgements_to_lose: int = 0
    received: list[Report] = field(default_factory=list)
    """Everything that was brought, repeats included."""
    counted: dict[str, tuple[datetime, Report]] = field(default_factory=dict)
    """The first report of each key, and when it came."""

    def take(self, reports: Sequence[Report]) -> None:
        """Receive reports; raises `NotAcknowledgedError` when it is down or its acknowledgement gets lost."""
        if self.down:
            raise NotAcknowledgedError(f"{self.name} does not answer")
        for report in reports:
            self.received.append(report)
            self.counted.setdefault(str(report.key), (self.clock.wall(), report))
        if self.acknowledgements_to_lose:
            self.acknowledgements_to_lose -= 1
            raise NotAcknowledgedError(f"{self.name} hung up before it acknowledged")

    def times(self, key: str) -> int:
        """How often a report of this key was brought."""
        return sum(str(report.key) == key for report in self.received)


class Line:
    """One replica's way to a destination; what happens on it, on either side of a delivery, can be arranged."""

    def __init__(self, destination: Destination) -> None:
        self.name = destination.name
        self._destination = destination
        self._arranged: dict[Side, Callable[[], object]] = {}

    def arrange(self, side: Side, what: Callable[[], object]) -> None:
        """Do `what` once, just before or after the next delivery."""
        self._arranged[side] = what

    def deliver(self, reports: Sequence[Report]) -> None:
        """Bring the reports."""
        self._arranged.pop("before", _nothing)()
        self._destination.take(reports)
        self._arranged.pop("after", _nothing)()


def _nothing() -> None:
    """Nothing was arranged."""
