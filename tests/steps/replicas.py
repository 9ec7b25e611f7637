"""Replicas of the system under test, and what drives them: whose turn it is, and what time it is then.

The two loops of an agent are stepped in turn, each when it asked to be, on one thread and by one clock; nothing waits.
A replica that is killed is never stepped again; one that is paused in the middle of a request is a frame further up
this very stack, and is not stepped until that frame goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from backends.clock import SimulatedClock
from backends.faults import Faults, ReplicaDied
from kubeactions.agent import Agent
from tests.steps.clocks import ReplicaClock
from tests.steps.witnesses import Line

MAX_TURNS = 2000
"""Steps that one replica may take without the clock moving: more is a loop that spins."""


@dataclass(eq=False)
class Replica:
    """One process of the system under test."""

    name: str
    agent: Agent
    clock: ReplicaClock
    lines: list[Line]
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

    def step(self, loop: str, now: Callable[[], float]) -> None:
        """Step one of its loops; dying in it is part of the story."""
        self.in_a_step = True
        try:
            part = self.agent.elector if loop == "elector" else self.agent.processor
            self.due[loop] = self.clock.in_the_world(part.step()) + now()
        except ReplicaDied:
            self.alive = False
        finally:
            self.in_a_step = False


class Turns:
    """Steps the replicas when they are due, and moves the clock in between."""

    def __init__(self, clock: SimulatedClock, faults: Faults) -> None:
        self.replicas: list[Replica] = []
        self.bystanders: list[Callable[[], None]] = []
        """Called whenever time has passed."""
        self._clock = clock
        self._faults = faults

    def run(self, seconds: float) -> None:
        """Let everybody work for so many seconds of the world's time."""
        until = self._clock.monotonic() + seconds
        while True:
            self._all_that_is_due()
            now = self._clock.monotonic()
            upcoming = [due for replica in self.replicas if replica.runs for due in replica.due.values()]
            wake = min([*upcoming, until])
            if now >= until or wake >= until:
                self._clock.advance(max(0.0, until - now))
                self._faults.deliver_due()
                return
            self._clock.advance(max(0.0, wake - now))

    def _all_that_is_due(self) -> None:
        self._faults.deliver_due()
        for bystander in self.bystanders:
            bystander()
        for _ in range(MAX_TURNS):
            turn = next(self._due(), None)
            if turn is None:
                return
            replica, loop = turn
            replica.step(loop, self._clock.monotonic)
        raise AssertionError(f"{MAX_TURNS} steps and the clock has not moved: a loop spins")

    def _due(self) -> Iterator[tuple[Replica, str]]:
        now = self._clock.monotonic()
        for replica in self.replicas:
            for loop, due in replica.due.items():
                if replica.runs and due <= now:
                    yield replica, loop
