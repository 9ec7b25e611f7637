"""`Recent`: what was worked out for a value that comes again and again, as the pod specs of one workload do.

Used by decoding and by the rules of pods, whose answers depend on nothing but the value. The key is the value's JSON,
so that nothing mutable is held.
"""

from __future__ import annotations

from typing import Generic, TypeVar

Kept = TypeVar("Kept")


class Recent(Generic[Kept]):
    """At most `limit` entries; when one more comes, all are forgotten. Threads may share it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: dict[bytes, Kept] = {}
        self.get = self._entries.get

    def keep(self, key: bytes, value: Kept) -> None:
        """Remember `value` for `key`."""
        if len(self._entries) >= self._limit:
            self._entries.clear()
        self._entries[key] = value
