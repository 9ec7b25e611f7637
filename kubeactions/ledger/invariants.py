"""Everything that must be so of a ledger, held against what is there: all that is wrong, not only the first.

`kubeactions ledger check` asks; the agents themselves ask less (head.py), and stop at the first. What makes them stop
is `closing`; the rest is wrong all the same, and named so that somebody looks. It reads, without a fence: a leader at
work may seal or prune in between, so `check` looks again when it found something and the ledger has moved.

    the object      there, of this cluster, the one that the Lease names, not older, no longer than the bound
    its keys        meta, segments and every record can be read, and says what its name says
    the segments    each listed one is there, unchanged, with so many records; each other one is litter
    the records     the digest is that of the content, the epoch no later than the ledger's, nothing open is sealed,
                    no record is twice, no action_id was used up twice, one intent on a target
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kubeactions.errors import LedgerClosed, NotFound
from kubeactions.kube import Kube, path_of
from kubeactions.ledger.codec import Meta, Segment, decode_meta, decode_record
from kubeactions.ledger.head import META_KEY, NAME, OWN_KEYS, SEGMENTS_KEY, Anchor, Head, admit, edited, seq_of, size_of
from kubeactions.ledger.legacy import LEGACY_KEY, read_legacy
from kubeactions.ledger.reset import cluster_uid
from kubeactions.ledger.segments import Segments
from kubeactions.model import JsonObject, Phase, Record, Status

MAX_BYTES = 256 * 1024
"""No ConfigMap of the ledger is longer, keys and values."""
_USED_UP = frozenset({Status.SUCCEEDED, Status.FAILED, Status.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong."""

    text: str
    closing: bool = True
    """No agent executes anything while it is so."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found, and how much was looked at."""

    findings: tuple[Finding, ...]
    records: int = 0
    segments: int = 0
    head_bytes: int = 0


def check(kube: Kube, namespace: str, anchor: Anchor | None) -> Checked:
    """Look at all of it; again, when something was found and a leader has written meanwhile. Raises a `KubeError`."""
    first = _read(kube, namespace)
    checked = _checked(kube, namespace, anchor, first)
    if checked.findings and _version(again := _read(kube, namespace)) != _version(first):
        return _checked(kube, namespace, anchor, again)
    return checked


def _read(kube: Kube, namespace: str) -> JsonObject | None:
    try:
        return kube.get(path_of("v1", "configmaps", namespace=namespace, name=NAME))
    except NotFound:
        return None


def _version(found: JsonObject | None) -> str:
    return str(found["metadata"]["resourceVersion"]) if found else ""


def _checked(kube: Kube, namespace: str, anchor: Anchor | None, found: JsonObject | None) -> Checked:
    if found is None:
        return Checked(tuple(_said(lambda: admit(None, anchor, ""))))
    data: Mapping[str, str] = found.get("data") or {}
    size = sum(size_of(name, text) for name, text in data.items() if name != LEGACY_KEY)
    findings: list[Finding] = []
    meta = _meta(data, findings)
    findings += _object(found, meta, anchor, cluster_uid(kube))
    if size > MAX_BYTES:
        findings.append(Finding(f"ConfigMap {NAME} has {size} bytes; {MAX_BYTES} is the bound", closing=False))
    records = _records({name: text for name, text in data.items() if name not in OWN_KEYS}, NAME, findings)
    sealed = _segments(kube, namespace, str(found["metadata"]["uid"]), meta, findings) if meta else {}
    findings += _consistent(records, sealed, meta)
    return Checked(
        tuple(findings), len(records) + sum(map(len, sealed.values())), len(meta.segments) if meta else 0, size
    )


def _said(ask: object) -> Iterator[Finding]:
    """What a check of the agents themselves says."""
    assert callable(ask)
    try:
        ask()
    except LedgerClosed as error:
        yield Finding(error.finding)


def _meta(data: Mapping[str, str], findings: list[Finding]) -> Meta | None:
    try:
        return decode_meta(data[META_KEY], data.get(SEGMENTS_KEY, "[]")) if META_KEY in data else None
    except LedgerClosed as error:
        findings.append(Finding(error.finding))
        return None


