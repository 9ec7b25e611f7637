"""The objects: one revision counter, serialised bodies, indexes, and the history that watches start from.

What etcd is to a real API server. Used by the registry only (controllers and audit listen, through `subscribe`).
It knows nothing of kinds, rules or HTTP; it refuses to hand out anything mutable that it keeps: readers get an `Entry`
with bytes, or a freshly parsed dict of their own from `Entry.load()`.

An object is kept as the bytes that follow its kind and apiVersion (`Entry.tail`), because items of a list carry
neither: so a list is a join of stored bytes, and one object is its resource's prefix plus the tail. Half of a pod is
its managedFields, and those of alike pods are the same: they are kept once. A store is forked by sharing what is in it
(`buckets.py`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any, Literal, NamedTuple, cast

import orjson

from backends.fake.buckets import Collection, Dependents
from backends.fake.catalogue import Resource
from backends.fake.forking import Fork, Immutable

HISTORY_LIMIT = 20_000
"""Events kept per resource before the older half is dropped, as the real server's watch cache drops them."""

_SHARES = b',"managedFields":'
_HEAD = frozenset({"kind", "apiVersion", "metadata"})

EventType = Literal["ADDED", "MODIFIED", "DELETED"]


class Key(NamedTuple):
    """Where an object is stored. `namespace` is empty for cluster-scoped ones."""

    group: str
    plural: str
    namespace: str
    name: str


class Entry(Immutable):
    """One version of one object, immutable."""

    __slots__ = ("front", "key", "labels", "owners", "resource", "rest", "rv", "shares", "terminating", "uid")

    def __init__(self, key: Key, resource: Resource, obj: dict[str, Any], rv: int) -> None:
        metadata = obj["metadata"]
        if rv:
            metadata["resourceVersion"] = str(rv)
        self.key = key
        self.resource = resource
        self.rv = rv
        self.uid: str = metadata["uid"]
        self.labels: dict[str, str] = metadata.get("labels") or {}
        references = metadata.get("ownerReferences")
        self.owners: tuple[str, ...] = tuple(owner["uid"] for owner in references) if references else ()
        self.terminating = "deletionTimestamp" in metadata
        owned = metadata.get("managedFields")
        if owned is not None:
            metadata = {member: value for member, value in metadata.items() if member != "managedFields"}
        self.front = b'"metadata":' + orjson.dumps(metadata)[:-1]
        """The beginning of the tail: the metadata up to managedFields."""
        self.shares = b"" if owned is None else _kept(_SHARES + orjson.dumps(owned))
        rest = {member: value for member, value in obj.items() if member not in _HEAD}
        self.rest = b"}," + orjson.dumps(rest)[1:] if rest else b"}}"

    @property
    def tail(self) -> bytes:
        """The object, serialised, from after its kind and apiVersion on."""
        return b"".join((self.front, self.shares, self.rest))

    @property
    def data(self) -> bytes:
        """The whole object, serialised."""
        return b"".join((self.resource.prefix, self.front, self.shares, self.rest))

    def load(self) -> dict[str, Any]:
        """The whole object as a dict of the caller's own; but nobody may change an entry of its managedFields."""
        obj: dict[str, Any] = orjson.loads(b"".join((self.resource.prefix, self.front, self.rest)))
        if self.shares:
            obj["metadata"]["managedFields"] = [*_told(self.shares)]
        return obj


@lru_cache(maxsize=4096)
def _kept(shares: bytes) -> bytes:
    """The same bytes, once for all that have them."""
    return shares


@lru_cache(maxsize=1024)
def _told(shares: bytes) -> tuple[dict[str, Any], ...]:
    """The entries that the bytes tell: read once for all that look at them, and replaced as a whole by who writes."""
    return tuple(orjson.loads(shares[len(_SHARES) :]))


class StoreEvent(NamedTuple):
    """One committed change. `old` is None for ADDED, `new` is None for DELETED."""

    type: EventType
    key: Key
    rv: int
    old: Entry | None
    new: Entry | None
    shown: Entry
    """What a watch shows: `new`, or the last state under the revision of its deletion."""


# Store has a method called `list`, so inside of it the type goes by these names.
Entries = list[Entry]
Events = list[StoreEvent]
Keys = list[Key]


class GoneError(Exception):
    """The asked revision is older than the history that is kept; `oldest` is the first one that is."""

    def __init__(self, oldest: int) -> None:
        super().__init__(f"history starts at {oldest}")
        self.oldest = oldest


