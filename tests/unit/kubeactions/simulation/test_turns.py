"""Whose turn it is: replicas are stepped when they are due, by one clock, and the dead are left alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from backends.clock import SimulatedClock
from kubeactions.agent import Agent
from kubeactions.simulation import Replica, Turns


class Killed(BaseException):
    """The process ends here."""


@dataclass
class Loop:
    """A loop that asks to be called again after `every_s`, and notes when it was."""

    clock: SimulatedClock
    every_s: float
    called_at: list[float] = field(default_factory=list)
    dies_at_call: int = 0

    def step(self) -> float:
        self.called_at.append(self.clock.monotonic() - 1000.0)
        if len(self.called_at) == self.dies_at_call:
            raise Killed
        return self.every_s


@dataclass
class Loops:
    """What the scheduler needs of an agent."""

    elector: Loop
    processor: Loop


def made(clock: SimulatedClock, elector: Loop, processor: Loop) -> tuple[Turns[Replica], Replica]:
    turns: Turns[Replica] = Turns(clock)
    replica = Replica("one", cast(Agent, Loops(elector, processor)), Killed)
    turns.replicas.append(replica)
    return turns, replica


def test_each_loop_is_stepped_when_it_asked_to_be() -> None:
    clock = SimulatedClock()
    elector, processor = Loop(clock, 2.0), Loop(clock, 3.0)
    turns, _ = made(clock, elector, processor)
    turns.run(6.5)
    assert elector.called_at == [0.0, 2.0, 4.0, 6.0]
    assert processor.called_at == [0.0, 3.0, 6.0]
    assert clock.monotonic() == 1006.5


def test_a_replica_that_is_killed_in_one_loop_is_stepped_in_neither_again() -> None:
    clock = SimulatedClock()
    elector, processor = Loop(clock, 1.0), Loop(clock, 1.0, dies_at_call=2)
    turns, replica = made(clock, elector, processor)
    turns.run(5.0)
    assert not replica.alive
    assert (len(elector.called_at), len(processor.called_at)) == (2, 2)


def test_one_that_sleeps_is_left_alone_until_it_wakes() -> None:
    clock = SimulatedClock()
    turns, replica = made(clock, elector := Loop(clock, 1.0), Loop(clock, 1.0))
    replica.asleep = True
    turns.run(10.0)
    assert elector.called_at == []
    replica.asleep = False
    turns.run(0.5)
    assert elector.called_at == [10.0]


def test_other_errors_than_its_death_are_a_defect_and_end_the_run() -> None:
    clock = SimulatedClock()

    class Broken(Loop):
        def step(self) -> float:
            raise RuntimeError("a defect")

    turns, _ = made(clock, Broken(clock, 1.0), Loop(clock, 1.0))
    with pytest.raises(RuntimeError, match="a defect"):
        turns.run(1.0)


def test_a_loop_that_spins_is_caught() -> None:
    clock = SimulatedClock()
    turns, _ = made(clock, Loop(clock, 0.0), Loop(clock, 1.0))
    with pytest.raises(AssertionError, match="a loop spins"):
        turns.run(1.0)


def test_bystanders_see_time_pass() -> None:
    clock = SimulatedClock()
    seen: list[Any] = []
    turns, _ = made(clock, Loop(clock, 2.0), Loop(clock, 10.0))
    turns.bystanders.append(lambda: seen.append(clock.monotonic() - 1000.0))
    turns.run(5.0)
    assert seen == [0.0, 2.0, 4.0, 5.0]