def _object(found: JsonObject, meta: Meta | None, anchor: Anchor | None, cluster: str) -> Iterator[Finding]:
    """What is asked of the object as a whole."""
    data: Mapping[str, str] = found.get("data") or {}
    if found.get("binaryData"):
        yield Finding(f"ConfigMap {NAME} holds binaryData, which no version of this program writes")
    yield from _said(lambda: read_legacy(data.get(LEGACY_KEY)))
    seq, edit = 0, ""
    try:
        seq = seq_of(found)
        edit = edited(found)
    except LedgerClosed as error:
        yield Finding(error.finding)
    if edit:
        yield Finding(edit)
    if META_KEY in data and meta is None:
        return  # Without it nothing can be said of whose it is, and how old.
    head = Head(str(found["metadata"]["uid"]), _version(found), seq, meta)
    if meta is None and data.keys() - OWN_KEYS:
        yield Finding(f"ConfigMap {NAME} has records and no {META_KEY} key")
    yield from _said(lambda: admit(head, anchor, cluster))


def _records(texts: Mapping[str, str], where: str, findings: list[Finding]) -> dict[str, Record]:
    """Those that can be read, each by itself."""
    found: dict[str, Record] = {}
    for name, text in texts.items():
        try:
            found[name] = decode_record(name, text)
        except LedgerClosed as error:
            findings.append(Finding(f"{where}: {error.finding}"))
    return found


def _segments(
    kube: Kube, namespace: str, head_uid: str, meta: Meta, findings: list[Finding]
) -> dict[int, dict[str, Record]]:
    """The records of every listed segment by its number, and what is wrong with the list."""
    segments = Segments(kube, namespace)
    found: dict[int, dict[str, Record]] = {}
    for one in meta.segments:
        if one.number in found:
            findings.append(Finding(f"{NAME}-{one.number} is listed twice"))
        if one.number >= meta.next_segment:
            findings.append(Finding(f"{NAME}-{one.number} is listed, and its number counts as free", closing=False))
        found[one.number] = _segment(segments, one, findings)
    listed = frozenset(one.uid for one in meta.segments)
    for number, uid in segments.litter(head_uid, listed, 2**63):
        text = f"{NAME}-{number} (uid {uid}) is listed nowhere: it was never finished, or struck off; "
        findings.append(Finding(text + "it does no harm, and the next leader deletes it", closing=False))
    return found


def _segment(segments: Segments, listed: Segment, findings: list[Finding]) -> dict[str, Record]:
    name = f"{NAME}-{listed.number}"
    try:
        texts = segments.load(listed)
    except LedgerClosed as error:
        findings.append(Finding(error.finding))
        return {}
    if len(texts) != listed.count:
        findings.append(Finding(f"{name} holds {len(texts)} records, and {listed.count} are listed", closing=False))
    if listed.size > MAX_BYTES:
        findings.append(Finding(f"{name} has {listed.size} bytes; {MAX_BYTES} is the bound", closing=False))
    return _records(texts, name, findings)


def _consistent(
    head: Mapping[str, Record], sealed: Mapping[int, Mapping[str, Record]], meta: Meta | None
) -> Iterator[Finding]:
    """What records say of themselves, and of each other."""
    places: dict[str, str] = {}
    used_up: dict[str, Record] = {}
    targets: dict[tuple[str, str, str, str], Record] = {}
    parts = [(NAME, head), *((f"{NAME}-{number}", records) for number, records in sealed.items())]
    for where, records in parts:
        for name, record in records.items():
            if name in places:
                yield Finding(f"{record.key} is in {places[name]} and in {where}", closing=False)
                continue
            places[name] = where
            yield from _record(record, where, meta)
            yield from _pair(record, used_up, targets)


def _record(record: Record, where: str, meta: Meta | None) -> Iterator[Finding]:
    if where != NAME and record.open:
        yield Finding(f"{record.key} is open and sealed in {where}: nobody works on it", closing=False)
    if record.action is not None and record.digest != record.action.digest:
        yield Finding(f"{record.key} does not hold the content that its digest is of", closing=False)
    if record.open and (record.outcome is not None or record.reported):
        yield Finding(f"{record.key} is open and has ended", closing=False)
    if record.intent is not None and meta is not None and record.intent.epoch > meta.epoch:
        text = f"{record.key} was begun in epoch {record.intent.epoch}, and the ledger is in {meta.epoch}"
        yield Finding(text, closing=False)


def _pair(
    record: Record, used_up: dict[str, Record], targets: dict[tuple[str, str, str, str], Record]
) -> Iterator[Finding]:
    """What at most one record may be."""
    if record.action is None:
        return
    action_id, lock = record.action.action_id, record.action.target.lock
    tried = record.outcome is not None and record.outcome.status in _USED_UP
    if action_id and tried and (other := used_up.setdefault(action_id, record)) is not record:
        yield Finding(f"{record.key} and {other.key} have both used up action_id {action_id}", closing=False)
    if record.phase is Phase.INTENT and (other := targets.setdefault(lock, record)) is not record:
        yield Finding(f"{record.key} and {other.key} have both begun on {record.action.target}", closing=False)
