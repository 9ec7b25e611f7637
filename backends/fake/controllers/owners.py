"""Who is behind an event: the workload that owns a pod, and the workloads that select one that has no owner.

Shared by the controllers of one cluster and fed with every event first. It keeps an index from uid to place for the
kinds that control others, and the parsed selectors; both follow from the store and cost what there are workloads, not
what there are pods.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from backends.fake.controllers.client import Client
from backends.fake.controllers.kinds import (
    BUDGETS,
    CRON_JOBS,
    DAEMON_SETS,
    DEPLOYMENTS,
    JOBS,
    REPLICA_SETS,
    REPLICATION_CONTROLLERS,
    STATEFUL_SETS,
    Kind,
)
from backends.fake.selectors import LabelSelector, labels_of
from backends.fake.store import Entry, Key, StoreEvent
from backends.kubelet.pods import Object
from backends.sharing import SharedDict

_CONTROLLING = (DEPLOYMENTS, REPLICA_SETS, REPLICATION_CONTROLLERS, STATEFUL_SETS, DAEMON_SETS, JOBS, CRON_JOBS)
CONTROLLING: Final = frozenset(kind.stored for kind in _CONTROLLING)


class Owners:
    """The index of one cluster's workloads."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._places: SharedDict[str, Key] = SharedDict()
        self._selectors: SharedDict[str, tuple[int, LabelSelector | None]] = SharedDict()

    def hear(self, event: StoreEvent) -> None:
        """Keep up with an event; every event goes here before any controller hears it."""
        stored = (event.key.group, event.key.plural)
        if stored not in CONTROLLING and stored != BUDGETS.stored:
            return
        if event.new is None:
            self._places.pop(event.shown.uid, None)
            self._selectors.pop(event.shown.uid, None)
        elif stored in CONTROLLING:
            self._places[event.new.uid] = event.key

    def owning(self, event: StoreEvent, kind: Kind) -> Iterator[tuple[str, str]]:
        """The places of the `kind` that own the event's object, before or after it."""
        uids: dict[str, None] = {}
        for entry in (event.old, event.new):
            if entry is not None:
                uids.update(dict.fromkeys(entry.owners))
        for uid in uids:
            key = self._places.get(uid)
            if key is not None and (key.group, key.plural) == kind.stored:
                yield key.namespace, key.name

    def interested(self, event: StoreEvent, kind: Kind) -> Iterator[tuple[str, str]]:
        """Those that own the event's object; if nobody controls it, those whose selector would adopt it."""
        owned = False
        for entry in (event.old, event.new):
            owned = owned or bool(entry is not None and entry.owners)
        if owned:
            yield from self.owning(event, kind)
        if event.new is not None and is_uncontrolled(event.new):
            yield from self.selecting(event.new.labels, event.key.namespace, kind)

    def selecting(self, labels: Mapping[str, str], namespace: str, kind: Kind) -> Iterator[tuple[str, str]]:
        """The places of the `kind` in a namespace whose selector matches the labels."""
        for entry in self._client.entries(kind, namespace):
            selector = self.selector(entry)
            if selector is not None and selector(labels):
                yield entry.key.namespace, entry.key.name

    def selector(self, entry: Entry) -> LabelSelector | None:
        """The parsed `spec.selector` of a stored workload or budget; parsed once a version."""
        known = self._selectors.get(entry.uid)
        if known is None or known[0] != entry.rv:
            spec = entry.load().get("spec") or {}
            stored = (entry.key.group, entry.key.plural)
            known = self._selectors[entry.uid] = (entry.rv, labels_of(selector_of(stored, spec)))
        return known[1]


def is_uncontrolled(entry: Entry) -> bool:
    """Whether none of its owners controls it, so that it may be adopted. A look at the bytes spares a parse."""
    return not entry.owners or b'"controller":true' not in entry.front


def selector_of(stored: tuple[str, str], spec: Object) -> Object | None:
    """The selector of a workload or budget; a ReplicationController has labels and nothing else."""
    found: Object | None = spec.get("selector")
    return {"matchLabels": found} if found and stored == REPLICATION_CONTROLLERS.stored else found
