"""The head ConfigMap as read from the cluster, and whether it can be trusted. Pure; called by the ledger.

`parse` turns the object into a `Head`; `admit` holds it against what is known of it from elsewhere: the Lease's
annotation, the cluster's UID, and what this process itself saw last. Whatever does not fit raises `LedgerClosed`, with
what a person can do about it: a system that forgets what it has done must not act.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from kubeactions.errors import LedgerClosed
from kubeactions.ledger.codec import Meta, decode_meta, decode_record
from kubeactions.ledger.legacy import LEGACY_KEY, LegacyEntry, read_legacy
from kubeactions.model import JsonObject, Record

NAME = "datadog-kubeactions-state"
"""Name of the head ConfigMap; segments add `-<number>`."""
META_KEY = "meta"
SEGMENTS_KEY = "segments"
"""The full segments, which meta does not repeat in each write."""
OWN_KEYS = frozenset({META_KEY, SEGMENTS_KEY, LEGACY_KEY})
"""The data keys that are no records."""
WRITE_ANNOTATION = "kubeactions.datadoghq.com/write"
"""Annotation of the head: {"writer", "seq"} of the last write. An annotation, so that a write need not repeat meta."""


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
        legacy=read_legacy(data.get(LEGACY_KEY)),
        has_legacy_key=LEGACY_KEY in data,
    )


def admit(head: Head | None, anchor: Anchor | None, cluster_uid: str) -> None:
    """Refuse a ledger that is missing, replaced, older than it was, or another cluster's. Raises `LedgerClosed`."""
    if head is None:
        if anchor is not None:
            raise LedgerClosed(f"ConfigMap {NAME} is missing and {anchor.origin} says that it existed")
        return
    if head.meta is not None and head.meta.cluster_uid != cluster_uid:
        theirs = head.meta.cluster_uid
        raise LedgerClosed(f"ConfigMap {NAME} is of another cluster ({theirs}, and this is {cluster_uid})")
    if head.meta is None and head.records:
        raise LedgerClosed(f"ConfigMap {NAME} has records and no {META_KEY} key")
    if anchor is None:
        return
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


def seq_of(configmap: JsonObject) -> int:
    """The number of the last write, 0 when nobody of ours has written it. Raises `LedgerClosed`."""
    annotation = (configmap["metadata"].get("annotations") or {}).get(WRITE_ANNOTATION)
    if annotation is None:
        return 0
    try:
        return int(orjson.loads(annotation)["seq"])
    except (ValueError, TypeError, KeyError) as error:
        raise LedgerClosed(f"annotation {WRITE_ANNOTATION} of {NAME} is unreadable: {annotation!r}") from error
