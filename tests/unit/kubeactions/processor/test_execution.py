"""What executors do wrong is their action's outcome, and stops nothing else: exceptions, and plans that fit nowhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from backends.faults import Answer, Match
from kubeactions.executors.restart_deployment import RestartDeployment
from kubeactions.ledger import NAME
from kubeactions.model import Plan, Seen, Verdict
from kubeactions.registry import UntracedExecutor
from tests.unit.kubeactions.bench import Bench


@pytest.fixture
def bench() -> Bench:
    found = Bench()
    found.pod("web-0")
    found.deployment("cart")
    return found


class Buggy(RestartDeployment):
    """An executor with a bug in one of its methods."""

    def __init__(self, method: str) -> None:
        self._method = method

    def _maybe(self, method: str) -> None:
        if method == self._method:
            raise ZeroDivisionError(method)

    def look(self, action: Any, intent: Any, kube: Any) -> Seen:
        self._maybe("look")
        return super().look(action, intent, kube)

    def plan(self, action: Any, seen: Any, circumstances: Any) -> Any:
        self._maybe("plan")
        return super().plan(action, seen, circumstances)

    def execute(self, action: Any, intent: Any, kube: Any) -> Any:
        answer = super().execute(action, intent, kube)
        self._maybe("execute")
        return answer

    def verdict(self, action: Any, intent: Any, evidence: Any) -> Verdict:
        self._maybe("verdict")
        return super().verdict(action, intent, evidence)


@pytest.mark.parametrize(
    ("method", "status"),
    [("look", "failed"), ("plan", "failed"), ("execute", "succeeded"), ("verdict", "unknown")],
)
def test_an_executors_bug_is_its_actions_outcome_and_stops_nothing_else(bench: Bench, method: str, status: str) -> None:
    bench.config("c1", 1, bench.order("restart_deployment", "cart"))
    bench.config("c2", 1, bench.order("delete_pod", "web-0"))
    bench.run(30, bench.agent("replica-1", executors={"restart_deployment": Buggy(method)}))
    assert bench.status("c1:v1") == status
    assert bench.status("c2:v1") == "succeeded"
    assert bench.reporter.statuses() == {"c1:v1": status, "c2:v1": "succeeded"}


class Hoarder(RestartDeployment):
    """Plans or goes on with what no ledger can hold."""

    def __init__(self, resolved: Any, step: str) -> None:
        self.resolved, self.step = resolved, step

    def plan(self, action: Any, seen: Any, circumstances: Any) -> Any:
        found = super().plan(action, seen, circumstances)
        assert isinstance(found, Plan)
        return replace(found, resolved={**found.resolved, "more": self.resolved}) if self.step == "plan" else found

    def verdict(self, action: Any, intent: Any, evidence: Any) -> Verdict:
        if self.step == "plan":
            return super().verdict(action, intent, evidence)
        return Verdict.advance({"more": self.resolved}, "Further", "on it goes")


@pytest.mark.parametrize(("step", "status"), [("plan", "failed"), ("verdict", "unknown")])
@pytest.mark.parametrize("resolved", ["x" * 2_000_000, {1, 2}, 2**70], ids=["too long", "no JSON", "no number"])
def test_a_plan_that_no_ledger_can_hold_is_its_actions_outcome_and_stops_nothing_else(
    bench: Bench, step: str, status: str, resolved: Any
) -> None:
    bench.config("c1", 1, bench.order("restart_deployment", "cart"))
    bench.config("c2", 1, bench.order("delete_pod", "web-0"))
    bench.run(20, bench.agent("replica-1", executors={"restart_deployment": Hoarder(resolved, step)}))
    assert (bench.status("c1:v1"), bench.status("c2:v1")) == (status, "succeeded")
    assert bench.reporter.statuses() == {"c1:v1": status, "c2:v1": "succeeded"}


def test_plans_in_doubt_never_fill_the_ledger_beyond_what_the_api_server_takes(bench: Bench) -> None:
    names = [f"cart-{number}" for number in range(20)]
    for name in names:
        bench.deployment(name)
    bench.config("c1", 1, *(bench.order("restart_deployment", name) for name in names))
    bench.faults.add(Answer(500), Match(verb="patch", resource="deployments"))
    agent = bench.agent("replica-1", executors={"restart_deployment": Hoarder("x" * 60_000, "plan")})
    bench.run(60, agent)
    bench.faults.clear()
    bench.run(60, agent)
    assert {bench.status(f"c1:v1#{number}") for number in range(20)} == {"succeeded"}
    assert [one.code for one in bench.backend.cluster.audit.find(verb="patch", name=NAME) if one.code >= 400] == []


def test_a_third_partys_function_that_raises_is_unknown_and_not_run_again(bench: Bench) -> None:
    runs: list[str] = []

    def ring(action: Any, kube: Any) -> Any:
        """Ring."""
        runs.append("x")
        raise OSError("bell is broken")

    bench.config("c1", 1, bench.order("ring", "bell"))
    bench.run(60, bench.agent("replica-1", executors={"ring": UntracedExecutor("ring", ring)}))
    assert runs == ["x"]
    assert bench.status("c1:v1") == "unknown"
