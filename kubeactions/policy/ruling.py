"""What the policy answers, and the facts that it is given. Used by every gate and by whoever asks them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kubeactions.model import Status, Target
from kubeactions.policy.tally import Traffic


class Gate(StrEnum):
    """What is to be done with the action."""

    ALLOW = "allow"
    WAIT = "wait"
    """Not now: ask again after `retry_after_s`."""
    REJECT = "reject"
    """Never: settle it with `status`."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """The ruling on one action: `reason` is a CamelCase code for programs, `message` one sentence for people."""

    gate: Gate
    reason: str
    message: str
    retry_after_s: float = 0.0
    """WAIT only: when to ask again, in seconds."""
    status: Status = Status.REJECTED
    """REJECT only: REJECTED or EXPIRED."""
    when: str = ""
    """WAIT only: what it waits for, where that moves while others begin and end; completes the message after a ";"."""

    @property
    def text(self) -> str:
        """The message, and what it waits for now."""
        return "; ".join(filter(None, (self.message, self.when)))


ALLOWED = Ruling(Gate.ALLOW, "Allowed", "no rule refuses it")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is so, here and now. What is not known is left out, and its gate holds nobody back, but for approvals."""

    now: datetime
    """The wall clock, aware."""
    own_namespace: str = ""
    """The agent's namespace; "" off-cluster."""
    untouchable: tuple[Target, ...] = ()
    """Ledger, Lease, own pod, own workload: compared by kind, namespace and name, or by UID. The ledger's ConfigMap
    stands for its segments too."""
    pauses: tuple[str, ...] = ()
    """Why the system is paused, one text a reason; () when it is not."""
    approved_by: tuple[str, ...] = ()
    """Distinct people who approved exactly this content, without whoever ordered it."""
    accepted: bool = False
    """It is on record: a stamp ahead of the clock is no longer a reason to refuse it."""
    begun: bool = False
    """It has passed approvals, rates and blast radius before: they are not asked twice for one action."""
    traffic: Traffic | None = None
