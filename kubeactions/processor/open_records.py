"""What an open record holds for sure, and how it ends when its executor breaks. Called by the execution."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import orjson

from kubeactions.ledger import note
from kubeactions.model import Action, Intent, Json, Outcome, Phase, Plan, Record, Status
from kubeactions.policy import Ruling

log = logging.getLogger("kubeactions.execution")

MAX_RESOLVED_BYTES = 256 * 1024
"""Longest plan that is written, as JSON: all of them lie in one ConfigMap of at most 1 MiB."""
SLIM_CHARS = 256
"""What a settled record keeps of each value that its plan resolved, at most, as JSON."""


def action_of(record: Record) -> Action:
    """The order of a record that is open."""
    if record.action is None:
        raise RuntimeError(f"{record.key} is open and holds no action")
    return record.action


def intent_of(record: Record) -> Intent:
    """The intent of a record that has one."""
    if record.intent is None:
        raise RuntimeError(f"{record.key} has no intent")
    return record.intent


def intended(record: Record, plan: Plan, now: datetime) -> Record:
    """The record with the intent that a plan makes. Its epoch is set when it is written: the ledger knows it."""
    attempt = record.intent.attempt + 1 if record.intent else 1
    intent = Intent(epoch=0, attempt=attempt, uid=plan.uid, pin=plan.pin, resolved=plan.resolved, at=now)
    why = note(record.why, "plan", "Planned", plan.text, now)
    return replace(record, phase=Phase.INTENT, intent=intent, why=why)


def weigh(resolved: Mapping[str, Json]) -> int:
    """Bytes that a plan takes in the ledger. Raises ValueError or TypeError for one that it cannot hold."""
    found = len(orjson.dumps(dict(resolved)))
    if found > MAX_RESOLVED_BYTES:
        raise ValueError(f"a plan of {found} bytes; the ledger holds {MAX_RESOLVED_BYTES} of one")
    return found


def slim(intent: Intent | None) -> Intent | None:
    """What a settled record keeps of its intent: what was resolved, but for templates and long lists."""
    if intent is None:
        return None
    kept = {name: value for name, value in intent.resolved.items() if len(orjson.dumps(value)) <= SLIM_CHARS}
    return replace(intent, resolved=kept)


def broken(action: Action, error: Exception, status: Status) -> Outcome:
    """The end of an action whose executor has a bug; the log has its traceback."""
    log.exception("executor %s", action.type, exc_info=error)
    return Outcome(status, "ExecutorError", f"executor {action.type} failed: {type(error).__name__}: {error}")


def not_sent_again(record: Record, ruling: Ruling, *, doubt: bool) -> Outcome:
    """The end of what may not be sent any more. Without doubt nothing was applied."""
    if not doubt:
        return Outcome(ruling.status, ruling.reason, ruling.message)
    target = action_of(record).target
    text = f"{target}: a try may have been applied and is not to be seen; not sent again: {ruling.message}"
    return Outcome(Status.UNKNOWN, ruling.reason, text)