class Store:
    """All objects of one cluster. Not thread-safe by itself: the cluster's lock is held around every call."""

    def __init__(self, history_limit: int = HISTORY_LIMIT) -> None:
        self._collections: dict[tuple[str, str], Collection] = {}
        self._dependents = Dependents()
        self._listeners: list[Callable[[StoreEvent], None]] = []
        self._history_limit = history_limit
        self._watcher_ids = 0
        self._closers: dict[int, tuple[tuple[str, str], Callable[[], None]]] = {}
        self.revision = 0
        """The revision of the last committed change; each change has its own."""
        self.compacted = 0
        """Revisions up to this one can no longer be listed or watched from."""

    # ---- reading

    def get(self, key: Key) -> Entry | None:
        """The current version of an object, or None."""
        group, plural, namespace, name = key
        return self.at((group, plural), namespace, name)

    def at(self, storage: tuple[str, str], namespace: str, name: str) -> Entry | None:
        """`get` without a `Key`: this is the hottest path of all."""
        collection = self._collections.get(storage)
        if collection is None:
            return None
        bucket = collection.buckets.get(namespace)
        return bucket.entries.get(name) if bucket is not None else None

    def list(self, group: str, plural: str, namespace: str = "") -> Entries:
        """The objects of a resource, ordered by namespace and name; `namespace` empty: of all namespaces."""
        collection = self._collections.get((group, plural))
        return collection.ordered(namespace) if collection is not None else []

    def count(self, group: str, plural: str) -> int:
        """How many objects a resource has."""
        collection = self._collections.get((group, plural))
        return collection.count if collection is not None else 0

    def list_at(self, group: str, plural: str, namespace: str, rv: int) -> Entries:
        """The objects as they were at revision `rv`. Raises `GoneError` when that is too long ago.

        Costs one look at each change since then.
        """
        if rv >= self.revision:
            return self.list(group, plural, namespace)
        then = {(entry.key.namespace, entry.key.name): entry for entry in self.list(group, plural, namespace)}
        for event in reversed(self.since(group, plural, rv)):
            if namespace and event.key.namespace != namespace:
                continue
            place = (event.key.namespace, event.key.name)
            if event.old is None:
                then.pop(place, None)
            else:
                then[place] = event.old
        return [then[place] for place in sorted(then)]

    def since(self, group: str, plural: str, rv: int) -> Events:
        """The changes of a resource after revision `rv`, in order. Raises `GoneError` when some are no longer kept."""
        collection = self._collections.get((group, plural))
        oldest = self.oldest(group, plural)
        if rv < oldest:
            raise GoneError(oldest + 1)
        if collection is None:
            return []
        return collection.events[bisect_right(collection.events, rv, key=attrgetter("rv")) :]

    def oldest(self, group: str, plural: str) -> int:
        """The revision after which every change of a resource is kept."""
        collection = self._collections.get((group, plural))
        return max(self.compacted, collection.since if collection is not None else 0)

    def everything(self) -> Iterator[Entry]:
        """All objects, resource by resource in order of their first creation."""
        for collection in self._collections.values():
            yield from collection.ordered("")

    def in_namespace(self, namespace: str) -> Iterator[Entry]:
        """All objects in one namespace."""
        for collection in self._collections.values():
            bucket = collection.buckets.get(namespace)
            if bucket is not None:
                yield from bucket.ordered()

    def dependents(self, uid: str) -> Keys:
        """Keys of the objects that name `uid` in their ownerReferences."""
        return cast(Keys, self._dependents.of(uid))

    # ---- writing

    def create(self, key: Key, resource: Resource, obj: dict[str, Any]) -> Entry:
        """Commit a new object (its metadata.resourceVersion is set). The key must be free."""
        collection = self._collections.get(key[:2])
        if collection is None:
            collection = self._collections[key[:2]] = Collection()
        bucket = collection.buckets.get(key.namespace)
        if bucket is not None and key.name in bucket.entries:
            raise RuntimeError(f"{key} is taken: the registry must look first")
        entry = Entry(key, resource, obj, self._next_revision())
        collection.add(key.namespace, key.name, entry)
        self._index(entry)
        self._publish(collection, StoreEvent("ADDED", key, entry.rv, None, entry, entry))
        return entry

    def update(self, old: Entry, obj: dict[str, Any], resource: Resource | None = None) -> Entry:
        """Commit a new version of a stored object (its metadata.resourceVersion is set).

        `resource` is what it is stored as from now on, where that is another version than before.
        """
        key = old.key
        collection = self._collections[key[:2]]
        self._must_be_current(collection, old)
        entry = Entry(key, resource or old.resource, obj, self._next_revision())
        collection.own_bucket(key.namespace).entries[key.name] = entry
        if entry.owners != old.owners:
            self._unindex(old)
            self._index(entry)
        self._publish(collection, StoreEvent("MODIFIED", key, entry.rv, old, entry, entry))
        return entry

    def delete(self, old: Entry, last: dict[str, Any] | None = None) -> Entry:
        """Remove an object; returns its last state under the revision of the deletion.

        `last` is the last state where it differs from the stored one (a grace period that was set, for example).
        """
        key = old.key
        collection = self._collections[key[:2]]
        self._must_be_current(collection, old)
        collection.remove(key.namespace, key.name)
        self._unindex(old)
        gone = Entry(key, old.resource, last if last is not None else old.load(), self._next_revision())
        self._publish(collection, StoreEvent("DELETED", key, gone.rv, old, None, gone))
        return gone

    def compact(self, rv: int) -> None:
        """Forget the history up to revision `rv` (at most the current one)."""
        self.compacted = max(self.compacted, min(rv, self.revision))
        for collection in self._collections.values():
            cut = bisect_right(collection.events, self.compacted, key=attrgetter("rv"))
            if cut:
                del collection.own_history()[:cut]

    # ---- listening

    def subscribe(self, callback: Callable[[StoreEvent], None]) -> Callable[[], None]:
        """Call `callback` with every commit, inside the commit: it must not write; it notes what is to be done.

        Returns what ends the subscription.
        """
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def watch(
        self,
        group: str,
        plural: str,
        namespace: str,
        name: str,
        callback: Callable[[StoreEvent], None],
        close: Callable[[], None] | None = None,
    ) -> Callable[[], None]:
        """Call `callback` with the commits of one resource; `namespace` and `name` narrow it where they are given.

        Watchers are found by place, so a commit costs only the watchers that may want it. `close` is called when the
        store ends its watches (`end_watches`). Returns what ends this one.
        """
        collection = self._collections.get((group, plural))
        if collection is None:
            collection = self._collections[group, plural] = Collection()
        self._watcher_ids += 1
        identifier, place = self._watcher_ids, (namespace, name)
        collection.watchers.setdefault(place, {})[identifier] = callback
        if close is not None:
            self._closers[identifier] = ((group, plural), close)

        def end() -> None:
            self._closers.pop(identifier, None)
            at_place = collection.watchers.get(place)
            if at_place is not None and at_place.pop(identifier, None) is not None and not at_place:
                del collection.watchers[place]

        return end

    def is_watched(self, storage: tuple[str, str]) -> bool:
        """Whether anybody watches this resource (group and plural), or a part of it."""
        collection = self._collections.get(storage)
        return collection is not None and bool(collection.watchers)

    def end_watches(self, of: tuple[str, str] | None = None) -> int:
        """Close every watch that said how, or those of one resource (group and plural); returns how many."""
        closers = [close for storage, close in self._closers.values() if of in (None, storage)]
        for close in closers:
            close()
        return len(closers)

    # ---- sharing

    def forked(self, fork: Fork) -> Mapping[str, object]:
        """A fork has the same content, in the time that a few dozen references take; nobody watches it yet."""
        del fork
        shared = {storage: held.shared() for storage, held in self._collections.items()}
        return {"_collections": shared, "_dependents": self._dependents.shared(), "_closers": {}}

    # ---- inside

    def _next_revision(self) -> int:
        self.revision += 1
        return self.revision

    @staticmethod
    def _must_be_current(collection: Collection, old: Entry) -> None:
        bucket = collection.buckets.get(old.key.namespace)
        if bucket is None or bucket.entries.get(old.key.name) is not old:
            raise RuntimeError(f"{old.key}: not the current version: the registry must read under the same lock")

    def _index(self, entry: Entry) -> None:
        for uid in entry.owners:
            self._dependents.add(uid, entry.key)

    def _unindex(self, entry: Entry) -> None:
        for uid in entry.owners:
            self._dependents.discard(uid, entry.key)

    def _publish(self, collection: Collection, event: StoreEvent) -> None:
        events = collection.own_history()
        events.append(event)
        if len(events) > self._history_limit:
            cut = len(events) // 2
            collection.since = events[cut - 1].rv
            del events[:cut]
        if collection.watchers:
            key = event.key
            for place in {("", ""), (key.namespace, ""), ("", key.name), (key.namespace, key.name)}:
                for callback in tuple(collection.watchers.get(place, {}).values()):
                    callback(event)
        for listener in self._listeners:
            listener(event)
