"""A leader that stands still between two requests: the operating system may stop it at any instruction.

On the wire nothing happens there, so the place is found by the clock: each time the leader reads it is a place, and
what it reads is the time after the pause. The action is the one that needs the lease most: a third party's that leaves
no trace, so that no precondition on the server can refuse a second run. It may run once at most, only by a replica
whose lease lasts, and what is on record must be true.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from tests.steps import payloads
from tests.steps.simulated import SimulatedWorld as World

TAKEOVER_S = 45.0
LEADER, STANDBY = "replica-1", "replica-2"


@contextmanager
def begin(directory: Path) -> Iterator[World]:
    """A leader, a standby, and an order to ring the bell that nobody has seen yet."""
    with World("fake", directory) as world:
        world.install_bell()
        world.start(LEADER)
        world.work(4)
        world.start(STANDBY)
        world.work(4)
        order = payloads.action("ring_bell", "v1", "Namespace", "/default", world.clock.wall())
        world.deliver("c1@1.json", payloads.payload(order))
        yield world


@cache
def readings() -> int:
    """How often the leader reads the clock from the arrival of the order until it is reported."""
    with tempfile.TemporaryDirectory() as directory, begin(Path(directory)) as world:
        before = world.replica(LEADER).clock.readings
        world.work(4)
        assert world.record("c1:v1").outcome is not None
        return world.replica(LEADER).clock.readings - before


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a reading."""
    if "reading" in metafunc.fixturenames:
        metafunc.parametrize("reading", [_quickly(reading) for reading in range(1, readings() + 1)])


def _quickly(reading: int) -> object:
    """Every third place in the default suite, all of them in the slow one."""
    return pytest.param(reading, marks=[] if reading % 3 == 1 else [pytest.mark.slow])


def test_the_bell_rings_once_at_most_and_only_by_who_leads(reading: int, tmp_path: Path) -> None:
    with begin(tmp_path) as world:
        bell = world.bell
        assert bell is not None
        leader = world.replica(LEADER)
        rung_in_office: list[bool] = []
        bell.afterwards = lambda: rung_in_office.append(bell.rung_by[-1] == world.holder())
        leader.clock.interruptions[leader.clock.readings + reading] = lambda: world.work(TAKEOVER_S)
        world.work()
        assert not leader.clock.interruptions, "the place was never reached"
        assert len(bell.rung_by) <= 1
        assert all(rung_in_office)
        outcome = world.record("c1:v1").outcome
        assert outcome is not None
        assert outcome.status == "unknown" or (outcome.status == "succeeded" and bell.rung_by)
        assert list(world.destination().counted) == ["c1:v1"]
