"""Two states of a cluster side by side, as a person reads them: a unified diff of YAML for each object that differs.

Used by `fake diff`, `KubernetesCluster.diff` and the history of an object. What changes at every write and says nothing
by itself (resourceVersion, managedFields) is left out unless it is asked for, and so are objects that differ in
nothing else, and Events: they tell of the changes that are shown. Pure.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, NamedTuple

Object = Mapping[str, Any]

NOISE: Final = ("managedFields", "resourceVersion")
"""Members of metadata that are left out; `kubectl diff` leaves the first one out too."""
CONTEXT_LINES: Final = 3


class Place(NamedTuple):
    """What makes two objects the same one."""

    group: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, obj: Object) -> Place:
        """Where an object is; its version does not matter."""
        group, _, _version = str(obj["apiVersion"]).rpartition("/")
        metadata = obj["metadata"]
        return cls(group, str(obj["kind"]), metadata.get("namespace", ""), metadata["name"])

    def __str__(self) -> str:
        kind = f"{self.kind}.{self.group}" if self.group else self.kind
        return f"{kind} {self.namespace}/{self.name}" if self.namespace else f"{kind} {self.name}"


class Change(NamedTuple):
    """One object that is not the same in both states."""

    place: Place
    what: Literal["added", "changed", "removed"]
    diff: str
    """Unified, with a line feed at its end."""

    def __str__(self) -> str:
        return self.diff


def compare(old: Iterable[Object], new: Iterable[Object], *, noise: bool = False) -> list[Change]:
    """The objects that differ, by group, kind, namespace and name; with `noise`, in anything at all."""
    before, after = ({Place.of(one): one for one in state if noise or one["kind"] != "Event"} for state in (old, new))
    changes = []
    for place in sorted(before.keys() | after.keys()):
        change = difference(place, before.get(place), after.get(place), noise=noise)
        if change is not None:
            changes.append(change)
    return changes


def difference(place: Place, old: Object | None, new: Object | None, *, noise: bool = False) -> Change | None:
    """How one object differs; None if it does not. None for `old` or `new`: it is not there."""
    if old == new:
        return None
    lines = difflib.unified_diff(
        _lines(old, noise=noise),
        _lines(new, noise=noise),
        fromfile="(not there)" if old is None else str(place),
        tofile="(not there)" if new is None else str(place),
        n=CONTEXT_LINES,
    )
    text = "".join(lines)
    if not text:
        return None
    return Change(place, "added" if old is None else "removed" if new is None else "changed", text)


def _lines(obj: Object | None, *, noise: bool) -> list[str]:
    """An object as YAML, its members sorted: the order in which they are stored is not part of the state."""
    if obj is None:
        return []
    import yaml

    if not noise:
        metadata = {name: value for name, value in obj["metadata"].items() if name not in NOISE}
        obj = {**obj, "metadata": metadata}
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(dict(obj), Dumper=dumper, sort_keys=True, allow_unicode=True)
    return text.splitlines(keepends=True)
