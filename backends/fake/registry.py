"""Create, update and delete, as every kind goes through them: strategies, metadata, preconditions, finalizers, grace.

The server calls it with what it decoded from a request; controllers call it directly. It mirrors
k8s.io/apiserver/pkg/registry/generic/registry/store.go and keeps its order of checks. Everything it refuses is an
`ApiError`. It knows no HTTP. Not thread-safe by itself: the cluster's lock is held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from backends.clock import Clock
from backends.fake import metadata as meta
from backends.fake import statuses, strategies
from backends.fake.admission.attributes import CREATE, DELETE, UPDATE, Asking, Attributes
from backends.fake.catalogue import Catalogue, Resource
from backends.fake.conversion import converted, loaded
from backends.fake.ids import Ids
from backends.fake.ownership import Model, Writer, track
from backends.fake.store import Entry, Key, Store
from backends.fake.strategies import Strategy
from backends.fake.strategies.extensions import CRDS
from backends.fake.validation import Cause
from backends.fake.validation import causes as causes_of

Obj = dict[str, Any]
ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"
_CHECKED_FIRST = (("", "namespaces"), CRDS)
NAME_ATTEMPTS = 8
"""How often a generated name is drawn before the server gives up (RetryGenerateName)."""


Guard = Callable[[Obj, Obj | None], None]
"""Looks at a new object and at what it replaces (None: nothing), and refuses by raising `ApiError`."""


class Rules(Protocol):
    """What the schema and the validation say about a kind."""

    def default(self, resource: Resource, obj: Obj) -> None:
        """Fill in what is missing."""

    def empty_status(self, resource: Resource) -> Any:
        """The status of a new object; None where it has none."""

    def check_create(self, resource: Resource, obj: Obj) -> list[Cause]:
        """What is wrong with a new object."""

    def check_update(self, resource: Resource, new: Obj, old: Obj, subresource: str) -> list[Cause]:
        """What is wrong with a change."""

    def warnings(self, resource: Resource, new: Obj, old: Obj | None, subresource: str = "") -> Iterable[str]:
        """What is right and yet worth a warning."""


class Admission(Protocol):
    """The plugins that look at every write that somebody asks for."""

    def mutate(self, write: Attributes) -> None:
        """Change or refuse it, before it is validated."""

    def validate(self, write: Attributes) -> None:
        """Refuse it, before it is stored."""


class View(NamedTuple):
    """What admission sees of a write that goes through a subresource with a kind of its own (scale)."""

    subresource: str
    of: Callable[[Obj], Obj]


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
        self.pods = Catalogue.load().resources["", "v1", "pods"]

    # ---- reading

    def find(self, resource: Resource, namespace: str, name: str) -> Entry:
        """The stored object. Raises `ApiError` 404."""
        entry = self.store.get(Key(*resource.storage, namespace, name))
        if entry is None:
            raise self.missing(resource, name)
        return entry

    def is_missing(self, resource: Resource, namespace: str, name: str) -> bool:
        """Whether there is no such object."""
        return self.store.get(Key(*resource.storage, namespace, name)) is None

    # ---- create

    def create(
        self,
        resource: Resource,
        namespace: str,
        obj: Obj,
        *,
        dry_run: bool = False,
        guard: Guard | None = None,
        writer: Writer | None = None,
        asking: Asking | None = None,
    ) -> Entry:
        """Store a new object (a dict of the registry's own from now on). Raises `ApiError` 403, 404, 409, 422, 500.

        `writer` comes to own its fields; without one its managedFields are stored as they are. What nobody asks for
        (`asking` None) is the server's own, and no admission plugin sees it.
        """
        strategy = strategies.of_resource(resource)
        if not resource.namespaced:
            meta.of(obj).pop("namespace", None)
        version = meta.of(obj).get("resourceVersion")
        self.rules.default(resource, obj)
        has_status = "status" in resource.subresources
        owners = track(None, obj, writer, has_status=has_status, model=_model(resource)) if writer else _owners(obj)
        write = None
        if asking is not None:
            write = Attributes(CREATE, resource, namespace, obj, None, asking, dry_run=dry_run)
            self.admission.mutate(write)
            obj = write.obj
        if guard is not None:
            guard(obj, None)
        if has_status and not strategy.keeps_status_on_create:
            self._empty_status(resource, obj)
        key, taken = self._named(resource, namespace, obj)
        if owners:
            obj["metadata"]["managedFields"] = owners
        strategy.prepare_create(obj)
        causes = self.rules.check_create(resource, obj)
        if causes:
            raise self._invalid(resource, key.name, causes)
        if write is not None:
            self._warn(write, obj, None)
            write.new, write.doomed = obj, bool(version) or taken is not None
            self.admission.validate(write)
        if version:
            raise statuses.ApiError(500, "", "resourceVersion should not be set on objects to be created")
        if taken is not None:
            raise self._taken(resource, key.name, taken)
        resource = self._settled(resource, obj)
        if dry_run:
            del obj["metadata"]["resourceVersion"]
            return Entry(key, resource, obj, 0)
        return self.store.create(key, resource, obj)

    def _named(self, resource: Resource, namespace: str, obj: Obj) -> tuple[Key, Entry | None]:
        """Fill in the system's metadata; returns where the object goes, and what is there already."""
        given = obj["metadata"]
        for _ in range(NAME_ATTEMPTS):
            obj["metadata"] = meta.prepare_create(dict(given), self.ids.uid(), self.clock.wall(), self.ids.suffix())
            name = obj["metadata"].get("name", "")
            key = Key(*resource.storage, namespace if resource.namespaced else "", name)
            taken = self.store.get(key)
            # Only a generated name may be tried again.
            if taken is None or given.get("name"):
                break
        return key, taken

    def _warn(self, write: Attributes, new: Obj, old: Obj | None) -> None:
        """Tell who asked for a write what is worth a warning."""
        for text in self.rules.warnings(write.resource, new, old, write.subresource):
            write.asking.warn(text)

    @staticmethod
    def _settled(resource: Resource, obj: Obj) -> Resource:
        """The resource that an object is stored as; custom ones have a storage version, and are read with defaults."""
        custom = resource.custom
        if custom is None:
            return resource
        custom.default(obj)
        stored = custom.definition.storage or resource
        obj["apiVersion"] = stored.api_version
        if stored is not resource and stored.custom is not None:
            stored.custom.tidy(obj)
        return stored

    def _empty_status(self, resource: Resource, obj: Obj) -> None:
        status = self.rules.empty_status(resource)
        if status is None:
            obj.pop("status", None)
        else:
            obj["status"] = status

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
        prepare: Callable[[Obj, Obj], Obj] | None = None,
        guard: Guard | None = None,
        writer: Writer | None = None,
        asking: Asking | None = None,
        view: View | None = None,
    ) -> Entry:
        """Change a stored object: `change` gets it, must leave it as it is, and returns what it is to be.

        Admission sees what somebody asks for (`asking`), as `view` shows it. `uid` is a precondition.
        `prepare(new, old)` replaces what the strategy does, for subresources with rules of their own. `writer` comes
        to own what changes. An update that changes nothing writes nothing. Raises `ApiError` 403, 404, 409, 422, 500.
        """
        entry = self.find(resource, namespace, name)
        if uid and uid != entry.uid:
            raise self.other_object(resource, namespace, name, uid, entry.uid)
        working, new, old = _changed(resource, entry, change)
        if guard is not None:
            guard(new, old)
        strategy = strategies.of_resource(resource)
        self._check_version(resource, name, new, entry, strategy)
        meta.prepare_update(meta.of(new), old["metadata"])
        self.rules.default(working, new)
        self._own(resource, new, old, writer)
        write = None
        if asking is not None:
            write = Attributes(
                UPDATE, resource, namespace, new, old, asking, subresource=subresource, dry_run=dry_run
            ).seen(view)
            self.admission.mutate(write)
            if view is None:
                new = write.obj
        if prepare is not None:
            new = prepare(new, old)
        elif subresource == "status":
            new = strategy.prepare_status_update(new, old)
        else:
            if "status" in resource.subresources:
                self._keep_status(new, old)
            strategy.prepare_update(new, old)
        causes = self.rules.check_update(working, new, old, subresource)
        if causes:
            raise self._invalid(resource, name, causes)
        if write is not None:
            self._warn(write, new, old)
            write.new = new if view is None else view.of(new)
            self.admission.validate(write)
        return self._write(entry, self._settled(working, new), new, old, dry_run=dry_run)

    def _write(self, entry: Entry, stored: Resource, new: Obj, old: Obj, *, dry_run: bool) -> Entry:
        if strategies.of_resource(stored).released(new, old):
            if not dry_run:
                self.store.delete(entry)
            return Entry(entry.key, stored, new, entry.rv)
        if new == (old if stored.custom is None else entry.load()):
            return entry
        if dry_run:
            return Entry(entry.key, stored, new, entry.rv)
        return self.store.update(entry, new, stored)

    @staticmethod
    def _own(resource: Resource, new: Obj, old: Obj, writer: Writer | None) -> None:
        """Write down who owns what from now on; the member stands last."""
        has_status = "status" in resource.subresources
        owners = track(old, new, writer, has_status=has_status, model=_model(resource)) if writer else _owners(new)
        new["metadata"].pop("managedFields", None)
        if owners:
            new["metadata"]["managedFields"] = owners

    @staticmethod
    def _keep_status(new: Obj, old: Obj) -> None:
        if "status" in old:
            new["status"] = old["status"]
        else:
            new.pop("status", None)

    @staticmethod
    def _check_version(resource: Resource, name: str, new: Obj, entry: Entry, strategy: Strategy) -> None:
        version = meta.of(new).get("resourceVersion") or ""
        if not version:
            if not strategy.unconditional_update:
                cause = causes_of.invalid("metadata.resourceVersion", 0, "must be specified for an update")
                raise statuses.invalid(resource.plural, name, resource.group, [cause._asdict()])
            return
        if not version.isascii() or not version.isdigit():
            raise statuses.ApiError(500, "", f'strconv.ParseUint: parsing "{version}": invalid syntax')
        if int(version) != entry.rv:
            raise statuses.conflict(resource.plural, name, resource.group, statuses.MODIFIED)

    # ---- delete

    def delete(
        self, resource: Resource, namespace: str, name: str, options: DeleteOptions, *, asking: Asking | None = None
    ) -> Deleted:
        """Delete, or begin to: grace periods and finalizers hold an object. Raises `ApiError` 403, 404, 409.

        Admission sees what somebody asks for (`asking`).
        """
        entry = self.find(resource, namespace, name)
        self.check_preconditions(resource, name, entry, options)
        strategy = strategies.of_resource(resource)
        obj = entry.load()
        if asking is not None:
            self.admit_deletion(resource, entry, options, asking)
        removable = strategy.begin_delete(obj, self.clock.wall())
        if removable is False:
            return Deleted(self._stored(entry, obj, dry_run=options.dry_run), gone=False)
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

    @property
    def asks_outside(self) -> bool:
        """Whether there are admission webhooks, so that a write may have to be tried twice."""
        kinds = ("mutatingwebhookconfigurations", "validatingwebhookconfigurations")
        return any(self.store.count("admissionregistration.k8s.io", kind) for kind in kinds)

    def admit_deletion(self, resource: Resource, entry: Entry, options: DeleteOptions, asking: Asking) -> None:
        """Let the admission plugins look at a deletion. Raises `ApiError`."""
        namespace, dry_run = entry.key.namespace, options.dry_run
        write = Attributes(DELETE, resource, namespace, None, entry.load(), asking, dry_run=dry_run)
        self.admission.mutate(write)
        self.admission.validate(write)

    def _stored(self, entry: Entry, obj: Obj, *, dry_run: bool) -> Entry:
        if obj == entry.load():
            return entry
        if dry_run:
            return Entry(entry.key, entry.resource, obj, entry.rv)
        return self.store.update(entry, obj)

    @staticmethod
    def check_preconditions(resource: Resource, name: str, entry: Entry, options: DeleteOptions) -> None:
        """The object must be the one, and the version, that a DELETE means. Raises `ApiError` 409."""
        if resource.storage in _CHECKED_FIRST:
            _check_first(resource, name, entry, options)
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

    def _begin(self, strategy: Strategy, obj: Obj, options: DeleteOptions) -> tuple[bool, bool]:
        """rest.BeforeDelete: is the deletion graceful; and is one under way that this one does not change."""
        metadata, asked_s = obj["metadata"], options.grace_period_s
        if asked_s is not None and asked_s < 0:
            asked_s = 1
        period_s = strategy.grace_period_s(obj, asked_s)
        if period_s is None:
            return False, False
        if metadata.get("deletionTimestamp"):
            held_s = metadata.get("deletionGracePeriodSeconds") or 0
            if asked_s is None or asked_s >= held_s:
                return False, True
            metadata["deletionTimestamp"] = meta.shift(metadata["deletionTimestamp"], asked_s - held_s)
            metadata["deletionGracePeriodSeconds"] = asked_s
            return True, False
        metadata["deletionTimestamp"] = meta.shift(meta.timestamp(self.clock.wall()), period_s)
        metadata["deletionGracePeriodSeconds"] = period_s
        if metadata.get("generation", 0) > 0:
            metadata["generation"] += 1
        return True, False

    # ---- refusals

    @staticmethod
    def missing(resource: Resource, name: str) -> statuses.ApiError:
        """404: no such object."""
        return statuses.not_found(resource.plural, name, resource.group)

    @staticmethod
    def other_object(
        resource: Resource, namespace: str, name: str, asked: str, found: str, what: str = "UID"
    ) -> statuses.ApiError:
        """409: a write that names another uid (or another version), in the words of the storage layer."""
        where = f"{namespace}/{name}" if namespace else name
        key = f"/registry/{resource.plural}/{where}"
        if resource.custom is not None or resource.storage == CRDS:
            key = f"/registry/{resource.group}/{resource.plural}/{where}"
        return statuses.conflict(
            resource.plural,
            name,
            resource.group,
            f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: "
            f"Precondition failed: {what} in precondition: {asked}, {what} in object meta: {found}",
        )

    @staticmethod
    def _taken(resource: Resource, name: str, entry: Entry) -> statuses.ApiError:
        """409: the name is taken, perhaps by an object that is on its way out."""
        error = statuses.already_exists(resource.plural, name, resource.group)
        if entry.terminating:
            error.message = f"object is being deleted: {error.message}"
        return error

    @staticmethod
    def _invalid(resource: Resource, name: str, causes: list[Cause]) -> statuses.ApiError:
        # Events have one internal kind, of the core group, whatever door they come through.
        return statuses.invalid(resource.kind, name, resource.storage[0], [cause._asdict() for cause in causes])


