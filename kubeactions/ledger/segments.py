"""Sealed parts of the history: immutable ConfigMaps `datadog-kubeactions-state-<n>`. Called by the ledger only.

A segment counts when the head lists it, by number, UID, count and hash; the head alone decides. So making one is
harmless until it is listed, and one that was made and not listed (its maker died) is litter. Litter is told from a
segment that another leader is just making by its number: the head's `next_segment` rises with every listing, and only
what lies below it is deleted. Numbers are never used again.

Its content is one line a record, `<name> <JSON>`, in the order of names, compressed: records are alike, and nine in ten
bytes go. To read one: kubectl get cm <name> -o jsonpath='{.binaryData.records}' | base64 -d | gunzip

Small segments are merged into one of up to `MERGED_BYTES`, so that their list stays short; each record is written again
twice or so in its life, however long the history is.

https://kubernetes.io/docs/concepts/configuration/configmap/#configmap-immutable
"""

from __future__ import annotations

import base64
import binascii
import gzip
import hashlib
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from kubeactions.errors import LedgerClosed, NotFound
from kubeactions.kube import Kube, path_of
from kubeactions.ledger.codec import SMALL_BYTES, Segment, decode_record
from kubeactions.ledger.head import NAME
from kubeactions.model import Action, JsonObject, Record

LEDGER_LABEL = "kubeactions.datadoghq.com/ledger"
"""Label of each segment: the UID of the head that it was made for."""
CONTENT = "records"
"""The data key with the content."""
MERGED_BYTES = 200 * 1024
"""A merged segment is no longer than this, in the API's own encoding."""
RENEWED_BYTES = 32 * 1024
"""What one prune keeps on in the head, until it is sealed again."""
ROOM_LEFT = 16 * 1024
"""What it leaves free there."""
MERGE_AT = 32
"""So many small ones are merged whatever their length."""
MAX_CONTENT_BYTES = 64 * 1024 * 1024
"""What unpacks to more than this is none of ours."""


def content_of(records: Mapping[str, str]) -> bytes:
    """The content of a segment: a line a record, in the order of names."""
    return "".join(f"{name} {records[name]}\n" for name in sorted(records)).encode()


def records_of(content: bytes) -> dict[str, str]:
    """The records in a content, texts by name."""
    # Not splitlines: it divides at U+0085 and U+2028 too, which JSON leaves as they are.
    lines = content.decode().split("\n")
    return dict(line.split(" ", 1) for line in lines if line)


def to_seal(closed: Sequence[Record], sizes: Mapping[str, int], kept_bytes: int, sealed_bytes: int) -> list[Record]:
    """Of the closed records the oldest ones, about `sealed_bytes` of them, but for the newest `kept_bytes`. Pure."""
    kept, found = 0, []
    for record in sorted(closed, key=lambda record: -record.order):
        kept += sizes.get(record.marker, 0)
        if kept > kept_bytes:
            found.append(record)
    sealed, taken = 0, 0
    for record in reversed(found):
        sealed += sizes.get(record.marker, 0)
        taken += 1
        if sealed > sealed_bytes:
            break
    return found[len(found) - taken :]


def to_renew(texts: Mapping[str, str], listed: Callable[[str], bool], now: datetime, room: int) -> list[Record]:
    """Of what is about to be pruned, what must stay on record, as if it had come now, as far as there is room. Pure.

    An action that is still listed is told by its stamp to be past; what was refused without one (a malformed config) by
    nothing but its record: without it the next leader would put it on record, and report it, again.
    """
    found = ((decode_record(name, text), len(text)) for name, text in texts.items() if listed(name))
    kept, room = [], min(room - ROOM_LEFT, RENEWED_BYTES)
    for record, size in found:
        room -= 2 * size if record.action is None else 0
        if record.action is None and room >= 0:
            kept.append(replace(record, received_at=now))
    return kept


