"""A ledger's records in words: what `history` and `why` print, as text and as JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from kubeactions.model import Json, Phase, Record, Status

COLOURS: Mapping[str, str] = {
    "succeeded": "green",
    "failed": "red",
    "unknown": "magenta",
    "rejected": "yellow",
    "expired": "yellow",
    "cancelled": "yellow",
    "duplicate": "cyan",
    "dry_run": "blue",
}
"""The colour of each ending on a terminal; what is still open has none."""


def state(record: Record) -> str:
    """How it ended, or the phase it is in."""
    return str(record.outcome.status) if record.outcome else str(record.phase)


def what(record: Record) -> str:
    """The order in a few words."""
    return f"{record.action.type} {record.action.target}" if record.action else "(no action could be read)"


def stamp(at: datetime | None) -> str:
    """RFC 3339 in UTC, in seconds; "-" for none."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else "-"


def named(records: Sequence[Record], wanted: str) -> list[Record]:
    """The records that `wanted` names: a key or marker; else id, `id:vN` or action_id."""

    def of_config(record: Record) -> bool:
        action_id = record.action.action_id if record.action else ""
        return wanted in {record.key.id, f"{record.key.id}:v{record.key.version}", action_id}

    exact = [record for record in records if wanted in {str(record.key), record.marker}]
    return exact or [record for record in records if of_config(record)]


def matching(records: Sequence[Record], wanted: str) -> list[Record]:
    """The same; and when nothing is called so, the records about a target of this name."""
    return named(records, wanted) or [one for one in records if one.action and one.action.target.name == wanted]


def as_json(record: Record) -> dict[str, Any]:
    """Everything that a record holds, with words for keys."""
    intent, outcome = record.intent, record.outcome
    return {
        "key": str(record.key),
        "id": record.key.id,
        "version": record.key.version,
        "index": record.key.index,
        "marker": record.marker,
        "state": state(record),
        "phase": str(record.phase),
        "received_at": stamp(record.received_at),
        "settled_at": stamp(record.settled_at) if record.settled_at else None,
        "replica": record.replica,
        "source": record.action.source if record.action else "",
        "action": record.action.content() if record.action else None,
        "intent": {
            "epoch": intent.epoch,
            "attempt": intent.attempt,
            "uid": intent.uid,
            "pin": intent.pin,
            "at": stamp(intent.at),
            "recovered": intent.recovered,
        }
        if intent
        else None,
        "outcome": {
            "status": str(outcome.status),
            "reason": outcome.reason,
            "message": outcome.message,
            "inferred": outcome.inferred,
        }
        if outcome
        else None,
        "delivered": list(record.delivered),
        "reported": record.reported,
        "decisions": [
            {"step": one.step, "reason": one.reason, "text": one.text, "at": stamp(one.at)} for one in record.why
        ],
        "advice": advice(record),
    }


@dataclass(frozen=True, slots=True)
class Leader:
    """What the Lease says: who leads, since when, and since when nobody has renewed it."""

    holder: str
    renewed_at: datetime | None
    duration_s: float
    acquired_at: datetime | None = None

    def leads(self, now: datetime) -> bool:
        """Whether somebody does, by the reader's clock."""
        if not self.holder or self.renewed_at is None:
            return False
        return now <= self.renewed_at + timedelta(seconds=self.duration_s)

    def describe(self, now: datetime) -> str:
        """One line; by the reader's clock, which may differ from the leader's by a little."""
        if not self.holder or self.renewed_at is None:
            return "nobody leads: no replica holds the lease; is one running, enabled and permitted?"
        age = (now - self.renewed_at).total_seconds()
        if not self.leads(now):
            return f"nobody leads: {self.holder} renewed the lease {age:.0f} s ago, which is too long; is it running?"
        return f"{self.holder} leads, lease renewed {max(age, 0):.0f} s ago"


_ADVICE = {
    Status.SUCCEEDED: "Nothing: it was done, once.",
    Status.DUPLICATE: "Nothing: another record of the same action_id says what was done.",
    Status.DRY_RUN: "Nothing was changed. To do it, submit a higher version without dry_run, and see that "
    "kubeactions.dry_run is off.",
    Status.CANCELLED: "Nothing, or submit it again under a higher version.",
    Status.FAILED: "Nothing was changed, or not all of it. Mend the reason, then submit a higher version.",
    Status.REJECTED: "Nothing was sent. Mend what the message names, then submit a higher version.",
    Status.EXPIRED: "Nothing was sent. If it is still wanted, submit a higher version; if it came late, look at the "
    "source and at the sender's clock (kubeactions.expiry_s).",
}


def advice(record: Record) -> str:
    """What its reader should do now."""
    if record.outcome is None:
        return _while_open(record)
    if record.outcome.status is Status.UNKNOWN:
        return (
            f"Look at the target: it may or may not have happened. The cluster's audit log has the requests under "
            f"Audit-ID {record.marker}. It is never repeated by itself."
        )
    if record.outcome.inferred:
        return "Nothing: the effect is there. Who applied it is inferred, most likely kubeactions itself."
    return _ADVICE[record.outcome.status]


def _while_open(record: Record) -> str:
    if record.phase is Phase.INTENT:
        return "Wait: it is about to be sent, or was, and the leader is finding out. A new leader goes on from here."
    last = record.why[-1].text if record.why else ""
    return "Wait: the leader takes it in order of arrival." + (f" Last heard: {last}" if last else "")


def story(record: Record) -> list[tuple[str, str]]:
    """The record as labelled lines, in the order in which things happened."""
    lines = [("order", what(record)), ("name", f"{record.key}, marker {record.marker}")]
    source = ""
    if (action := record.action) is not None:
        source = action.source
        who = _joined(stamp(action.created_at), _after("by ", action.requested_by), _after("as ", action.action_id))
        lines.append(("ordered", who))
        lines += [("parameter", f"{name}={_plain(value)}") for name, value in action.parameters.items()]
    lines.append(("received", _joined(stamp(record.received_at), _after("from ", source))))
    for one in record.why:
        lines.append((one.step, f"{stamp(one.at)}  {one.reason}{_after(': ', one.text)}"))
    if (outcome := record.outcome) is not None:
        inferred = "inferred" if outcome.inferred else ""
        ended = _joined(f"{stamp(record.settled_at)}  {outcome.reason}", inferred, _after("by ", record.replica))
        lines += [(state(record), ended), ("message", outcome.message), ("reported", _reported(record))]
    lines.append(("to do", advice(record)))
    return lines


def _plain(value: Json) -> str:
    """As `submit -p` takes it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _after(prefix: str, text: str) -> str:
    return f"{prefix}{text}" if text else ""


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _reported(record: Record) -> str:
    to = ", ".join(record.delivered)
    if record.reported:
        return f"yes, to {to}" if to else "yes"
    return f"not everywhere yet{_after('; done: ', to)}; it is tried until it is acknowledged"
