"""How far an action is and how it ended: what the ledger keeps of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from kubeactions.model.action import Action, ActionKey, Json


class Phase(StrEnum):
    """Where a record stands: `pending -> intent -> settled`, or straight from pending to settled."""

    PENDING = "pending"
    INTENT = "intent"
    SETTLED = "settled"


class Status(StrEnum):
    """How an action ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It may or may not have happened: look. Never dressed up as one of the others."""
    REJECTED = "rejected"
    EXPIRED = "expired"
    DUPLICATE = "duplicate"
    CANCELLED = "cancelled"
    DRY_RUN = "dry_run"
    """Rehearsed by the API server; nothing was changed, whatever the rehearsal said."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended, for people (`message`) and programs (`reason`, a CamelCase code)."""

    status: Status
    reason: str
    message: str
    inferred: bool = False
    """True when the effect was seen but not its author: somebody or something applied it, most likely we."""
    payload: Mapping[str, Json] = field(default_factory=dict)
    """What a read brought back; reported, never kept in the ledger."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of a record's history: which step decided what, and when. `kubeactions why` prints them."""

    step: str
    """accept, withdraw, gate, plan, send, recover, settle, report."""
    reason: str
    """CamelCase code."""
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Intent:
    """A plan made durable before its request is sent. Whoever finds it knows what may have happened."""

    epoch: int
    """Epoch of the leader that owns it; a new leader claims it before it looks at the target."""
    attempt: int
    """1 for the first plan; each new plan adds one."""
    uid: str
    pin: int | str | None
    resolved: Mapping[str, Json]
    at: datetime
    recovered: bool = False
    """True once another leader took it over: whether its request was sent, nobody knows."""


@dataclass(frozen=True, slots=True)
class Record:
    """One action's life in the ledger. Changed by `dataclasses.replace` only; what is durable is what was written."""

    key: ActionKey
    phase: Phase
    digest: str
    """The action's digest, or the sha256 of the payload when there is no action."""
    received_at: datetime
    order: int
    """Order of arrival; rises through the ledger's whole life."""
    action: Action | None = None
    """None for what was too malformed to hold one, and for records of an earlier agent."""
    intent: Intent | None = None
    outcome: Outcome | None = None
    settled_at: datetime | None = None
    replica: str = ""
    """Who settled it."""
    delivered: tuple[str, ...] = ()
    """Reporters that have acknowledged it."""
    reported: bool = False
    """All of them have: the record is closed."""
    whole: bool = False
    """It stands for the whole config (rejected whole, or written by an earlier agent): blocks every index."""
    why: tuple[Decision, ...] = ()

    @property
    def marker(self) -> str:
        """The record's name in the ledger."""
        return self.key.marker

    @property
    def open(self) -> bool:
        """True until it is settled."""
        return self.phase is not Phase.SETTLED
