"""The processor on an API server: doubt, the fence, gates, bugs of others, reports, a full ledger."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from urllib3.exceptions import NewConnectionError

from backends.faults import Answer, Crash, Delay, Exchange, Late, LoseAnswer, LoseRequest, Match, Pause
from kubeactions import policy
from kubeactions.errors import SourceError
from kubeactions.ledger import NAME
from kubeactions.model import AckState, Config, Phase
from kubeactions.registry import UntracedExecutor
from kubeactions.settings import Limits, Own
from tests.unit.kubeactions.bench import Bench, MemoryReporter, MemorySource

DELETE = Match(verb="delete", resource="pods")
WRITE = Match(verb="patch", resource="configmaps")


@pytest.fixture
def bench() -> Bench:
    found = Bench()
    found.pod("web-0")
    found.deployment("cart")
    return found


# --- doubt about the ledger ---


@pytest.mark.parametrize("nth", [1, 2, 3, 4], ids=["pending", "intent", "outcome", "reported"])
@pytest.mark.parametrize("fault", [LoseAnswer(), LoseRequest(), Late(3), Late(30), Answer(500)], ids=repr)
@pytest.mark.parametrize(
    ("action", "name", "verb"), [("delete_pod", "web-0", "delete"), ("restart_deployment", "cart", "patch")]
)
def test_a_write_of_the_ledger_in_doubt_repeats_and_loses_nothing(
    bench: Bench, nth: int, fault: Any, action: str, name: str, verb: str
) -> None:
    bench.config("c1", 1, bench.order(action, name))
    bench.faults.add(fault, WRITE, first=nth, times=1)
    bench.run(60, bench.agent("replica-1"))
    assert bench.effects(verb, name) == ["replica-1"]
    assert bench.status("c1:v1") == "succeeded"
    outcome = bench.record("c1:v1").outcome
    assert outcome is not None
    assert not outcome.inferred
    assert bench.reporter.statuses() == {"c1:v1": "succeeded"}


def test_an_outcome_that_could_not_be_written_is_kept_until_it_can(bench: Bench) -> None:
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    agent = bench.agent("replica-1")
    bench.faults.add(Answer(403), WRITE, first=3, times=5)
    bench.run(30, agent)
    outcome = bench.record("c1:v1").outcome
    assert outcome is not None
    assert (outcome.status, outcome.reason, outcome.inferred) == ("succeeded", "Deleted", False)


# --- the fence ---


def test_a_leader_that_is_fenced_stops_and_leaves_its_intent(bench: Bench) -> None:
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    first, second = bench.agent("replica-1"), bench.agent("replica-2")
    writes: list[str] = []

    def meanwhile() -> None:
        bench.run(30, second)
        writes.append(bench.head()["metadata"]["resourceVersion"])

    bench.faults.add(
        Pause(meanwhile, "after"), Match(identity="replica-1", verb="patch", resource="configmaps"), first=2, times=1
    )
    bench.run(3, first)
    assert bench.effects("delete", "web-0") == ["replica-2"]
    assert bench.head()["metadata"]["resourceVersion"] == writes[0]
    assert bench.reporter.statuses() == {"c1:v1": "succeeded"}


def test_nothing_is_sent_when_the_lease_is_too_short_for_a_request(bench: Bench) -> None:
    agent = bench.agent("replica-1")
    bench.run(4, agent)
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    bench.faults.partition("nobody")
    bench.faults.add(Answer(500), Match(resource="leases"))
    bench.clock.advance(5.5)
    agent.elector.step()
    agent.processor.step()
    agent.processor.step()
    assert bench.record("c1:v1").phase is Phase.INTENT
    assert bench.effects("delete", "web-0") == []
    bench.faults.clear()
    bench.run(10, agent)
    assert bench.effects("delete", "web-0") == ["replica-1"]


# --- gates ---


def test_a_delay_of_the_operators_hook_takes_an_unsent_intent_back_to_pending(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Any] = [None, None, policy.Delay(5, "not now"), None]
    asked: list[str] = []

    def hook(action: Any, facts: Any) -> Any:
        asked.append(str(action.key))
        return answers.pop(0) if answers else None

    monkeypatch.setattr(policy, "load_hooks", lambda _: (hook,))
    agent = bench.agent("replica-1")
    bench.run(4, agent)
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    bench.faults.add(Answer(500), Match(resource="leases"))
    bench.clock.advance(5.5)
    agent.processor.step()  # accepted, planned, and the lease too short
    assert bench.record("c1:v1").phase is Phase.INTENT
    bench.faults.clear()
    agent.elector.step()
    agent.processor.step()
    record = bench.record("c1:v1")
    assert (record.phase, record.why[-1].reason) == (Phase.PENDING, "SafetyHookDelay")
    bench.run(20, agent)
    assert bench.effects("delete", "web-0") == ["replica-1"]


def test_a_recovered_intent_that_expired_is_not_sent_again(bench: Bench) -> None:
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    bench.faults.add(LoseRequest(), DELETE)
    bench.run(30, bench.agent("replica-1"))
    bench.faults.clear()
    bench.clock.advance(4000)
    bench.run(30, bench.agent("replica-2"))
    assert bench.effects("delete", "web-0") == []
    assert bench.status("c1:v1") == "unknown"


def test_the_ledger_the_lease_and_the_agents_own_workload_are_never_touched(bench: Bench) -> None:
    own = bench.pod("agent-0", ownerReferences=[])
    bench.settings = replace(bench.settings, own=Own("other", "agent-0", own["metadata"]["uid"]))
    ledger = bench.order("get_resource", NAME)
    ledger["resource"]["namespace"] = "default"
    mine = bench.order("delete_pod", "agent-0")
    mine["resource"]["resource_id"] = own["metadata"]["uid"]
    bench.config("c1", 1, ledger, mine)
    bench.run(10, bench.agent("replica-1"))
    assert bench.reporter.statuses() == {"c1:v1#0": "rejected", "c1:v1#1": "rejected"}


def test_two_actions_on_one_target_run_one_after_the_other(bench: Bench) -> None:
    bench.config("c1", 1, bench.order("restart_deployment", "cart"), bench.order("restart_deployment", "cart"))
    bench.faults.add(Answer(503), Match(verb="patch", resource="deployments"), times=3)
    agent = bench.agent("replica-1")
    bench.run(2, agent)
    assert [bench.record(f"c1:v1#{index}").phase for index in (0, 1)] == [Phase.INTENT, Phase.PENDING]
    bench.run(60, agent)
    assert bench.effects("patch", "cart") == ["replica-1", "replica-1"]


# --- targets that others change ---


def test_a_target_that_changes_at_every_try_ends_in_conflict_and_is_not_touched(bench: Bench) -> None:
    bench.config("c1", 1, bench.order("restart_deployment", "cart"))
    sizes = iter(range(100))
    edit = Pause(lambda: bench.edit("cart", {"spec": {"replicas": 10 + next(sizes)}}) and None)
    bench.faults.add(edit, Match(verb="patch", resource="deployments", identity="replica-1"))
    bench.run(60, bench.agent("replica-1"))
    record = bench.record("c1:v1")
    assert record.outcome is not None
    assert (record.outcome.status, record.outcome.reason) == ("failed", "Conflict")
    assert record.intent is not None
    assert record.intent.attempt == 5
    assert bench.effects("patch", "cart") == []


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_api_server_that_is_busy_is_asked_again(bench: Bench, status: int) -> None:
    bench.config("c1", 1, bench.order("restart_deployment", "cart"))
    bench.faults.add(Answer(status, retry_after_s=3), Match(verb="patch", resource="deployments"), times=4)
    bench.run(90, bench.agent("replica-1"))
    assert bench.effects("patch", "cart") == ["replica-1"]
    assert bench.status("c1:v1") == "succeeded"


def test_an_answer_that_comes_too_late_is_looked_for_at_the_target(bench: Bench) -> None:
    bench.config("c1", 1, bench.order("restart_deployment", "cart"))
    bench.faults.add(Delay(60), Match(verb="patch", resource="deployments"), times=1)
    bench.run(30, bench.agent("replica-1"), bench.agent("replica-2"))
    assert len(bench.effects("patch", "cart")) == 1
    assert bench.status("c1:v1") == "succeeded"


def test_a_source_that_breaks_does_not_hold_up_the_others(bench: Bench) -> None:
    broken = MemorySource("broken", error=SourceError("no"))
    bug = MemorySource("bug", error=ZeroDivisionError("no"))
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    bench.run(10, bench.agent("replica-1", sources=[broken, bug, bench.source]))
    assert bench.status("c1:v1") == "succeeded"


def test_a_source_is_told_only_what_is_durable_and_told_again_until_it_listens(bench: Bench) -> None:
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    bench.config("c2", 1, bench.order("delete_pod", "Web_0"))
    agent = bench.agent("replica-1")
    bench.faults.add(Answer(500), WRITE, times=3)
    agent.elector.step()
    agent.processor.step()
    assert bench.source.acks == []
    bench.run(20, agent)
    assert bench.source.last("c1") == (AckState.ACKNOWLEDGED, "")
    assert bench.source.last("c2")[0] is AckState.ERROR
    assert "actions[0].resource.name" in bench.source.last("c2")[1]
    assert len(bench.source.acks) == 2


def test_a_refusal_after_acceptance_is_told_to_the_source_too(bench: Bench) -> None:
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    bench.faults.add(Answer(503), Match(verb="get", resource="pods"))
    agent = bench.agent("replica-1")
    bench.run(5, agent)
    assert bench.source.last("c1")[0] is AckState.ACKNOWLEDGED
    bench.clock.advance(4000)
    bench.run(60, agent)
    assert bench.source.last("c1")[0] is AckState.ERROR
    assert bench.status("c1:v1") == "expired"


# --- reports ---


def test_a_reporter_that_is_down_holds_up_nobody_and_gets_everything_later(bench: Bench) -> None:
    down = MemoryReporter("down", error=OSError("no route"))
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    agent = bench.agent("replica-1", reporters=[down, bench.reporter])
    bench.run(600, agent)
    assert bench.reporter.statuses() == {"c1:v1": "succeeded"}
    assert bench.record("c1:v1").delivered == ("memory",)
    down.error = None
    bench.run(120, agent)
    assert down.statuses() == {"c1:v1": "succeeded"}
    assert len(bench.reporter.reports) == 1
    assert bench.record("c1:v1").reported


def test_a_report_that_the_last_leader_did_not_deliver_is_delivered_by_the_next(bench: Bench) -> None:
    bench.reporter.error = OSError("no route")
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    bench.run(10, bench.agent("replica-1"))
    bench.reporter.error = None
    bench.run(40, bench.agent("replica-2"))
    (report,) = bench.reporter.reports
    assert report.replica.startswith("replica-1")


def test_what_was_read_is_read_again_when_its_reader_died_before_the_report(bench: Bench) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"colour": "blue"}}
    bench.kube.create("/api/v1/namespaces/shop/configmaps", body)
    bench.reporter.error = OSError("no route")
    bench.config("c1", 1, bench.order("get_resource", "settings"))
    bench.run(10, bench.agent("replica-1"))
    assert "blue" not in json.dumps(bench.head())
    bench.reporter.error = None
    bench.run(40, bench.agent("replica-2"))
    (report,) = bench.reporter.reports
    assert report.outcome.payload["configmaps/shop/settings"]["data"] == {"colour": "blue"}


# --- a full ledger, and one that cannot be trusted ---


def test_a_full_ledger_leaves_configs_unacknowledged_and_says_so(bench: Bench) -> None:
    bench.reporter.error = OSError("no route")  # Nothing is closed.
    bench.settings = replace(bench.settings, limits=Limits(open_bytes=8 * 1024))
    for index in range(12):
        bench.pod(f"p{index}")
        bench.config(f"d{index:02}", 1, bench.order("delete_pod", f"p{index}"))
    agent = bench.agent("replica-1")
    bench.run(30, agent)
    meta = agent.processor.ledger.meta
    assert meta.waiting
    waiting = {one.id for one in meta.waiting}
    assert not waiting & {config_id for config_id, *_ in bench.source.acks}
    bench.reporter.error = None
    bench.run(300, agent)
    assert len(bench.reporter.statuses()) == 12
    assert agent.processor.ledger.meta.waiting == ()


def test_a_config_that_no_ledger_could_hold_is_refused_whole(bench: Bench) -> None:
    bench.settings = replace(bench.settings, limits=Limits(open_bytes=8 * 1024))
    bench.config("c1", 1, *[bench.order("delete_pod", f"p{index}") for index in range(20)])
    bench.run(10, bench.agent("replica-1"))
    assert bench.keys() == ["c1:v1"]
    assert bench.source.last("c1")[0] is AckState.ERROR


def test_a_closed_ledger_is_said_in_an_event_and_opens_when_it_is_repaired(bench: Bench) -> None:
    first = bench.agent("replica-1")
    bench.run(5, first)
    good = bench.head()["data"]["meta"]
    bench.data({"meta": "half {"})
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    bench.run(20, first)
    assert bench.effects("delete", "web-0") == []
    assert "unreadable" in first.processor.closed
    assert "unreadable" in first.why_not_ready()
    events = bench.kube.list("/api/v1/namespaces/default/events")["items"]
    assert [one["reason"] for one in events] == ["LedgerClosed"]
    bench.data({"meta": good})
    bench.run(20, first)
    assert first.processor.closed == ""
    assert bench.status("c1:v1") == "succeeded"


def test_forty_actions_take_two_writes_of_intents_for_each_batch_and_no_more(bench: Bench) -> None:
    for index in range(40):
        bench.pod(f"p{index}")
    bench.config("c1", 1, *[bench.order("delete_pod", f"p{index}") for index in range(40)])
    agent = bench.agent("replica-1")
    bench.run(30, agent)
    assert set(bench.reporter.statuses().values()) == {"succeeded"}
    writes = [one for one in bench.backend.cluster.audit.find(verb="patch", resource="configmaps") if one.name == NAME]
    assert len(writes) <= 1 + 2 * 5 + 2


def test_the_record_tells_what_was_decided_and_what_it_waited_for(bench: Bench) -> None:
    bench.config("c1", 1, bench.order("restart_deployment", "cart"))
    bench.faults.add(Answer(503, "etcd is busy"), Match(verb="patch", resource="deployments"), times=2)
    agent = bench.agent("replica-1")
    bench.run(2.5, agent)
    assert [one.reason for one in bench.record("c1:v1").why] == ["Accepted", "Planned", "NotApplied"]
    assert "sent again" in bench.record("c1:v1").why[-1].text
    bench.run(30, agent)
    why = bench.record("c1:v1").why
    assert [(one.step, one.reason) for one in why] == [
        ("accept", "Accepted"),
        ("plan", "Planned"),
        ("wait", "NotApplied"),
        ("settle", "Applied"),
    ]


@pytest.mark.parametrize(("when", "status"), [("after", "unknown"), ("never", "rejected")])
def test_an_action_whose_executor_is_gone_ends_honestly(bench: Bench, when: Any, status: str) -> None:
    def ring(action: Any, kube: Any) -> Any:
        """Ring."""
        return kube.get("/api/v1/namespaces/shop")

    executor = UntracedExecutor("ring", ring)
    bench.config("c1", 1, bench.order("ring", "bell"))
    if when == "after":
        bench.faults.add(Crash("after"), Match(identity="replica-1", verb="get", resource="namespaces", name="shop"))
    else:
        bench.faults.add(Crash("after"), Match(identity="replica-1", verb="patch", resource="configmaps"))
    bench.run(5, bench.agent("replica-1", executors={"ring": executor}))
    bench.run(30, bench.agent("replica-2"))
    assert bench.status("c1:v1") == status


@pytest.mark.parametrize(("days", "told"), [(8, ["succeeded"]), (3, ["succeeded", "expired"])])
def test_what_is_still_listed_when_its_record_was_pruned_is_not_told_again(
    bench: Bench, days: int, told: list[str]
) -> None:
    """Pruned is what is past expiry and retention; what is younger was lost otherwise, and its end is told."""
    bench.config("c1", 1, bench.order("delete_pod", "web-0"))
    first = bench.agent("replica-1")
    bench.run(10, first)
    first.shut_down()
    meta = json.loads(bench.head()["data"]["meta"])
    meta["watermark"] = bench.clock.wall().isoformat()
    bench.data({bench.record("c1:v1").marker: None, "meta": json.dumps(meta)})
    bench.clock.advance(days * 86400.0)
    for number in (2, 3):
        agent = bench.agent(f"replica-{number}")
        bench.run(30, agent)
        agent.shut_down()
    assert [one.outcome.status.value for one in bench.reporter.reports] == told
    assert bench.source.last("c1")[0] is AckState.ERROR
    assert "older than the history that is kept" in bench.source.last("c1")[1]
    assert bench.effects("delete", "web-0") == ["replica-1"]


@pytest.mark.parametrize("listed", [True, False])
def test_a_malformed_config_that_is_listed_still_is_not_told_again_when_its_record_has_grown_old(
    bench: Bench, listed: bool
) -> None:
    bench.source.configs["bad", 1] = config = Config("bad", 1, b"{", "memory")
    for number in range(4):
        agent = bench.agent(f"replica-{number}", retention_s=86400.0)
        ledger = agent.processor.ledger
        ledger._bounds = replace(ledger._bounds, closed_bytes=0, kept_bytes=0)
        bench.run(70, agent)
        bench.source.configs = {("bad", 1): config} if listed else {}
        bench.clock.advance(2 * 86400.0)
        bench.run(70, agent)
        assert bench.keys() == ["bad:v1"] * listed
        agent.shut_down()
    assert len(bench.reporter.reports) == 1


def test_an_order_that_was_put_off_beyond_all_time_stops_nothing_once_history_was_pruned(bench: Bench) -> None:
    first = bench.agent("replica-1")
    bench.run(5, first)
    meta = json.loads(bench.head()["data"]["meta"])
    meta["watermark"] = bench.clock.wall().isoformat()
    bench.data({"meta": json.dumps(meta)})
    first.processor.ledger.stale = True
    bench.config("c1", 1, bench.order("delete_pod", "web-0", not_before="9999-12-31T23:59:59Z"))
    bench.clock.advance(10.0)
    bench.pod("web-1")
    bench.config("c2", 1, bench.order("delete_pod", "web-1"))
    bench.run(20, first)
    assert (bench.status("c1:v1"), bench.status("c2:v1")) == ("expired", "succeeded")


def test_a_source_that_breaks_twice_in_the_same_way_is_told_twice(caplog: pytest.LogCaptureFixture) -> None:
    world = Bench()
    agent = world.agent("one")
    world.run(5, agent)
    for _ in range(2):
        world.source.error = OSError("the disk is away")
        world.run(5, agent)
        world.source.error = None
        world.run(5, agent)
    said = [record.message for record in caplog.records if record.name == "kubeactions.intake"]
    broken, mended = "source memory: pull: OSError: the disk is away", "source memory: can be read again"
    assert said == [broken, mended] * 2


# --- parts ---


class _Down:
    """Nobody listens: no connection comes about."""

    def strike(self, exchange: Exchange) -> Any:
        raise NewConnectionError(None, "connection refused")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lost", "status"),
    [(LoseRequest(), "unknown"), (_Down(), "failed")],
    ids=["sent, no answer", "never sent"],
)
def test_a_part_in_doubt_stays_so_until_it_is_answered_and_makes_the_whole_unknown(
    bench: Bench, lost: Any, status: str
) -> None:
    bench.kube.create("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}})
    spec = {"containers": [{"name": "c", "image": "i"}], "nodeName": "n", "terminationGracePeriodSeconds": 0}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "kept"}, "spec": spec}
    bench.kube.create("/api/v1/namespaces/shop/pods", body)
    agent = bench.agent("replica-1")
    order = bench.order("drain_node", "n", parameters={"force": True, "timeout_seconds": 20})
    bench.config("c1", 1, {**order, "resource": {"api_version": "v1", "kind": "Node", "name": "n"}})
    eviction = Match(verb="create", resource="pods/eviction")
    bench.faults.add(lost, eviction, times=1)
    bench.faults.add(Answer(429), eviction, first=2)
    bench.run(60, agent)
    outcome = bench.record("c1:v1").outcome
    assert outcome is not None
    assert (outcome.status, "on its way to shop/kept" in outcome.message) == (status, status == "unknown")
