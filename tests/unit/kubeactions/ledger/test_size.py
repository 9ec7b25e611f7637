"""The ledger as it grows: merged parts, bounds that hold, a history that is full and recovers, lists that are lost."""

from __future__ import annotations

import base64
import random
from dataclasses import replace
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from backends.faults import Crash, LoseAnswer, Match, ReplicaDied
from kubeactions.errors import KubeError, LedgerClosed
from kubeactions.ledger import NAME, Ledger, read
from kubeactions.ledger.codec import (
    SMALL_BYTES,
    Meta,
    Segment,
    decode_meta,
    encode_meta,
    encode_record,
    encode_segments,
)
from kubeactions.ledger.head import SEGMENTS_KEY
from kubeactions.ledger.invariants import MAX_BYTES, check
from kubeactions.ledger.segments import MERGE_AT, MERGED_BYTES, Segments, content_of, records_of, to_merge
from scripts.benchmark.ledger import Shelf as Bookkeeping
from scripts.benchmark.ledger import growth
from tests.unit.kubeactions.ledger.test_book import Shelf

AT = datetime(2026, 8, 20, tzinfo=UTC)
SEAL_EACH = {"closed_bytes": 1, "kept_bytes": 0}


def part(number: int, size: int) -> Segment:
    return Segment(number, f"uid-{number}", 1, "ab", AT, size)


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def sealed(shelf: Shelf, ledger: Ledger, count: int, first: int = 0) -> None:
    """As many segments of one record each."""
    for number in range(first, first + count):
        ledger.write([shelf.closed(f"c{number}", number + 1)])
        ledger.seal()


def keep_house(ledger: Ledger) -> None:
    if ledger.seal_due():
        ledger.seal()
    elif ledger.merge_due():
        ledger.merge()


# --- what is merged ---


def test_small_parts_are_merged_when_there_are_many_of_them_or_they_are_long() -> None:
    few = [part(number, 100) for number in range(MERGE_AT - 1)]
    assert to_merge(few) == ()
    assert len(to_merge([*few, part(99, 100)])) == MERGE_AT
    assert to_merge([part(1, SMALL_BYTES - 1), part(2, SMALL_BYTES - 1)]) == ()
    assert len(to_merge([part(1, SMALL_BYTES - 1), part(2, SMALL_BYTES - 1), part(3, SMALL_BYTES - 1)])) == 2


def test_full_parts_are_left_alone() -> None:
    small = [part(number, 100) for number in range(2, MERGE_AT + 2)]
    assert to_merge([part(1, SMALL_BYTES), *small]) == tuple(small)
    assert to_merge([*small, part(99, SMALL_BYTES)]) == ()


@given(st.lists(st.integers(1, 250_000), max_size=80))
def test_no_merged_part_is_longer_than_the_bound(sizes: list[int]) -> None:
    merged = to_merge([part(number, size) for number, size in enumerate(sizes)])
    assert sum(one.size for one in merged) <= MERGED_BYTES < MAX_BYTES
    assert len(merged) != 1


@given(st.dictionaries(st.text("abcdefgh234567", min_size=1), st.text().map(lambda text: orjson.dumps(text).decode())))
@example({"a": orjson.dumps("two\u2028lines\x85of one").decode()})
def test_a_content_is_read_as_it_was_packed(records: dict[str, str]) -> None:
    assert records_of(content_of(records)) == records


def test_what_is_merged_is_still_known_and_takes_the_place_of_its_parts(shelf: Shelf) -> None:
    ledger = shelf.opened("a", **SEAL_EACH)
    sealed(shelf, ledger, MERGE_AT)
    assert ledger.merge_due()
    ledger.merge()
    (only,) = ledger.meta.segments
    assert (only.number, only.count) == (MERGE_AT + 1, MERGE_AT)
    assert shelf.names() == [NAME, f"{NAME}-{MERGE_AT + 1}"]
    assert len(read(shelf.kube, "default").records) == MERGE_AT
    assert len(shelf.opened("b").history) == MERGE_AT
    assert check(shelf.kube, "default", None).findings == ()


@pytest.mark.parametrize("verb", ["create", "patch", "delete"])
@pytest.mark.parametrize("side", ["before", "after"])
def test_a_leader_that_dies_in_the_middle_of_merging_loses_nothing(shelf: Shelf, verb: str, side: str) -> None:
    ledger = shelf.opened("a", **SEAL_EACH)
    sealed(shelf, ledger, MERGE_AT)
    crash = Crash("before") if side == "before" else Crash("after")
    shelf.faults.add(crash, Match(verb=verb, resource="configmaps", identity="a"), times=1)
    with pytest.raises(ReplicaDied):
        ledger.merge()
    second = shelf.opened("b", **SEAL_EACH)
    assert len(second.history) == MERGE_AT
    keep_house(second)
    shelf.opened("c")
    assert len(read(shelf.kube, "default").records) == MERGE_AT
    assert check(shelf.kube, "default", None).findings == ()


