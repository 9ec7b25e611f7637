"""Which objects a controller may count as its own: by owner reference, by adoption, or no longer.

Used by the workload controllers for their pods, ReplicaSets and ControllerRevisions. The rules are those of
`ControllerRefManager`: what has the controller's reference and matches is its own; what has it and does not match is
released; what matches and has no controller is adopted, unless either is being deleted. Whatever another controller
has is left alone.
"""

from __future__ import annotations

from collections.abc import Callable

from backends.fake.controllers.client import Client, Refused
from backends.fake.controllers.kinds import Kind
from backends.fake.controllers.owners import is_uncontrolled
from backends.fake.controllers.templates import owner_reference
from backends.fake.selectors import LabelSelector
from backends.fake.store import Entry
from backends.kubelet import pods
from backends.kubelet.pods import Object


class Claims:
    """The claims of one controller on objects of one kind."""

    def __init__(self, client: Client, owner_kind: Kind, kind: Kind) -> None:
        self._client = client
        self._owner_kind = owner_kind
        self._kind = kind

    def claim(
        self, owner: Object, selector: LabelSelector | None, adoptable: Callable[[Object], bool] = lambda _: True
    ) -> list[Object]:
        """The owner's objects, in order of their names, after adoptions and releases. Raises `Refused`."""
        metadata = owner["metadata"]
        namespace, uid = metadata["namespace"], metadata["uid"]
        owned = self._owned(namespace, uid)
        if selector is None:
            return [obj for obj in (entry.load() for entry in owned) if _controls(uid, obj)]
        mine: dict[str, Object] = {}
        for entry in owned:
            obj = entry.load()
            if not _controls(uid, obj):
                continue
            if selector(entry.labels):
                mine[entry.key.name] = obj
            elif not pods.is_terminating(owner) and not entry.terminating:
                self._release(obj, uid)
        if not pods.is_terminating(owner):
            for entry in self._orphans(namespace, selector):
                obj = entry.load()
                if adoptable(obj) and (adopted := self._adopt(owner, obj)) is not None:
                    mine[entry.key.name] = adopted
        return [mine[name] for name in sorted(mine)]

    def _owned(self, namespace: str, uid: str) -> list[Entry]:
        found = self._client.dependents(uid)
        return [entry for entry in found if entry.key[:3] == (*self._kind.stored, namespace)]

    def _orphans(self, namespace: str, selector: LabelSelector) -> list[Entry]:
        entries = self._client.entries(self._kind, namespace)
        return [one for one in entries if not one.terminating and selector(one.labels) and is_uncontrolled(one)]

    def _adopt(self, owner: Object, obj: Object) -> Object | None:
        uid = owner["metadata"]["uid"]
        others = [one for one in obj["metadata"].get("ownerReferences") or () if one["uid"] != uid]
        obj["metadata"]["ownerReferences"] = [*others, owner_reference(self._owner_kind, owner)]
        try:
            return self._client.amend(self._kind, obj)
        except Refused as refused:
            if refused.code in (404, 409):  # somebody was quicker
                return None
            raise

    def _release(self, obj: Object, uid: str) -> None:
        references = [one for one in obj["metadata"]["ownerReferences"] if one["uid"] != uid]
        if references:
            obj["metadata"]["ownerReferences"] = references
        else:
            del obj["metadata"]["ownerReferences"]
        try:
            self._client.amend(self._kind, obj)
        except Refused as refused:
            if refused.code not in (404, 409):
                raise


def _controls(uid: str, obj: Object) -> bool:
    references = obj["metadata"].get("ownerReferences") or ()
    return any(one["uid"] == uid and one.get("controller") for one in references)
