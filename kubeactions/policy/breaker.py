"""The circuit breaker: so many actions that failed, or of which nobody knows, and nothing more is begun. Pure.

The processor asks after each round and pauses the system with the answer as the reason. Failures are counted from the
ledger's records by their leaders' stamps, so a new leader counts the same; those until the last resumption are over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from kubeactions.safety import Breaker


@dataclass(frozen=True, slots=True)
class Failure:
    """One action that ended as `failed` or `unknown`."""

    key: str
    at: datetime
    reason: str


def broken_by(
    failures: Iterable[Failure], now: datetime, breaker: Breaker, resumed: datetime | None
) -> tuple[Failure, ...]:
    """The failures that pause the system, oldest first; () when there are too few."""
    if not breaker.failures:
        return ()
    since = now - timedelta(seconds=breaker.window_s)
    counted = [one for one in failures if one.at > since and (resumed is None or one.at > resumed)]
    return tuple(sorted(counted, key=lambda one: one.at)) if len(counted) >= breaker.failures else ()