def to_merge(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """The small ones at the end of the list, if it is time to make one of them. Pure."""
    small: list[Segment] = []
    for segment in reversed(segments):
        if segment.size >= SMALL_BYTES:
            break
        small.insert(0, segment)
    total, found = 0, []
    for segment in small:
        total += segment.size
        if total <= MERGED_BYTES:
            found.append(segment)
    due = len(small) >= MERGE_AT or total > MERGED_BYTES
    return tuple(found) if due and len(found) > 1 else ()


def stamp_of(record: Record, not_before_s: float) -> datetime:
    """The time by which a repetition of its action would be recognised as old. Pure."""
    return max(wanted_at(record.action, not_before_s), record.received_at) if record.action else record.received_at


def wanted_at(action: Action, not_before_s: float) -> datetime:
    """When it may begin. Who asks for more seconds after the stamp than these is refused, and kept no longer. Pure."""
    return action.created_at + min(action.due_at - action.created_at, timedelta(seconds=not_before_s))


def is_past(stamp: datetime, keep_s: float, now: datetime) -> bool:
    """Whether nothing of that time is accepted or kept any more; a stamp may be the calendar's last. Pure."""
    return now - stamp > timedelta(seconds=keep_s)


def goes_at(segments: Sequence[Segment], keep_s: float) -> datetime:
    """When the oldest of them can go. Pure."""
    oldest = min(segment.newest for segment in segments)
    return oldest + min(timedelta(seconds=keep_s), datetime.max.replace(tzinfo=UTC) - oldest)


class Segments:
    """The segments of the ledger in one namespace."""

    def __init__(self, kube: Kube, namespace: str) -> None:
        self._kube = kube
        self._namespace = namespace

    def create(self, number: int, head_uid: str, records: Mapping[str, str], newest: datetime) -> Segment:
        """Make one. Raises `Conflict` when the number is in use, and a `KubeError` when it is not known to exist."""
        content = content_of(records)
        packed = base64.b64encode(gzip.compress(content, mtime=0)).decode()
        made = self._kube.create(
            path_of("v1", "configmaps", namespace=self._namespace),
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": f"{NAME}-{number}", "labels": {LEDGER_LABEL: head_uid}},
                "immutable": True,
                "binaryData": {CONTENT: packed},
            },
        )
        uid = str(made["metadata"]["uid"])
        return Segment(number, uid, len(records), hashlib.sha256(content).hexdigest(), newest, len(packed))

    def load(self, segment: Segment) -> dict[str, str]:
        """Its records by name. Raises `LedgerClosed` when it is missing or not what the head lists."""
        try:
            found = self._kube.get(self._path(segment.number))
        except NotFound as error:
            raise LedgerClosed(f"{NAME}-{segment.number}, a part of the history, is missing") from error
        content = _unpacked(found) if found["metadata"]["uid"] == segment.uid else None
        if content is None or hashlib.sha256(content).hexdigest() != segment.sha256:
            raise LedgerClosed(f"{NAME}-{segment.number}, a part of the history, is not what was sealed")
        return records_of(content)

    def delete(self, number: int, uid: str) -> None:
        """Remove one that is not listed (any more). Gone already is fine; raises a `KubeError`."""
        try:
            self._kube.delete(self._path(number), uid=uid)
        except NotFound:
            return

    def litter(self, head_uid: str, listed: frozenset[str], below: int) -> list[tuple[int, str]]:
        """Number and UID of segments of this ledger that are not `listed` (by UID) and numbered below `below`."""
        answer = self._kube.metadata(
            path_of("v1", "configmaps", namespace=self._namespace), labelSelector=f"{LEDGER_LABEL}={head_uid}"
        )
        found = ((_number(one), str(one["uid"])) for one in answer)
        return sorted((number, uid) for number, uid in found if 0 < number < below and uid not in listed)

    def _path(self, number: int) -> str:
        return path_of("v1", "configmaps", namespace=self._namespace, name=f"{NAME}-{number}")


def _unpacked(configmap: JsonObject) -> bytes | None:
    """What a segment holds; None when that is not ours, or longer than any of ours."""
    try:
        packed = base64.b64decode((configmap.get("binaryData") or {})[CONTENT], validate=True)
        unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        content = unpacking.decompress(packed, MAX_CONTENT_BYTES)
    except (KeyError, TypeError, binascii.Error, ValueError, zlib.error):
        return None
    return content if unpacking.eof else None


def _number(metadata: JsonObject) -> int:
    """The number in a segment's name, 0 when it is none of ours."""
    prefix, _, number = str(metadata["name"]).rpartition("-")
    return int(number) if prefix == NAME and number.isdigit() else 0
