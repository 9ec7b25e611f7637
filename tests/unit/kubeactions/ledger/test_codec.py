"""Records as text: everything comes back as it went, and what does not closes the ledger."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeactions.errors import LedgerClosed
from kubeactions.ledger.codec import (
    MAX_WHY,
    Meta,
    Segment,
    Waiting,
    decode_known,
    decode_meta,
    decode_record,
    encode_meta,
    encode_record,
    known_of,
    note,
)
from kubeactions.model import Action, ActionKey, Decision, Intent, Outcome, Phase, Record, Status, Target

AT = datetime(2026, 8, 20, 10, 15, 0, 123456, tzinfo=UTC)
KEY = ActionKey("c1", 3, 1, batch=True)
ACTION = Action(
    KEY,
    "delete_pod",
    Target("v1", "Pod", "web-0", "shop", "uid-0"),
    AT,
    {"grace_period_seconds": 0, "deep": {"a": [1, 2.5, None, "ü"]}},
    action_id="9a0c",
    requested_by="ops@example.org",
    user_uuid="u-17",
    source="directory:/x",
)
PENDING = Record(KEY, Phase.PENDING, ACTION.digest, AT, 7, ACTION, why=(Decision("accept", "Accepted", "x", AT),))
INTENT = replace(PENDING, phase=Phase.INTENT, intent=Intent(4, 2, "uid-0", 17, {"stamp": "x"}, AT, recovered=True))
SETTLED = replace(
    INTENT,
    phase=Phase.SETTLED,
    outcome=Outcome(Status.SUCCEEDED, "Deleted", "gone", inferred=True),
    settled_at=AT,
    replica="replica-1",
    delivered=("log",),
    reported=True,
)


@pytest.mark.parametrize("record", [PENDING, INTENT, SETTLED], ids=["pending", "intent", "settled"])
def test_a_record_comes_back_as_it_went(record: Record) -> None:
    found = decode_record(record.marker, encode_record(record))
    assert found == record
    assert found.action is not None
    assert found.action.digest == ACTION.digest
    assert (found.key.batch, found.action.source) == (True, "directory:/x")
    assert decode_known(record.marker, encode_record(record)) == known_of(record)


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**63 - 1)
        | st.text(st.characters(exclude_categories=["Cs"])),
        max_size=4,
    )
)
def test_any_parameters_come_back_with_the_same_digest(parameters: dict[str, Any]) -> None:
    record = replace(PENDING, action=replace(ACTION, parameters=parameters))
    found = decode_record(record.marker, encode_record(record))
    assert found.action is not None
    assert record.action is not None
    assert found.action.digest == record.action.digest


def test_what_a_read_brought_back_is_never_written() -> None:
    record = replace(SETTLED, outcome=Outcome(Status.SUCCEEDED, "Read", "read", payload={"x": "blue"}))
    assert "blue" not in encode_record(record)


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("key", None),
        ("key", {"id": "c1", "version": 3, "index": 0}),
        ("phase", "done"),
        ("phase", "intent"),
        ("phase", "settled"),
        ("received_at", "yesterday"),
        ("received_at", "2026-08-20T10:15:00"),
        ("digest", ...),
        ("action", ...),
        ("action", {}),
    ],
)
def test_a_record_that_is_half_understood_closes_the_ledger(change: str, value: Any) -> None:
    found = json.loads(encode_record(PENDING))
    if value is ...:
        del found[change]
    else:
        found[change] = value
    with pytest.raises(LedgerClosed):
        decode_record(PENDING.marker, json.dumps(found))


@pytest.mark.parametrize("text", ["", "half {", "[]", "null", "3"])
def test_a_record_that_is_no_object_closes_the_ledger(text: str) -> None:
    with pytest.raises(LedgerClosed):
        decode_record("name", text)
    with pytest.raises(LedgerClosed):
        decode_known("name", text)


def test_a_record_under_another_name_closes_the_ledger() -> None:
    with pytest.raises(LedgerClosed, match="says that it is"):
        decode_record("another", encode_record(PENDING))


def test_meta_comes_back_as_it_went() -> None:
    meta = Meta("cluster", 4, "me", AT, (Segment(2, "uid-2", 50, "ab", AT),), 3, (Waiting("c9", 1, "LedgerFull"),))
    assert decode_meta(encode_meta(meta)) == meta
    assert decode_meta(encode_meta(Meta("cluster", 1, "me"))) == Meta("cluster", 1, "me")


@pytest.mark.parametrize("text", ["", "half {", "[]", "{}", '{"schema": 1}', '{"schema": "1"}'])
def test_meta_that_cannot_be_read_closes_the_ledger(text: str) -> None:
    with pytest.raises(LedgerClosed):
        decode_meta(text)


def test_another_schema_closes_the_ledger_and_says_so() -> None:
    text = encode_meta(Meta("cluster", 1, "me")).replace('"schema":1', '"schema":99')
    with pytest.raises(LedgerClosed, match="schema 99"):
        decode_meta(text)


def test_the_list_of_decisions_keeps_its_beginning_and_its_end() -> None:
    why: tuple[Decision, ...] = ()
    for index in range(20):
        why = note(why, "send", f"R{index}", "", AT + timedelta(seconds=index))
    assert [one.reason for one in why] == ["R0", "R1", "R14", "R15", "R16", "R17", "R18", "R19"]
    assert len(why) == MAX_WHY


def test_a_decision_that_repeats_itself_is_noted_once_and_long_texts_are_cut() -> None:
    once = note((), "gate", "Wait", "x" * 1000, AT)
    assert note(once, "gate", "Wait", "x" * 1000, AT + timedelta(seconds=9)) == once
    assert len(once[0].text) < 200
