"""The objects and the history of one resource, copied only when somebody writes: so a store is forked in no time.

Used by `store.py` alone. Two stores may share buckets, and the history, after `Collection.shared`; each copies what it
is about to change, once. What is shared is never changed: a write goes through `Collection.own_bucket` and
`Collection.own_history` first.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backends.fake.store import Entry, StoreEvent


class Bucket:
    """The objects of one resource in one namespace, by name, and their names in order."""

    __slots__ = ("entries", "names", "owner")

    def __init__(self, entries: dict[str, Entry], names: list[str], owner: object) -> None:
        self.entries = entries
        self.names = names
        self.owner = owner
        """Which collection may change it in place, by its `Collection.token`."""

    def ordered(self) -> list[Entry]:
        """The objects by name."""
        entries = self.entries
        return [entries[name] for name in self.names]


class Collection:
    """One resource: buckets by namespace, and its history."""

    __slots__ = ("buckets", "buckets_owned", "count", "events", "events_owned", "since", "token", "watchers")

    def __init__(self) -> None:
        self.buckets: dict[str, Bucket] = {}
        self.count = 0
        self.events: list[StoreEvent] = []
        self.since = 0
        """Events up to this revision are no longer kept."""
        self.watchers: dict[tuple[str, str], dict[int, Callable[[StoreEvent], None]]] = {}
        self.token = object()
        """What the buckets that are this collection's own know it by."""
        self.buckets_owned = self.events_owned = True

    def ordered(self, namespace: str) -> list[Entry]:
        """The objects by namespace and name; `namespace` empty: of all namespaces."""
        if namespace:
            bucket = self.buckets.get(namespace)
            return bucket.ordered() if bucket else []
        buckets = self.buckets
        if len(buckets) == 1:
            return next(iter(buckets.values())).ordered()
        return [entry for name in sorted(buckets) for entry in buckets[name].ordered()]

    # ---- sharing

    def shared(self) -> Collection:
        """Another collection with the same content and without watchers; from now on neither owns what both have."""
        other = Collection()
        other.buckets, other.count = self.buckets, self.count
        other.events, other.since = self.events, self.since
        for one in (self, other):
            one.token = object()
            one.buckets_owned = one.events_owned = False
        return other

    def own_history(self) -> list[StoreEvent]:
        """The history, to be changed."""
        if not self.events_owned:
            self.events = list(self.events)
            self.events_owned = True
        return self.events

    def _own_buckets(self) -> dict[str, Bucket]:
        if not self.buckets_owned:
            self.buckets = dict(self.buckets)
            self.buckets_owned = True
        return self.buckets

    def own_bucket(self, namespace: str) -> Bucket:
        """The bucket of a namespace, to be changed; a new one where there was none."""
        buckets = self._own_buckets()
        bucket = buckets.get(namespace)
        if bucket is None:
            bucket = buckets[namespace] = Bucket({}, [], self.token)
        elif bucket.owner is not self.token:
            bucket = buckets[namespace] = Bucket(dict(bucket.entries), list(bucket.names), self.token)
        return bucket

    # ---- writing

    def add(self, namespace: str, name: str, entry: Entry) -> None:
        """Put in an object whose name is free."""
        bucket = self.own_bucket(namespace)
        bucket.entries[name] = entry
        insort(bucket.names, name)
        self.count += 1

    def remove(self, namespace: str, name: str) -> None:
        """Take an object out that is there."""
        bucket = self.own_bucket(namespace)
        del bucket.entries[name]
        del bucket.names[bisect_left(bucket.names, name)]
        if not bucket.entries:
            del self.buckets[namespace]
        self.count -= 1


class Dependents:
    """Which objects name an owner, by its uid; forked like a collection."""

    __slots__ = ("keys", "owned")

    def __init__(self) -> None:
        self.keys: dict[str, dict[tuple[str, ...], None]] = {}
        self.owned: set[str] | None = None
        """Uids whose keys may be changed in place; None: all of them, and the table too."""

    def shared(self) -> Dependents:
        """Another index with the same content; from now on neither owns it."""
        other = Dependents()
        other.keys = self.keys
        for one in (self, other):
            one.owned = _NONE_YET
        return other

    def of(self, uid: str) -> list[tuple[str, ...]]:
        """The keys of the objects that name `uid`."""
        return list(self.keys.get(uid, ()))

    def add(self, uid: str, key: tuple[str, ...]) -> None:
        """The object at `key` names `uid`."""
        self._own(uid).setdefault(uid, {})[key] = None

    def discard(self, uid: str, key: tuple[str, ...]) -> None:
        """The object at `key` names `uid` no longer."""
        keys = self._own(uid).get(uid)
        if keys is not None:
            keys.pop(key, None)
            if not keys:
                del self.keys[uid]

    def _own(self, uid: str) -> dict[str, dict[tuple[str, ...], None]]:
        """The table, in which the keys of `uid` may be changed."""
        owned = self.owned
        if owned is None:
            return self.keys
        if owned is _NONE_YET:
            self.keys = dict(self.keys)
            owned = self.owned = set()
        if uid not in owned:
            owned.add(uid)
            if uid in self.keys:
                self.keys[uid] = dict(self.keys[uid])
        return self.keys


_NONE_YET: set[str] = set()
"""Stands for "shared, nothing copied yet"; compared by identity, never filled."""
