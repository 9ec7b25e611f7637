"""What a person sees of a boot."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from backends.clock import SimulatedClock
from backends.kind.progress import Shown


def shown(*, terminal: bool) -> tuple[Shown, io.StringIO, SimulatedClock]:
    text, clock = io.StringIO(), SimulatedClock()
    return (
        Shown(Console(file=text, force_terminal=terminal, soft_wrap=True, width=100, highlight=False), clock),
        text,
        clock,
    )


def fail_after(clock: SimulatedClock, seconds: float) -> None:
    clock.advance(seconds)
    raise ValueError("x")


def test_a_phase_is_one_line_with_its_seconds_where_nobody_watches() -> None:
    progress, text, clock = shown(terminal=False)
    with progress.phase("kubeadm"):
        progress.detail("[certs] making some")
        clock.advance(21.34)
    assert text.getvalue() == "kind: kubeadm ... 21.3 s\n"


def test_a_phase_that_failed_is_shown_as_such() -> None:
    progress, text, clock = shown(terminal=False)
    with pytest.raises(ValueError, match="x"), progress.phase("kubeadm"):
        fail_after(clock, 2)
    assert text.getvalue() == "kind: kubeadm ... failed after 2.0 s\n"


def test_details_pass_by_on_a_terminal() -> None:
    progress, text, _ = shown(terminal=True)
    with progress.phase("kubeadm"):
        progress.detail("[certs] making some")
    assert "[certs] making some" in text.getvalue()
    assert "[certs] making some" not in text.getvalue().rpartition("\n\x1b")[2]


def test_what_must_be_known_is_a_line_as_it_is() -> None:
    progress, text, _ = shown(terminal=False)
    progress.say("[bold] is no markup here")
    assert text.getvalue() == "kind: [bold] is no markup here\n"
