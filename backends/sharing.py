"""A dict that a cluster and its forks share until one of them writes: it is forked in no time, however much is in it.

For what a controller remembers of every object. Whoever writes first after a fork copies the dict, once; its values are
shared for good, so nobody may change them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class SharedDict(MutableMapping[K, V]):
    """Like a dict, with values that never change."""

    __slots__ = ("_items", "_owned")

    def __init__(self) -> None:
        self._items: dict[K, V] = {}
        self._owned = True
        """Has nobody else the same items? Otherwise they are copied before the next change."""

    def forked(self, fork: object) -> Mapping[str, object]:
        """What a fork begins with; from now on neither owns the items (called by `backends.fake.forking`)."""
        del fork
        self._owned = False
        return {"_items": self._items, "_owned": False}

    def _own(self) -> dict[K, V]:
        if not self._owned:
            self._items, self._owned = self._items.copy(), True
        return self._items

    def __getitem__(self, key: K) -> V:
        """The value of a key. Raises KeyError."""
        return self._items[key]

    def __setitem__(self, key: K, value: V) -> None:
        """Set the value of a key."""
        self._own()[key] = value

    def __delitem__(self, key: K) -> None:
        """Forget a key. Raises KeyError."""
        del self._own()[key]

    def __contains__(self, key: object) -> bool:
        return key in self._items

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)
