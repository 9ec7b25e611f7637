"""Entries of managedFields: reading, writing, conflicts in words, and how many there may be."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.ownership import managers
from backends.fake.ownership.managers import ANCIENT, APPLY, MAX_UPDATERS, UPDATE, Manager, Share
from backends.fake.ownership.values import Comparison

ONE = Manager("one", APPLY, "", "")
HAND = Manager("hand", UPDATE, "v1", "")


def data(*keys: str) -> dict[str, Any]:
    return {"f:data": {f"f:{key}": {} for key in sorted(keys)}}


def change(added: Any = None, removed: Any = None, modified: Any = None) -> Comparison:
    return Comparison(added or {}, removed or {}, modified or {})


def test_what_is_written_is_read_again() -> None:
    shares = {ONE: Share(data("a"), "v1", "2026-01-01T00:00:00Z"), HAND: Share(data("b"), "v1", "2025-01-01T00:00:00Z")}
    entries = managers.written(shares)
    assert [entry["manager"] for entry in entries] == ["one", "hand"], "appliers stand first"
    assert {who: (share.fields, share.time) for who, share in managers.read(entries).items()} == {
        who: (share.fields, share.time) for who, share in shares.items()
    }


def test_an_update_takes_what_it_changes_and_frees_what_it_removes() -> None:
    shares = {ONE: Share(data("a", "b", "c"), "v1")}
    after = managers.updated(shares, change(modified=data("a"), removed=data("b")), HAND, "now")
    assert after[ONE].fields == data("c")
    assert (after[HAND].fields, after[HAND].time) == (data("a"), "now")


def test_who_owns_nothing_any_more_is_forgotten() -> None:
    after = managers.updated({ONE: Share(data("a"), "v1")}, change(modified=data("a")), HAND, "now")
    assert list(after) == [HAND]


def test_what_the_server_fills_in_is_nobodys() -> None:
    fields = {"f:kind": {}, "f:metadata": {".": {}, "f:name": {}, "f:labels": {"f:a": {}}, "f:uid": {}}, **data("a")}
    assert managers.stripped(fields) == {"f:metadata": {"f:labels": {"f:a": {}}}, **data("a")}


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (
            {HAND: data("a"), Manager("hand", UPDATE, "v1", "status"): data("b")},
            (
                "Apply failed with 2 conflicts: "
                'conflicts with "hand" with subresource "status" using v1:\n- .data.b\n'
                'conflicts with "hand" using v1:\n- .data.a'
            ),
        ),
        ({HAND: data("a")}, 'Apply failed with 1 conflict: conflict with "hand" using v1: .data.a'),
        (
            {ONE: data("a", "b"), Manager("hpa", UPDATE, "apps/v1", "scale"): data("c")},
            (
                "Apply failed with 3 conflicts: "
                'conflicts with "hpa" with subresource "scale" using apps/v1:\n- .data.c\n'
                'conflicts with "one":\n- .data.a\n- .data.b'
            ),
        ),
    ],
)
def test_a_conflict_names_managers_and_fields(found: dict[Manager, Any], message: str) -> None:
    error = managers.conflict(found)
    assert (error.code, error.message) == (409, message)


def test_a_conflict_is_with_others_only() -> None:
    shares = {ONE: Share(data("a"), "v1"), HAND: Share(data("a", "b"), "v1")}
    assert managers.conflicts(shares, data("a", "c"), ONE) == {HAND: data("a")}


def test_the_oldest_updaters_become_one() -> None:
    shares = {
        Manager(f"m{n:02}", UPDATE, "v1", ""): Share(data(f"k{n}"), "v1", f"2026-01-{n + 1:02}") for n in range(14)
    }
    left = managers.capped(shares)
    assert len(left) == MAX_UPDATERS
    ancient = left[Manager(ANCIENT, UPDATE, "v1", "")]
    assert ancient.fields == data("k0", "k1", "k2", "k3", "k4")
    assert ancient.time == "2026-01-05"


@pytest.mark.parametrize(
    "wrong",
    [
        "x",
        [1],
        [{"operation": "Steal", "fieldsType": "FieldsV1"}],
        [{"operation": "Apply", "fieldsType": "FieldsV2"}],
        [{"operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": {"x": {}}}],
    ],
)
def test_what_a_client_writes_that_tells_no_owners_is_told_apart(wrong: Any) -> None:
    assert managers.told(wrong) is None


def test_one_empty_entry_is_a_reset() -> None:
    assert managers.is_reset([{}])
    assert managers.is_reset([{"manager": ""}])
    assert not managers.is_reset([])
    assert not managers.is_reset([{"manager": "m"}])
    assert not managers.is_reset(None)
