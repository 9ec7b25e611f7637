"""The seven usual shortcuts, each by the story that it fails (kubeactions/protocol.md)."""

from __future__ import annotations

from typing import Any

import pytest

from backends.faults import Crash, Late, LoseAnswer, Match, Pause
from kubeactions.model import Action, Cluster, Outcome, Phase, Status
from kubeactions.registry import UntracedExecutor
from tests.unit.kubeactions.bench import Bench

DELETE = {"verb": "delete", "resource": "pods"}
RESTART = {"verb": "patch", "resource": "deployments"}
LEDGER = {"verb": "patch", "resource": "configmaps"}


def strip(bench: Bench) -> None:
    """Somebody takes every annotation off the template and scales."""
    bench.edit("cart", {"spec": {"replicas": 3, "template": {"metadata": {"annotations": None}}}})


def test_1_a_stale_leader_that_sends_the_newer_leaders_deletion_leaves_it_succeeded() -> None:
    bench = Bench()
    bench.pod("web-0")
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    first, second = bench.agent("replica-1"), bench.agent("replica-2")

    def newer_leader_up_to_its_own_send() -> None:
        bench.faults.add(Pause(lambda: None), Match(identity="replica-2", **DELETE), times=1)
        bench.faults.add(Crash("before"), Match(identity="replica-2", **DELETE), times=1)
        bench.run(30, second)

    bench.faults.add(Pause(newer_leader_up_to_its_own_send), Match(identity="replica-1", **DELETE), times=1)
    bench.run(2, first)
    third = bench.agent("replica-3")
    bench.run(40, first, third)
    assert bench.effects("delete", "web-0") == ["replica-1"]
    assert bench.status("c1:v1") == "succeeded"
    outcome = bench.record("c1:v1").outcome
    assert outcome is not None
    assert outcome.inferred
    assert set(bench.reporter.statuses().values()) == {"succeeded"}


@pytest.mark.parametrize(
    ("fault", "status"), [(LoseAnswer(), "unknown"), (Late(20), "succeeded")], ids=["answer lost", "request late"]
)
def test_2_a_restart_that_somebody_may_have_stripped_is_not_applied_again(fault: Any, status: str) -> None:
    """Applied and stripped: two generations, no trace. Not applied: one, and the late request finds its pin dead."""
    bench = Bench()
    bench.deployment("cart")
    bench.config("c1", 1, bench.order("restart_deployment", "cart"))
    agent = bench.agent("replica-1")
    bench.faults.add(fault, Match(identity="replica-1", **RESTART), times=1)
    get = Match(identity="replica-1", verb="get", resource="deployments")
    bench.faults.add(Pause(lambda: strip(bench)), get, first=2, times=1)
    bench.run(60, agent)
    assert bench.effects("patch", "cart") == ["replica-1"]
    assert bench.status("c1:v1") == status


def test_3_the_intent_is_durable_before_the_effect() -> None:
    bench = Bench()
    bench.pod("web-0")
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    phases: list[Phase] = []
    bench.faults.add(Pause(lambda: phases.append(bench.record("c1:v1").phase)), Match(**DELETE))
    bench.run(10, bench.agent("replica-1"))
    assert phases == [Phase.INTENT]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("action", "name", "verb"), [("delete_pod", "web-0", "delete"), ("restart_deployment", "cart", "patch")]
)
def test_4_what_was_claimed_by_a_dead_leader_is_finished(action: str, name: str, verb: str, when: Any) -> None:
    bench = Bench()
    bench.pod("web-0")
    bench.deployment("cart")
    bench.config("c1", 1, bench.order(action, name))
    place = Match(identity="replica-1", verb=verb, resource="[pd]*s")
    bench.faults.add(Crash(when), place)
    bench.run(40, bench.agent("replica-1"), bench.agent("replica-2"))
    assert bench.effects(verb, name) == ["replica-2" if when == "before" else "replica-1"]
    assert bench.status("c1:v1") == "succeeded"
    assert bench.reporter.statuses() == {"c1:v1": "succeeded"}


@pytest.mark.parametrize("fault", [LoseAnswer(), Late(3), Late(30)], ids=["lost", "late", "very late"])
def test_5_a_restart_that_is_sent_again_is_applied_once(fault: Any) -> None:
    bench = Bench()
    bench.deployment("cart")
    bench.config("c1", 1, bench.order("restart_deployment", "cart"))
    bench.faults.add(fault, Match(**RESTART), times=1)
    bench.run(60, bench.agent("replica-1"))
    assert len(bench.effects("patch", "cart")) == 1
    assert bench.status("c1:v1") == "succeeded"


def test_6_the_replacement_of_a_pod_is_not_deleted() -> None:
    bench = Bench()
    bench.pod("web-0")
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))

    def replace_it() -> None:
        bench.kube.delete("/api/v1/namespaces/shop/pods/web-0", grace_period_s=0)
        bench.pod("web-0")

    bench.faults.add(Pause(replace_it), Match(**DELETE), times=1)
    bench.run(20, bench.agent("replica-1"))
    assert bench.effects("delete", "web-0") == []
    assert bench.get("Pod", "web-0") is not None
    assert bench.status("c1:v1") == "failed"


def test_7_what_leaves_no_trace_is_never_run_twice() -> None:
    bench = Bench()
    runs: list[str] = []

    def ring_bell(action: Action, kube: Cluster) -> Outcome:
        """Ring the bell."""
        runs.append(str(action.key))
        kube.get("/api/v1/namespaces/shop/pods/bell")
        return Outcome(Status.SUCCEEDED, "Rung", "it rang")

    bench.config("c1", 1, bench.order("ring_bell", "bell"))
    bench.pod("bell")
    extra = {"ring_bell": UntracedExecutor("ring_bell", ring_bell)}
    bench.faults.add(Crash("after"), Match(identity="replica-1", verb="get", resource="pods"))
    bench.run(40, bench.agent("replica-1", executors=extra), bench.agent("replica-2", executors=extra))
    assert runs == ["c1:v1"]
    assert bench.status("c1:v1") == "unknown"


def test_a_third_partys_function_runs_once_and_says_how_it_ended() -> None:
    bench = Bench()

    def ring_bell(action: Action, kube: Cluster) -> Outcome:
        """Ring the bell."""
        return Outcome(Status.SUCCEEDED, "Rung", "it rang")

    bench.config("c1", 1, bench.order("ring_bell", "bell"), bench.order("ring_bell", "bell-2"))
    bench.run(10, bench.agent("replica-1", executors={"ring_bell": UntracedExecutor("ring_bell", ring_bell)}))
    assert bench.reporter.statuses() == {"c1:v1#0": "succeeded", "c1:v1#1": "succeeded"}
