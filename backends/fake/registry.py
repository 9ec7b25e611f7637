"""Create, update and delete, as every kind goes through them: strategies, metadata, preconditions, finalizers, grace.

The server calls it with what it decoded from a request; controllers call it directly. It mirrors
k8s.io/apiserver/pkg/registry/generic/registry/store.go and keeps its order of checks. Everything it refuses is an
`ApiError`. It knows no HTTP. Not thread-safe by itself: the cluster's lock is held.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from backends.clock import Clock
from backends.fake import metadata as meta
from backends.fake import statuses, strategies
from backends.fake.catalogue import Resource
from backends.fake.ids import Ids
from backends.fake.metadata import Cause
from backends.fake.store import Entry, Key, Store

Obj = dict[str, Any]
ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"


class Rules(Protocol):
    """What the schema and the validation say about a kind."""

    def default(self, resource: Resource, obj: Obj) -> None:
        """Fill in what is missing."""

    def check_create(self, resource: Resource, obj: Obj) -> list[Cause]:
        """What is wrong with a new object."""

    def check_update(self, resource: Resource, new: Obj, old: Obj, subresource: str) -> list[Cause]:
        """What is wrong with a change."""


class Admission(Protocol):
    """The plugins that look at every write before it is validated."""

    def admit_create(self, resource: Resource, namespace: str, obj: Obj, user: str) -> None:
        """Change or refuse a new object."""

    def admit_delete(self, resource: Resource, namespace: str, name: str) -> None:
        """Refuse a deletion."""


@dataclass(slots=True)
class DeleteOptions:
    """What a DELETE may say."""

    grace_period_s: int | None = None
    propagation: str | None = None
    orphan_dependents: bool | None = None
    uid: str | None = None
    resource_version: str | None = None
    dry_run: bool = False


class Deleted(NamedTuple):
    """What came of a DELETE: the last state, and whether the object is gone."""

    entry: Entry
    gone: bool


class Registry:
    """The generic registry over one store."""

    def __init__(self, store: Store, clock: Clock, ids: Ids, rules: Rules, admission: Admission) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self.rules = rules
        self.admission = admission

    # ---- reading

    def find(self, resource: Resource, namespace: str, name: str) -> Entry:
        """The stored object. Raises `ApiError` 404."""
        entry = self.store.get(Key(*resource.storage, namespace, name))
        if entry is None:
            raise statuses.not_found(resource.plural, name, resource.group)
        return entry

    # ---- create

    def create(self, resource: Resource, namespace: str, obj: Obj, *, user: str = "", dry_run: bool = False) -> Entry:
        """Store a new object (a dict of the registry's own from now on). Raises `ApiError` 403, 404, 409, 422, 500."""
        metadata = meta.of(obj)
        if resource.namespaced:
            metadata["namespace"] = namespace
        else:
            metadata.pop("namespace", None)
        if metadata.get("resourceVersion"):
            raise ApiErrors.create_with_version(resource, metadata.get("name", ""))
        strategy = strategies.of(*resource.storage)
        self.rules.default(resource, obj)
        self.admission.admit_create(resource, namespace, obj, user)
        strategy.prepare_create(obj)
        meta.prepare_create(metadata, self.ids.uid(), self.clock.wall(), self.ids.suffix())
        causes = self.rules.check_create(resource, obj)
        if causes:
            raise self._invalid(resource, metadata.get("name", ""), causes)
        key = Key(*resource.storage, namespace if resource.namespaced else "", metadata["name"])
        taken = self.store.get(key)
        if taken is not None:
            raise ApiErrors.taken(resource, key.name, taken)
        if dry_run:
            return Entry(key, resource, obj, 0)
        return self.store.create(key, resource, obj)

    # ---- update

    def update(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        change: Callable[[Obj], Obj],
        *,
        subresource: str = "",
        dry_run: bool = False,
        uid: str | None = None,
        unconditional: bool | None = None,
    ) -> Entry:
        """Change a stored object: `change` gets a copy of it and returns what it is to be.

        `uid` is a precondition. `unconditional` False refuses an object without resourceVersion; None asks the
        strategy. Raises `ApiError` 404, 409, 422, 500.
        """
        entry = self.find(resource, namespace, name)
        if uid and uid != entry.uid:
            raise ApiErrors.uid_in_record(resource, name, uid, entry)
        old = entry.load()
        new = change(entry.load())
        self._check_version(resource, name, new, entry, unconditional)
        strategy = strategies.of(*resource.storage)
        meta.prepare_update(meta.of(new), old["metadata"])
        self.rules.default(resource, new)
        new = self._prepared(strategy, new, old, subresource)
        causes = self.rules.check_update(resource, new, old, subresource)
        if causes:
            raise self._invalid(resource, name, causes)
        new["metadata"]["resourceVersion"] = str(entry.rv)
        if self._lets_go(new, old):
            if not dry_run:
                self.store.delete(entry)
            return Entry(entry.key, entry.resource, new, entry.rv)
        if new == old:
            return entry
        if dry_run:
            return Entry(entry.key, entry.resource, new, entry.rv)
        return self.store.update(entry, new)

    @staticmethod
    def _prepared(strategy: strategies.Strategy, new: Obj, old: Obj, subresource: str) -> Obj:
        if subresource == "status":
            return strategy.prepare_status_update(new, old)
        strategy.prepare_update(new, old)
        return new

    @staticmethod
    def _check_version(resource: Resource, name: str, new: Obj, entry: Entry, unconditional: bool | None) -> None:
        version = meta.of(new).get("resourceVersion") or ""
        if not version:
            if unconditional is None:
                unconditional = strategies.of(*resource.storage).unconditional_update
            if not unconditional:
                cause = Cause(
                    "metadata.resourceVersion", "FieldValueInvalid",
                    "Invalid value: 0: must be specified for an update",
                )  # fmt: skip
                raise statuses.invalid(resource.kind, name, resource.group, [cause._asdict()])
            return
        if not version.isdigit():
            raise statuses.internal(f'strconv.ParseUint: parsing "{version}": invalid syntax')
        if int(version) != entry.rv:
            raise statuses.conflict(resource.plural, name, resource.group, statuses.MODIFIED)

    @staticmethod
    def _lets_go(new: Obj, old: Obj) -> bool:
        """Has the last finalizer of a terminating object been removed?"""
        before = old["metadata"]
        return (
            "deletionTimestamp" in before
            and before.get("deletionGracePeriodSeconds", 0) == 0
            and bool(before.get("finalizers"))
            and not new["metadata"].get("finalizers")
        )

    # ---- delete

    def delete(self, resource: Resource, namespace: str, name: str, options: DeleteOptions) -> Deleted:
        """Delete, or begin to: grace periods and finalizers hold an object. Raises `ApiError` 403, 404, 409."""
        entry = self.find(resource, namespace, name)
        self.admission.admit_delete(resource, namespace, name)
        self._check_preconditions(resource, name, entry, options)
        strategy = strategies.of(*resource.storage)
        obj = entry.load()
        graceful, pending = self._begin(strategy, obj, options)
        if pending:
            return Deleted(entry, gone=False)
        finalizers = _finalizers(obj["metadata"].get("finalizers") or [], strategy, options)
        if finalizers:
            obj["metadata"]["finalizers"] = finalizers
        else:
            obj["metadata"].pop("finalizers", None)
        if finalizers and not graceful:
            meta.mark_terminating(obj, self.clock.wall())
        if finalizers or (graceful and obj["metadata"]["deletionGracePeriodSeconds"] > 0):
            return Deleted(self._stored(entry, obj, dry_run=options.dry_run), gone=False)
        if options.dry_run:
            return Deleted(Entry(entry.key, entry.resource, obj, entry.rv), gone=True)
        if graceful:
            entry = self.store.update(entry, obj)
        return Deleted(self.store.delete(entry), gone=True)

    def _stored(self, entry: Entry, obj: Obj, *, dry_run: bool) -> Entry:
        if obj == entry.load():
            return entry
        if dry_run:
            return Entry(entry.key, entry.resource, obj, entry.rv)
        return self.store.update(entry, obj)

    @staticmethod
    def _check_preconditions(resource: Resource, name: str, entry: Entry, options: DeleteOptions) -> None:
        if options.uid and options.uid != entry.uid:
            raise statuses.conflict(
                resource.kind, name, resource.group,
                f"the UID in the precondition ({options.uid}) does not match the UID in record ({entry.uid}). "
                "The object might have been deleted and then recreated",
            )  # fmt: skip
        if options.resource_version and options.resource_version != str(entry.rv):
            raise statuses.conflict(
                resource.kind, name, resource.group,
                f"the ResourceVersion in the precondition ({options.resource_version}) does not match "
                f"the ResourceVersion in record ({entry.rv}). The object might have been modified",
            )  # fmt: skip

    def _begin(self, strategy: strategies.Strategy, obj: Obj, options: DeleteOptions) -> tuple[bool, bool]:
        """rest.BeforeDelete: is the deletion graceful, and is one already under way that this one does not change?"""
        metadata = obj["metadata"]
        if metadata.get("deletionTimestamp"):
            held_s = metadata.get("deletionGracePeriodSeconds") or 0
            if held_s == 0:
                return False, False
            asked_s = options.grace_period_s
            if asked_s is None or asked_s >= held_s:
                return False, True
            metadata["deletionTimestamp"] = meta.shift(metadata["deletionTimestamp"], asked_s - held_s)
            metadata["deletionGracePeriodSeconds"] = asked_s
            return True, False
        period_s = strategy.grace_period_s(obj, options.grace_period_s)
        if period_s is None:
            return False, False
        metadata["deletionTimestamp"] = meta.shift(meta.timestamp(self.clock.wall()), period_s)
        metadata["deletionGracePeriodSeconds"] = period_s
        if metadata.get("generation", 0) > 0:
            metadata["generation"] += 1
        return True, False

    @staticmethod
    def _invalid(resource: Resource, name: str, causes: list[Cause]) -> statuses.ApiError:
        return statuses.invalid(resource.kind, name, resource.group, [cause._asdict() for cause in causes])


def _finalizers(held: list[str], strategy: strategies.Strategy, options: DeleteOptions) -> list[str]:
    """deletionFinalizersForGarbageCollection: which finalizers the deletion leaves or adds."""
    if not strategy.collectable:
        return held
    kept = [finalizer for finalizer in held if finalizer not in (ORPHAN, FOREGROUND)]
    policy = options.propagation
    if options.orphan_dependents is not None:
        policy = "Orphan" if options.orphan_dependents else "Background"
    if policy == "Orphan":
        return [*kept, ORPHAN]
    if policy == "Foreground":
        return [*kept, FOREGROUND]
    if policy is None:
        if FOREGROUND in held:
            return [*kept, FOREGROUND]
        if ORPHAN in held or strategy.orphans_by_default:
            return [*kept, ORPHAN]
    return kept


class ApiErrors:
    """The refusals that only the registry words."""

    @staticmethod
    def taken(resource: Resource, name: str, entry: Entry) -> statuses.ApiError:
        """409: the name is taken, perhaps by an object that is on its way out."""
        error = statuses.already_exists(resource.plural, name, resource.group)
        if entry.terminating:
            error.message = f"object is being deleted: {error.message}"
        return error

    @staticmethod
    def create_with_version(resource: Resource, name: str) -> statuses.ApiError:
        """500: a create must not name a version."""
        del resource, name
        return statuses.ApiError(500, "", "resourceVersion should not be set on objects to be created")

    @staticmethod
    def uid_in_record(resource: Resource, name: str, asked: str, entry: Entry) -> statuses.ApiError:
        """409: a PUT that names another uid, in the words of the storage layer."""
        key = (
            f"/registry/{resource.plural}/{entry.key.namespace}/{name}"
            if entry.key.namespace
            else (f"/registry/{resource.plural}/{name}")
        )
        return statuses.conflict(
            resource.plural, name, resource.group,
            f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: "
            f"Precondition failed: UID in precondition: {asked}, UID in object meta: {entry.uid}",
        )  # fmt: skip
