"""Replicas of the system under test: what drives them is `kubeactions.simulation`; here is what scenarios add to it.

A replica has a clock of its own, which may be wrong or drift, and lines to the scenario's destinations. Requests that a
fault holds back are delivered before anybody's turn.
"""

from __future__ import annotations

from dataclasses import dataclass

from backends.clock import SimulatedClock
from backends.faults import Faults, ReplicaDied
from kubeactions import simulation
from tests.steps.clocks import ReplicaClock
from tests.steps.witnesses import Line


@dataclass(eq=False, kw_only=True)
class Replica(simulation.Replica):
    """One process of the system under test."""

    killed_by: type[BaseException] = ReplicaDied
    clock: ReplicaClock
    lines: list[Line]

    def as_seen(self, seconds: float) -> float:
        """Its clock may drift."""
        return self.clock.in_the_world(seconds)


class Turns(simulation.Turns[Replica]):
    """The turns of the scenario's replicas; what was held back on the wire comes first."""

    def __init__(self, clock: SimulatedClock, faults: Faults) -> None:
        super().__init__(clock)
        self.bystanders.append(faults.deliver_due)
