"""`ledger check`: every fault is found, by itself and all of them together, and what is in order is not accused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from backends.faults import Match, Pause
from kubeactions.errors import LedgerClosed
from kubeactions.ledger import NAME, read
from kubeactions.ledger.codec import encode_record
from kubeactions.ledger.head import WRITE_ANNOTATION, Anchor, prints_of, seq_of, signature
from kubeactions.ledger.invariants import Finding, check
from kubeactions.model import ActionKey, JsonObject, Phase, Record
from tests.unit.kubeactions.ledger.test_book import CONFIGMAPS, Shelf

HEAD = f"{CONFIGMAPS}/{NAME}"


@pytest.fixture
def shelf() -> Shelf:
    """A ledger with a sealed record, a closed one and one that is open."""
    found = Shelf()
    ledger = found.opened("a", closed_bytes=1, kept_bytes=0)
    ledger.write([found.closed("sealed")])
    ledger.seal()
    ledger.write([found.closed("closed", 2), found.record("open", 3)])
    return found


def findings(shelf: Shelf, anchor: Anchor | None = None) -> tuple[Finding, ...]:
    return check(shelf.kube, "default", anchor).findings


def edit(shelf: Shelf, **data: str | None) -> None:
    """As a version of ours with an error would: its sum is right."""
    kept = {name: text for name, text in {**shelf.head()["data"], **data}.items() if text is not None}
    seq = seq_of(shelf.head())
    annotations = {WRITE_ANNOTATION: signature("somebody", seq, prints_of(kept).values())}
    shelf.kube.patch(HEAD, {"metadata": {"annotations": annotations}, "data": data}, type="merge")


def put(shelf: Shelf, record: Record) -> None:
    edit(shelf, **{record.marker: encode_record(record)})


def test_a_ledger_in_order_has_no_findings_and_is_counted(shelf: Shelf) -> None:
    checked = check(shelf.kube, "default", None)
    assert (checked.findings, checked.records, checked.segments) == ((), 3, 1)
    assert 500 < checked.head_bytes < 5000


def test_no_ledger_is_in_order_unless_somebody_has_seen_one() -> None:
    assert findings(Shelf()) == ()
    (missing,) = findings(Shelf(), Anchor("uid", 3, 9, "the Lease"))
    assert missing.closing
    assert "is missing and the Lease says that it existed" in missing.text


def test_every_unreadable_record_is_named(shelf: Shelf) -> None:
    names = [ActionKey(config, 1).marker for config in ("closed", "open")]
    edit(shelf, **dict.fromkeys(names, "{"))
    found = findings(shelf)
    assert [one.closing for one in found] == [True, True]
    assert all(any(name in one.text for one in found) for name in names)


@pytest.mark.parametrize(
    "change",
    [
        {ActionKey("closed", 1).marker: None},
        {ActionKey("closed", 1).marker: encode_record(Shelf().record("closed"))},
        {ActionKey("more", 1).marker: encode_record(Shelf().record("more"))},
        {"segments": "[]"},
    ],
    ids=["a record is taken away", "a record is open again", "a record is put in", "a key is put in"],
)
def test_what_somebody_edits_by_hand_closes_it_until_it_is_undone(shelf: Shelf, change: JsonObject) -> None:
    """Each of these would let an action run again, or one run that nobody ordered, and can be read without an error."""
    before = {name: shelf.head()["data"].get(name) for name in change}
    shelf.kube.patch(HEAD, {"data": change}, type="merge")
    closing = [one.text for one in findings(shelf) if one.closing]
    assert len(closing) == 1
    assert "was edited: its data is not what write 4 by a left" in closing[0]
    for act in (lambda: shelf.opened("b"), lambda: read(shelf.kube, "default")):
        with pytest.raises(LedgerClosed, match="was edited"):
            act()
    shelf.kube.patch(HEAD, {"data": before}, type="merge")
    assert findings(shelf) == ()
    shelf.opened("b")


def test_who_has_edited_it_is_named_as_the_api_server_names_him(shelf: Shelf) -> None:
    client = shelf.backend.client("bob")
    client.call_api(
        "PATCH", f"{client.configuration.host}{HEAD}?fieldManager=kubectl-edit",
        {"Content-Type": "application/merge-patch+json"}, {"data": {"note": "{}"}},
    ).read()  # fmt: skip
    assert any("fields of data belong to kubectl-edit at 20" in one.text for one in findings(shelf))


def test_a_head_that_an_older_version_wrote_is_not_asked_for_its_sum(shelf: Shelf) -> None:
    annotation = json.dumps({"writer": "older", "seq": seq_of(shelf.head())})
    shelf.kube.patch(HEAD, {"metadata": {"annotations": {WRITE_ANNOTATION: annotation}}}, type="merge")
    put(shelf, shelf.record("more", 4))
    shelf.kube.patch(HEAD, {"metadata": {"annotations": {WRITE_ANNOTATION: annotation}}}, type="merge")
    ledger = shelf.opened("b")
    assert len(ledger.records) == 3
    assert findings(shelf) == ()
    assert '"sum"' in shelf.head()["metadata"]["annotations"][WRITE_ANNOTATION]


def test_everything_that_is_wrong_is_found_at_once(shelf: Shelf) -> None:
    """Not only the first: an unreadable record, a lost part, litter, a head that went back and is too long."""
    edit(shelf, **{ActionKey("closed", 1).marker: "{"})
    shelf.kube.delete(f"{CONFIGMAPS}/{NAME}-1")
    labels = {"kubeactions.datadoghq.com/ledger": shelf.head()["metadata"]["uid"]}
    litter: JsonObject = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"{NAME}-9", "labels": labels}}
    shelf.kube.create(CONFIGMAPS, litter)
    long = shelf.record("long", 4)
    assert long.action is not None
    put(shelf, replace(long, action=replace(long.action, parameters={"patch": "x" * 300_000})))
    found = {
        one.text: one.closing for one in findings(shelf, Anchor(shelf.head()["metadata"]["uid"], 7, 1, "the Lease"))
    }
    assert len(found) == 6, found
    for part, closing in {
        "is unreadable": True,
        "-1, a part of the history, is missing": True,
        "has gone back to epoch 1": True,
        "-9 (uid": False,
        "is the bound": False,
        "long:v1 does not hold the content that its digest is of": False,
    }.items():
        assert [one for text, one in found.items() if part in text] == [closing], part


def test_a_lost_meta_key_and_another_cluster_close_it(shelf: Shelf) -> None:
    meta = json.loads(shelf.head()["data"]["meta"])
    edit(shelf, meta=json.dumps({**meta, "cluster_uid": "other"}))
    assert any("is of another cluster" in one.text and one.closing for one in findings(shelf))
    edit(shelf, meta=None)
    assert any("has records and no meta key" in one.text and one.closing for one in findings(shelf))
    edit(shelf, meta="half {")
    assert any("meta is unreadable" in one.text and one.closing for one in findings(shelf))


def test_a_part_that_was_replaced_closes_it(shelf: Shelf) -> None:
    part = shelf.kube.get(f"{CONFIGMAPS}/{NAME}-1")
    shelf.kube.delete(f"{CONFIGMAPS}/{NAME}-1")
    metadata = {"name": f"{NAME}-1", "labels": part["metadata"]["labels"]}
    shelf.kube.create(CONFIGMAPS, {**part, "metadata": metadata})
    (found,) = [one for one in findings(shelf) if one.closing]
    assert "is not what was sealed" in found.text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("sealed again", "sealed:v1 is in datadog-kubeactions-state and in datadog-kubeactions-state-1"),
        ("other digest", "does not hold the content that its digest is of"),
        ("later epoch", "was begun in epoch 9, and the ledger is in 1"),
        ("two intents", "have both begun on Pod shop/web-0"),
        ("same action_id", "have both used up action_id closed"),
    ],
)
def test_records_that_contradict_themselves_or_each_other_are_named(shelf: Shelf, change: str, said: str) -> None:
    if change == "sealed again":
        put(shelf, shelf.closed("sealed"))
    elif change == "other digest":
        put(shelf, replace(shelf.record("open"), digest="0" * 64))
    elif change == "later epoch":
        put(shelf, shelf.intent("open", 9))
    elif change == "two intents":
        put(shelf, shelf.intent("open", 1))
        put(shelf, shelf.intent("second", 1))
    else:
        twin = shelf.closed("twin")
        assert twin.action is not None
        action = replace(twin.action, action_id="closed")
        put(shelf, replace(twin, action=action, digest=action.digest))
    found = findings(shelf)
    assert [one.closing for one in found] == [False], found
    assert said in found[0].text


def test_an_open_record_in_a_sealed_part_is_named(shelf: Shelf) -> None:
    ledger = shelf.opened("b", closed_bytes=1, kept_bytes=0)
    ledger.write([replace(shelf.record("lost"), reported=True)])
    assert ledger.records[ActionKey("lost", 1).marker].phase is Phase.PENDING
    ledger.seal()
    assert any("lost:v1 is open and sealed in" in one.text for one in findings(shelf))


def test_a_leader_that_seals_meanwhile_is_not_accused(shelf: Shelf) -> None:
    ledger = shelf.opened("b", closed_bytes=1, kept_bytes=0, keep_s=1.0)
    shelf.clock.advance(60)
    client = shelf.ledger("reader")
    shelf.faults.add(Pause(ledger.prune), Match(verb="get", name=f"{NAME}-1", identity="reader"), times=1)
    assert check(client._kube, "default", None).findings == ()
