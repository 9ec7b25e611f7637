"""The generic strategy: what holds for a kind that has no rules of its own."""

from __future__ import annotations

from typing import Any

Obj = dict[str, Any]


class Strategy:
    """How objects of one resource are created, updated and deleted. Subclasses change what is different."""

    create_on_update = False
    """Does a PUT create what is missing? (AllowCreateOnUpdate)"""
    unconditional_update = True
    """May a PUT come without a resourceVersion? (AllowUnconditionalUpdate)"""
    generation = False
    """Does it count changes of what is wanted in metadata.generation?"""
    status = True
    """Is status a subresource, which the main resource cannot write? Only asked of kinds that have one."""
    returns_deleted = False
    """Does DELETE answer with the object instead of a Status? (ReturnDeletedObject)"""
    orphans_by_default = False
    """Do dependents survive a DELETE without a policy?"""
    collectable = True
    """Do propagation policies apply at all? Not to Events."""

    def prepare_create(self, obj: Obj) -> None:
        """Set what a new object starts with."""
        if self.generation:
            obj["metadata"]["generation"] = 1
        else:
            obj["metadata"].pop("generation", None)

    def prepare_update(self, new: Obj, old: Obj) -> None:
        """Make an update of the main resource what it may be; count the generation."""
        if self.generation and self.wants_change(new, old):
            new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1

    def wants_change(self, new: Obj, old: Obj) -> bool:
        """Is something else wanted than before? Then the generation rises."""
        return bool(new.get("spec") != old.get("spec"))

    def prepare_status_update(self, new: Obj, old: Obj) -> Obj:
        """What a write to the status subresource stores: all but the status is as it was."""
        result = dict(old)
        metadata = dict(old["metadata"])
        for member in ("uid", "name", "namespace", "resourceVersion", "finalizers", "annotations", "labels"):
            self._take(metadata, new["metadata"], member)
        result["metadata"] = metadata
        self._take(result, new, "status")
        return result

    @staticmethod
    def _take(target: Obj, source: Obj, member: str) -> None:
        if source.get(member) is None:
            target.pop(member, None)
        else:
            target[member] = source[member]

    def grace_period_s(self, obj: Obj, asked: int | None) -> int | None:
        """For how long a DELETE waits, in seconds; None: the kind knows no grace, it is deleted at once."""
        del obj, asked
        return None
