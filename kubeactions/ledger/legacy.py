"""What earlier agents left in the same ConfigMap: the key `executed-actions`. Pure; called by the ledger.

Its value is a JSON array of `{"Key": {"ID", "Version"}, "Status", "Message", "Timestamp"}`, Timestamp in Unix seconds,
one entry a config (not an action). Each becomes a record that stands for the whole config: it blocks every index of
its id and version. Unreadable content closes the ledger: it may hold exactly the action that is about to be repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from kubeactions.errors import LedgerClosed
from kubeactions.ledger.codec import fault
from kubeactions.model import ActionKey, Outcome, Phase, Record, Status

LEGACY_KEY = "executed-actions"
_STATUSES = {
    "success": Status.SUCCEEDED,
    "failed": Status.FAILED,
    "expired": Status.EXPIRED,
    "claimed": Status.UNKNOWN,
}
"""The statuses that earlier agents write; any other is honoured as `unknown`: it was taken, more is not known."""


@dataclass(frozen=True, slots=True)
class LegacyEntry:
    """One entry of an earlier agent. `version` may be 0 there."""

    id: str
    version: int
    status: Status
    message: str
    at: datetime

    def record(self, received_at: datetime) -> Record:
        """As a closed record of ours. It is kept as long as if it had been received now: its stamp is not known."""
        return Record(
            key=ActionKey(self.id, self.version),
            phase=Phase.SETTLED,
            digest="",
            received_at=received_at,
            order=0,
            outcome=Outcome(self.status, "Imported", self.message),
            settled_at=self.at,
            reported=True,
            whole=True,
        )


def read_legacy(text: str | None) -> tuple[LegacyEntry, ...]:
    """The entries of the key, () when it is missing or empty. Raises `LedgerClosed` when it cannot be read."""
    if text is None or not text.strip():
        return ()
    try:
        found = orjson.loads(text)
        return tuple(_entry(one) for one in found or ())
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise LedgerClosed(
            f"the history of an earlier agent (key {LEGACY_KEY}) is unreadable: {fault(error)}"
        ) from error


def chunks(records: Sequence[Record], size: int) -> list[Sequence[Record]]:
    """The records in groups of at most `size` (>= 1)."""
    return [records[start : start + size] for start in range(0, len(records), size)]


def _entry(found: dict[str, object]) -> LegacyEntry:
    key = found["Key"]
    if not isinstance(key, dict):
        raise TypeError("Key is no object")
    seconds = found.get("Timestamp") or 0
    if not isinstance(seconds, (int, float)):
        raise TypeError("Timestamp is no number")
    return LegacyEntry(
        id=str(key["ID"]),
        version=int(key["Version"]),
        status=_STATUSES.get(str(found.get("Status")), Status.UNKNOWN),
        message=str(found.get("Message") or ""),
        at=datetime.fromtimestamp(seconds, UTC),
    )
