"""Sealed parts of the history: immutable ConfigMaps `datadog-kubeactions-state-<n>`. Called by the ledger only.

A segment counts when the head lists it, by number, UID, count and hash; the head alone decides. So making one is
harmless until it is listed, and one that was made and not listed (its maker died) is litter. Litter is told from a
segment that another leader is just making by its number: the head's `next_segment` rises with every listing, and only
what lies below it is deleted. Numbers are never used again.

https://kubernetes.io/docs/concepts/configuration/configmap/#configmap-immutable
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

from kubeactions.errors import LedgerClosed, NotFound
from kubeactions.kube import Kube, path_of
from kubeactions.ledger.codec import Segment
from kubeactions.ledger.head import NAME
from kubeactions.model import JsonObject

LEDGER_LABEL = "kubeactions.datadoghq.com/ledger"
"""Label of each segment: the UID of the head that it was made for."""


def digest(records: Mapping[str, str]) -> str:
    """sha256 (hex) over the names and texts, in the order of names."""
    found = hashlib.sha256()
    for name in sorted(records):
        found.update(f"{name} {records[name]}\n".encode())
    return found.hexdigest()


class Segments:
    """The segments of the ledger in one namespace."""

    def __init__(self, kube: Kube, namespace: str) -> None:
        self._kube = kube
        self._namespace = namespace
        self._cache: dict[str, dict[str, str]] = {}

    def create(self, number: int, head_uid: str, records: Mapping[str, str], newest: datetime) -> Segment:
        """Make one. Raises `Conflict` when the number is in use, and a `KubeError` when it is not known to exist."""
        made = self._kube.create(
            path_of("v1", "configmaps", namespace=self._namespace),
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": f"{NAME}-{number}", "labels": {LEDGER_LABEL: head_uid}},
                "immutable": True,
                "data": dict(records),
            },
        )
        return Segment(number, str(made["metadata"]["uid"]), len(records), digest(records), newest)

    def load(self, segment: Segment) -> Mapping[str, str]:
        """Its records by name. Raises `LedgerClosed` when it is missing or not what the head lists."""
        if segment.uid in self._cache:
            return self._cache[segment.uid]
        try:
            found = self._kube.get(self._path(segment.number))
        except NotFound as error:
            raise LedgerClosed(f"{NAME}-{segment.number}, a part of the history, is missing") from error
        records: dict[str, str] = found.get("data") or {}
        same = found["metadata"]["uid"] == segment.uid and len(records) == segment.count
        if not same or digest(records) != segment.sha256:
            raise LedgerClosed(f"{NAME}-{segment.number}, a part of the history, is not what was sealed")
        self._cache[segment.uid] = records
        return records

    def delete(self, number: int, uid: str) -> None:
        """Remove one that is not listed (any more). Gone already is fine; raises a `KubeError`."""
        self._cache.pop(uid, None)
        try:
            self._kube.delete(self._path(number), uid=uid)
        except NotFound:
            return

    def litter(self, head_uid: str, listed: frozenset[str], below: int) -> list[tuple[int, str]]:
        """Number and UID of segments of this ledger that are not `listed` (by UID) and numbered below `below`."""
        answer = self._kube.list(
            path_of("v1", "configmaps", namespace=self._namespace), labelSelector=f"{LEDGER_LABEL}={head_uid}"
        )
        found = ((_number(one), str(one["metadata"]["uid"])) for one in answer["items"])
        return sorted((number, uid) for number, uid in found if 0 < number < below and uid not in listed)

    def _path(self, number: int) -> str:
        return path_of("v1", "configmaps", namespace=self._namespace, name=f"{NAME}-{number}")


def _number(configmap: JsonObject) -> int:
    """The number in a segment's name, 0 when it is none of ours."""
    prefix, _, number = str(configmap["metadata"]["name"]).rpartition("-")
    return int(number) if prefix == NAME and number.isdigit() else 0
