"""Server-side apply: what one manager wants of an object, merged into what is there.

`Apply` is one request's; the handler of patches calls it with the stored object. From
k8s.io/apimachinery/pkg/util/managedfields/internal (structuredmerge.go, lastappliedmanager.go, lastappliedupdater.go,
skipnonapplied.go) and sigs.k8s.io/structured-merge-diff/v6/merge/update.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from backends.fake import statuses
from backends.fake.ownership import fieldsets, managers, tracking, values
from backends.fake.ownership.fieldsets import Fields
from backends.fake.ownership.managers import APPLY, UPDATE, Manager, Share, Shares
from backends.fake.ownership.shapes import Map
from backends.fake.ownership.tracking import Writer

Obj = dict[str, Any]

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""Where client-side apply keeps what it applied."""
KUBECTL = "kubectl"
"""Whose server-side apply takes over from its client-side apply, and keeps its annotation up to date."""
BEFORE_FIRST_APPLY = "before-first-apply"
"""Who owns what was there before owners were tracked."""


class Creation(dict[str, Any]):
    """What an apply begins with where there is no such object."""


@dataclass(frozen=True, slots=True)
class Apply:
    """One apply: `wanted` is what the client sent, `force` takes fields from others."""

    wanted: Obj
    writer: Writer
    shape: Map
    gvk: tuple[str, str, str]
    force: bool
    has_status: bool
    blank: Obj
    """An object of the kind with nothing in it."""

    def to(self, live: Obj) -> Obj:
        """The object after it, with its managedFields. Raises `ApiError` 400, 409 and 500."""
        self.check()
        created = isinstance(live, Creation)
        base = self.blank if created else live
        shares = managers.read((live.get("metadata") or {}).get("managedFields") or ())
        if not shares and not created:
            shares = self._before(live)
        merged, left = self._merged(base, shares, live)
        if merged is not None:
            merged = self._annotated(live, merged)
        result = live if merged is None else merged
        metadata = {**(result.get("metadata") or {}), "managedFields": managers.written(left)}
        return {**result, "metadata": metadata}

    def check(self) -> None:
        """What must be right before anything is compared. Raises `ApiError` 400 and 500."""
        group, version, kind = tracking.gvk_of(self.wanted)
        if (group, version, kind) != self.gvk:
            raise statuses.bad_request(f"invalid object type: {group}/{version}, Kind={kind}")
        if _metadata(self.wanted).get("managedFields") is not None:
            raise statuses.bad_request("metadata.managedFields must be nil")
        self._check_shape(self.wanted, "patch")

    def check_live(self, live: Obj) -> None:
        """What is stored must look like its kind: under another schema it may not have. Raises `ApiError` 500."""
        self._check_shape(live, "live")

    def _check_shape(self, obj: Obj, which: str) -> None:
        found = values.problems(self.shape, obj)
        if found:
            (group, version, kind), metadata = self.gvk, _metadata(obj)
            what = f"{metadata.get('namespace') or ''}/{metadata.get('name') or ''}; {group}/{version}, Kind={kind}"
            text = found[0] if len(found) == 1 else "\n".join(["errors:", *(f"  {one}" for one in found)])
            raise statuses.ApiError(500, "", f"failed to create typed {which} object ({what}): {text}")

    def _before(self, live: Obj) -> Shares:
        """Who owned what before: one manager owns all that is there when owners begin to be tracked."""
        change = tracking.compare(self.shape, self.blank, live, self._ignored)
        who = Manager(BEFORE_FIRST_APPLY, UPDATE, str(live["apiVersion"]), self.writer.subresource)
        return managers.updated({}, change, who, self.writer.at)

    @property
    def _ignored(self) -> frozenset[str]:
        group, _, kind = self.gvk
        return tracking.ignored(group, kind, self.writer.subresource, has_status=self.has_status)

    def _merged(self, base: Obj, shares: Shares, live: Obj) -> tuple[Obj | None, Shares]:
        """The merged object (None: nothing but owners changes), and the shares after it."""
        who = Manager(self.writer.manager, APPLY, "", self.writer.subresource)
        claimed = self._claimed()
        last = shares.get(who)
        version = str(self.wanted["apiVersion"])
        same = last if last is not None and (last.fields, last.version) == (claimed, version) else None
        held: Shares = {**shares, who: same or Share(claimed, version, last.time if last else None)}
        merged = values.merge(self.shape, base, self._owned())
        if last is not None and last.fields:
            merged = self._pruned(merged, held, last.fields)
        change = tracking.compare(self.shape, base, merged, self._ignored)
        taken = fieldsets.union(change.added, change.modified)
        if not self.force:
            self._refuse(managers.conflicts(held, taken, who), live)
        left = managers.released(held, taken, change.removed, keep=who)
        if not any(change) and not isinstance(live, Creation):
            return None, left
        if who in left:
            left[who] = Share(left[who].fields, version, self.writer.at)
        return merged, left

    def _claimed(self) -> Fields:
        return managers.stripped(values.fields_of(self.shape, self._owned()))

    def _owned(self) -> Obj:
        """What is wanted of what can be had through this door."""
        return tracking.without(self.wanted, self._ignored)

    def _pruned(self, merged: Obj, shares: Shares, last: Fields) -> Obj:
        """Without what this manager applied the last time and does not now, unless somebody else has it too."""
        shape = self.shape
        last = values.with_named(shape, last)
        pruned = values.pruned(shape, merged, last) or {}
        # What is claimed now counts with the name and kind, which no manager comes to own.
        everybodys = values.fields_of(shape, self._owned())
        for share in shares.values():
            everybodys = fieldsets.union(everybodys, share.fields)
        there = values.with_named(shape, values.fields_of(shape, merged))
        kept = fieldsets.union(
            values.with_named(shape, values.fields_of(shape, pruned)), values.with_named(shape, everybodys)
        )
        pruned = values.pruned(shape, merged, fieldsets.difference(there, kept)) or {}
        gone = fieldsets.difference(there, values.with_named(shape, values.fields_of(shape, pruned)))
        result: Obj = values.pruned(shape, merged, fieldsets.intersection(gone, last)) or {}
        return result

    def _refuse(self, found: Mapping[Manager, Fields], live: Obj) -> None:
        """Raise the conflicts, but for those of kubectl with its own client-side apply."""
        if found and self.writer.manager == KUBECTL:
            allowed = self._last_applied(live)
            found = {who: rest for who, fields in found.items() if (rest := fieldsets.difference(fields, allowed))}
        if found:
            raise managers.conflict(found)

    def _last_applied(self, live: Obj) -> Fields:
        """The fields that client-side apply wrote, if it was the last to write them."""
        text = ((live.get("metadata") or {}).get("annotations") or {}).get(LAST_APPLIED)
        try:
            applied = orjson.loads(text) if text else None
        except orjson.JSONDecodeError:
            return {}  # somebody else's annotation: no reason to give way
        if not isinstance(applied, dict) or values.problems(self.shape, applied):
            return {}
        return fieldsets.leaves(values.fields_of(self.shape, applied))

    def _annotated(self, live: Obj, merged: Obj) -> Obj:
        """With client-side apply's annotation as it would be now, where kubectl applies what had one."""
        annotations = (live.get("metadata") or {}).get("annotations") or {}
        if self.writer.manager != KUBECTL or LAST_APPLIED not in annotations:
            return merged
        wanted = self.wanted
        if LAST_APPLIED in (_metadata(wanted).get("annotations") or {}):  # it does not tell of itself
            own = {**wanted["metadata"]["annotations"]}
            del own[LAST_APPLIED]
            wanted = {**wanted, "metadata": {**wanted["metadata"], "annotations": own}}
        text = orjson.dumps(wanted, option=orjson.OPT_SORT_KEYS).decode() + "\n"
        metadata = merged.get("metadata") or {}
        kept = {**(metadata.get("annotations") or {}), LAST_APPLIED: text}
        return {**merged, "metadata": {**metadata, "annotations": kept}}


def _metadata(wanted: Obj) -> Obj:
    """The metadata of what a client sent, which may be anything."""
    found = wanted.get("metadata")
    return found if isinstance(found, dict) else {}
