"""Times as Kubernetes writes them (RFC 3339, UTC), and back.

Called by the kubelet and by the controllers of the in-memory cluster. It never reads a clock: whoever stamps says when.
"""

from __future__ import annotations

from datetime import UTC, datetime


def stamp(at: datetime) -> str:
    """`at` (aware) as `metav1.Time` is serialised: `2026-01-01T00:00:00Z`, the fraction cut off."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_stamp(at: datetime) -> str:
    """`at` (aware) as `metav1.MicroTime` is serialised: `2026-01-01T00:00:00.000000Z`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def instant(text: str) -> datetime:
    """The aware time that `text` (`Time` or `MicroTime`) names. Raises `ValueError` for anything else."""
    return datetime.fromisoformat(text)


def seconds_until(text: str, now: datetime) -> float:
    """Seconds from `now` to the time that `text` names; negative when it is over."""
    return (instant(text) - now).total_seconds()
