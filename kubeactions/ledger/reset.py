"""Whether the ledger can be trusted, asked by a person; and a new beginning where it cannot.

A new beginning forgets what was done, so nothing that may have been done must run again: the new head's watermark is
the time of the reset, and every action stamped before it is `expired (before the watermark)`. The old head is copied
aside first, as it is, under `datadog-kubeactions-state-before-<time>`: nothing of it is lost to people.

Called by `kubeactions ledger`. It refuses to decide: whether to reset at all, and what the Lease says then, is the
caller's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from kubeactions.errors import Conflict, LedgerClosed, NotFound
from kubeactions.kube import Kube, path_of
from kubeactions.ledger.codec import Meta, decode_meta, decode_record, encode_meta
from kubeactions.ledger.head import META_KEY, NAME, WRITE_ANNOTATION, Anchor, admit, parse, prints_of, signature
from kubeactions.ledger.segments import Segments
from kubeactions.model import JsonObject

WRITER = "kubeactions ledger init"
"""Holder of the epoch in which nobody leads: the next leader claims the one after it."""
BEFORE = f"{NAME}-before-"


@dataclass(frozen=True, slots=True)
class Look:
    """The ledger as a person finds it."""

    fault: str
    """Why it is closed, "" when it is not (also when there is none yet)."""
    resource_version: str = ""
    """Of the head, "" when there is none: what is reset must be what was looked at."""
    holder: str = ""
    """Who holds its epoch, if the head itself is in order: that replica may be at work, whatever else is wrong."""
    unsettled: tuple[str, ...] = ()
    """Records of the head that can be read and have not ended."""


def look(kube: Kube, namespace: str, anchor: Anchor | None) -> Look:
    """Ask what a leader asks when it opens the ledger. Raises a `KubeError`."""
    found = _read(kube, namespace)
    version = str(found["metadata"]["resourceVersion"]) if found else ""
    holder = ""
    try:
        head = parse(found) if found is not None else None
        admit(head, anchor, cluster_uid(kube))
        meta = head.meta if head is not None else None
        holder = meta.holder if meta else ""
        for segment in meta.segments if meta else ():
            Segments(kube, namespace).load(segment)
    except LedgerClosed as error:
        return Look(error.finding, version, holder, _unsettled(found))
    return Look("", version, holder, _unsettled(found))


def begin_anew(
    kube: Kube, namespace: str, anchor: Anchor | None, seen: Look, *, watermark: datetime, now: datetime
) -> Anchor:
    """Put the old head aside and empty it in one compare-and-set; returns where that stands, for the Lease.

    The head is never away: a leader that finds none, and no word of one on the Lease, takes that for a first start.
    Each step is safe to be the last, and the command can be given again. Raises a `Conflict` when the head is not what
    was `seen` any more, or another `KubeError`.
    """
    old = _read(kube, namespace)
    if (str(old["metadata"]["resourceVersion"]) if old else "") != seen.resource_version:
        raise Conflict(f"ConfigMap {NAME} was changed since it was looked at; nothing was changed: look again")
    before = _meta_of(old)
    epoch = max(anchor.epoch if anchor else 0, before.epoch if before else 0) + 1
    seq = max(anchor.seq if anchor else 0, _seq_of(old)) + 1
    meta = Meta(cluster_uid(kube), epoch, WRITER, watermark=watermark, next_segment=_next_number(kube, namespace))
    data = {META_KEY: encode_meta(meta)}
    annotations = {WRITE_ANNOTATION: signature(WRITER, seq, prints_of(data).values())}
    body: JsonObject = {"apiVersion": "v1", "kind": "ConfigMap", "data": data}
    if old is None:
        body["metadata"] = {"name": NAME, "annotations": annotations}
        made = kube.create(path_of("v1", "configmaps", namespace=namespace), body)
    else:
        _put_aside(kube, namespace, old, now)
        kept = old["metadata"]
        body["metadata"] = {**kept, "annotations": {**(kept.get("annotations") or {}), **annotations}}
        made = kube.replace(_path(namespace), body)
    return Anchor(str(made["metadata"]["uid"]), epoch, seq, WRITER)


def cluster_uid(kube: Kube) -> str:
    """The UID of the namespace kube-system, by which clusters are told apart."""
    return str(kube.get(path_of("v1", "namespaces", name="kube-system"))["metadata"]["uid"])


def _path(namespace: str) -> str:
    return path_of("v1", "configmaps", namespace=namespace, name=NAME)


def _read(kube: Kube, namespace: str) -> JsonObject | None:
    try:
        return kube.get(_path(namespace))
    except NotFound:
        return None


def _meta_of(configmap: JsonObject | None) -> Meta | None:
    data: Mapping[str, str] = (configmap or {}).get("data") or {}
    try:
        return decode_meta(data[META_KEY]) if META_KEY in data else None
    except LedgerClosed:
        return None


def _seq_of(configmap: JsonObject | None) -> int:
    """The number of the last write, 0 where it cannot be read."""
    annotations = (configmap or {"metadata": {}})["metadata"].get("annotations") or {}
    try:
        return int(orjson.loads(annotations[WRITE_ANNOTATION])["seq"])
    except (KeyError, TypeError, ValueError):
        return 0


def _unsettled(configmap: JsonObject | None) -> tuple[str, ...]:
    """What is given up without an end: the person has to look at it."""
    found = []
    for name, text in ((configmap or {}).get("data") or {}).items():
        try:
            record = decode_record(name, text)
        except LedgerClosed:
            continue  # The copy keeps it; and what is no record (meta) is none.
        if record.open:
            found.append(str(record.key))
    return tuple(sorted(found))


def _put_aside(kube: Kube, namespace: str, old: JsonObject, now: datetime) -> None:
    name = f"{BEFORE}{now.astimezone(UTC):%Y%m%d%H%M%S}-{old['metadata']['resourceVersion']}"
    copy: JsonObject = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "immutable": True}
    copy |= {member: old[member] for member in ("data", "binaryData") if old.get(member)}
    kube.create(path_of("v1", "configmaps", namespace=namespace), copy)


def _next_number(kube: Kube, namespace: str) -> int:
    """Above every segment that there is: numbers are never used again."""
    names = (
        str(one["metadata"]["name"]) for one in kube.list(path_of("v1", "configmaps", namespace=namespace))["items"]
    )
    ends = (name.removeprefix(f"{NAME}-") for name in names if name.startswith(f"{NAME}-"))
    return max((int(end) for end in ends if end.isdigit()), default=0) + 1
