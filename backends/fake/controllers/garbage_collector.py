"""What has lost its owners goes too: owner references, and the finalizers `orphan` and `foregroundDeletion`.

kube-controller-manager's `generic-garbage-collector`. An object is collected when none of its owners is left; an owner
that is deleted in the foreground waits for the dependents that block it; one that is deleted with `orphan` first lets
them go. Owners are told by uid: another object of the same name is nobody's owner.
Rules: kubernetes.io/docs/concepts/architecture/garbage-collection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum

from backends.fake.catalogue import Catalogue, Resource
from backends.fake.controllers.client import Client, Delete, Update, Write
from backends.fake.controllers.kinds import kind_of
from backends.fake.store import Entry, Key, Store, StoreEvent
from backends.kubelet.pods import Object
from backends.sharing import SharedDict

ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"


class Owner(Enum):
    """What became of an owner."""

    LIVES = "it is there"
    GONE = "there is no object of this uid"
    WAITS = "it is deleted in the foreground, and waits for its dependents"


class GarbageCollector:
    """One step looks at one object, as a dependent and as an owner. What it is about is any kind, so a whole key."""

    name = "generic-garbage-collector"

    def __init__(self, client: Client, store: Store, catalogue: Catalogue) -> None:
        self._client = client
        self._store = store
        self._catalogue = catalogue
        self._known: dict[tuple[str, str], Resource] = {}
        """Custom kinds that were seen: what is no more served may still be an owner that is gone."""
        self._waiting: SharedDict[str, Key] = SharedDict()
        """Owners that wait for their dependents, by uid."""

    def concerns(self, event: StoreEvent) -> Iterable[Key]:
        """Whose turn it is after an event of any kind. Called inside the commit."""
        entry = event.new
        if event.shown.resource.custom is not None:
            self._known[event.shown.resource.api_version, event.shown.resource.kind] = event.shown.resource
        waiting = self._waiting_for(event) if self._waiting else []
        if entry is None:
            self._waiting.pop(event.shown.uid, None)
            return [*self._store.dependents(event.shown.uid), *waiting]
        if entry.terminating or (entry.owners and (event.old is None or event.old.owners != entry.owners)):
            return (event.key, *waiting)
        return waiting

    def _waiting_for(self, event: StoreEvent) -> list[Key]:
        """The owners that wait for the event's object, or did before it: it may block them no longer."""
        uids = {uid for entry in (event.old, event.new) if entry is not None for uid in entry.owners}
        return [key for uid, key in self._waiting.items() if uid in uids]

    def step(self, key: Key) -> None:
        """Let dependents go, wait for them, or go with the last owner. Raises `Refused`."""
        entry = self._store.get(key)
        if entry is not None:
            self._client.apply(self._writes(entry))

    def _writes(self, entry: Entry) -> list[Write]:
        if not entry.terminating:
            return self._dependent(entry) if entry.owners else []
        obj = entry.load()
        finalizers = obj["metadata"].get("finalizers") or []
        if ORPHAN in finalizers:
            return self._orphan(entry, obj)
        return self._foreground(entry, obj) if FOREGROUND in finalizers else []

    # ---- as an owner

    def _orphan(self, entry: Entry, obj: Object) -> list[Write]:
        writes: list[Write] = []
        for dependent in self._client.dependents(entry.uid):
            changed = dependent.load()
            _keep_owners(changed, lambda owner: owner["uid"] != entry.uid)
            writes.append(Update(kind_of(dependent), changed))
        writes.append(Update(kind_of(entry), _without(obj, ORPHAN)))
        return writes

    def _foreground(self, entry: Entry, obj: Object) -> list[Write]:
        dependents = self._client.dependents(entry.uid)
        blocking = [found for found in dependents if _blocks(found, entry.uid)]
        if not blocking:
            self._waiting.pop(entry.uid, None)
            return [Update(kind_of(entry), _without(obj, FOREGROUND))]
        self._waiting[entry.uid] = entry.key
        return [write for found in dependents if not found.terminating for write in self._dependent(found)]

    # ---- as a dependent

    def _dependent(self, entry: Entry) -> list[Write]:
        obj = entry.load()
        owners = {owner["uid"]: self._look(entry, owner) for owner in obj["metadata"].get("ownerReferences") or ()}
        if Owner.LIVES in owners.values():
            if all(found is Owner.LIVES for found in owners.values()):
                return []
            _keep_owners(obj, lambda owner: owners[owner["uid"]] is Owner.LIVES)
            return [Update(kind_of(entry), obj)]
        finalizers = obj["metadata"].get("finalizers") or []
        if Owner.WAITS in owners.values() and (dependents := self._client.dependents(entry.uid)):
            writes: list[Write] = []
            if any(one.uid in self._waiting for one in dependents):
                # They own each other in a circle: somebody has to stop blocking.
                writes.append(Update(kind_of(entry), _unblocking(obj)))
            return [*writes, Delete(kind_of(entry), obj, propagation="Foreground")]
        policy = "Foreground" if FOREGROUND in finalizers else "Background"
        return [Delete(kind_of(entry), obj, propagation="Orphan" if ORPHAN in finalizers else policy)]

    def _look(self, dependent: Entry, reference: Object) -> Owner:
        try:
            resource = self._catalogue.of_object(reference)
        except KeyError:
            known = self._known.get((str(reference.get("apiVersion")), str(reference.get("kind"))))
            if known is None:
                return Owner.LIVES  # Of a kind that was never served: nothing is known of it, so nothing is done.
            resource = known
        if resource.namespaced and not dependent.key.namespace:
            return Owner.LIVES  # Nobody can tell which namespace is meant: never collected.
        namespace = dependent.key.namespace if resource.namespaced else ""
        owner = self._store.get(Key(*resource.storage, namespace, reference["name"]))
        if owner is None or owner.uid != reference["uid"]:
            return Owner.GONE
        return Owner.WAITS if owner.uid in self._waiting else Owner.LIVES


def _keep_owners(obj: Object, keep: Callable[[Object], bool]) -> None:
    left = [owner for owner in obj["metadata"].get("ownerReferences") or () if keep(owner)]
    if left:
        obj["metadata"]["ownerReferences"] = left
    else:
        obj["metadata"].pop("ownerReferences", None)


def _unblocking(obj: Object) -> Object:
    for owner in obj["metadata"].get("ownerReferences") or ():
        if owner.get("blockOwnerDeletion"):
            owner["blockOwnerDeletion"] = False
    return obj


def _without(obj: Object, finalizer: str) -> Object:
    obj["metadata"]["finalizers"] = [one for one in obj["metadata"]["finalizers"] if one != finalizer]
    return obj


def _blocks(dependent: Entry, uid: str) -> bool:
    references = dependent.load()["metadata"].get("ownerReferences") or ()
    return any(owner["uid"] == uid and owner.get("blockOwnerDeletion") for owner in references)
