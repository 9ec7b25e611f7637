"""The agent: settings that cannot work together, two real threads, a graceful stop."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import kubeactions
from backends.clock import SystemClock
from backends.fake import Cluster, FakeBackend
from backends.faults import Answer, Delay, Fault, Faults, LoseRequest, Match, Pause
from kubeactions.agent import STALLED_AFTER_S, Agent
from kubeactions.errors import SettingsError
from kubeactions.kube import Kube
from kubeactions.model import Phase
from kubeactions.safety import Safety
from kubeactions.settings import Election, Settings
from kubeactions.sources.directory import DirectorySource
from tests.unit.kubeactions.bench import Bench, MemoryReporter

QUICK = Settings(enabled=True, poll_interval_s=0.05, request_timeout_s=0.5, election=Election("e", 3.0, 2.0, 0.4))


def wait_until(condition: Callable[[], Any], seconds: float = 5.0) -> None:
    tick = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if condition():
            return
        tick.wait(0.01)
    raise AssertionError("it did not come about in time")


@pytest.mark.parametrize(
    "settings",
    [
        replace(QUICK, request_timeout_s=1.6),
        replace(QUICK, election=Election("e", 2.0, 2.0, 0.4)),
        Settings(request_timeout_s=8.0),
    ],
)
def test_settings_that_cannot_be_safe_together_are_refused_before_anything_starts(settings: Settings) -> None:
    bench = Bench(settings)
    with pytest.raises(SettingsError, match="lease"):
        bench.agent("replica-1")


def test_a_permit_that_no_action_type_knows_is_refused_with_a_suggestion() -> None:
    bench = Bench(replace(QUICK, permits=frozenset({"force_delete_statefulset_pod"})))
    with pytest.raises(SettingsError, match="did you mean force_delete_statefulset_pods"):
        bench.agent("replica-1")


@pytest.mark.parametrize(
    ("kind", "allowed", "message"),
    [
        ("podd", None, "no enabled action acts on kind 'podd'; did you mean Pod?"),
        ("pods", None, "no enabled action acts on kind 'pods'; did you mean Pod?"),
        ("configmap", {"delete_pod"}, "no enabled action acts on kind 'configmap'; known: Pod"),
        ("configmap", {"delete_pod", "get_resource"}, ""),
        ("deployment", None, ""),
    ],
)
def test_an_allowed_kind_that_no_action_acts_on_is_refused_with_a_suggestion(
    kind: str, allowed: set[str] | None, message: str
) -> None:
    settings = replace(QUICK, safety=Safety(kinds=frozenset({(None, kind)})))
    bench = Bench(replace(settings, allowed_actions=frozenset(allowed) if allowed else None))
    if message:
        with pytest.raises(SettingsError, match=re.escape(message)):
            bench.agent("replica-1")
    else:
        bench.agent("replica-1")


def test_two_threads_execute_an_action_and_a_stop_releases_the_lease() -> None:
    bench = Bench(QUICK)
    bench.backend = FakeBackend(cluster=Cluster(SystemClock(), controllers=False))
    bench.kube = Kube(bench.backend.client("tester"), SystemClock())
    bench.kube.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    bench.clock = SystemClock()  # type: ignore[assignment]  # the machine's time, for once
    bench.pod("web-0")
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    agent = Agent(
        QUICK,
        bench.backend.client("replica-1"),
        clock=SystemClock(),
        name="replica-1",
        sources=[bench.source],
        reporters=[bench.reporter],
    )
    stop = threading.Event()
    runner = threading.Thread(target=agent.run, args=(stop,))
    runner.start()
    try:
        wait_until(lambda: bench.reporter.statuses() == {"c1:v1": "succeeded"})
        assert agent.stalled() == ()
        assert agent.why_not_ready() == ""
    finally:
        stop.set()
        runner.join(10)
    assert not runner.is_alive()
    assert bench.effects("delete", "web-0") == ["replica-1"]
    lease = bench.kube.get("/apis/coordination.k8s.io/v1/namespaces/default/leases/e")
    assert lease["spec"]["holderIdentity"] == ""
    assert bench.record("c1:v1").reported


def test_an_order_is_executed_when_its_file_is_there_and_not_at_the_next_poll(tmp_path: Path) -> None:
    bench = Bench(replace(QUICK, poll_interval_s=60.0))
    bench.backend = FakeBackend(cluster=Cluster(SystemClock(), controllers=False))
    bench.kube = Kube(bench.backend.client("tester"), SystemClock())
    bench.kube.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    bench.clock = SystemClock()  # type: ignore[assignment]  # the machine's time, for once
    bench.pod("web-0")
    bench.faults = Faults(SystemClock())
    agent = bench.agent("replica-1", sources=[DirectorySource(tmp_path)])
    stop = threading.Event()
    runner = threading.Thread(target=agent.run, args=(stop,))
    runner.start()
    try:
        wait_until(lambda: agent.processor.leading)
        draft = tmp_path / ".draft"
        draft.write_text(json.dumps({"actions": [bench.order("delete_pod", "web-0")]}))
        draft.rename(tmp_path / "c1@1.json")
        wait_until(lambda: bench.reporter.statuses() == {"c1:v1": "succeeded"})
    finally:
        stop.set()
        runner.join(10)
    assert bench.effects("delete", "web-0") == ["replica-1"]


def test_a_stop_writes_what_was_only_amended_and_leaves_open_intents() -> None:
    bench = Bench()
    bench.pod("web-0")
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    agent = bench.agent("replica-1")
    agent.elector.step()
    agent.processor.step()
    assert bench.reporter.statuses() == {"c1:v1": "succeeded"}
    assert not bench.record("c1:v1").reported
    agent.shut_down()
    assert bench.record("c1:v1").reported
    assert not agent.elector.is_leader()


def test_a_second_stop_does_nothing() -> None:
    bench = Bench()
    bench.pod("web-0")
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    agent = bench.agent("replica-1")
    bench.run(10, agent)
    agent.shut_down()
    before = bench.head()["metadata"]["resourceVersion"]
    agent.shut_down()
    assert bench.head()["metadata"]["resourceVersion"] == before
    assert not agent.elector.is_leader()


def test_a_loop_that_does_not_tick_is_stalled() -> None:
    bench = Bench()
    agent = bench.agent("replica-1")
    assert agent.stalled() == ()
    bench.clock.advance(STALLED_AFTER_S + 1)
    assert agent.stalled() == ("elector", "processor")
    assert agent.last_tick("elector") == 1000.0


def test_a_loop_that_waits_for_a_late_poll_is_not_stalled() -> None:
    bench = Bench()
    agent = bench.agent("replica-1", poll_interval_s=600.0)
    bench.run(5, agent)
    agent._listen(agent.processor.step(), threading.Event())
    assert "processor" not in agent.stalled()


def test_a_follower_is_ready_and_does_nothing() -> None:
    bench = Bench()
    first, second = bench.agent("replica-1"), bench.agent("replica-2", reporters=[MemoryReporter("other")])
    bench.run(10, first, second)
    assert (second.why_not_ready(), second.processor.leading) == ("", False)
    assert [
        one.user for one in bench.backend.cluster.audit.find(resource="configmaps") if one.user == "replica-2"
    ] == []


def test_the_package_exports_what_a_third_party_needs() -> None:
    assert kubeactions.__all__ == sorted(kubeactions.__all__)
    assert all(getattr(kubeactions, name) for name in kubeactions.__all__)
    with pytest.raises(AttributeError, match="nonsense"):
        _ = kubeactions.nonsense


# --- liveness, readiness, and an end that nothing holds up ---


def test_each_request_is_a_tick_however_it_ends_so_that_a_slow_api_server_does_not_fail_liveness() -> None:
    bench = Bench()
    agent = bench.agent("replica-1")  # Stepped from here: only requests can tick.
    bench.faults.add(Delay(30.0))
    began = bench.clock.monotonic()
    agent.elector.step()
    assert agent.last_tick("elector") == bench.clock.monotonic() > began
    bench.faults.clear()
    bench.run(10, agent)
    assert agent.processor.leading
    assert began < agent.last_tick("processor") <= bench.clock.monotonic()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Answer(403), "the lease cannot be read or written: Forbidden"),
        (LoseRequest(), "the lease cannot be read or written: Unavailable"),
    ],
)
def test_readiness_says_why_the_lease_is_not_to_be_had(fault: Fault, reason: str) -> None:
    bench = Bench()
    agent = bench.agent("replica-1")
    assert agent.why_not_ready() == "the API server has not been reached yet"
    bench.faults.add(fault, Match(resource="leases"))
    agent.elector.step()
    assert agent.why_not_ready().startswith(reason)
    bench.faults.clear()
    bench.run(5, agent)
    assert agent.why_not_ready() == ""


def test_readiness_says_that_the_ledger_is_closed_or_a_round_fails() -> None:
    bench = Bench()
    agent = bench.agent("replica-1")
    bench.faults.add(Answer(403), Match(resource="configmaps"))
    bench.run(3, agent)
    assert agent.why_not_ready().startswith("the last round ended early: ")
    bench.faults.clear()
    bench.run(5, agent)
    bench.data({"meta": "{"})
    agent.processor.ledger.stale = True
    bench.run(1, agent)
    assert agent.why_not_ready().startswith("the ledger is closed: ")


def test_a_replica_that_is_about_to_end_begins_no_further_effect() -> None:
    bench = Bench()
    for name in ("web-0", "web-1"):
        bench.pod(name)
    bench.config("c1", 1, bench.order("delete_pod", "web-0"), bench.order("delete_pod", "web-1"))
    agent = bench.agent("replica-1")
    agent.elector.step()
    bench.faults.add(Pause(agent.elector.retire, "after"), Match(verb="delete"), times=1)
    agent.processor.step()
    assert bench.effects("delete", "web-0") == ["replica-1"]
    assert bench.effects("delete", "web-1") == []
    assert bench.status("c1:v1#0") == "succeeded"
    assert bench.record("c1:v1#1").phase is Phase.INTENT
    agent.shut_down()
    bench.run(20, bench.agent("replica-2"))
    assert bench.effects("delete", "web-1") == ["replica-2"]


def test_a_request_that_hangs_does_not_hold_up_the_end() -> None:
    bench = Bench(replace(QUICK, shutdown_timeout_s=1.0))
    bench.backend = FakeBackend(cluster=Cluster(SystemClock(), controllers=False))
    bench.kube = Kube(bench.backend.client("tester"), SystemClock())
    bench.clock = SystemClock()  # type: ignore[assignment]  # the machine's time, for once
    bench.faults = Faults(SystemClock())
    hanging, go_on = threading.Event(), threading.Event()

    def hang() -> None:
        hanging.set()
        go_on.wait(10)

    bench.faults.add(Pause(hang), Match(resource="configmaps", verb="create"))
    agent = bench.agent("replica-1")
    stop, clean = threading.Event(), []
    runner = threading.Thread(target=lambda: clean.append(agent.run(stop)))
    runner.start()
    assert hanging.wait(5)
    begun = SystemClock().monotonic()
    stop.set()
    runner.join(10)
    took_s = SystemClock().monotonic() - begun
    go_on.set()
    assert clean == [False]
    assert took_s < 1.0
    assert agent.why_not_ready() == "shutting down"
    lease = bench.kube.get("/apis/coordination.k8s.io/v1/namespaces/default/leases/e")
    assert lease["spec"]["holderIdentity"] == agent.identity, "what may still act must not give the lease away"
