"""The ledger: durable records by compare-and-set, fenced by (UID, epoch, holder). The processor owns one.

Every write is one merge patch of the changed keys with the resourceVersion last read, sent once. So this process knows
what the head holds: what it last read, plus its own writes that were answered. When a write is refused (409) or gets no
answer, it knows nothing any more: `stale` is set and `refresh` reads again before anything else is done. What was in
doubt is then there or not; nothing is assumed of it, and a late copy of it fails on the resourceVersion of whatever is
written next.

Opening claims the next epoch and every open intent in one write, before anybody looks at a target: from then on every
write of an older leader fails. A ledger that cannot be trusted raises `LedgerClosed` (see head.py), a newer epoch
raises `Fenced`. Only the holder of the epoch writes. Not thread-safe: one thread owns it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

import orjson

from kubeactions.clock import Clock
from kubeactions.errors import Conflict, Fenced, KubeError, LedgerClosed, LedgerFull, NotFound, Unavailable
from kubeactions.kube import Kube, path_of
from kubeactions.ledger import legacy
from kubeactions.ledger.codec import (
    GROWTH_BYTES,
    Meta,
    Segment,
    Waiting,
    decode_known,
    encode_meta,
    encode_record,
    encode_segments,
    known_of,
    note,
)
from kubeactions.ledger.head import (
    META_KEY,
    NAME,
    SEGMENTS_KEY,
    WRITE_ANNOTATION,
    Anchor,
    Head,
    admit,
    parse,
    prints_of,
    signature,
    size_of,
)
from kubeactions.ledger.history import History
from kubeactions.ledger.requests import REQUESTS_NAME
from kubeactions.ledger.segments import Segments, goes_at, is_past, stamp_of, to_merge, to_renew, to_seal, wanted_at
from kubeactions.model import JsonObject, Phase, Record, Target

log = logging.getLogger("kubeactions.ledger")

MAX_TRIES = 32
"""Numbers that are tried in one go for a new segment."""
LISTED_BYTES = 256
"""Bytes of the head that one listed segment takes, at most."""

Watcher: TypeAlias = Callable[[Record | None, Record], None]
"""Is told what a record was (None: new) and is, when it has become durable by a write of this replica."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How big the ledger may become, in bytes; and for how long (seconds) a closed record can still be needed."""

    head_bytes: int = 256 * 1024
    """The whole head. (A ConfigMap may have 1 MiB.)"""
    open_bytes: int = 160 * 1024
    """Records that are not closed, with what they may still grow by."""
    closed_bytes: int = 56 * 1024
    """Above this, closed records move to a segment."""
    kept_bytes: int = 6 * 1024
    """Closed records that stay in the head then, the newest, for people to read."""
    sealed_bytes: int = 96 * 1024
    """Records that are sealed at once, before they are packed."""
    max_segments: int = 120
    """Sealed parts of the history; with so many, new work waits until the oldest can be pruned."""
    legacy_chunk: int = 500
    """Records of an earlier agent a segment."""
    keep_s: float = 7 * 86400.0 + 3600.0 + 10.0
    """Retention + expiry + future tolerance: a segment whose newest stamp is older than this may go."""
    not_before_s: float = 7 * 86400.0
    """How long after its stamp an action may begin at the latest."""


