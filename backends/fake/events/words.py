"""The nouns of an Event: who speaks, about what, and one thing that was said. Immutable, and hashable as keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple


class Source(NamedTuple):
    """Who speaks. One with `series` speaks through client-go's newer recorder, as kube-scheduler does."""

    component: str
    host: str = ""
    series: bool = False


class Reference(NamedTuple):
    """What it is about; `part` is the field of it ("" for the whole object)."""

    kind: str
    namespace: str
    name: str
    uid: str
    api_version: str
    version: str = ""
    part: str = ""

    @classmethod
    def to(cls, obj: dict[str, Any], part: str = "") -> Reference:
        """The reference to a whole object, as it was read, or to a part of it."""
        metadata = obj["metadata"]
        return cls(
            obj["kind"], metadata.get("namespace", ""), metadata["name"], metadata["uid"], obj["apiVersion"],
            metadata.get("resourceVersion", ""), part,
        )  # fmt: skip

    @property
    def place(self) -> str:
        """The namespace of an Event about it."""
        return self.namespace or "default"

    @property
    def whole(self) -> tuple[str, ...]:
        """What tells the object from others, whatever the part and the version."""
        return self[:5]

    def told(self) -> dict[str, str]:
        """As an ObjectReference."""
        members = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")
        return {member: value for member, value in zip(members, self, strict=True) if value}


class Saying(NamedTuple):
    """One thing that was said: at a time of day (aware), and in monotonic seconds of the cluster."""

    source: Source
    about: Reference
    type: str
    reason: str
    message: str
    action: str
    at: datetime
    monotonic: float
    home: str
    """The uid of the namespace that the Event belongs to, at that time."""

    @classmethod
    def of(cls, flat: tuple[Any, ...]) -> Saying:
        """The same from the members of its source, those of what it is about, and its own, in one row."""
        sources, members = len(Source._fields), len(Source._fields) + len(Reference._fields)
        return cls(Source(*flat[:sources]), Reference(*flat[sources:members]), *flat[members:])


class Told(NamedTuple):
    """What an Event says by now: `first` began it, `message` is the last one, `times` says how often."""

    first: Saying
    name: str
    message: str
    times: int
    at: datetime
    monotonic: float
