"""Who owns what: the entries of metadata.managedFields, and how a change moves fields between them.

Pure: entries come in and go out as the JSON that objects carry. Called by `tracking` and `applying`. From
sigs.k8s.io/structured-merge-diff/v6/merge (update.go, conflict.go) and
k8s.io/apimachinery/pkg/util/managedfields/internal (managedfields.go, buildmanagerinfo.go, capmanagers.go,
stripmeta.go).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson

from backends.fake import statuses
from backends.fake.ownership import fieldsets
from backends.fake.ownership.fieldsets import SELF, Fields
from backends.fake.ownership.values import Comparison
from backends.fake.statuses import ApiError

APPLY, UPDATE = "Apply", "Update"
MAX_UPDATERS = 10
"""How many entries of updates an object has at most (DefaultMaxUpdateManagers); the oldest are thrown together."""
ANCIENT = "ancient-changes"
"""Whose entry that is."""

_SYSTEM_METADATA = frozenset((
    "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields",
    "resourceVersion",
))  # fmt: skip
_NOT_OWNED = frozenset((SELF, *(f"f:{name}" for name in _SYSTEM_METADATA)))


class Manager(NamedTuple):
    """Who: two entries with the same four are one manager's. An applier has no version: it is one in all of them."""

    name: str
    operation: str
    version: str
    subresource: str

    def __str__(self) -> str:
        """As conflicts name it."""
        where = f' with subresource "{self.subresource}"' if self.subresource else ""
        how = f" using {self.version}" if self.operation == UPDATE else ""
        return f'"{self.name}"{where}{how}'

    def identifier(self) -> str:
        """What conflicts are sorted by (BuildManagerIdentifier)."""
        parts = {"manager": self.name, "operation": self.operation, "apiVersion": self.version}
        return orjson.dumps(
            {name: value for name, value in {**parts, "subresource": self.subresource}.items() if value}
        ).decode()


class Share(NamedTuple):
    """What one manager owns: `fields`, told in `version`, and since when (RFC 3339; None: it was never a change)."""

    fields: Fields
    version: str
    time: str | None = None
    entry: dict[str, Any] | None = None
    """The entry that it was read from, while it tells the same."""


Shares = dict[Manager, Share]


def read(entries: Iterable[dict[str, Any]]) -> Shares:
    """The shares that the managedFields of a stored object tell."""
    shares: Shares = {}
    for entry in entries:
        version = entry["apiVersion"]
        identity = version if entry["operation"] == UPDATE else ""
        who = Manager(entry.get("manager", ""), entry["operation"], identity, entry.get("subresource", ""))
        fields, twin = entry.get("fieldsV1") or {}, shares.get(who)
        if twin is None:
            shares[who] = Share(fields, version, entry.get("time"), entry)
        else:  # what `apart` has parted
            shares[who] = Share(fieldsets.union(twin.fields, fields), version, twin.time or entry.get("time"))
    return shares


def told(entries: object) -> Shares | None:
    """The shares that a client wrote into managedFields; None where they are none."""
    shares: Shares = {}
    if not isinstance(entries, list):
        return shares if entries is None else None
    for entry in entries:
        if not isinstance(entry, dict) or entry.get("operation") not in (APPLY, UPDATE):
            return None
        fields = entry.get("fieldsV1")
        if entry.get("fieldsType") != "FieldsV1" or not fieldsets.readable(fields or {}):
            return None
        operation, version = entry["operation"], entry.get("apiVersion") or ""
        identity = version if operation == UPDATE else ""
        who = Manager(entry.get("manager") or "", operation, identity, entry.get("subresource") or "")
        shares[who] = Share(fieldsets.ordered(fields or {}), version, entry.get("time"))
    return shares


def is_reset(entries: object) -> bool:
    """Whether a client says that nobody owns anything any more: one entry with nothing in it."""
    return isinstance(entries, list) and len(entries) == 1 and not any((entries[0] or {}).values())


def written(shares: Shares) -> list[dict[str, Any]]:
    """The entries as an object carries them: appliers first, then by time, then by name."""
    ordered = sorted(shares.items(), key=lambda one: (one[0].operation, one[1].time or "", *one[0]))
    entries = []
    for who, share in ordered:
        if share.entry is not None:
            entries.append(share.entry)
            continue
        entry: dict[str, Any] = {"operation": who.operation, "apiVersion": share.version}
        if who.name:
            entry = {"manager": who.name, **entry}
        if share.time is not None:
            entry["time"] = share.time
        entry["fieldsType"] = "FieldsV1"
        if share.fields:
            entry["fieldsV1"] = share.fields
        if who.subresource:
            entry["subresource"] = who.subresource
        entries.append(entry)
    return entries


