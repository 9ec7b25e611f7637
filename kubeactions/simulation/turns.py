"""Steps the loops of several agents, each when it asked to be, and moves the clock in between.

One thread, one clock, nothing waits. A replica that is killed is never stepped again; one that is paused in the middle
of a request is a frame further up this very stack, and is not stepped until that frame goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from kubeactions.agent import Agent

MAX_TURNS = 2000
"""Steps that may be taken without the clock moving: more is a loop that spins."""


class MovableClock(Protocol):
    """A clock that stands still until it is moved."""

    def monotonic(self) -> float:
        """Seconds; never goes back."""
        ...

    def advance(self, seconds: float) -> None:
        """Move it forward by `seconds` (>= 0)."""
        ...


@dataclass(eq=False)
class Replica:
    """One process of the system."""

    name: str
    agent: Agent
    killed_by: type[BaseException]
    """What the transport raises where the process is killed; it ends the replica, not the simulation."""
    alive: bool = True
    asleep: bool = False
    in_a_step: bool = False
    """It is on the stack: paused in the middle of a request, or just being stepped."""
    due: dict[str, float] = field(default_factory=lambda: {"elector": 0.0, "processor": 0.0})
    """When each loop wants its next step, in monotonic seconds."""

    @property
    def runs(self) -> bool:
        """Whether it can be stepped."""
        return self.alive and not self.asleep and not self.in_a_step

    def leads(self) -> bool:
        """Whether it lives and holds the lease."""
        return self.alive and self.agent.elector.is_leader()

    def as_seen(self, seconds: float) -> float:
        """How long so many seconds of the replica's own clock are for the world; other than as long, if it drifts."""
        return seconds

    def step(self, loop: str, now: Callable[[], float]) -> None:
        """Step one of its loops; dying in it is part of the story."""
        self.in_a_step = True
        try:
            part = self.agent.elector if loop == "elector" else self.agent.processor
            self.due[loop] = now() + self.as_seen(part.step())
        except self.killed_by:
            self.alive = False
        finally:
            self.in_a_step = False


R = TypeVar("R", bound=Replica)


class Turns(Generic[R]):
    """Steps the replicas when they are due, and moves the clock in between."""

    def __init__(self, clock: MovableClock) -> None:
        self.replicas: list[R] = []
        self.bystanders: list[Callable[[], object]] = []
        """Called whenever time has passed."""
        self._clock = clock

    def run(self, seconds: float) -> None:
        """Let everybody work for so many simulated seconds. AssertionError when a loop spins."""
        until = self._clock.monotonic() + seconds
        while True:
            self._all_that_is_due()
            now = self._clock.monotonic()
            upcoming = [due for replica in self.replicas if replica.runs for due in replica.due.values()]
            wake = min([*upcoming, until])
            if now >= until or wake >= until:
                self._clock.advance(max(0.0, until - now))
                self._tell()
                return
            self._clock.advance(max(0.0, wake - now))

    def _tell(self) -> None:
        for bystander in self.bystanders:
            bystander()

    def _all_that_is_due(self) -> None:
        self._tell()
        for _ in range(MAX_TURNS):
            turn = next(self._due(self.replicas), None)
            if turn is None:
                return
            replica, loop = turn
            replica.step(loop, self._clock.monotonic)
        raise AssertionError(f"{MAX_TURNS} steps and the clock has not moved: a loop spins")

    def _due(self, replicas: Sequence[R]) -> Iterator[tuple[R, str]]:
        now = self._clock.monotonic()
        for replica in replicas:
            for loop, due in replica.due.items():
                if replica.runs and due <= now:
                    yield replica, loop
