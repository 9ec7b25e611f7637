"""CustomResourceDefinitions. From k8s.io/apiextensions-apiserver/pkg/registry/customresourcedefinition."""

from __future__ import annotations

from datetime import datetime

from backends.fake import metadata as meta
from backends.fake.strategies.base import Obj, Versioned

CRDS = ("apiextensions.k8s.io", "customresourcedefinitions")
"""Group and plural of definitions."""
CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
"""The finalizer that holds a definition until its objects are gone."""


class CustomResourceDefinitions(Versioned):
    """Definitions remember which versions were stored, and wait for the end of their objects."""

    generation = True

    def prepare_create(self, obj: Obj) -> None:
        """A new one has no names yet, and one stored version."""
        super().prepare_create(obj)
        obj["status"] = {"conditions": None, "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": None}
        _remember_storage(obj)

    def prepare_update(self, new: Obj, old: Obj) -> None:
        """Another storage version is remembered beside those before."""
        super().prepare_update(new, old)
        _remember_storage(new)

    def begin_delete(self, obj: Obj, now: datetime) -> bool | None:
        """The first DELETE marks it and lets the server delete its objects; any other is like everywhere."""
        metadata = obj["metadata"]
        if metadata.get("deletionTimestamp"):
            return None
        metadata["deletionTimestamp"] = meta.timestamp(now)
        if CLEANUP not in (metadata.get("finalizers") or ()):
            metadata["finalizers"] = [*(metadata.get("finalizers") or ()), CLEANUP]
        set_condition(
            obj,
            {
                "type": "Terminating",
                "status": "True",
                "reason": "InstanceDeletionPending",
                "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
            },
            meta.timestamp(now),
        )
        return False


def _remember_storage(obj: Obj) -> None:
    status = obj.get("status")
    if not isinstance(status, dict):
        status = obj["status"] = {}
    stored = status.get("storedVersions") or []
    for version in obj["spec"].get("versions") or ():
        if version.get("storage"):
            name = version.get("name") or ""
            obj["status"] = {**status, "storedVersions": stored if name in stored else [*stored, name]}
            return


def is_whole(crd: Obj) -> bool:
    """Whether a definition says enough to be served; one that was loaded as it came may say anything."""
    spec = crd.get("spec")
    if not isinstance(spec, dict) or not isinstance(spec.get("group"), str):
        return False
    names, versions = spec.get("names"), spec.get("versions")
    named = isinstance(names, dict) and bool(names.get("plural")) and bool(names.get("kind"))
    return named and isinstance(versions, list) and all(isinstance(one, dict) and one.get("name") for one in versions)


def condition_of(crd: Obj, kind: str) -> Obj | None:
    """A condition of a definition, None where it has none of this type."""
    for one in (crd.get("status") or {}).get("conditions") or ():
        if one.get("type") == kind:
            return dict(one)
    return None


def set_condition(crd: Obj, wanted: Obj, at: str) -> None:
    """Put a condition into a definition's status; `at` (RFC 3339) is when, if its status changes (SetCRDCondition)."""
    status = crd.setdefault("status", {})
    held = condition_of(crd, wanted["type"])
    if held is not None and held.get("status") == wanted["status"]:
        at = held.get("lastTransitionTime") or at
    made = {
        "type": wanted["type"],
        "status": wanted["status"],
        "lastTransitionTime": at,
        "reason": wanted.get("reason") or "",
        "message": wanted.get("message") or "",
    }
    conditions = list(status.get("conditions") or ())
    places = [number for number, one in enumerate(conditions) if one.get("type") == wanted["type"]]
    if places:
        conditions[places[0]] = made
    else:
        conditions.append(made)
    status["conditions"] = conditions


def condition(crd: Obj, kind: str) -> str:
    """The status of a condition: "True", "False", "Unknown"; empty where there is none."""
    for one in (crd.get("status") or {}).get("conditions") or ():
        if one.get("type") == kind:
            return str(one.get("status") or "")
    return ""