def _check_first(resource: Resource, name: str, entry: Entry, options: DeleteOptions) -> None:
    """Namespaces and definitions look first, and word it in their own way (the storage of their registries)."""
    found = ("UID", options.uid, entry.uid), ("ResourceVersion", options.resource_version, str(entry.rv))
    for what, asked, held in found:
        if asked and asked != held:
            why = f"Precondition failed: {what} in precondition: {asked}, {what} in object meta: {held}"
            raise statuses.conflict(resource.plural, name, resource.group, why)


def _changed(resource: Resource, entry: Entry, change: Callable[[Obj], Obj]) -> tuple[Resource, Obj, Obj]:
    """What an object becomes and what it was, and as which resource both are seen.

    An object keeps the version that it is stored in, whatever door a change comes through; a custom one is changed in
    the version of the door.
    """
    if resource.custom is None:
        old = entry.load()
        return entry.resource, converted(entry.resource, change(old)), old
    return resource, change(loaded(resource, entry)), loaded(resource, entry)


def _model(resource: Resource) -> Model | None:
    """What a custom resource looks like to owners; None for a built-in one."""
    return resource.custom.model if resource.custom is not None else None


def _owners(obj: Obj) -> list[Obj]:
    """The managedFields that an object brings."""
    found: list[Obj] = (obj.get("metadata") or {}).get("managedFields") or []
    return found


def _finalizers(held: list[str], strategy: Strategy, options: DeleteOptions) -> list[str]:
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
