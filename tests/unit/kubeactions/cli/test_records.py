"""A record in words: each ending and each open state says what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kubeactions.cli.records import Leader, advice, as_json, matching, story
from kubeactions.model import Action, ActionKey, Decision, Intent, Outcome, Phase, Record, Status, Target

AT = datetime(2026, 8, 20, 10, 15, tzinfo=UTC)
ACTION = Action(
    ActionKey("cart", 2),
    "delete_pod",
    Target("v1", "Pod", "cart-0", "shop"),
    AT,
    {"grace_period_seconds": 0},
    action_id="a-1",
    requested_by="ops@example.org",
    source="directory:/x",
)
PENDING = Record(ACTION.key, Phase.PENDING, ACTION.digest, AT, 1, ACTION)
INTENT = replace(PENDING, phase=Phase.INTENT, intent=Intent(3, 1, "u-1", None, {}, AT))
DONE = replace(
    INTENT,
    phase=Phase.SETTLED,
    outcome=Outcome(Status.SUCCEEDED, "Deleted", "pod deleted"),
    settled_at=AT,
    replica="replica-a",
    delivered=("log",),
    reported=True,
    why=(Decision("accept", "Accepted", "", AT), Decision("send", "Sent", "DELETE, 200", AT)),
)


def ended(status: Status, *, inferred: bool = False) -> Record:
    return replace(DONE, outcome=Outcome(status, "Why", "because", inferred=inferred))


def test_the_story_tells_everything_in_order() -> None:
    lines = dict(story(DONE))
    assert list(lines) == [
        "order", "name", "ordered", "parameter", "received", "accept", "send", "succeeded", "message", "reported",
        "to do",
    ]  # fmt: skip
    assert lines["order"] == "delete_pod Pod shop/cart-0"
    assert lines["ordered"] == "2026-08-20T10:15:00Z, by ops@example.org, as a-1"
    assert lines["received"] == "2026-08-20T10:15:00Z, from directory:/x"
    assert lines["send"] == "2026-08-20T10:15:00Z  Sent: DELETE, 200"
    assert lines["succeeded"] == "2026-08-20T10:15:00Z  Deleted, by replica-a"
    assert lines["reported"] == "yes, to log"


def test_a_record_without_an_action_has_a_story_too() -> None:
    malformed = replace(ended(Status.REJECTED), action=None, whole=True, reported=False)
    lines = dict(story(malformed))
    assert lines["order"] == "(no action could be read)"
    assert lines["reported"] == "not everywhere yet; done: log; it is tried until it is acknowledged"


def test_parameters_are_told_as_they_are_ordered() -> None:
    assert PENDING.action is not None
    given = {"command": ("echo", "größe"), "once": False, "replicas": 3, "wait": "rollout"}
    lines = story(replace(PENDING, action=replace(PENDING.action, parameters=given)))
    told = [text for label, text in lines if label == "parameter"]
    assert told == ['command=["echo", "größe"]', "once=false", "replicas=3", "wait=rollout"]


@pytest.mark.parametrize("status", list(Status))
def test_every_ending_says_what_to_do(status: Status) -> None:
    assert advice(ended(status))


def test_an_unknown_ending_is_not_dressed_up() -> None:
    text = advice(ended(Status.UNKNOWN))
    assert "may or may not have happened" in text
    assert DONE.marker in text
    assert "inferred" in advice(ended(Status.SUCCEEDED, inferred=True))


def test_what_is_open_says_what_it_waits_for() -> None:
    waiting = replace(PENDING, why=(Decision("gate", "TargetLocked", "an earlier action is on it", AT),))
    assert advice(waiting).endswith("Last heard: an earlier action is on it")
    assert "finding out" in advice(INTENT)


@pytest.mark.parametrize("wanted", ["cart", "cart:v2", "a-1", PENDING.marker, "cart-0"])
def test_a_record_is_found_by_each_of_its_names(wanted: str) -> None:
    other = replace(PENDING, key=ActionKey("other", 1), action=None)
    assert matching([PENDING, other], wanted) == [PENDING]


def test_an_exact_key_means_one_action_of_several() -> None:
    first = replace(PENDING, key=ActionKey("cart", 2, 0, batch=True))
    second = replace(PENDING, key=ActionKey("cart", 2, 1, batch=True))
    assert matching([first, second], "cart:v2#1") == [second]
    assert matching([first, second], "cart:v2") == [first, second]


def test_json_holds_the_whole_record() -> None:
    body = as_json(DONE)
    assert (body["key"], body["state"], body["source"]) == ("cart:v2", "succeeded", "directory:/x")
    assert body["intent"]["epoch"] == 3
    assert [decision["step"] for decision in body["decisions"]] == ["accept", "send"]
    assert as_json(PENDING)["outcome"] is None


@pytest.mark.parametrize(
    ("leader", "text"),
    [
        (Leader("", None, 15), "nobody leads: no replica holds the lease"),
        (Leader("a", AT - timedelta(seconds=2), 15), "a leads, lease renewed 2 s ago"),
        (Leader("a", AT + timedelta(seconds=2), 15), "a leads, lease renewed 0 s ago"),
        (Leader("a", AT - timedelta(seconds=99), 15), "nobody leads: a renewed the lease 99 s ago"),
    ],
)
def test_the_leader_is_told_from_the_lease(leader: Leader, text: str) -> None:
    assert leader.describe(AT).startswith(text)
