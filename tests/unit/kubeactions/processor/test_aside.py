"""What is executed aside: a command that takes long holds nobody up, and stays one that ran at most once."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from backends.faults import LoseRequest, Match
from kubeactions.agent import Agent
from kubeactions.errors import Unreachable
from kubeactions.executors.exec_command import EXECUTOR as EXEC
from kubeactions.model import Outcome, Phase, Status, Verdict
from kubeactions.registry import UntracedExecutor
from tests.unit.kubeactions.bench import Bench

PATIENCE_S = 10.0


class Bell:
    """A class X action that takes as long as the test says."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.rings = threading.Semaphore(0)
        self.let_go = threading.Event()
        self.error: Exception | None = None

    def __call__(self, action: Any, _kube: Any) -> Outcome:
        self.rung.append(action.target.name)
        self.rings.release()
        assert self.let_go.wait(PATIENCE_S)
        if self.error is not None:
            raise self.error
        return Outcome(Status.SUCCEEDED, "Rung", "it rang")


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def bench() -> Bench:
    found = Bench()
    found.pod("web-0")
    return found


def replica(bench: Bench, bell: Bell, name: str = "replica-1") -> Agent:
    found = bench.agent(name, executors={"ring": UntracedExecutor("ring", bell)})
    found.processor.run_aside()
    return found


def ringing(bench: Bench, bell: Bell) -> Agent:
    """A leader in whose thread the bell is ringing."""
    agent = replica(bench, bell)
    bench.config("c1", 1, bench.order("ring", "bell"))
    bench.run(5, agent)
    assert bell.rings.acquire(timeout=PATIENCE_S)
    return agent


def ended(agent: Agent) -> None:
    """The thread has ended, and the loop is told."""
    for thread in threading.enumerate():
        if thread.name == "attempt":
            thread.join(PATIENCE_S)
    assert agent.processor.stirred()


def test_other_targets_actions_go_on_while_it_runs_and_its_result_is_taken_up_in_a_later_round(
    bench: Bench, bell: Bell
) -> None:
    agent = ringing(bench, bell)
    bench.config("c2", 1, bench.order("delete_pod", "web-0"))
    bench.config("c3", 1, bench.order("ring", "bell"))
    bench.run(60, agent)
    assert bench.status("c2:v1") == "succeeded"
    assert bench.reporter.statuses() == {"c2:v1": "succeeded"}
    assert bench.record("c1:v1").phase is Phase.INTENT
    assert bench.record("c3:v1").phase is Phase.PENDING, "its target is busy"
    assert not agent.processor.stirred()
    bell.let_go.set()
    ended(agent)
    agent.processor.step()
    assert bench.status("c1:v1") == "succeeded"
    bench.run(5, agent)
    assert bell.rung == ["bell", "bell"]


def test_several_run_at_a_time(bench: Bench, bell: Bell) -> None:
    agent = ringing(bench, bell)
    bench.config("c2", 1, bench.order("ring", "other"))
    bench.run(5, agent)
    assert bell.rings.acquire(timeout=PATIENCE_S)
    bell.let_go.set()
    ended(agent)
    bench.run(5, agent)
    assert [bench.status("c1:v1"), bench.status("c2:v1")] == ["succeeded", "succeeded"]


def test_a_leader_that_is_replaced_drops_what_it_brings_back_and_the_next_one_says_unknown(
    bench: Bench, bell: Bell
) -> None:
    first = ringing(bench, bell)
    bench.faults.add(LoseRequest(), Match(identity="replica-1"))
    second = replica(bench, bell, "replica-2")
    bench.run(60, first, second)
    bench.faults.clear()
    assert bench.status("c1:v1") == "unknown"
    bell.let_go.set()
    bench.run(30, first, second)
    assert bell.rung == ["bell"]
    assert bench.status("c1:v1") == "unknown"


@pytest.mark.parametrize("error", [OSError("bell is broken"), Unreachable("nobody there")], ids=repr)
def test_one_that_breaks_is_unknown_and_not_run_again(bench: Bench, bell: Bell, error: Exception) -> None:
    bell.error = error
    agent = ringing(bench, bell)
    bell.let_go.set()
    ended(agent)
    bench.run(60, agent)
    assert (bell.rung, bench.status("c1:v1")) == (["bell"], "unknown")


def test_a_graceful_stop_waits_for_it_and_puts_its_result_on_record(bench: Bench, bell: Bell) -> None:
    agent = ringing(bench, bell)
    agent.elector.retire()
    threading.Timer(0.1, bell.let_go.set).start()
    agent.processor.finish(PATIENCE_S)
    assert bench.status("c1:v1") == "succeeded"


def test_a_graceful_stop_leaves_to_the_next_leader_what_does_not_end_in_time(bench: Bench, bell: Bell) -> None:
    agent = ringing(bench, bell)
    agent.elector.retire()
    agent.processor.finish(0.05)
    assert bench.record("c1:v1").phase is Phase.INTENT
    agent.shut_down()
    bench.run(30, replica(bench, bell, "replica-2"))
    bell.let_go.set()
    assert (bell.rung, bench.status("c1:v1")) == (["bell"], "unknown")


def test_one_that_is_stepped_by_a_clock_executes_in_its_round(bench: Bench, bell: Bell) -> None:
    bell.let_go.set()
    bench.config("c1", 1, bench.order("ring", "bell"))
    agent = bench.agent("replica-1", executors={"ring": UntracedExecutor("ring", bell)})
    agent.elector.step()
    agent.processor.step()
    assert bench.status("c1:v1") == "succeeded"
    assert EXEC.spec.effect is UntracedExecutor("ring", bell).spec.effect


class Insisting(UntracedExecutor):
    """It would send once more at once, whatever came of it."""

    def verdict(self, action: Any, intent: Any, evidence: Any) -> Verdict:
        return Verdict.send("Again", "once more")


def test_a_stop_that_meets_what_would_be_sent_again_ends_in_peace(bench: Bench, bell: Bell) -> None:
    bell.let_go.set()
    agent = bench.agent("replica-1", executors={"ring": Insisting("ring", bell)})
    agent.processor.run_aside()
    bench.config("c1", 1, bench.order("ring", "bell"))
    bench.run(3.1, agent, enough=lambda: bool(bell.rung))
    ended(agent)
    agent.elector.retire()
    agent.processor.finish(1.0)
    assert bell.rung == ["bell"]
    assert bench.record("c1:v1").phase is Phase.INTENT
