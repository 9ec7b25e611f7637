"""What people ask of the leader: the ConfigMap `datadog-kubeactions-requests`, one data key a request.

Only the holder of the epoch writes the ledger, so a cancellation is an object of its own: `kubeactions cancel` puts a
key into it by compare-and-set, the leader reads it, settles the record and takes the key out. A key is the marker of
the record that it is about; its value says, for people too, what is asked, by whom and when.

Nothing in it is trusted: what cannot be read is named as malformed and harms no other request, and more than
`MAX_BYTES` are not read at all. It decides nothing: see processor/withdrawals.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from kubeactions.errors import Conflict, NotFound, UserError
from kubeactions.kube import Kube, path_of
from kubeactions.ledger.codec import shorten, stamp
from kubeactions.model import JsonObject

REQUESTS_NAME = "datadog-kubeactions-requests"
"""Name of the ConfigMap, in the ledger's namespace."""
MAX_REQUESTS = 100
"""Requests that may wait at a time; whoever asks for more is refused."""
MAX_BYTES = 256 * 1024
"""The whole object as the leader reads it: 100 requests have room several times over."""
MAX_TEXT = 200
"""Longest name of who asks, and longest reason, in characters."""
MAX_TRIES = 5
"""Compare-and-set tries of one who asks, when others write at the same time."""

_MARKER = re.compile(r"[a-z2-7]{16}")
_CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Cancellation:
    """One action is to be withdrawn, if it has not begun."""

    marker: str
    """The record's name in the ledger."""
    key: str
    """The action as people write it; for people only."""
    requested_by: str
    at: datetime
    reason: str = ""

    def encode(self) -> str:
        """The value of its data key."""
        found = {"request": _CANCEL, "key": self.key, "requested_by": shorten(self.requested_by, MAX_TEXT)}
        found |= {"at": stamp(self.at), "reason": shorten(self.reason, MAX_TEXT)}
        return orjson.dumps(found).decode()


@dataclass(frozen=True, slots=True)
class Asked:
    """What the object holds: cancellations by marker, and why other keys are none."""

    cancellations: Mapping[str, Cancellation] = field(default_factory=dict)
    malformed: Mapping[str, str] = field(default_factory=dict)


def parse_requests(configmap: JsonObject) -> Asked:
    """Read each data key by itself. Pure; never raises."""
    found: dict[str, Cancellation] = {}
    malformed: dict[str, str] = {}
    for name, text in (configmap.get("data") or {}).items():
        try:
            found[name] = _cancellation(name, text)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            malformed[name] = f"{type(error).__name__}: {error}"
    return Asked(found, malformed)


def _cancellation(name: str, text: str) -> Cancellation:
    if not _MARKER.fullmatch(name):
        raise ValueError("its name is no marker of a record")
    value = orjson.loads(text)
    if value["request"] != _CANCEL:
        raise ValueError(f"request {shorten(repr(value['request']), 40)} is none of: {_CANCEL}")
    at = datetime.fromisoformat(value["at"])
    if at.tzinfo is None:
        raise ValueError("at has no time zone")
    texts = [value.get(member, "") for member in ("key", "requested_by", "reason")]
    if not all(isinstance(one, str) for one in texts):
        raise TypeError("key, requested_by and reason are texts")
    key, requested_by, reason = (shorten(one, MAX_TEXT) for one in texts)
    return Cancellation(name, key, requested_by, at, reason)


class Requests:
    """The object in one namespace: people `ask`, the leader does `read` and `remove`."""

    def __init__(self, kube: Kube, namespace: str) -> None:
        self._kube = kube
        self._collection = path_of("v1", "configmaps", namespace=namespace)
        self._path = path_of("v1", "configmaps", namespace=namespace, name=REQUESTS_NAME)

    def read(self) -> Asked:
        """What is asked for now, in one GET. Raises a `KubeError`, `TooLarge` among them."""
        try:
            return parse_requests(self._kube.get(self._path, max_bytes=MAX_BYTES))
        except NotFound:
            return Asked()

    def remove(self, names: Iterable[str]) -> None:
        """Take keys out. No compare-and-set: what is done with for one request is done with for a repetition of it."""
        try:
            self._kube.patch(self._path, {"data": dict.fromkeys(names)}, type="merge")
        except NotFound:
            return

    def ask(self, wanted: Iterable[Cancellation]) -> list[Cancellation]:
        """Put requests in, all or none; returns those that had not been asked for already.

        Raises `UserError` when too many wait, and a `KubeError`: then it is not known to be asked, and to ask again
        does no harm.
        """
        wanted = list(wanted)
        for tries_left in reversed(range(MAX_TRIES)):
            try:
                return self._try_to_ask(wanted)
            except Conflict:
                if not tries_left:
                    raise
        raise AssertionError("the last try returns or raises")

    def _try_to_ask(self, wanted: list[Cancellation]) -> list[Cancellation]:
        """One compare-and-set. AlreadyExists and a stale resourceVersion are a `Conflict`."""
        try:
            current = self._kube.get(self._path)
        except NotFound:
            current = {"data": {}}
        data = current.get("data") or {}
        new = [one for one in wanted if one.marker not in data]
        if not new:
            return []
        if len(data) + len(new) > MAX_REQUESTS:
            raise UserError(
                f"{len(data)} requests wait in ConfigMap {REQUESTS_NAME} and {MAX_REQUESTS} may: is there a leader?"
            )
        self._write(current, {one.marker: one.encode() for one in new})
        return new

    def _write(self, current: JsonObject, texts: Mapping[str, str]) -> None:
        if "metadata" not in current:
            metadata = {"name": REQUESTS_NAME}
            made: JsonObject = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(texts)}
            self._kube.create(self._collection, made)
            return
        version = current["metadata"]["resourceVersion"]
        try:
            self._kube.patch(self._path, {"metadata": {"resourceVersion": version}, "data": dict(texts)}, type="merge")
        except NotFound as error:
            raise Conflict(f"{REQUESTS_NAME} was deleted meanwhile") from error
