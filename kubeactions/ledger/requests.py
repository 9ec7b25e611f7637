"""What people ask of the leader: the ConfigMap `datadog-kubeactions-requests`, one data key a request.

Only the holder of the epoch writes the ledger, so what people ask is an object of its own, which they change by
compare-and-set and the leader reads. A key says what it is about, its value what is asked, by whom and when:

    <marker>                  cancel the action of this marker          kubeactions cancel
    approve.<marker>.<who>    approve exactly this content              kubeactions approve
    pause.<name>              nothing is begun while it is there        kubeactions pause, resume; the breaker
    resumed                   the breaker counts from here on           kubeactions resume

A pause may be any text, so that `kubectl` alone can stop everything: its value is the reason. Of the rest nothing is
trusted: what cannot be read is named as malformed and harms no other request, and more than `MAX_BYTES` are not read at
all. It decides nothing: see processor/withdrawals.py and processor/gates.py.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson

from kubeactions.errors import Conflict, NotFound, UserError
from kubeactions.kube import Kube, path_of
from kubeactions.ledger.codec import shorten, stamp
from kubeactions.model import JsonObject

REQUESTS_NAME = "datadog-kubeactions-requests"
"""Name of the ConfigMap, in the ledger's namespace."""
MAX_REQUESTS = 100
"""Requests that may wait at a time, pauses apart; whoever asks for more is refused."""
MAX_BYTES = 256 * 1024
"""The whole object as the leader reads it: 100 requests have room several times over."""
MAX_TEXT = 200
"""Longest name of who asks, and longest reason, in characters."""
MAX_TRIES = 5
"""Compare-and-set tries of one who asks, when others write at the same time."""
BREAKER = "pause.breaker"
"""The pause that the system makes itself, when too much has failed."""
RESUMED = "resumed"

_PAUSE = "pause."
_APPROVE = "approve."
_MARKER = re.compile(r"[a-z2-7]{16}")
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, OverflowError)
T = TypeVar("T")


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
        found = {"request": "cancel", "key": self.key, "requested_by": shorten(self.requested_by, MAX_TEXT)}
        found |= {"at": stamp(self.at), "reason": shorten(self.reason, MAX_TEXT)}
        return orjson.dumps(found).decode()


@dataclass(frozen=True, slots=True)
class Approval:
    """Somebody approves of one action, as its content was when they looked."""

    marker: str
    key: str
    digest: str
    """Of the content: for another one it does not count."""
    by: str
    at: datetime

    @property
    def name(self) -> str:
        """Its data key: one a person and action."""
        return f"{_APPROVE}{self.marker}.{hashlib.sha256(self.by.encode()).hexdigest()[:12]}"

    def encode(self) -> str:
        """The value of its data key."""
        found = {"request": "approve", "key": self.key, "digest": self.digest}
        return orjson.dumps(found | {"by": shorten(self.by, MAX_TEXT), "at": stamp(self.at)}).decode()


@dataclass(frozen=True, slots=True)
class Pause:
    """A reason for which nothing is begun."""

    name: str
    """Its data key without `pause.`."""
    reason: str
    by: str = ""
    at: datetime | None = None
    """None: it was written by hand."""
    last_failure: datetime | None = None
    """The breaker's own: up to here it has counted."""

    def __str__(self) -> str:
        said = f"{self.reason} ({self.name}"
        said += f", by {self.by}" if self.by else ""
        return said + (f", since {self.at:%Y-%m-%dT%H:%M:%SZ})" if self.at else ")")

    def encode(self) -> str:
        """The value of its data key."""
        found = {"request": "pause", "reason": shorten(self.reason, MAX_TEXT), "by": shorten(self.by, MAX_TEXT)}
        found |= {"at": stamp(self.at)} if self.at else {}
        found |= {"last_failure": stamp(self.last_failure)} if self.last_failure else {}
        return orjson.dumps(found).decode()


@dataclass(frozen=True, slots=True)
class Asked:
    """What the object holds, and why other keys are no request."""

    cancellations: Mapping[str, Cancellation] = field(default_factory=dict)
    """By marker."""
    approvals: tuple[Approval, ...] = ()
    pauses: tuple[Pause, ...] = ()
    resumed: datetime | None = None
    """Failures up to here do not count any more."""
    malformed: Mapping[str, str] = field(default_factory=dict)


def parse_requests(configmap: JsonObject) -> Asked:
    """Read each data key by itself. Pure; never raises."""
    cancellations: dict[str, Cancellation] = {}
    approvals: list[Approval] = []
    pauses: list[Pause] = []
    resumed: datetime | None = None
    malformed: dict[str, str] = {}
    for name, text in sorted((configmap.get("data") or {}).items()):
        try:
            if name.startswith(_PAUSE):
                pauses.append(_pause(name.removeprefix(_PAUSE), text))
            elif name.startswith(_APPROVE):
                approvals.append(_approval(name, text))
            elif name == RESUMED:
                resumed = _moment(_asked(text, RESUMED)["after"])
            else:
                cancellations[name] = _cancellation(name, text)
        except _UNREADABLE as error:
            malformed[name] = f"{type(error).__name__}: {error}"
    return Asked(cancellations, tuple(approvals), tuple(pauses), resumed, malformed)


def _asked(text: str, request: str) -> Mapping[str, Any]:
    """The value of a key that asks for this and nothing else."""
    value = orjson.loads(text)
    if value["request"] != request:
        raise ValueError(f"request {shorten(repr(value['request']), 40)} is none of: {request}")
    found: Mapping[str, Any] = value
    return found


