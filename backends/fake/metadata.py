"""metadata: what the server fills in and what an update cannot touch.

Pure functions over plain dicts, called by the registry for every kind alike; they mirror
k8s.io/apiserver/pkg/registry/rest (meta.go, create.go, update.go). Which values are valid is `validation.metadata`'s.
"""

from __future__ import annotations

import functools
from datetime import datetime, timedelta
from typing import Any

# maxGeneratedNameLength of k8s.io/apiserver/pkg/storage/names
_GENERATED_NAME_BASE = 63 - 5


@functools.lru_cache(maxsize=16)
def timestamp(at: datetime) -> str:
    """A metav1.Time: RFC 3339, UTC, whole seconds."""
    return f"{at.isoformat(timespec='seconds')[:19]}Z"


def parse_timestamp(text: str) -> datetime:
    """The moment that a metav1.Time names. ValueError when it is none."""
    return datetime.fromisoformat(text)


def of(obj: dict[str, Any]) -> dict[str, Any]:
    """The metadata of an object; made where it is missing."""
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict):
        metadata = obj["metadata"] = {}
    return metadata


def prepare_create(metadata: dict[str, Any], uid: str, now: datetime, suffix: str) -> dict[str, Any]:
    """What rest.BeforeCreate does: the system's fields are the system's, and generateName becomes a name.

    Returns the members in the order in which the real server writes them.
    """
    generate = metadata.get("generateName")
    name = metadata.pop("name", "")
    if not name and generate:
        name = str(generate)[:_GENERATED_NAME_BASE] + suffix
    made: dict[str, Any] = {}
    if name:
        made["name"] = name
    for member in ("generateName", "namespace"):
        if metadata.get(member):
            made[member] = metadata[member]
    made["uid"] = uid
    made["resourceVersion"] = ""
    if "generation" in metadata:
        made["generation"] = metadata["generation"]
    made["creationTimestamp"] = timestamp(now)
    for member in ("labels", "annotations", "ownerReferences", "finalizers"):
        if metadata.get(member):
            made[member] = metadata[member]
    return made


def prepare_update(new: dict[str, Any], old: dict[str, Any]) -> None:
    """What rest.BeforeUpdate does: fields that an update cannot change are as they were."""
    if not new.get("uid"):
        new["uid"] = old["uid"]
    new["creationTimestamp"] = old["creationTimestamp"]
    if old.get("deletionTimestamp"):
        new["deletionTimestamp"] = old["deletionTimestamp"]
    if "deletionGracePeriodSeconds" in old and new.get("deletionGracePeriodSeconds") is None:
        new["deletionGracePeriodSeconds"] = old["deletionGracePeriodSeconds"]
    if "generation" in old:
        new["generation"] = old["generation"]
    else:
        new.pop("generation", None)
    new["resourceVersion"] = old["resourceVersion"]
    new.pop("selfLink", None)


def mark_terminating(obj: dict[str, Any], now: datetime) -> None:
    """What store.markAsDeleting does: finalizers hold the object, its grace period is over."""
    metadata = obj["metadata"]
    if not metadata.get("deletionTimestamp"):
        if metadata.get("generation", 0) > 0:
            metadata["generation"] += 1
        metadata["deletionTimestamp"] = timestamp(now)
    elif parse_timestamp(metadata["deletionTimestamp"]) > now:
        metadata["deletionTimestamp"] = timestamp(now)
    metadata["deletionGracePeriodSeconds"] = 0


def shift(stamp: str, seconds: float) -> str:
    """A metav1.Time moved by `seconds`."""
    return timestamp(parse_timestamp(stamp) + timedelta(seconds=seconds))
