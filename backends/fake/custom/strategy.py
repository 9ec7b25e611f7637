"""How custom resources are created and updated (apiextensions-apiserver/pkg/registry/customresource)."""

from __future__ import annotations

from backends.fake.strategies.base import Obj, Versioned, kept_but_for_owners


class CustomStrategy(Versioned):
    """A PUT must name a version; everything but metadata counts as wanted."""

    generation = True

    def __init__(self, *, has_status: bool) -> None:
        self._has_status = has_status

    def wants_change(self, new: Obj, old: Obj) -> bool:
        """Anything differs but metadata; the status cannot, where it has a subresource of its own."""
        return any(new.get(member) != old.get(member) for member in (new.keys() | old.keys()) - {"metadata"})

    def prepare_status_update(self, new: Obj, old: Obj) -> Obj:
        """The status, and who owns it; of the metadata nothing else."""
        result = dict(old)
        result["metadata"] = kept_but_for_owners(new, old)
        if "status" in new:
            result["status"] = new["status"]
        else:
            result.pop("status", None)
        return result
