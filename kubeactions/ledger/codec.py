"""Records and meta as JSON text, and back. Pure; called by the ledger and by whoever reads it (`history`, `why`).

The text is for people too (`kubectl get configmap datadog-kubeactions-state -o yaml`), so keys are words and what is
not set is left out. What cannot be read back raises `LedgerClosed`: a record that is half understood is not understood.
Results of reads (`Outcome.payload`) are never written. Texts and the list of decisions are cut to bounds here, so that
what an open record may still grow by is known in advance (`GROWTH_BYTES`).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from kubeactions.errors import LedgerClosed
from kubeactions.model import (
    Action,
    ActionKey,
    Decision,
    Intent,
    JsonObject,
    Outcome,
    Phase,
    Record,
    Status,
    Target,
)

SCHEMA = 1
"""Version of everything in this file. Another one in the ledger: fail closed."""
GROWTH_BYTES = 1024
"""What an open record may still need: its intent, its outcome, its decisions."""
SMALL_BYTES = 96 * 1024
"""Segments shorter than this are merged when enough of them are there; longer ones are full."""
MAX_MESSAGE = 400
"""Longest outcome message kept, in characters; the report has all of it."""
MAX_DECISION = 160
"""Longest text of a decision kept, in characters."""
MAX_WHY = 8
"""Decisions kept: the first two and the last six."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A sealed part of the history, as the head lists it."""

    number: int
    uid: str
    count: int
    sha256: str
    newest: datetime
    """Latest stamp of an action in it: what the watermark is raised to when it goes."""
    size: int = 0
    """Bytes of its data in the API: what merging goes by."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A config that is not accepted yet, and why; for `kubeactions why`."""

    id: str
    version: int
    reason: str


@dataclass(frozen=True, slots=True)
class Meta:
    """The `meta` key: whose ledger this is, who writes it, and what became of older records."""

    cluster_uid: str
    epoch: int
    holder: str
    watermark: datetime | None = None
    segments: tuple[Segment, ...] = ()
    next_segment: int = 1
    """Numbers are never used again, so it only rises."""
    waiting: tuple[Waiting, ...] = field(default=())


class Known(NamedTuple):
    """What dedup needs of a record that is not open any more, and rates, blast radius and breaker of all of them.

    A new leader makes one of each record that is kept, so it is a flat tuple: a third of the time and half of the
    memory of an object that holds objects.
    """

    id: str
    version: int
    item: int
    """Index in its config's list (a tuple has an `index` of its own)."""
    batch: bool
    digest: str
    status: Status | None
    """None while it is open."""
    reason: str
    message: str
    """Kept only where a source is told of it again: rejected, expired, duplicate, cancelled."""
    action_id: str
    whole: bool
    type: str = ""
    """Of the action; "" where there is none."""
    kind: str = ""
    namespace: str = ""
    target: str = ""
    begun_at: datetime | None = None
    """When its last plan was made durable; None when it has none."""
    settled_at: datetime | None = None

    @property
    def key(self) -> ActionKey:
        """Which order it was."""
        return ActionKey(self.id, self.version, self.item, self.batch)

    @property
    def refused(self) -> bool:
        """It was settled without being tried."""
        return self.status in _REFUSED


_STATUSES = {status.value: status for status in Status}
_REFUSED = frozenset({Status.REJECTED, Status.EXPIRED, Status.DUPLICATE, Status.CANCELLED})
_NOTHING: JsonObject = {}


