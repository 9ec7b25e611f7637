"""What this process knows of an open record and the ledger does not say. Owned by the execution, for one term.

A trail is lost with its process, and that must not matter: a new leader takes every intent that it finds as recovered,
which is in doubt from the start.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kubeactions.errors import KubeError, Refused, TooManyRequests
from kubeactions.model import Tried

FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 30.0


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

    def wait(self, until: float, reason: str, text: str) -> None:
        """Do nothing until then (monotonic seconds), and say why."""
        self.not_before, self.reason, self.text = until, reason, text

    def pause_s(self) -> float:
        """The pause that so many failures in a row deserve, in seconds."""
        return float(min(FIRST_BACKOFF_S * 2 ** (max(self.failures, 1) - 1), LONGEST_BACKOFF_S))

    def back_off(self, now: float, error: KubeError) -> None:
        """One failure more: wait, at least as long as the server asks."""
        asked = error.retry_after_s if isinstance(error, TooManyRequests) else None
        self.failures = min(self.failures + 1, 16)
        self.wait(now + max(asked or 0.0, self.pause_s()), type(error).__name__, str(error))