def test_an_answer_that_is_lost_while_merging_is_settled_by_reading(shelf: Shelf) -> None:
    ledger = shelf.opened("a", **SEAL_EACH)
    sealed(shelf, ledger, MERGE_AT)
    shelf.faults.add(LoseAnswer(), Match(verb="patch", resource="configmaps", name=NAME, identity="a"), times=1)
    with pytest.raises(KubeError):
        ledger.merge()
    ledger.refresh()
    keep_house(ledger)
    assert len(shelf.opened("b").history) == MERGE_AT


# --- the list of full parts ---


def test_full_parts_are_listed_in_a_key_that_other_writes_do_not_repeat() -> None:
    meta = Meta("cluster", 4, "me", AT, (part(1, SMALL_BYTES), part(2, 10)), 3)
    assert "uid-1" not in encode_meta(meta)
    assert "uid-2" not in encode_segments(meta)
    assert decode_meta(encode_meta(meta), encode_segments(meta)) == meta


def test_a_list_that_is_lost_closes_the_ledger(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubeactions.ledger.codec.SMALL_BYTES", 1)  # Each is full.
    ledger = shelf.opened("a", **SEAL_EACH)
    sealed(shelf, ledger, 2)
    assert SEGMENTS_KEY in shelf.head()["data"]
    shelf.kube.patch(f"/api/v1/namespaces/default/configmaps/{NAME}", {"data": {SEGMENTS_KEY: None}}, type="merge")
    with pytest.raises(LedgerClosed, match="2 full segments are said to be listed, and 0 are"):
        shelf.opened("b")
    assert f"{NAME}-1" in shelf.names(), "nothing is taken for litter"


# --- a full history ---


def test_a_full_history_takes_no_new_work_says_so_and_recovers_when_pruned(shelf: Shelf) -> None:
    ledger = shelf.opened("a", **SEAL_EACH, max_segments=3, keep_s=1000.0)
    assert (ledger.full, ledger.room() > 0) == ("", True)
    sealed(shelf, ledger, 3)
    assert "the history is full (3 segments, 3 records)" in ledger.full
    assert "kubeactions.retention_s" in ledger.full
    assert ledger.room() == 0
    ledger.write([shelf.closed("late", 9)])
    assert not ledger.seal_due(), "what has begun goes on, in the head"
    shelf.clock.advance(1001)
    ledger.prune()
    assert (ledger.full, ledger.room() > 0) == ("", True)
    assert ledger.seal_due()


def test_the_list_of_parts_never_takes_the_room_of_open_records(shelf: Shelf) -> None:
    ledger = shelf.opened("a", open_bytes=256 * 1024)
    assert ledger.capacity() + 56 * 1024 + 120 * 256 <= 256 * 1024
    longest = replace(part(10**6, 250_000), uid="u" * 36, sha256="f" * 64, newest=shelf.clock.wall(), count=10**6)
    assert len(encode_segments(Meta("c", 1, "me", segments=(longest,)))) <= 256


def test_so_much_is_sealed_at_once_and_the_rest_later(shelf: Shelf) -> None:
    ledger = shelf.opened("a", closed_bytes=1, kept_bytes=0, sealed_bytes=2000)
    ledger.write([shelf.closed(f"c{number}", number + 1) for number in range(20)])
    rounds = 0
    while ledger.seal_due():
        ledger.seal()
        rounds += 1
    assert rounds > 3
    first = min(ledger.meta.segments, key=lambda one: one.number)
    assert first.count < 20
    assert len(shelf.opened("b").history) == 20


def test_an_action_costs_as_many_bytes_after_sixty_full_parts_as_after_ten_records() -> None:
    """What a write repeats does not depend on the past. Sixty full parts are more than 50,000 records take."""

    def each(bench: Bookkeeping, actions: int) -> float:
        before, began = bench.ledger.bytes_written, bench.done
        bench.fill(bench.done + actions)
        return (bench.ledger.bytes_written - before) / (bench.done - began)

    young, old = Bookkeeping(), Bookkeeping()
    for bench in (young, old):
        bench.fill(10)
    dice = random.Random(7)
    shelf = Segments(old.kube("past"), "default")
    anchor, parts = old.ledger.anchor, []
    assert anchor is not None
    for number in range(1, 61):
        noise = base64.b64encode(dice.randbytes(80_000)).decode()  # So that it is not packed to nothing.
        record = replace(Shelf().closed(f"past-{number}"), replica=noise)
        texts = {record.marker: encode_record(record)}
        parts.append(shelf.create(number, anchor.uid, texts, old.clock.wall()))
    old.ledger.write([], meta=replace(old.ledger.meta, segments=tuple(parts), next_segment=61))
    assert all(part.size >= SMALL_BYTES for part in parts)
    assert each(old, 150) <= 1.02 * each(young, 150), "1.2 is asked; it is 1.0001"
    assert old.ledger.meta.next_segment > 62, "some was sealed meanwhile"


@pytest.mark.slow
def test_fifty_thousand_records_cost_no_more_each_and_no_configmap_is_too_long() -> None:
    rows = {row.name: row for row in growth()}
    wall = [name for name in rows if name.startswith("load") and not name.endswith("processor time")]
    assert len(wall) == 1
    assert {name: row.value for name, row in rows.items() if not row.met and name not in wall} == {}
