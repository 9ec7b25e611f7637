"""In a simulated world the machine's time is the world's, whoever asks for it, and its own again afterwards."""

from __future__ import annotations

import datetime as machine
import sys
import types
from datetime import timedelta
from pathlib import Path

import pytest

from kubeactions.clock import SystemClock
from tests.steps.clocks import START
from tests.steps.simulated import SimulatedWorld


def test_whoever_asks_the_machine_is_told_the_time_of_the_world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = types.ModuleType("late")
    monkeypatch.setitem(sys.modules, "late", late)
    with SimulatedWorld("fake", tmp_path / "first") as world:
        world.clock.sleep(5)
        assert SystemClock().wall() == START + timedelta(seconds=5)
    # It was searched for clocks in the first world, and has one since.
    late.__dict__["datetime"] = real = machine.datetime
    with SimulatedWorld("fake", tmp_path / "second"):
        assert SystemClock().wall() == late.__dict__["datetime"].now(machine.UTC) == START
    assert late.__dict__["datetime"] is real
    assert SystemClock().wall() != START
