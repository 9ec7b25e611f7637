"""The generic strategy: what holds for a kind that has no rules of its own."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from backends.fake import metadata as meta

Obj = dict[str, Any]

_NOT_WANTED = frozenset({"kind", "apiVersion", "metadata", "status"})


class Strategy:
    """How objects of one resource are created, updated and deleted. Subclasses change what is different."""

    create_on_update = False
    """Does a PUT create what is missing? (AllowCreateOnUpdate)"""
    unconditional_update = True
    """May a PUT come without a resourceVersion? (AllowUnconditionalUpdate)"""
    generation = False
    """Does it count changes of what is wanted in metadata.generation?"""
    keeps_status_on_create = False
    """May a create set the status? Elsewhere a new object starts with an empty one."""
    returns_deleted = False
    """Does DELETE answer with the object instead of a Status? (ReturnDeletedObject)"""
    orphans_by_default = False
    """Do dependents survive a DELETE without a policy?"""
    collectable = True
    """Do propagation policies apply at all? Not to Events."""
    status_keeps: tuple[str, ...] = ()
    """Members of metadata that a write to the status subresource cannot change."""

    def prepare_create(self, obj: Obj) -> None:
        """Set what a new object starts with. The status has been emptied before, unless it is kept."""
        if self.generation:
            obj["metadata"]["generation"] = 1
        else:
            obj["metadata"].pop("generation", None)

    def prepare_update(self, new: Obj, old: Obj) -> None:
        """Make an update of the main resource what it may be; count the generation."""
        if self.generation and self.wants_change(new, old):
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1

    def wants_change(self, new: Obj, old: Obj) -> bool:
        """Whether something else is wanted than before: then the generation rises.

        What is wanted is the spec; kinds without one (slices, webhooks, templates) say it in members of their own.
        """
        return any(new.get(member) != old.get(member) for member in (new.keys() | old.keys()) - _NOT_WANTED)

    def prepare_status_update(self, new: Obj, old: Obj) -> Obj:
        """What a write to the status subresource stores: status and metadata, all else is as it was."""
        result = dict(old)
        result["metadata"] = new["metadata"]
        for member in self.status_keeps:
            _take(result["metadata"], old["metadata"], member)
        _take(result, new, "status")
        return result

    def grace_period_s(self, obj: Obj, asked: int | None) -> int | None:
        """For how long a DELETE waits, in seconds; None: the kind knows no grace, it is deleted at once."""
        del obj, asked
        return None

    def begin_delete(self, obj: Obj, now: datetime) -> bool | None:
        """A deletion in two phases, as namespaces have it. None: this kind has none.

        Otherwise changes `obj` to what is stored while it goes, and returns whether it may be removed now.
        """
        del obj, now
        return None

    def released(self, new: Obj, old: Obj) -> bool:
        """Whether this update lets a terminating object go (ShouldDeleteDuringUpdate)."""
        before = old["metadata"]
        return (
            "deletionTimestamp" in before
            and before.get("deletionGracePeriodSeconds", 0) == 0
            and not new["metadata"].get("finalizers")
        )


class WithGeneration(Strategy):
    """Kinds that count changes of their spec."""

    generation = True


class CreatedByPut(Strategy):
    """Kinds that a PUT creates where they are missing."""

    create_on_update = True


class Returned(Strategy):
    """Kinds whose DELETE answers with the object."""

    returns_deleted = True


class Versioned(Strategy):
    """Kinds whose PUT must name a resourceVersion."""

    unconditional_update = False


def kept_but_for_owners(new: Obj, old: Obj) -> Obj:
    """The metadata as it was, except who owns which field (ResetObjectMetaForStatus)."""
    result = {name: value for name, value in old["metadata"].items() if name != "managedFields"}
    if new["metadata"].get("managedFields"):
        result["managedFields"] = new["metadata"]["managedFields"]
    return result


def finish(obj: Obj, stamp: datetime) -> None:
    """Mark an object as on its way out, for kinds with a deletion of their own."""
    obj["metadata"]["deletionTimestamp"] = meta.timestamp(stamp)


def _take(target: Obj, source: Obj, member: str) -> None:
    if source.get(member) is None:
        target.pop(member, None)
    else:
        target[member] = source[member]
