"""Cancelling on an API server: what is pending is withdrawn, what has begun is not, and what it costs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backends.faults import Answer, Crash, LoseAnswer, LoseRequest, Match, Pause
from kubeactions import policy
from kubeactions.ledger import NAME, REQUESTS_NAME, Approval, Cancellation, Requests
from kubeactions.ledger.requests import MAX_BYTES
from kubeactions.model import ActionKey, JsonObject, Phase
from tests.unit.kubeactions.bench import Bench

PATH = f"/api/v1/namespaces/default/configmaps/{REQUESTS_NAME}"
LOOK = Match(verb="get", resource="configmaps", name=REQUESTS_NAME)
REMOVE = Match(verb="patch", resource="configmaps", name=REQUESTS_NAME)
LEDGER = Match(verb="patch", resource="configmaps", name=NAME)


class Desk(Bench):
    """A bench with an operator whose hook says "not now" as long as `held`, and who asks for cancellations."""

    held = True

    def hook(self, _action: Any, _facts: Any) -> policy.Delay | None:
        return policy.Delay(2, "not now") if self.held else None

    def ask(self, config_id: str = "c1", by: str = "ops@laptop", reason: str = "") -> None:
        key = ActionKey(config_id, 1)
        found = Cancellation(key.marker, str(key), by, self.clock.wall(), reason)
        Requests(self.kube, "default").ask([found])

    def put(self, name: str, text: str) -> None:
        self.kube.patch(PATH, {"data": {name: text}}, type="merge")

    def waiting(self) -> JsonObject:
        found: JsonObject = self.kube.get(PATH).get("data") or {}
        return found

    def looks(self) -> int:
        return sum(one.user != "tester" for one in self.backend.cluster.audit.find(verb="get", name=REQUESTS_NAME))


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    found = Desk()
    monkeypatch.setattr(policy, "load_hooks", lambda _: (found.hook,))
    found.pod("web-0")
    found.config("c1", 1, found.order("delete_pod", "web-0"))
    return found


def test_a_pending_action_is_cancelled_reported_and_its_request_is_taken_out(desk: Desk) -> None:
    agent = desk.agent("replica-1")
    desk.run(4, agent)
    assert desk.status("c1:v1") == "pending"
    desk.ask(reason="wrong cluster")
    desk.run(8, agent)
    record = desk.record("c1:v1")
    assert record.outcome is not None
    assert (record.outcome.status, record.outcome.reason) == ("cancelled", "Withdrawn")
    assert record.outcome.message.startswith("withdrawn by ops@laptop at ")
    assert record.outcome.message.endswith(", before it had begun: wrong cluster")
    assert (record.replica, record.why[-1].step) == (agent.identity, "withdraw")
    assert desk.reporter.statuses() == {"c1:v1": "cancelled"}
    assert desk.source.last("c1")[1] == record.outcome.message
    assert desk.waiting() == {}
    desk.held = False
    desk.run(20, agent)
    assert desk.effects("delete", "web-0") == []


def test_only_what_was_asked_for_is_cancelled(desk: Desk) -> None:
    desk.pod("web-1")
    desk.config("c2", 1, desk.order("delete_pod", "web-1"))
    agent = desk.agent("replica-1")
    desk.run(4, agent)
    desk.ask("c2")
    desk.held = False
    desk.run(10, agent)
    assert (desk.status("c1:v1"), desk.status("c2:v1")) == ("succeeded", "cancelled")


def test_what_waited_for_the_cancelled_one_goes_on(desk: Desk) -> None:
    agent = desk.agent("replica-1")
    desk.run(4, agent)
    desk.config("c2", 1, desk.order("delete_pod", "web-0"))
    desk.run(4, agent)
    desk.ask("c1")
    desk.held = False
    desk.run(10, agent)
    assert (desk.status("c1:v1"), desk.status("c2:v1")) == ("cancelled", "succeeded")
    assert desk.effects("delete", "web-0") == ["replica-1"]


def test_a_new_leader_cancels_what_its_predecessor_was_asked_to(desk: Desk) -> None:
    desk.run(4, desk.agent("replica-1"))
    desk.ask()
    desk.held = False
    desk.run(30, desk.agent("replica-2"))
    assert desk.status("c1:v1") == "cancelled"
    assert desk.effects("delete", "web-0") == []


def test_an_intent_is_not_cancelled_and_the_request_is_taken_out(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.held = False
    agent = desk.agent("replica-1")
    desk.faults.add(Pause(desk.ask), LEDGER, first=2, times=1)  # Just before the intent is noted.
    desk.run(20, agent)
    assert desk.status("c1:v1") == "succeeded"
    desk.held = True
    desk.config("c2", 1, desk.order("delete_pod", "web-0"))
    desk.run(5, agent)  # Something is pending: now it looks again.
    assert desk.waiting() == {}
    assert "c1:v1: not cancelled, as ops@laptop asked: it had begun" in caplog.text


def test_an_open_intent_is_left_alone(desk: Desk) -> None:
    desk.held = False
    agent = desk.agent("replica-1")
    desk.faults.add(LoseRequest(), Match(verb="delete", resource="pods"))
    desk.run(5, agent)
    assert desk.record("c1:v1").phase is Phase.INTENT
    desk.ask()
    desk.run(20, desk.agent("replica-2"))  # Its promotion looks.
    assert desk.record("c1:v1").phase is Phase.INTENT
    assert desk.waiting() == {}
    desk.faults.clear()


def test_a_new_leader_takes_out_what_came_too_late(desk: Desk) -> None:
    desk.held = False
    agent = desk.agent("replica-1")
    desk.run(8, agent)
    desk.ask()
    desk.run(8, agent)
    assert desk.waiting()
    desk.run(30, desk.agent("replica-2"))
    assert desk.waiting() == {}
    assert desk.status("c1:v1") == "succeeded"


def test_a_leader_in_a_new_term_takes_out_what_came_too_late(desk: Desk) -> None:
    desk.held = False
    agent = desk.agent("replica-1")
    desk.run(8, agent)
    desk.ask()
    desk.faults.add(Answer(500), Match(resource="leases"))
    desk.run(30, agent)
    assert desk.waiting()
    desk.faults.clear()
    desk.run(30, agent)
    assert desk.waiting() == {}


# --- what it costs ---


def test_nothing_is_looked_for_while_nothing_is_pending(desk: Desk) -> None:
    desk.held = False
    agent = desk.agent("replica-1")
    desk.run(10, agent)
    assert desk.status("c1:v1") == "succeeded"
    before = desk.looks()
    desk.run(60, agent)
    assert desk.looks() == before


def test_a_round_costs_one_look_at_most(desk: Desk) -> None:
    for number in range(20):
        desk.pod(f"web-{number + 1}")
        desk.config(f"d{number}", 1, desk.order("delete_pod", f"web-{number + 1}"))
    agent = desk.agent("replica-1")
    desk.run(5, agent)
    desk.ask("d3")
    for _ in range(20):
        before = desk.looks()
        agent.processor.step()
        assert desk.looks() <= before + 1
        desk.clock.advance(0.5)
        agent.elector.step()
    assert desk.status("d3:v1") == "cancelled"


def test_an_action_that_runs_at_once_costs_one_look(desk: Desk) -> None:
    desk.held = False
    del desk.source.configs["c1", 1]
    agent = desk.agent("replica-1")
    desk.run(5, agent)
    before = desk.looks()
    desk.config("c2", 1, desk.order("delete_pod", "web-0"))
    desk.run(10, agent)
    assert desk.status("c2:v1") == "succeeded"
    assert desk.looks() == before + 1


# --- what can go wrong ---


@pytest.mark.parametrize("fault", [LoseRequest(), LoseAnswer(), Answer(500), Answer(429)], ids=repr)
def test_a_look_without_an_answer_is_repeated_before_anything_is_sent(desk: Desk, fault: Any) -> None:
    agent = desk.agent("replica-1")
    desk.run(4, agent)
    desk.ask()
    desk.held = False
    desk.faults.add(fault, LOOK, times=3)
    desk.run(20, agent)
    assert desk.status("c1:v1") == "cancelled"
    assert desk.effects("delete", "web-0") == []


def test_nothing_is_begun_while_looking_is_forbidden(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.held = False
    desk.faults.add(Answer(403), LOOK)
    agent = desk.agent("replica-1")
    desk.run(30, agent)
    assert desk.effects("delete", "web-0") == []
    assert any(one.reason == "Paused" and "cannot be read" in one.text for one in desk.record("c1:v1").why)
    assert caplog.text.count("nothing is begun") == 1
    desk.faults.clear()
    desk.run(10, agent)
    assert desk.status("c1:v1") == "succeeded"


def test_nothing_is_begun_while_the_object_is_too_long(desk: Desk) -> None:
    desk.held = False
    desk.ask("other")
    desk.put("nonsense", "x" * MAX_BYTES)
    agent = desk.agent("replica-1")
    desk.run(10, agent)
    assert desk.effects("delete", "web-0") == []
    desk.kube.patch(PATH, {"data": {"nonsense": None}}, type="merge")
    desk.run(10, agent)
    assert desk.status("c1:v1") == "succeeded"


@pytest.mark.parametrize("fault", [Answer(500), LoseRequest(), LoseAnswer(), Answer(409)], ids=repr)
def test_a_cancellation_that_cannot_be_written_keeps_its_request(desk: Desk, fault: Any) -> None:
    agent = desk.agent("replica-1")
    desk.run(4, agent)
    desk.held = False
    desk.faults.add(fault, LEDGER, times=1)
    desk.ask()
    desk.run(20, agent)
    assert desk.status("c1:v1") == "cancelled"
    assert desk.effects("delete", "web-0") == []
    assert desk.waiting() == {}


def test_a_leader_that_dies_between_the_record_and_the_request_leaves_no_harm(desk: Desk) -> None:
    first = desk.agent("replica-1")
    desk.run(4, first)
    desk.faults.add(Crash("before"), REMOVE, times=1)
    desk.ask()
    desk.run(8, first)
    assert desk.waiting()
    desk.held = False
    desk.run(30, desk.agent("replica-2"))
    assert desk.status("c1:v1") == "cancelled"
    assert desk.waiting() == {}
    assert desk.reporter.statuses() == {"c1:v1": "cancelled"}


def test_a_request_that_cannot_be_taken_out_is_taken_out_later(desk: Desk) -> None:
    agent = desk.agent("replica-1")
    desk.run(4, agent)
    desk.faults.add(Answer(500), REMOVE, times=2)
    desk.ask()
    desk.run(20, agent)
    assert desk.status("c1:v1") == "cancelled"
    assert desk.waiting() == {}


def test_a_malformed_request_is_said_and_dropped_and_the_others_count(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    agent = desk.agent("replica-1")
    desk.run(4, agent)
    desk.ask()
    desk.put("c1", "{}")
    desk.put("a" * 16, json.dumps({"request": "approve"}))
    desk.run(8, agent)
    assert desk.status("c1:v1") == "cancelled"
    assert desk.waiting() == {}
    assert "request c1 is malformed and dropped: ValueError: its name is no marker of a record" in caplog.text
    assert "'approve' is none of: cancel" in caplog.text


def test_a_request_about_nothing_on_record_stays_for_a_day(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.ask("never-heard-of")
    agent = desk.agent("replica-1")
    desk.run(6, agent)
    assert list(desk.waiting()) == [ActionKey("never-heard-of", 1).marker]
    assert caplog.text.count("is about no action on record: never-heard-of:v1") == 1
    desk.clock.advance(86_401)
    desk.run(30, desk.agent("replica-2"))
    assert desk.waiting() == {}


def test_a_leader_that_was_replaced_cannot_cancel_nor_take_the_request_out(desk: Desk) -> None:
    first, second = desk.agent("replica-1"), desk.agent("replica-2")
    desk.run(4, first)
    desk.ask()
    # It stands still just before it would write the cancellation; the other takes over and dies before it looks.
    desk.faults.add(Crash("before"), Match(identity="replica-2", verb="get", name=REQUESTS_NAME), times=1)
    here = Match(identity="replica-1", verb="patch", resource="configmaps", name=NAME)
    desk.faults.add(Pause(lambda: desk.run(30, second)), here, times=1)
    desk.run(3, first)
    assert desk.record("c1:v1").phase is Phase.PENDING
    assert desk.waiting()
    desk.held = False
    desk.run(30, desk.agent("replica-3"))
    assert desk.status("c1:v1") == "cancelled"
    assert desk.record("c1:v1").replica.startswith("replica-3")
    assert desk.effects("delete", "web-0") == []


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"])
def test_a_request_from_the_end_of_the_calendar_stops_nothing(desk: Desk, at: str) -> None:
    desk.ask("c9")
    asked = {"request": "cancel", "key": "c8:v1", "requested_by": "ops", "at": at, "reason": ""}
    marker, held = ActionKey("c8", 1).marker, ActionKey("c1", 1).marker
    approval = Approval(held, "c7:v1", "0" * 64, "ops", desk.clock.wall())
    desk.put(marker, json.dumps(asked))
    desk.put(approval.name, json.dumps({**json.loads(approval.encode()), "at": at}))
    desk.held = False
    desk.run(10, desk.agent("replica-1"))
    assert desk.effects("delete", "web-0") == ["replica-1"]