def stamp(at: datetime) -> str:
    """RFC 3339 in UTC with microseconds where there are any."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def encode_record(record: Record) -> str:
    """One data value of the head or of a segment."""
    return orjson.dumps(_record_object(record)).decode()


def decode_record(name: str, text: str) -> Record:
    """The record in the data key `name`. Raises `LedgerClosed` when it cannot be read or is not that key's."""
    try:
        record = _record_of(orjson.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise LedgerClosed(f"record {name} of the ledger is unreadable: {fault(error)}") from error
    if record.marker != name:
        raise LedgerClosed(f"record {name} of the ledger says that it is {record.key}, whose name is {record.marker}")
    return record


def decode_known(name: str, text: str) -> Known:
    """What dedup needs of a record, without building all of it. Raises `LedgerClosed`."""
    try:
        found = orjson.loads(text)
        key, outcome, intent = found["key"], found.get("outcome"), found.get("intent")
        action = found.get("action") or _NOTHING
        resource = action.get("resource") or _NOTHING
        status = _STATUSES[outcome["status"]] if outcome else None
        return Known(
            str(key["id"]),
            int(key["version"]),
            int(key["index"]),
            bool(key.get("batch", False)),
            found["digest"],
            status,
            sys.intern(outcome["reason"]) if outcome else "",
            outcome["message"] if status in _REFUSED else "",
            action.get("action_id", ""),
            found.get("whole", False),
            sys.intern(action.get("action_type", "")),
            sys.intern(resource.get("kind", "")),
            sys.intern(resource.get("namespace", "")),
            sys.intern(resource.get("name", "")),
            _time(intent.get("at")) if intent else None,
            _time(found.get("settled_at")),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise LedgerClosed(f"record {name} of the ledger is unreadable: {fault(error)}") from error


def known_of(record: Record) -> Known:
    """The same from a record at hand."""
    key, outcome, action = record.key, record.outcome, record.action
    return Known(
        *(key.id, key.version, key.index, key.batch),
        digest=record.digest,
        status=outcome.status if outcome else None,
        reason=outcome.reason if outcome else "",
        message=outcome.message if outcome and outcome.status in _REFUSED else "",
        action_id=action.action_id if action else "",
        whole=record.whole,
        type=action.type if action else "",
        kind=action.target.kind if action else "",
        namespace=action.target.namespace if action else "",
        target=action.target.name if action else "",
        begun_at=record.intent.at if record.intent else None,
        settled_at=record.settled_at,
    )


def encode_meta(meta: Meta) -> str:
    """The value of the key `meta`: everything but the segments that are full, see `encode_segments`."""
    found: JsonObject = {
        "schema": SCHEMA,
        "cluster_uid": meta.cluster_uid,
        "epoch": meta.epoch,
        "holder": meta.holder,
        "watermark": stamp(meta.watermark) if meta.watermark else None,
        "next_segment": meta.next_segment,
        "full_segments": sum(one.size >= SMALL_BYTES for one in meta.segments),
        "segments": [_segment_object(one) for one in meta.segments if one.size < SMALL_BYTES],
    }
    if meta.waiting:
        found["waiting"] = [{"id": one.id, "version": one.version, "reason": one.reason} for one in meta.waiting]
    return orjson.dumps(found).decode()


def encode_segments(meta: Meta) -> str:
    """The value of the key `segments`: those that are full, in a key of its own, which changes seldom."""
    return orjson.dumps([_segment_object(one) for one in meta.segments if one.size >= SMALL_BYTES]).decode()


def decode_meta(text: str, segments: str = "[]") -> Meta:
    """Read the keys `meta` and `segments`. Raises `LedgerClosed` when one is unreadable or of another schema."""
    try:
        found = orjson.loads(text)
        schema = found["schema"]
        if schema != SCHEMA:
            raise LedgerClosed(
                f"the ledger has schema {schema!r} and this version reads {SCHEMA}: run the version that wrote it"
            )
        full = orjson.loads(segments)
        if len(full) != found["full_segments"]:
            raise ValueError(f"{found['full_segments']} full segments are said to be listed, and {len(full)} are")
        return Meta(
            cluster_uid=str(found["cluster_uid"]),
            epoch=int(found["epoch"]),
            holder=str(found["holder"]),
            watermark=_time(found.get("watermark")),
            next_segment=int(found["next_segment"]),
            segments=tuple(_segment_of(one) for one in (*full, *found["segments"])),
            waiting=tuple(Waiting(one["id"], one["version"], one["reason"]) for one in found.get("waiting", ())),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise LedgerClosed(f"the ledger's meta is unreadable: {fault(error)}") from error


def fault(error: Exception) -> str:
    """What is wrong with a text, in the words of who wrote it and not of this program."""
    if isinstance(error, orjson.JSONDecodeError):
        return f"it is no JSON: {error}"
    if isinstance(error, KeyError):
        return f"{error} is missing"
    return str(error) if isinstance(error, ValueError) else f"it is not of the shape that is written here ({error})"


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters; what is cut is marked."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def note(why: Sequence[Decision], step: str, reason: str, text: str, at: datetime) -> tuple[Decision, ...]:
    """The history and one decision more; a repetition of the last one adds nothing. The middle goes first."""
    short = shorten(text, MAX_DECISION)
    if why and (why[-1].step, why[-1].reason, why[-1].text) == (step, reason, short):
        return tuple(why)
    longer = (*why, Decision(step, reason, short, at))
    return longer if len(longer) <= MAX_WHY else (*longer[:2], *longer[2 - MAX_WHY :])


def _record_object(record: Record) -> JsonObject:
    key = record.key
    found: JsonObject = {
        "key": {"id": key.id, "version": key.version, "index": key.index} | ({"batch": True} if key.batch else {}),
        "phase": record.phase.value,
        "order": record.order,
        "received_at": stamp(record.received_at),
        "digest": record.digest,
    }
    if record.action is not None:
        found["source"] = record.action.source
        found["action"] = record.action.content()
    if record.intent is not None:
        found["intent"] = _intent_object(record.intent)
    if record.outcome is not None:
        found["outcome"] = _outcome_object(record.outcome)
    if record.settled_at is not None:
        found["settled_at"] = stamp(record.settled_at)
    for name in ("replica", "whole", "reported"):
        if value := getattr(record, name):
            found[name] = value
    if record.delivered:
        found["delivered"] = list(record.delivered)
    if record.why:
        found["why"] = [[one.step, one.reason, one.text, stamp(one.at)] for one in record.why]
    return found


def _intent_object(intent: Intent) -> JsonObject:
    found: JsonObject = {
        "epoch": intent.epoch,
        "attempt": intent.attempt,
        "uid": intent.uid,
        "pin": intent.pin,
        "resolved": dict(intent.resolved),
        "at": stamp(intent.at),
    }
    return found | {"recovered": True} if intent.recovered else found


def _outcome_object(outcome: Outcome) -> JsonObject:
    found: JsonObject = {
        "status": outcome.status.value,
        "reason": outcome.reason,
        "message": shorten(outcome.message, MAX_MESSAGE),
    }
    return found | {"inferred": True} if outcome.inferred else found


def _record_of(found: Mapping[str, Any]) -> Record:
    key = _key_of(found["key"])
    intent, outcome = found.get("intent"), found.get("outcome")
    record = Record(
        key=key,
        phase=Phase(found["phase"]),
        digest=found["digest"],
        received_at=_moment(found["received_at"]),
        order=int(found["order"]),
        action=_action_of(key, found["action"], found.get("source", "")) if "action" in found else None,
        intent=_intent_of(intent) if intent else None,
        outcome=_outcome_of(outcome) if outcome else None,
        settled_at=_time(found.get("settled_at")),
        replica=found.get("replica", ""),
        delivered=tuple(found.get("delivered", ())),
        reported=found.get("reported", False),
        whole=found.get("whole", False),
        why=tuple(Decision(step, reason, text, _moment(at)) for step, reason, text, at in found.get("why", ())),
    )
    if (record.phase is Phase.INTENT and record.intent is None) or (not record.open and record.outcome is None):
        raise ValueError(f"phase {record.phase} without what belongs to it")
    if record.open and record.action is None:
        raise ValueError("it is open and holds no action")
    return record


def _action_of(key: ActionKey, content: Mapping[str, Any], source: str) -> Action:
    resource = content["resource"]
    return Action(
        key=key,
        type=content["action_type"],
        target=Target(
            api_version=resource["api_version"],
            kind=resource["kind"],
            name=resource["name"],
            namespace=resource["namespace"],
            uid=resource["resource_id"],
        ),
        created_at=_moment(content["timestamp"]),
        parameters=content["parameters"],
        action_id=content["action_id"],
        requested_by=content["requested_by"],
        user_uuid=content["user_uuid"],
        not_before=_time(content.get("not_before")),
        dry_run=content.get("dry_run", False),
        source=source,
    )


def _intent_of(found: Mapping[str, Any]) -> Intent:
    return Intent(
        epoch=int(found["epoch"]),
        attempt=int(found["attempt"]),
        uid=found["uid"],
        pin=found["pin"],
        resolved=found["resolved"],
        at=_moment(found["at"]),
        recovered=found.get("recovered", False),
    )


def _outcome_of(found: Mapping[str, Any]) -> Outcome:
    return Outcome(Status(found["status"]), found["reason"], found["message"], found.get("inferred", False))


def _key_of(found: Mapping[str, Any]) -> ActionKey:
    return ActionKey(str(found["id"]), int(found["version"]), int(found["index"]), bool(found.get("batch", False)))


def _segment_object(segment: Segment) -> JsonObject:
    return {
        "n": segment.number,
        "uid": segment.uid,
        "count": segment.count,
        "bytes": segment.size,
        "sha256": segment.sha256,
        "newest": stamp(segment.newest),
    }


def _segment_of(found: Mapping[str, Any]) -> Segment:
    return Segment(
        int(found["n"]),
        str(found["uid"]),
        int(found["count"]),
        str(found["sha256"]),
        _moment(found["newest"]),
        int(found["bytes"]),
    )


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return found


def _time(text: str | None) -> datetime | None:
    return _moment(text) if text else None
