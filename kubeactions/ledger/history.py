"""What dedup asks of the past, in memory: by name, by config, by action_id. Owned by the ledger, asked by accept.

It is built from the head and the sealed segments at each promotion and follows every durable write; it never runs
ahead of one. It refuses nothing and decides nothing: see processor/accept.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kubeactions.ledger.codec import Known
from kubeactions.model import Status

_TAKEN = frozenset({None, Status.SUCCEEDED, Status.FAILED, Status.UNKNOWN})
"""An action_id is used up by a record that is open, or that had or may have had its effect."""


class History:
    """Every record that is known, by what dedup looks for. Not thread-safe; one thread owns the ledger."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}
        self._highest: dict[str, int] = {}
        self._whole: dict[tuple[str, int], Known] = {}
        self._by_action_id: dict[str, tuple[str, ...]] = {}
        self._changed: set[str] = set()

    def __len__(self) -> int:
        return len(self._known)

    def add(self, records: Mapping[str, Known]) -> None:
        """Take these in, by name; what was known of them is replaced."""
        for name, known in records.items():
            before = self._known.get(name)
            if before == known:
                continue
            self._changed.add(name)
            self._known[name] = known
            self._highest[known.id] = max(known.version, self._highest.get(known.id, 0))
            if known.whole:
                self._whole[known.id, known.version] = known
            if known.action_id and before is None:
                self._by_action_id[known.action_id] = (*self._by_action_id.get(known.action_id, ()), name)

    def forget(self, names: Iterable[str]) -> None:
        """Drop what has been pruned. The highest version of an id stays known as long as this process lives."""
        for name in names:
            if (known := self._known.pop(name, None)) is None:
                continue
            self._whole.pop((known.id, known.version), None)
            if known.action_id:
                left = tuple(one for one in self._by_action_id.pop(known.action_id) if one != name)
                if left:
                    self._by_action_id[known.action_id] = left

    def take_changes(self) -> set[str]:
        """Names of records that are new or different since this was asked last."""
        changed, self._changed = self._changed, set()
        return changed

    def get(self, name: str) -> Known | None:
        """The record of this name."""
        return self._known.get(name)

    def all(self) -> Iterable[Known]:
        """Every record that is known, in no order."""
        return self._known.values()

    def whole(self, config_id: str, version: int) -> Known | None:
        """The record that stands for the whole config, if one does."""
        return self._whole.get((config_id, version))

    def highest(self, config_id: str) -> int:
        """The highest version recorded for an id, 0 when there is none."""
        return self._highest.get(config_id, 0)

    def taken(self, action_id: str) -> Known | None:
        """A record that uses up this action_id."""
        for name in sorted(self._by_action_id.get(action_id, ())):
            if self._known[name].status in _TAKEN:
                return self._known[name]
        return None