class Ledger:
    """One replica's hold on the ledger. `records` are those of the head, by name; `history` knows all of them."""

    def __init__(
        self, kube: Kube, clock: Clock, *, namespace: str, identity: str, bounds: Bounds | None = None
    ) -> None:
        self._kube = kube
        self._clock = clock
        self._identity = identity
        self._bounds = bounds or Bounds()
        self._collection = path_of("v1", "configmaps", namespace=namespace)
        self._path = path_of("v1", "configmaps", namespace=namespace, name=NAME)
        self._segments = Segments(kube, namespace)
        self._namespace = namespace
        self._anchor: Anchor | None = None
        self._resource_version = ""
        self._seq = 0
        self._number = 1
        self._sizes: dict[str, int] = {}
        self._prints: dict[str, int] = {}
        self._records: dict[str, Record] = {}
        self._amended: dict[str, float] = {}
        self._meta = Meta("", 0, "")
        self._meta_changed_at: float | None = None
        self.history = History()
        self.stale = False
        """A write was refused or got no answer: `refresh` before anything else."""
        self._watcher: Watcher | None = None
        self.write_errors = 0
        """Writes of the head that were refused or got no answer."""
        self.bytes_written = 0
        """Bytes of all bodies sent to the head and to segments."""
        self.writes = 0

    def watch(self, watcher: Watcher) -> None:
        """Tell `watcher` of each record that becomes durable by us, each change once."""
        self._watcher = watcher

    @property
    def bytes(self) -> int:
        """Bytes of the head's data, as last written or read."""
        return sum(tuple(self._sizes.values()))

    # --- opening ---

    @property
    def records(self) -> Mapping[str, Record]:
        """The head's records by name, amendments included."""
        return self._records

    @property
    def meta(self) -> Meta:
        """The head's meta."""
        return self._meta

    @property
    def epoch(self) -> int:
        """The epoch that this replica holds, 0 before it was opened."""
        return self._meta.epoch

    @property
    def anchor(self) -> Anchor | None:
        """Where the ledger stands, for the Lease's annotation; None before it was opened."""
        return self._anchor

    def targets(self) -> tuple[Target, ...]:
        """The objects that the ledger consists of, and what people ask of it: no action may touch them."""
        names = [NAME, REQUESTS_NAME, *(f"{NAME}-{segment.number}" for segment in self._meta.segments)]
        return tuple(Target("v1", "ConfigMap", name, self._namespace) for name in names)

    def open(self, anchor: Anchor | None) -> None:
        """Claim the next epoch, and with it every open intent. `anchor` is what the Lease says of the ledger.

        Raises `LedgerClosed`; or a `KubeError`, after which it is opened again from the start.
        """
        self.history, self._anchor, self.stale = History(), None, False
        cluster_uid = self._cluster_uid()
        head = self._read()
        admit(head, anchor, cluster_uid)
        if head is None:
            self._create(cluster_uid)
            return
        self._load_segments(head)
        self._take(head, head.meta or Meta(cluster_uid, 0, ""))
        self._claim(head)
        self._delete_litter()

    def _load_segments(self, head: Head) -> None:
        """Know the sealed past. A segment that another leader prunes meanwhile is missing for a moment only."""
        try:
            for segment in head.meta.segments if head.meta else ():
                texts = self._segments.load(segment)
                self.history.add({name: decode_known(name, text) for name, text in texts.items()})
        except LedgerClosed:
            again = self._read()
            if again is not None and again.resource_version != head.resource_version:
                raise Conflict("the ledger was changed while it was being opened") from None
            raise

    def refresh(self) -> None:
        """Read again and check the fence. Raises `Fenced`, `LedgerClosed`, or a `KubeError` (and stays stale)."""
        if self._anchor is None:
            raise RuntimeError("the ledger is not open")
        head = self._read()
        admit(head, self._anchor, self._meta.cluster_uid)
        if head is None or head.meta is None:
            raise LedgerClosed(f"ConfigMap {NAME} has lost its {META_KEY} key")
        if (head.meta.epoch, head.meta.holder) != (self._meta.epoch, self._identity):
            raise Fenced(f"epoch {head.meta.epoch} belongs to {head.meta.holder}; we held {self._meta.epoch}")
        before = self._records
        self._take(head, head.meta)
        self.stale = False
        for name, record in head.records.items():  # The fence holds, so what is new is a write of ours in doubt.
            self._tell(before.get(name), record)

    def _cluster_uid(self) -> str:
        """The UID of the namespace kube-system, by which clusters are told apart (SIG Architecture's convention)."""
        return str(self._kube.get(path_of("v1", "namespaces", name="kube-system"))["metadata"]["uid"])

    def _read(self) -> Head | None:
        try:
            return parse(self._kube.get(self._path))
        except NotFound:
            return None

    def _take(self, head: Head, meta: Meta) -> None:
        """Believe what was read, and forget what was not written yet."""
        self._anchor = Anchor(head.uid, meta.epoch, head.seq, "this process")
        self._resource_version, self._seq = head.resource_version, max(head.seq, self._seq)
        self._meta, self._meta_changed_at = meta, None
        self._records, self._sizes, self._amended = dict(head.records), dict(head.sizes), {}
        self._prints = dict(head.prints)
        self.history.add({name: known_of(record) for name, record in head.records.items()})

    def _create(self, cluster_uid: str) -> None:
        """The first start: epoch 1. A lost answer or AlreadyExists is found on the next opening."""
        self._seq = 1
        meta = Meta(cluster_uid, 1, self._identity)
        data = {META_KEY: encode_meta(meta)}
        written = signature(self._identity, self._seq, prints_of(data).values())
        body = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": NAME, "annotations": {WRITE_ANNOTATION: written}},
            "data": data,
        }
        self._count(body)
        self._take(parse(self._kube.create(self._collection, body)), meta)
        log.info("ledger created", extra={"namespace": self._namespace})

    def _claim(self, head: Head) -> None:
        """One write: the next epoch, every open intent, and what an earlier agent left."""
        meta = replace(self._meta, epoch=self._meta.epoch + 1, holder=self._identity, waiting=())
        if head.has_legacy_key:
            meta = self._import(head, meta)
        now = self._clock.wall()
        claimed = [
            replace(
                record,
                intent=replace(record.intent, epoch=meta.epoch, recovered=True),
                why=note(record.why, "recover", "Reclaimed", f"by epoch {meta.epoch}, before looking", now),
            )
            for record in self._records.values()
            if record.phase is Phase.INTENT and record.intent is not None
        ]
        self._send(claimed, meta, remove=[legacy.LEGACY_KEY] if head.has_legacy_key else [])
        log.info("ledger claimed", extra={"epoch": meta.epoch, "intents": len(claimed), "records": len(self.history)})

    def _import(self, head: Head, meta: Meta) -> Meta:
        """Seal an earlier agent's entries; they count from the claim that lists them and removes its key."""
        now = self._clock.wall()
        records = [entry.record(now) for entry in head.legacy]
        for group in legacy.chunks(records, self._bounds.legacy_chunk):
            sealed = self._seal_records(group, meta)
            meta = replace(meta, segments=(*meta.segments, sealed), next_segment=sealed.number + 1)
            self.history.add({record.marker: known_of(record) for record in group})
        return meta

    def _delete_litter(self) -> None:
        """Segments that were made and never listed. They do no harm, so a failure is only said."""
        listed = frozenset(segment.uid for segment in self._meta.segments)
        try:
            if self._anchor is not None:
                for number, uid in self._segments.litter(self._anchor.uid, listed, self._meta.next_segment):
                    self._segments.delete(number, uid)
        except KubeError as error:
            log.warning("unlisted segments stay: %s", error)

    # --- writing ---

    def write(self, records: Iterable[Record], *, remove: Sequence[str] = (), meta: Meta | None = None) -> None:
        """Make these durable, with everything amended so far, in one compare-and-set.

        Raises `LedgerFull` (nothing was sent: there is no room for new records), or a `KubeError`. After a conflict, a
        404 or doubt the ledger is `stale`.
        """
        if self.stale or self._anchor is None:
            raise RuntimeError("the ledger was not read again after a write in doubt")
        changed = {name: self._records[name] for name in self._amended if name in self._records}
        changed |= {record.marker: record for record in records}
        if meta is None and self._meta_changed_at is not None:
            meta = self._meta
        if changed or remove or meta is not None:
            self._send(list(changed.values()), meta, remove)

    def amend(self, record: Record) -> None:
        """Change a record in memory; it becomes durable with the next write, and is lost if that never comes."""
        self._records[record.marker] = record
        self._amended.setdefault(record.marker, self._clock.monotonic())

    def say_waiting(self, waiting: tuple[Waiting, ...]) -> None:
        """Say in meta which configs are not accepted, and why; durable with the next write."""
        if waiting != self._meta.waiting:
            self._meta = replace(self._meta, waiting=waiting)
            self._meta_changed_at = self._clock.monotonic()

    def unwritten_since(self) -> float | None:
        """When the oldest amendment was made (monotonic seconds), None when all is durable."""
        found = list(self._amended.values()) + ([self._meta_changed_at] if self._meta_changed_at is not None else [])
        return min(found, default=None)

    def _send(self, records: Sequence[Record], meta: Meta | None, remove: Sequence[str] = ()) -> None:
        texts: dict[str, str] = {record.marker: encode_record(record) for record in records}
        if meta is not None:
            texts[META_KEY] = encode_meta(meta)
            if (full := encode_segments(meta)) != encode_segments(self._meta):
                texts[SEGMENTS_KEY] = full
        if self._total_with(texts, remove) > self._bounds.head_bytes:
            if any(record.marker not in self._records for record in records):
                raise LedgerFull(f"the ledger's head would be longer than {self._bounds.head_bytes} bytes")
            # What is on its way must get on, whatever its history of decisions weighs.
            texts |= {record.marker: encode_record(replace(record, why=record.why[-1:])) for record in records}
        self._seq += 1
        data: dict[str, str | None] = {**texts, **dict.fromkeys(remove)}
        prints = {name: one for name, one in self._prints.items() if name not in remove} | prints_of(texts)
        answer = self._patch(data, prints)
        self._resource_version = str(answer["metadata"]["resourceVersion"])
        kept = {name: size for name, size in self._sizes.items() if name not in remove}
        self._sizes = kept | {name: size_of(name, text) for name, text in texts.items()}
        self._prints = prints
        self._amended = {}
        self._records = {name: record for name, record in self._records.items() if name not in remove}
        for record in records:
            before = self._records.get(record.marker)
            self._records[record.marker] = record
            self.history.add({record.marker: known_of(record)})
            self._tell(before, record)
        if meta is not None:
            self._meta, self._meta_changed_at = meta, None
        if self._anchor is not None:
            self._anchor = replace(self._anchor, epoch=self._meta.epoch, seq=self._seq)

    def _tell(self, before: Record | None, after: Record) -> None:
        if self._watcher is not None and (before is not None or not after.reported):  # Else it is only kept on.
            self._watcher(before, after)

    def _total_with(self, texts: Mapping[str, str], remove: Sequence[str]) -> int:
        """Bytes of the head after a write."""
        kept = sum(size for name, size in self._sizes.items() if name not in remove and name not in texts)
        return kept + sum(size_of(name, text) for name, text in texts.items())

    def _patch(self, data: Mapping[str, str | None], prints: Mapping[str, int]) -> JsonObject:
        """Send it; `prints` are of all that the head holds then. Each request that is sent has a number of its own."""
        body: JsonObject = {
            "metadata": {
                "resourceVersion": self._resource_version,
                "annotations": {WRITE_ANNOTATION: signature(self._identity, self._seq, prints.values())},
            },
            "data": data,
        }
        self._count(body)
        try:
            return self._kube.patch(self._path, body, type="merge")
        except KubeError as error:
            self.write_errors += 1
            self.stale = self.stale or isinstance(error, (Conflict, NotFound, Unavailable))
            raise

    def _count(self, body: JsonObject) -> None:
        self.bytes_written += len(orjson.dumps(body))
        self.writes += 1

    # --- room ---

    @staticmethod
    def need(records: Iterable[Record]) -> int:
        """Bytes that new records take, with what they may still grow by while they are open."""
        return sum(
            size_of(record.marker, encode_record(record)) + (GROWTH_BYTES if record.open else 0) for record in records
        )

    def room(self) -> int:
        """Bytes left for records that are not closed."""
        taken = sum(
            self._sizes.get(name, 0) + (GROWTH_BYTES if record.open else 0)
            for name, record in tuple(self._records.items())
            if not record.reported
        )
        return 0 if self.full else self.capacity() - taken

    def capacity(self) -> int:
        """Bytes that an empty ledger has for records that are not closed: the list of segments needs its part."""
        listed = self._bounds.max_segments * LISTED_BYTES
        return min(self._bounds.open_bytes, self._bounds.head_bytes - self._bounds.closed_bytes - listed)

    @property
    def full(self) -> str:
        """Why no new work is taken although what has begun goes on; "" when there is room for its history."""
        if len(self._meta.segments) < self._bounds.max_segments:
            return ""
        until = goes_at(self._meta.segments, self._bounds.keep_s)
        return (
            f"the history is full ({len(self._meta.segments)} segments, {len(self.history)} records): no new work is "
            f"taken until the oldest part can be pruned at {until:%Y-%m-%dT%H:%M:%SZ}, or sooner with a shorter "
            "kubeactions.retention_s"
        )

    # --- sealing and pruning ---

    def seal_due(self) -> bool:
        """Whether closed records should move to a segment."""
        closed = sum(self._sizes.get(record.marker, 0) for record in self._closed())
        return not self.full and closed > self._bounds.closed_bytes

    def seal(self) -> None:
        """Move the oldest closed records to a segment: make it, then list it and remove them in one write.

        Raises a `KubeError`; what was made and not listed is litter.
        """
        sealed = to_seal(self._closed(), self._sizes, self._bounds.kept_bytes, self._bounds.sealed_bytes)
        if not sealed:
            return
        segment = self._seal_records(sealed, self._meta)
        meta = replace(self._meta, segments=(*self._meta.segments, segment), next_segment=segment.number + 1)
        self.write([], remove=[record.marker for record in sealed], meta=meta)
        log.info("history sealed", extra={"segment": segment.number, "records": segment.count})

    def merge_due(self) -> bool:
        """Whether small segments should become one."""
        return bool(to_merge(self._meta.segments))

    def merge(self) -> None:
        """Make one segment of the small ones, list it in their place in one write, then delete them.

        Raises a `KubeError`; what was made and not listed, or struck off and not deleted, is litter.
        """
        merged = to_merge(self._meta.segments)
        if not merged:
            return
        texts = {name: text for segment in merged for name, text in self._load(segment).items()}
        made = self._make(texts, max(segment.newest for segment in merged), self._meta)
        place = self._meta.segments.index(merged[0])
        kept = [segment for segment in self._meta.segments if segment not in merged]
        meta = replace(self._meta, segments=(*kept[:place], made, *kept[place:]), next_segment=made.number + 1)
        self.write([], meta=meta)
        log.info("history merged", extra={"segment": made.number, "segments": len(merged), "records": made.count})
        for segment in merged:
            self._segments.delete(segment.number, segment.uid)

    def _load(self, segment: Segment) -> dict[str, str]:
        """The records of a segment that was listed when this process read the head.

        A later leader may have struck it off since. Raises `Fenced` then, `LedgerClosed` when it is listed still and
        cannot be used, or a `KubeError`.
        """
        try:
            return self._segments.load(segment)
        except LedgerClosed:
            self.refresh()
            raise

    def forgets(self, record: Record) -> bool:
        """Whether a record of this action may have been pruned, so that its end was told already and is not again."""
        action, watermark = record.action, self._meta.watermark
        if action is None or watermark is None or action.created_at > watermark:
            return False
        return is_past(wanted_at(action, self._bounds.not_before_s), self._bounds.keep_s, self._clock.wall())

    def prune_due(self) -> bool:
        """Whether the oldest segment can go: none of its actions could still be accepted."""
        return any(self._prunable(segment) for segment in self._meta.segments)

    def prune(self, listed: Callable[[str], bool] = lambda _: False) -> None:
        """Raise the watermark and strike segments off the list in one write, then delete them. Raises a `KubeError`.

        What `to_renew` says of those that are `listed` by a source still is kept on.
        """
        gone = [segment for segment in self._meta.segments if self._prunable(segment)]
        if not gone:
            return
        texts = {name: text for segment in gone for name, text in self._load(segment).items()}
        renewed = to_renew(texts, listed, self._clock.wall(), self._bounds.head_bytes - self._total_with({}, ()))
        watermark = max(filter(None, (self._meta.watermark, *(segment.newest for segment in gone))))
        kept = tuple(segment for segment in self._meta.segments if segment not in gone)
        self.write(renewed, meta=replace(self._meta, segments=kept, watermark=watermark))
        self.history.forget(texts.keys() - {record.marker for record in renewed})
        for segment in gone:
            self._segments.delete(segment.number, segment.uid)

    def _closed(self) -> list[Record]:
        return [record for record in self._records.values() if record.reported and record.marker not in self._amended]

    def _seal_records(self, records: Sequence[Record], meta: Meta) -> Segment:
        """Make a segment under the first free number."""
        texts = {record.marker: encode_record(record) for record in records}
        return self._make(texts, max(stamp_of(record, self._bounds.not_before_s) for record in records), meta)

    def _make(self, texts: Mapping[str, str], newest: datetime, meta: Meta) -> Segment:
        if self._anchor is None:
            raise RuntimeError("the ledger is not open")
        self._number = max(meta.next_segment, self._number)
        for tries_left in reversed(range(MAX_TRIES)):
            try:
                made = self._segments.create(self._number, self._anchor.uid, texts, newest)
            except Conflict:
                self._number += 1  # In use; the next call goes on from here.
                if not tries_left:
                    raise
                continue
            self.bytes_written += made.size
            self.writes += 1
            return made
        raise AssertionError("the last try returns or raises")

    def _prunable(self, segment: Segment) -> bool:
        return is_past(segment.newest, self._bounds.keep_s, self._clock.wall())
