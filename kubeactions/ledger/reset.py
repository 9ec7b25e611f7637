"""Whether the ledger can be trusted, asked by a person; and a new beginning where it cannot.

A new beginning forgets what was done, so nothing that may have been done must run again: the new head's watermark is
the time of the reset, and every action stamped before it is `expired (before the watermark)`. The old head is copied
aside first, as it is, under `datadog-kubeactions-state-before-<time>`: nothing of it is lost to people.

Called by `kubeactions ledger`. It refuses to decide: whether to reset at all, and what the Lease says then, is the
caller's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import orjson

from kubeactions.errors import LedgerClosed, NotFound
from kubeactions.kube import Kube, path_of
from kubeactions.ledger.codec import Meta, decode_meta, encode_meta
from kubeactions.ledger.head import META_KEY, NAME, WRITE_ANNOTATION, Anchor, admit, parse
from kubeactions.ledger.segments import Segments
from kubeactions.model import JsonObject

WRITER = "kubeactions ledger init"
"""Holder of the epoch in which nobody leads: the next leader claims the one after it."""
BEFORE = f"{NAME}-before-"


def find_fault(kube: Kube, namespace: str, anchor: Anchor | None) -> str:
    """Why the ledger is closed, "" when it is not (also when there is none yet). Raises a `KubeError`."""
    try:
        found = _read(kube, namespace)
        head = parse(found) if found is not None else None
        admit(head, anchor, cluster_uid(kube))
        for segment in head.meta.segments if head is not None and head.meta is not None else ():
            Segments(kube, namespace).load(segment)
    except LedgerClosed as error:
        return str(error)
    return ""


def begin_anew(kube: Kube, namespace: str, anchor: Anchor | None, *, watermark: datetime, now: datetime) -> Anchor:
    """Put the old head aside and make an empty one; returns where that stands, for the Lease.

    Each step is safe to be the last: until the Lease names the new head, the ledger stays closed, and the command can
    be given again. Raises a `KubeError`.
    """
    old = _read(kube, namespace)
    before = _meta_of(old)
    epoch = max(anchor.epoch if anchor else 0, before.epoch if before else 0) + 1
    if old is not None:
        _put_aside(kube, namespace, old, now)
        kube.delete(_path(namespace), uid=str(old["metadata"]["uid"]))
    meta = Meta(cluster_uid(kube), epoch, WRITER, watermark=watermark, next_segment=_next_number(kube, namespace))
    made = kube.create(
        path_of("v1", "configmaps", namespace=namespace),
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": NAME, "annotations": {WRITE_ANNOTATION: _signature()}},
            "data": {META_KEY: encode_meta(meta)},
        },
    )
    return Anchor(str(made["metadata"]["uid"]), epoch, 1, WRITER)


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


def _signature() -> str:
    return orjson.dumps({"writer": WRITER, "seq": 1}).decode()
