"""metadata: what the server fills in, what an update may not touch, and which names are names.

Pure functions over plain dicts, called by the registry for every kind alike; the rules and texts are those of
k8s.io/apimachinery/pkg/api/validation (objectmeta.go) and k8s.io/apiserver/pkg/registry/rest (meta.go, update.go).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, NamedTuple

_SYSTEM_FIELDS = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink")
_GENERATED_NAME_BASE = 63 - 5


class Cause(NamedTuple):
    """One reason why an object is invalid, as a Status names it."""

    field: str
    reason: str
    message: str


def timestamp(at: datetime) -> str:
    """A metav1.Time: RFC 3339, UTC, whole seconds."""
    return f"{at.year:04d}-{at.month:02d}-{at.day:02d}T{at.hour:02d}:{at.minute:02d}:{at.second:02d}Z"


def parse_timestamp(text: str) -> datetime:
    """The moment that a metav1.Time names. ValueError when it is none."""
    return datetime.fromisoformat(text)


def of(obj: dict[str, Any]) -> dict[str, Any]:
    """The metadata of an object; made where it is missing."""
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict):
        metadata = obj["metadata"] = {}
    return metadata


def prepare_create(metadata: dict[str, Any], uid: str, now: datetime, suffix: str) -> None:
    """What rest.BeforeCreate does: the system's fields are the system's, and generateName becomes a name."""
    for field in _SYSTEM_FIELDS:
        metadata.pop(field, None)
    metadata.pop("managedFields", None)
    metadata["uid"] = uid
    metadata["creationTimestamp"] = timestamp(now)
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = str(metadata["generateName"])[:_GENERATED_NAME_BASE] + suffix
    drop_empty(metadata)


def prepare_update(new: dict[str, Any], old: dict[str, Any]) -> None:
    """What rest.BeforeUpdate does: fields that an update cannot change are as they were."""
    if not new.get("uid"):
        new["uid"] = old["uid"]
    new["creationTimestamp"] = old["creationTimestamp"]
    if old.get("deletionTimestamp"):
        new["deletionTimestamp"] = old["deletionTimestamp"]
    else:
        new.pop("deletionTimestamp", None)
    if "deletionGracePeriodSeconds" in old and new.get("deletionGracePeriodSeconds") is None:
        new["deletionGracePeriodSeconds"] = old["deletionGracePeriodSeconds"]
    if "generation" in old:
        new["generation"] = old["generation"]
    else:
        new.pop("generation", None)
    if not new.get("resourceVersion"):
        new["resourceVersion"] = old["resourceVersion"]
    new.pop("managedFields", None)
    new.pop("selfLink", None)
    drop_empty(new)


def drop_empty(metadata: dict[str, Any]) -> None:
    """Empty and null members are not there (Go's omitempty)."""
    empty = [key for key, value in metadata.items() if value is None or value in ("", {}, [])]
    for key in empty:
        del metadata[key]


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


# ---- an update

_IMMUTABLE = ("name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds")


def validate_update(new: dict[str, Any], old: dict[str, Any]) -> list[Cause]:
    """What ValidateObjectMetaAccessorUpdate finds."""
    causes = []
    if old.get("deletionTimestamp"):
        held = old.get("finalizers") or []
        fresh = [finalizer for finalizer in new.get("finalizers") or [] if finalizer not in held]
        if fresh:
            shown = ", ".join(f'"{finalizer}"' for finalizer in fresh)
            text = (
                "Forbidden: no new finalizers can be added if the object is being deleted, "
                f"found new finalizers []string{{{shown}}}"
            )
            causes.append(Cause("metadata.finalizers", "FieldValueForbidden", text))
    for field in _IMMUTABLE:
        if new.get(field) != old.get(field):
            shown_value = f'"{new.get(field)}"' if isinstance(new.get(field), str) else str(new.get(field))
            text = f"Invalid value: {shown_value}: field is immutable"
            causes.append(Cause(f"metadata.{field}", "FieldValueInvalid", text))
    return causes


# ---- names

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
