"""Trouble is said once, then ever more rarely, and when it is over."""

from __future__ import annotations

import logging

import pytest

from backends.clock import SimulatedClock
from kubeactions.trouble import Trouble

LOG = logging.getLogger("kubeactions.test")


def test_an_hour_of_the_same_trouble_is_a_dozen_lines(caplog: pytest.LogCaptureFixture) -> None:
    clock = SimulatedClock()
    trouble = Trouble(clock, LOG)
    for _ in range(1800):
        trouble.goes_on("Unreachable", "cannot connect")
        clock.advance(2.0)
    trouble.over("it works again")
    assert 10 <= len(caplog.messages) <= 18
    assert caplog.messages[:3] == [
        "cannot connect",
        "cannot connect (for 10 s, 6 tries)",
        "cannot connect (for 40 s, 21 tries)",
    ]
    assert caplog.messages[-1] == "it works again after 3600 s"


def test_another_trouble_is_said_at_once(caplog: pytest.LogCaptureFixture) -> None:
    trouble = Trouble(SimulatedClock(), LOG)
    trouble.goes_on("Unreachable", "cannot connect", identity="a")
    trouble.goes_on("Forbidden", "403")
    trouble.goes_on("Forbidden", "403")
    assert caplog.messages == ["cannot connect", "403"]
    assert vars(caplog.records[0])["identity"] == "a"


def test_what_never_went_wrong_is_not_over(caplog: pytest.LogCaptureFixture) -> None:
    trouble = Trouble(SimulatedClock(), LOG)
    trouble.over("it works again")
    assert caplog.messages == []
