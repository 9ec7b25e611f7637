"""The ledger for readers: `kubeactions history` and `why`, from any process, leader or not. Reads only.

No fence, no claim: what is read may be a moment old, and a record may be met twice while it is being sealed (it is
returned once).
"""

from __future__ import annotations

from dataclasses import dataclass

from kubeactions.errors import LedgerClosed, NotFound
from kubeactions.kube import Kube, path_of
from kubeactions.ledger.codec import Meta, decode_record
from kubeactions.ledger.head import NAME, parse
from kubeactions.ledger.segments import Segments
from kubeactions.model import Record


@dataclass(frozen=True, slots=True)
class Reading:
    """The whole ledger at one moment, records in their order of arrival."""

    meta: Meta | None
    """None when there is no ledger yet, or only an earlier agent's."""
    records: tuple[Record, ...] = ()


def read(kube: Kube, namespace: str) -> Reading:
    """Read head and segments. Raises `LedgerClosed` when a part of it cannot be trusted, and a `KubeError`."""
    try:
        return _read(kube, namespace)
    except LedgerClosed:
        return _read(kube, namespace)  # Once more: a segment may have been pruned in between.


def _read(kube: Kube, namespace: str) -> Reading:
    try:
        head = parse(kube.get(path_of("v1", "configmaps", namespace=namespace, name=NAME)))
    except NotFound:
        return Reading(None)
    if head.edit:
        raise LedgerClosed(head.edit)
    found: dict[str, Record] = {}
    for entry in head.legacy:
        record = entry.record(entry.at)
        found[record.marker] = record
    segments = Segments(kube, namespace)
    for segment in head.meta.segments if head.meta else ():
        found |= {name: decode_record(name, text) for name, text in segments.load(segment).items()}
    found |= head.records
    return Reading(head.meta, tuple(sorted(found.values(), key=lambda one: (one.order, one.received_at))))
