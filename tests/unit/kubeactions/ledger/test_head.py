"""Which ledger is trusted: the cases in which it must not be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kubeactions.errors import LedgerClosed
from kubeactions.ledger.codec import Meta, encode_meta
from kubeactions.ledger.head import WRITE_ANNOTATION, Anchor, admit, parse
from kubeactions.ledger.legacy import LEGACY_KEY, read_legacy
from kubeactions.model import Status

ANCHOR = Anchor("uid-1", 4, 20, "the Lease")


def configmap(epoch: int = 4, seq: int | None = 20, uid: str = "uid-1", **data: str) -> dict[str, Any]:
    annotations = {} if seq is None else {WRITE_ANNOTATION: json.dumps({"writer": "me", "seq": seq})}
    meta = {"meta": encode_meta(Meta("cluster", epoch, "me"))} if epoch else {}
    return {
        "metadata": {"uid": uid, "resourceVersion": "9", "annotations": annotations},
        "data": {**meta, **data},
    }


def test_a_ledger_that_is_where_the_lease_says_is_trusted() -> None:
    admit(parse(configmap()), ANCHOR, "cluster")


def test_a_ledger_that_has_gone_on_since_is_trusted() -> None:
    admit(parse(configmap(epoch=5, seq=31)), ANCHOR, "cluster")


def test_a_first_start_has_neither_ledger_nor_anchor() -> None:
    admit(None, None, "cluster")


def test_a_ledger_whose_lease_was_deleted_is_trusted() -> None:
    admit(parse(configmap()), None, "cluster")


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (None, "is missing"),
        (configmap(uid="uid-2"), "deleted and created again"),
        (configmap(epoch=3), "gone back"),
        (configmap(seq=19), "gone back"),
        (configmap(epoch=0), "gone back"),
        (configmap(seq=None), "gone back"),
    ],
    ids=["missing", "another uid", "lower epoch", "lower seq", "no meta", "no write"],
)
def test_a_ledger_that_is_not_the_one_that_the_lease_names_is_closed(found: Any, text: str) -> None:
    with pytest.raises(LedgerClosed, match=text):
        admit(parse(found) if found else None, ANCHOR, "cluster")


def test_another_clusters_ledger_is_closed() -> None:
    with pytest.raises(LedgerClosed, match="another cluster"):
        admit(parse(configmap()), None, "other")


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"meta": "half {"}},
        {"data": {"nonsense": "{}"}},
        {"binaryData": {"x": "AA=="}},
        {"metadata": {"uid": "u", "resourceVersion": "1", "annotations": {WRITE_ANNOTATION: "many"}}},
        {"data": {LEGACY_KEY: "half ["}},
        {"data": {LEGACY_KEY: '[{"Key": {"ID": "x"}}]'}},
    ],
)
def test_a_head_with_anything_unreadable_in_it_is_closed(change: dict[str, Any]) -> None:
    with pytest.raises(LedgerClosed):
        parse({**configmap(), **change})


def test_an_earlier_agents_entries_are_read_with_their_extra_fields() -> None:
    text = json.dumps(
        [
            {"Key": {"ID": "c1", "Version": 3}, "Status": "success", "Message": "ok", "Timestamp": 1766000000, "X": 1},
            {"Key": {"ID": "c2", "Version": 1}, "Status": "failed"},
            {"Key": {"ID": "c3", "Version": 1}, "Status": "skipped", "Timestamp": 1766000000},
        ]
    )
    found = read_legacy(text)
    assert [(one.id, one.version, one.status) for one in found] == [
        ("c1", 3, Status.SUCCEEDED),
        ("c2", 1, Status.FAILED),
        ("c3", 1, Status.UNKNOWN),
    ]
    record = found[0].record(found[0].at)
    assert (record.whole, record.reported, record.open) == (True, True, False)


@pytest.mark.parametrize("text", [None, "", " ", "[]", "null"])
def test_an_empty_history_of_an_earlier_agent_is_empty(text: str | None) -> None:
    assert read_legacy(text) == ()


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"meta": "half {"}},
        {"data": {"meta": '{"schema": 99}'}},
        {"data": {"nonsense": "{}"}},
        {"binaryData": {"x": "AA=="}},
        {"data": {LEGACY_KEY: "half ["}},
    ],
    ids=["meta", "schema", "record", "binary", "an earlier agent's"],
)
def test_a_closed_ledger_says_once_how_it_is_begun_anew(change: dict[str, Any]) -> None:
    with pytest.raises(LedgerClosed) as caught:
        parse({**configmap(), **change})
    assert str(caught.value).count("kubeactions ledger init") == 1
