"""What executors do wrong is their action's outcome, and stops nothing else: exceptions, and plans that fit nowhere."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from backends.faults import Answer, Crash, LoseRequest, Match, Pause
from kubeactions.command_policy import ExecLimits
from kubeactions.executors.restart_deployment import RestartDeployment
from kubeactions.ledger import NAME, Bounds
from kubeactions.model import Plan, Seen, Verdict
from kubeactions.registry import UntracedExecutor
from tests.unit.kubeactions.bench import Bench

DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"


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


@pytest.mark.parametrize(
    ("parameters", "status", "tries"), [({}, "succeeded", 3), ({"if_changed": "fail"}, "failed", 1)]
)
@pytest.mark.parametrize("strategy", ["merge", "json"])
def test_a_target_that_changes_between_the_look_and_the_dry_run_is_looked_at_again(
    bench: Bench, parameters: dict[str, Any], status: str, tries: int, strategy: str
) -> None:
    """A controller writes its status many times in a rollout; what a JSON patch gets then is Invalid, no Conflict."""
    patch: Any = {"metadata": {"labels": {"tier": "gold"}}}
    if strategy == "json":
        patch = [{"op": "add", "path": "/metadata/labels", "value": {"tier": "gold"}}]
    order = {**bench.order("restart_deployment", "cart"), "action_type": "patch_deployment"}
    bench.config("c1", 1, {**order, "parameters": {"patch": patch, "patch_strategy": strategy, **parameters}})

    def meanwhile() -> None:
        bench.kube.patch(f"{DEPLOYMENTS}/cart/status", {"status": {"replicas": next(numbers)}}, type="merge")

    numbers = itertools.count(1)
    bench.faults.add(Pause(meanwhile), Match(verb="patch", resource="deployments"), times=2)
    bench.run(20, bench.agent("replica-1"))
    assert bench.status("c1:v1") == status
    rehearsals = [one for one in bench.backend.cluster.audit.find(verb="patch", name="cart") if one.dry_run]
    assert len(rehearsals) == tries
    outcome = bench.record("c1:v1").outcome
    assert outcome is not None
    assert outcome.reason == ("Applied" if status == "succeeded" else "Conflict")


def test_a_leader_whose_clock_lags_behind_loses_nothing_that_the_last_one_has_accepted(bench: Bench) -> None:
    first = bench.agent("replica-1")
    bench.run(5, first)
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    bench.faults.add(Crash("after"), Match(identity="replica-1", verb="patch", resource="configmaps"), times=1)
    bench.run(10, first)
    bench.clock.jump_wall(-60)
    bench.run(40, bench.agent("replica-2"))
    assert bench.status("c1:v1") == "pending"
    bench.run(40, bench.agent("replica-3"))
    assert bench.status("c1:v1") == "succeeded"


def test_a_list_that_expired_half_way_is_no_end(bench: Bench) -> None:
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    bench.faults.add(Answer(410), Match(verb="get", resource="pods"), times=1)
    bench.run(20, bench.agent("replica-1"))
    assert bench.status("c1:v1") == "succeeded"


def test_what_can_never_be_looked_at_again_ends_as_unknown_when_it_expires(bench: Bench) -> None:
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    bench.faults.add(LoseRequest(), Match(verb="delete", resource="pods"), times=1)
    bench.faults.add(Answer(400), Match(verb="get", resource="pods"), first=2)
    agent = bench.agent("replica-1", expiry_s=20.0)
    bench.run(120, agent)
    assert bench.status("c1:v1") == "unknown"


@pytest.mark.parametrize("asked_s", [10**12, 10**400], ids=["long", "for ever"])
def test_a_server_that_asks_to_wait_for_ever_is_asked_again_all_the_same(bench: Bench, asked_s: int) -> None:
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    bench.faults.add(Answer(429, retry_after_s=asked_s), Match(verb="get", resource="pods"), times=1)
    bench.run(600, bench.agent("replica-1"))
    assert bench.status("c1:v1") == "succeeded"


def test_history_that_cannot_be_sealed_keeps_nothing_else_from_being_kept_in_order(bench: Bench) -> None:
    """A quota for ConfigMaps, say: what could be pruned makes room for it."""
    agent = bench.agent("replica-1", poll_interval_s=1.0)
    bench.run(5, agent)
    agent.processor.ledger._bounds = Bounds(closed_bytes=1, kept_bytes=0, keep_s=600.0)
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    bench.run(20, agent)
    assert bench.keys() == ["c1:v1"]
    bench.faults.add(Answer(403), Match(verb="create", resource="configmaps"))
    bench.pod("web-1")
    bench.config("c2", 1, bench.order("delete_pod", "web-1"))
    bench.run(20, agent)
    bench.source.configs.clear()
    bench.run(700, agent)
    assert bench.record("c2:v1").reported is True
    assert bench.keys() == ["c2:v1"], "the sealed one was pruned"


def test_an_alarm_that_cannot_be_raised_for_a_reason_of_ours_ends_no_loop(bench: Bench) -> None:
    agent = bench.agent("replica-1")
    bench.run(5, agent)
    bench.data({"meta": "unreadable"})
    agent.processor.ledger.stale = True

    def lose() -> None:
        raise LookupError("the client has lost its credentials")

    bench.faults.add(Pause(lose), Match(verb="create", resource="events"))
    assert agent.processor.step() > 0
    assert "unreadable" in agent.processor.closed


@pytest.mark.parametrize("how", ["the pod cannot be looked at", "the upgrade is put off"])
def test_a_command_that_was_never_sent_expires_and_nobody_says_that_it_may_have_run(bench: Bench, how: str) -> None:
    state = {"name": "main", "containerID": "fake://1", "state": {"running": {}}}
    bench.kube.patch(
        "/api/v1/namespaces/shop/pods/web-0/status", {"status": {"containerStatuses": [state]}}, type="merge"
    )
    bench.config("c1", 1, {**bench.order("exec_command", "web-0"), "parameters": {"command": ["df"]}})
    if how == "the pod cannot be looked at":
        bench.faults.add(Answer(503), Match(verb="get", resource="pods"), first=2)
    else:
        bench.faults.add(Answer(429), Match(verb="*", resource="pods/exec"))
    bench.run(60, bench.agent("replica-1", expiry_s=20.0, exec_limits=ExecLimits(commands=("df",))))
    assert bench.status("c1:v1") == "expired"


@pytest.mark.parametrize("behind_s", [600.0, 5 * 3600.0])
def test_what_was_put_off_begins_soon_after_a_clock_that_was_behind_is_set_right(bench: Bench, behind_s: float) -> None:
    begins = (bench.clock.wall() + timedelta(seconds=60)).isoformat()
    order = bench.order("delete_pod", "web-0", not_before=begins)
    bench.clock.jump_wall(-behind_s)
    bench.config("c1", 1, {**order, "timestamp": bench.clock.wall().isoformat()})
    agent = bench.agent("replica-1")
    bench.run(10, agent)
    assert bench.status("c1:v1") == "pending"
    bench.clock.jump_wall(behind_s)
    bench.run(130, agent)
    assert bench.status("c1:v1") == "succeeded"
