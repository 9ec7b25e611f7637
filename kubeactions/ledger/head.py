"""The head ConfigMap as read from the cluster, and whether it can be trusted. Pure; called by the ledger.

`parse` turns the object into a `Head`; `admit` holds it against what is known of it from elsewhere: the Lease's
annotation, the cluster's UID, and what this process itself saw last. Whatever does not fit raises `LedgerClosed`, with
what a person can do about it: a system that forgets what it has done must not act.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import orjson

from kubeactions.errors import LedgerClosed
from kubeactions.ledger.codec import Meta, decode_meta, decode_record
from kubeactions.ledger.legacy import LEGACY_KEY, LegacyEntry, read_legacy
from kubeactions.model import FIELD_MANAGER, JsonObject, Record

NAME = "datadog-kubeactions-state"
"""Name of the head ConfigMap; segments add `-<number>`."""
META_KEY = "meta"
SEGMENTS_KEY = "segments"
"""The full segments, which meta does not repeat in each write."""
OWN_KEYS = frozenset({META_KEY, SEGMENTS_KEY, LEGACY_KEY})
"""The data keys that are no records."""
WRITE_ANNOTATION = "kubeactions.datadoghq.com/write"
"""Annotation of the head, {"writer", "seq", "sum"} of the last write; so that a write need not repeat meta.

`sum` is of all data keys with their values, but for an earlier agent's: what somebody edits, adds or takes away by hand
is found, and a record that is gone does not let its action run again. Without one nothing is asked (an older version
wrote last). It is no secret: it finds accidents, and who may write the ConfigMap may forge it.
"""


@dataclass(frozen=True, slots=True)
class Head:
    """What the head says."""

    uid: str
    resource_version: str
    seq: int
    meta: Meta | None
    """None when nobody of ours has written it yet (an earlier agent's, or made by hand)."""
    records: Mapping[str, Record] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    """Bytes of each data key with its value."""
    prints: Mapping[str, int] = field(default_factory=dict)
    """A hash of each data key with its value, see `print_of`."""
    edit: str = ""
    """What says that somebody else has changed the data since it was written last; "" when nothing does."""
    legacy: tuple[LegacyEntry, ...] = ()
    has_legacy_key: bool = False


@dataclass(frozen=True, slots=True)
class Anchor:
    """What is known of the ledger from elsewhere: it may have gone on since, and must not have gone back."""

    uid: str
    epoch: int
    seq: int
    origin: str
    """Where that is known from, for the error text."""


def parse(configmap: JsonObject) -> Head:
    """Read the head. Raises `LedgerClosed` when any key of it cannot be read."""
    metadata = configmap.get("metadata") or {}
    data = configmap.get("data") or {}
    if configmap.get("binaryData"):
        raise LedgerClosed(f"ConfigMap {NAME} holds binaryData, which no version of this program writes")
    records = {name: decode_record(name, text) for name, text in data.items() if name not in OWN_KEYS}
    return Head(
        uid=str(metadata["uid"]),
        resource_version=str(metadata["resourceVersion"]),
        seq=seq_of(configmap),
        meta=decode_meta(data[META_KEY], data.get(SEGMENTS_KEY, "[]")) if META_KEY in data else None,
        records=records,
        sizes={name: size_of(name, text) for name, text in data.items() if name != LEGACY_KEY},
        prints=prints_of(data),
        edit=edited(configmap),
        legacy=read_legacy(data.get(LEGACY_KEY)),
        has_legacy_key=LEGACY_KEY in data,
    )


def admit(head: Head | None, anchor: Anchor | None, cluster_uid: str) -> None:
    """Refuse a ledger that is missing, replaced, older than it was, another cluster's, or edited by somebody else.

    Raises `LedgerClosed`.
    """
    if head is None:
        if anchor is not None:
            raise LedgerClosed(f"ConfigMap {NAME} is missing and {anchor.origin} says that it existed")
        return
    if head.meta is not None and head.meta.cluster_uid != cluster_uid:
        theirs = head.meta.cluster_uid
        raise LedgerClosed(f"ConfigMap {NAME} is of another cluster ({theirs}, and this is {cluster_uid})")
    if head.meta is None and head.records:
        raise LedgerClosed(f"ConfigMap {NAME} has records and no {META_KEY} key")
    if anchor is not None:
        _hold_against(head, anchor)
    if head.edit:
        raise LedgerClosed(head.edit)


def _hold_against(head: Head, anchor: Anchor) -> None:
    """It has not been replaced, and has not gone back."""
    if head.uid != anchor.uid:
        raise LedgerClosed(
            f"ConfigMap {NAME} was deleted and created again: its UID is {head.uid} and {anchor.origin} "
            f"names {anchor.uid}"
        )
    epoch = head.meta.epoch if head.meta else 0
    if epoch < anchor.epoch or head.seq < anchor.seq:
        raise LedgerClosed(
            f"ConfigMap {NAME} has gone back to epoch {epoch}, write {head.seq} (restored from a backup?): "
            f"{anchor.origin} has seen epoch {anchor.epoch}, write {anchor.seq}"
        )


def size_of(name: str, text: str) -> int:
    """Bytes that a data key takes in the object."""
    return len(name) + len(text.encode())


def print_of(name: str, text: str) -> int:
    """A hash of one data key with its value."""
    return int.from_bytes(hashlib.blake2b(f"{name}\0{text}".encode(), digest_size=8).digest())


def prints_of(data: Mapping[str, str]) -> dict[str, int]:
    """The same of each key, but for an earlier agent's."""
    return {name: print_of(name, text) for name, text in data.items() if name != LEGACY_KEY}


def signature(writer: str, seq: int, prints: Iterable[int]) -> str:
    """The annotation's text for a write after which the data keys have these hashes: it holds their sum."""
    return orjson.dumps({"writer": writer, "seq": seq, "sum": _sum(prints)}).decode()


def _sum(prints: Iterable[int]) -> str:
    return f"{sum(prints) % 2**64:016x}"


def edited(configmap: JsonObject) -> str:
    """What is to be said when the data is not what the last write left; "" when it is, or nobody knows."""
    said = _written(configmap)
    if said is None or "sum" not in said or said["sum"] == _sum(prints_of(configmap.get("data") or {}).values()):
        return ""
    text = f"ConfigMap {NAME} was edited: its data is not what write {said.get('seq')} by {said.get('writer')} left"
    others = ", ".join(_other_managers(configmap))
    return f"{text} (fields of data belong to {others}, too)" if others else text


def _other_managers(configmap: JsonObject) -> list[str]:
    """Who else has written data, as the API server keeps it: name and time."""
    return sorted(
        f"{one.get('manager')} at {one.get('time')}"
        for one in configmap["metadata"].get("managedFields") or ()
        if one.get("manager") != FIELD_MANAGER and "f:data" in (one.get("fieldsV1") or {})
    )


def _written(configmap: JsonObject) -> dict[str, object] | None:
    """The annotation, None when there is none. Raises `LedgerClosed`."""
    annotation = (configmap["metadata"].get("annotations") or {}).get(WRITE_ANNOTATION)
    if annotation is None:
        return None
    try:
        found = orjson.loads(annotation)
        return {**found, "seq": int(found["seq"])}
    except (ValueError, TypeError, KeyError) as error:
        raise LedgerClosed(f"annotation {WRITE_ANNOTATION} of {NAME} is unreadable: {annotation!r}") from error


def seq_of(configmap: JsonObject) -> int:
    """The number of the last write, 0 when nobody of ours has written it. Raises `LedgerClosed`."""
    said = _written(configmap)
    return int(str(said["seq"])) if said else 0