def apart(shares: Shares, path: Fields) -> list[dict[str, Any]]:
    """The entries after a Scale was written that changed nothing: updaters keep the replicas in an entry without time.

    scalehandler.go looks for them under the Scale's version, finds nobody, and takes them for somebody new.
    """
    entries = []
    for who, share in shares.items():
        owned = fieldsets.intersection(share.fields, path) if who.operation == UPDATE else {}
        if not owned:
            entries += written({who: share})
            continue
        rest = fieldsets.difference(share.fields, path)
        entries += written({who: share._replace(fields=owned, time=None, entry=None)})
        entries += written({who: share._replace(fields=rest, entry=None)}) if rest else []
    return sorted(entries, key=lambda entry: (entry["operation"], entry.get("time") or ""))


def ownable(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata without what nobody can own."""
    return {name: value for name, value in metadata.items() if name not in _SYSTEM_METADATA}


def stripped(fields: Fields) -> Fields:
    """Without what nobody can own: the kind, and what the server fills in of the metadata."""
    found = {}
    for element, node in fields.items():
        if element == "f:metadata":
            kept = {name: below for name, below in node.items() if name not in _NOT_OWNED}
            if kept:
                found[element] = kept
        elif element not in ("f:kind", "f:apiVersion"):
            found[element] = node
    return found


def updated(shares: Shares, change: Comparison, who: Manager, at: str) -> Shares:
    """The shares after an update by `who`: what it changed is its own now, what it removed is nobody's."""
    taken = fieldsets.union(change.added, change.modified)
    mine = stripped(taken)
    others, held = dict(shares), shares.get(who)
    if mine and held is not None:
        # What it takes from itself it keeps, but for what nobody can own.
        del others[who]
        kept = held.fields if mine == taken else fieldsets.difference(held.fields, taken)
        mine = fieldsets.union(fieldsets.difference(kept, change.removed), mine)
    left = released(others, taken, change.removed)
    if mine:
        left[who] = Share(mine, who.version, at)
    return capped(left)


def released(shares: Shares, taken: Fields, removed: Fields, keep: Manager | None = None) -> Shares:
    """The shares without fields that somebody else took or removed, but for those that `keep` has."""
    left: Shares = {}
    for who, share in shares.items():
        fields = share.fields
        if who != keep:
            fields = fieldsets.difference(fieldsets.difference(fields, taken), removed)
        if fields:
            left[who] = share if fields == share.fields else share._replace(fields=fields, entry=None)
    return left


def conflicts(shares: Shares, taken: Fields, who: Manager) -> dict[Manager, Fields]:
    """Whose fields an apply by `who` would take."""
    found = {}
    for other, share in shares.items():
        shared = fieldsets.leaves(fieldsets.intersection(share.fields, taken)) if other != who else {}
        if shared:
            found[other] = shared
    return found


def conflict(found: Mapping[Manager, Fields]) -> ApiError:
    """409: the fields of others, one by one (apierrors.NewApplyConflict)."""
    paths = [
        (who, fieldsets.shown(path))
        for who in sorted(found, key=Manager.identifier)
        for path in fieldsets.members(found[who])
    ]
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {who}", "field": path} for who, path in paths
    ]
    if len(paths) == 1:
        (who, path) = paths[0]
        text = f"Apply failed with 1 conflict: conflict with {who}: {path}"
    else:
        text = f"Apply failed with {len(paths)} conflicts: " + "\n".join(_listed(paths))
    return statuses.ApiError(409, "Conflict", text, {"causes": causes})


def _listed(paths: Iterable[tuple[Manager, str]]) -> list[str]:
    lines: list[str] = []
    last: Manager | None = None
    for who, path in paths:
        if who != last:
            lines.append(f"conflicts with {who}:")
            last = who
        lines.append(f"- {path}")
    return lines


def capped(shares: Shares) -> Shares:
    """At most `MAX_UPDATERS` entries of updates: the oldest of one version become one entry of `ANCIENT`."""
    updaters = [who for who in shares if who.operation == UPDATE]
    excess = len(updaters) - MAX_UPDATERS
    if excess <= 0:
        return shares
    left, first = dict(shares), dict[str, Manager]()
    for who in sorted(updaters, key=lambda one: (shares[one].time or "", one)):
        if excess == 0:
            break
        version = shares[who].version
        if version not in first:
            first[version] = who
            continue
        bucket = Manager(ANCIENT, UPDATE, version, "")
        if bucket not in left:
            left[bucket] = left.pop(first[version])
        if who == bucket:
            continue
        fields = fieldsets.union(left.pop(who).fields, left[bucket].fields)
        left[bucket] = Share(fields, version, shares[who].time)
        excess -= 1
    return left
