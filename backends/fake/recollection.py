"""What happened to one object: every version that is still known, who made it, when, by which request, and the diff.

Used by `KubernetesCluster.history`. The versions come from the store's history, the authors from the audit trail. It
refuses to guess: a change whose request is not on record (the object was loaded) has an empty `user`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from backends.fake.comparing import Place, difference
from backends.fake.store import StoreEvent

if TYPE_CHECKING:
    from backends.fake.catalogue import Resource
    from backends.fake.cluster import Cluster


@dataclass(frozen=True, slots=True)
class Version:
    """One change of one object."""

    at: datetime | None
    """When, in the cluster's time; None where the request is not on record."""
    user: str
    verb: str
    """The request's: create, update, patch, delete, deletecollection; "" where it is not on record."""
    subresource: str
    revision: int
    type: str
    """ADDED, MODIFIED or DELETED."""
    diff: str
    """What changed, as unified YAML."""

    def __str__(self) -> str:
        when = self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if self.at else "(before)"
        verb = f"{self.verb}/{self.subresource}" if self.subresource else self.verb or "loaded"
        return f"{when} revision {self.revision}: {verb} by {self.user or 'nobody on record'}\n{self.diff}"


def history(cluster: Cluster, resource: Resource, namespace: str, name: str) -> list[Version]:
    """The versions of one object that are still known, oldest first; those of its namesakes before it too.

    How far back that goes depends on how much has happened since (store.HISTORY_LIMIT), and it begins with the cluster.
    """
    with cluster.lock:
        cluster.catch_up()
        events = cluster.store.since(*resource.storage, cluster.store.oldest(*resource.storage))
        mine = [event for event in events if event.key.namespace == namespace and event.key.name == name]
        return [_version(cluster, event) for event in mine]


def _version(cluster: Cluster, event: StoreEvent) -> Version:
    old = event.old.load() if event.old is not None else None
    new = event.new.load() if event.new is not None else None
    change = difference(Place.of(event.shown.load()), old, new)
    request = cluster.audit.author(event.rv)
    return Version(
        at=request.at if request else None,
        user=request.user if request else "",
        verb=request.verb if request else "",
        subresource=request.subresource if request else "",
        revision=event.rv,
        type=event.type,
        diff=change.diff if change else "",
    )
