"""The ledger for readers: `kubeactions history` and `why`, from any process, leader or not. Reads only.

No fence, no claim: what is read may be a moment old, and a record may be met twice while it is being sealed (it is
returned once).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import orjson

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


def read(kube: Kube, namespace: str, *, about: str = "") -> Reading:
    """Read head and segments. Raises `LedgerClosed` when a part of it cannot be trusted, and a `KubeError`.

    With `about`, a key, id, action_id, marker or target's name, sealed records that are not called so may be left out:
    whoever asks for one of many thousand need not wait until all of them are decoded.
    """
    called = _calls(about) if about else None
    try:
        return _read(kube, namespace, called)
    except LedgerClosed:
        return _read(kube, namespace, called)  # Once more: a segment may have been pruned in between.


def _calls(about: str) -> Callable[[str, str], bool]:
    """Whether a record, by its name and text, may be called so: a record's text has each of its names in quotes."""
    config = re.fullmatch(r"(.+):v\d+(#\d+)?", about, re.DOTALL)
    quoted = [orjson.dumps(one).decode() for one in {about, config[1] if config else about}]
    return lambda name, text: name == about or any(one in text for one in quoted)


def _read(kube: Kube, namespace: str, called: Callable[[str, str], bool] | None) -> Reading:
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
        texts = segments.load(segment).items()
        found |= {name: decode_record(name, text) for name, text in texts if called is None or called(name, text)}
    found |= head.records
    return Reading(head.meta, tuple(sorted(found.values(), key=lambda one: (one.order, one.received_at))))