def _cancellation(name: str, text: str) -> Cancellation:
    if not _MARKER.fullmatch(name):
        raise ValueError("its name is no marker of a record")
    value = _asked(text, "cancel")
    key, requested_by, reason = _texts(value, "key", "requested_by", "reason")
    return Cancellation(name, key, requested_by, _moment(value["at"]), reason)


def _approval(name: str, text: str) -> Approval:
    value = _asked(text, "approve")
    key, digest, by = _texts(value, "key", "digest", "by")
    found = Approval(name.split(".")[1], key, digest, by, _moment(value["at"]))
    if name != found.name:
        raise ValueError("its name is not that of its action and of who approves")
    return found


def _pause(name: str, text: str) -> Pause:
    """Whatever stands there pauses; it is read as ours where it is."""
    try:
        value = _asked(text, "pause")
        reason, by = _texts(value, "reason", "by")
        last = value.get("last_failure")
        return Pause(name, reason, by, _moment(value["at"]), _moment(last) if last else None)
    except _UNREADABLE:
        return Pause(name, shorten(" ".join(text.split()), MAX_TEXT) or "no reason given")


def _moment(text: str) -> datetime:
    """In UTC, as it is shown. Raises ValueError, OverflowError for a time before the calendar's first."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("at has no time zone")
    return at.astimezone(UTC)


def _texts(value: Mapping[str, Any], *members: str) -> list[str]:
    texts = [value.get(member, "") for member in members]
    if not all(isinstance(one, str) for one in texts):
        raise TypeError(f"{', '.join(members)} are texts")
    return [shorten(one, MAX_TEXT) for one in texts]


class Requests:
    """The object in one namespace: people ask, the leader reads, and removes what is done with.

    Whoever asks may raise a `KubeError`: then it is not known to be asked, and to ask again does no harm.
    """

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
        """Ask for cancellations, all or none; returns those that had not been asked for already.

        Raises `UserError` when too many requests wait.
        """
        by_name = {one.marker: one for one in wanted}
        return [by_name[name] for name in self._add({name: one.encode() for name, one in by_name.items()})]

    def approve(self, approval: Approval) -> bool:
        """Approve; False when this person has approved of just this already. Raises `UserError` as `ask` does."""
        text = approval.encode()

        def change(data: Mapping[str, str]) -> tuple[dict[str, str | None], bool]:
            said = parse_requests({"data": {approval.name: data.get(approval.name, "")}}).approvals
            if any(one.digest == approval.digest for one in said):
                return {}, False
            _refuse_too_many(data, [approval.name])
            return {approval.name: text}, True

        return self._change(change)

    def pause(self, pause: Pause) -> bool:
        """Pause everything; False when there is a pause of this name already. There is always room for one."""
        name = _PAUSE + pause.name

        def change(data: Mapping[str, str]) -> tuple[dict[str, str | None], bool]:
            return ({}, False) if name in data else ({name: pause.encode()}, True)

        return self._change(change)

    def resume(self, pauses: Iterable[Pause], by: str, now: datetime) -> None:
        """Take these pauses out; what the breaker has counted until then counts no more."""
        gone = list(pauses)
        changes: dict[str, str | None] = {_PAUSE + one.name: None for one in gone}
        counted = [one.last_failure for one in gone if one.last_failure is not None]
        if counted:
            found = {"request": RESUMED, "after": stamp(max(counted)), "by": shorten(by, MAX_TEXT), "at": stamp(now)}
            changes[RESUMED] = orjson.dumps(found).decode()
        self._change(lambda _: (changes, None))

    def _add(self, texts: Mapping[str, str]) -> list[str]:
        """Put in what is not there, all or none; returns the names of what is new."""

        def change(data: Mapping[str, str]) -> tuple[dict[str, str | None], list[str]]:
            new = [name for name in texts if name not in data]
            _refuse_too_many(data, new)
            return {name: texts[name] for name in new}, new

        return self._change(change)

    def _change(self, decide: Callable[[Mapping[str, str]], tuple[Mapping[str, str | None], T]]) -> T:
        """Compare-and-set of what `decide` makes of the data that is there, tried again when others were quicker."""
        for tries_left in reversed(range(MAX_TRIES)):
            try:
                return self._try_to_change(decide)
            except Conflict:
                if not tries_left:
                    raise
        raise AssertionError("the last try returns or raises")

    def _try_to_change(self, decide: Callable[[Mapping[str, str]], tuple[Mapping[str, str | None], T]]) -> T:
        """One try. AlreadyExists and a stale resourceVersion are a `Conflict`."""
        try:
            current = self._kube.get(self._path)
        except NotFound:
            current = {"data": {}}
        changes, result = decide(current.get("data") or {})
        if changes:
            self._write(current, changes)
        return result

    def _write(self, current: JsonObject, texts: Mapping[str, str | None]) -> None:
        if "metadata" not in current:
            metadata = {"name": REQUESTS_NAME}
            data = {name: text for name, text in texts.items() if text is not None}
            made: JsonObject = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}
            self._kube.create(self._collection, made)
            return
        version = current["metadata"]["resourceVersion"]
        try:
            self._kube.patch(self._path, {"metadata": {"resourceVersion": version}, "data": dict(texts)}, type="merge")
        except NotFound as error:
            raise Conflict(f"{REQUESTS_NAME} was deleted meanwhile") from error


def _refuse_too_many(data: Mapping[str, str], new: Iterable[str]) -> None:
    """Pauses do not count: there must always be room for one."""
    waiting = [name for name in data if not name.startswith(_PAUSE) and name != RESUMED]
    if len({*waiting, *new}) > MAX_REQUESTS:
        raise UserError(
            f"{len(waiting)} requests wait in ConfigMap {REQUESTS_NAME} and {MAX_REQUESTS} may: is there a leader?"
        )
