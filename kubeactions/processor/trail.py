"""What this process knows of an open record and the ledger does not say. Owned by the execution, for one term.

A trail is lost with its process, and that must not matter: a new leader takes every intent that it finds as recovered,
which is in doubt from the start.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from kubeactions.errors import KubeError, Refused, TooManyRequests
from kubeactions.ledger import note
from kubeactions.model import Decision, Evidence, Json, Seen, Tried
from kubeactions.processor.attempt import Attempt

FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 30.0
MOVES = timedelta(minutes=1)
"""How old what is on record of a wait may get where it moves: all that wait in one line would be written again else."""


@dataclass(slots=True)
class Trail:
    """Sends, doubt and pauses of one open record."""

    sends: int = 0
    """Requests of the present attempt that left, or may have left, this process."""
    doubt: bool = False
    """Some send of this attempt got no definite answer, or the intent is recovered."""
    refused: Refused | None = None
    """The definite 4xx of the last send."""
    resend: bool = False
    """Not applied: the same request is sent again when the pause is over."""
    look: bool = False
    """When the pause is over, the cluster is looked at before anything is decided."""
    parts: dict[str, Tried] = field(default_factory=dict)
    """The last try of each part, for an intent that has parts."""
    replan: bool = False
    """The pin is dead and nothing was applied: a new plan takes the intent's place."""
    attempt: Attempt | None = None
    """The send that is made aside, until its result is taken up."""
    looks: int = 0
    counted: bool = False
    """What its recovery decided has been counted."""
    failures: int = 0
    not_before: float = float("-inf")
    """When to go on, in monotonic seconds."""
    reason: str = ""
    """Why it waits: a CamelCase code, "" when it does not."""
    text: str = ""
    """The same for people."""
    when: str = ""
    """What completes the text, and moves while it waits; "" when nothing does."""

    @property
    def due_at(self) -> float:
        """When to go on, in monotonic seconds: as soon as what is made aside is done."""
        return float("-inf") if self.attempt is not None and self.attempt.done else self.not_before

    def wait(self, until: float, reason: str, text: str, when: str = "") -> None:
        """Do nothing until then (monotonic seconds), and say why."""
        self.not_before, self.reason, self.text, self.when = until, reason, text, when

    @property
    def words(self) -> str:
        """Why it waits, and what for, as it is now."""
        return "; ".join(filter(None, (self.text, self.when)))

    def noted(self, why: tuple[Decision, ...], now: datetime) -> tuple[Decision, ...]:
        """The history with why it waits. What moves is written anew once in `MOVES`: each word is a write."""
        last = why[-1] if why else None
        same = last is not None and (last.step, last.reason) == ("wait", self.reason)
        if not self.when or last is None or not same or not last.text.startswith(self.text):
            return note(why, "wait", self.reason, self.words, now)
        if now - last.at < MOVES:
            return why
        return note(why[:-1], "wait", self.reason, self.words, now)

    def tries(self, part: str, now: datetime) -> Tried:
        """A part is about to be sent: in doubt until there is an answer. Returns what is known if none was sent."""
        before = self.parts.get(part)
        tried = Tried(now, doubt=before is not None and before.doubt)
        self.parts[part] = replace(tried, doubt=True)
        return tried

    def evidence(self, answer: Json, seen: Seen | None, at: datetime, barred: str) -> Evidence:
        """What an executor is told of an intent."""
        return Evidence(
            answer=answer,
            refused=self.refused,
            doubt=self.doubt,
            seen=seen,
            looks=self.looks,
            at=at,
            parts=dict(self.parts),
            barred=barred,
        )

    def pause_s(self) -> float:
        """The pause that so many failures in a row deserve, in seconds."""
        return float(min(FIRST_BACKOFF_S * 2 ** (max(self.failures, 1) - 1), LONGEST_BACKOFF_S))

    def back_off(self, now: float, error: KubeError) -> None:
        """One failure more: wait, at least as long as the server asks."""
        asked = error.retry_after_s if isinstance(error, TooManyRequests) else None
        self.failures = min(self.failures + 1, 16)
        self.wait(now + max(asked or 0.0, self.pause_s()), type(error).__name__, str(error))
