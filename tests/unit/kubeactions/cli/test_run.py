"""What `run` answers to the kubelet and to signals: which loop hangs, and why there is no work; a stop, once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

import pytest

from kubeactions.agent import STALLED_AFTER_S
from kubeactions.cli.run import _stopped_by_signals, routes
from kubeactions.health import Answer
from kubeactions.metrics import Metrics
from kubeactions.model import Action
from kubeactions.policy import Veto
from kubeactions.policy.ruling import Facts
from kubeactions.settings import Settings
from tests.unit.kubeactions.bench import Bench

HEALTHY = Answer(200, b"ok\n")


def test_a_hook_that_hangs_fails_liveness_by_the_name_of_its_loop_and_not_before_a_minute() -> None:
    bench = Bench(Settings(enabled=True, safety_hook=f"{__name__}:hang"))
    bench.pod("web-0")
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    agent = bench.agent("replica-1")
    answers = routes(agent, Metrics())
    seen: list[Answer] = []

    def look() -> None:
        for seconds in (STALLED_AFTER_S - 5.0, 10.0):
            bench.clock.advance(seconds)
            agent.elector.step()
            seen.extend((answers["/livez"]({}), answers["/healthz"]({})))

    _HANGING.append(look)
    bench.run(3, agent)
    assert seen == [HEALTHY, HEALTHY, *[Answer(503, b"the processor has not ticked for a minute\n")] * 2]


_HANGING: list[Callable[[], None]] = []


def hang(_action: Action, _facts: Facts) -> Veto | None:
    """A safety hook whose call takes as long as the test says."""
    if _HANGING:
        _HANGING.pop()()
    return None


def test_both_loops_are_named_when_both_stand_still() -> None:
    bench = Bench()
    answers = routes(bench.agent("replica-1"), Metrics())
    bench.clock.advance(STALLED_AFTER_S + 1.0)
    said = b"the elector has not ticked for a minute; the processor has not ticked for a minute\n"
    assert answers["/livez"]({}) == answers["/healthz"]({}) == Answer(503, said)


# --- signals ---


def test_a_second_sigterm_that_interrupts_the_handling_of_the_first_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[threading.Timer] = []

    def start(timer: threading.Timer) -> None:
        started.append(timer)
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(threading.Timer, "start", start)
    with _stopped_by_signals(60.0) as (stop, received):
        signal.raise_signal(signal.SIGTERM)
        assert stop.is_set()
        assert received == [signal.SIGTERM, signal.SIGTERM]
    assert len(started) == 1
