"""The mark that an action leaves on what it changes, where it lies, and what else bears witness of a write. Pure.

A mark is the annotation `MARKER_ANNOTATION` with the action's marker. It lies in the pod template (restarts, rollbacks
of StatefulSets and DaemonSets), where whoever strips it makes a new generation, or in the object's own annotations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kubeactions.model import FIELD_MANAGER, MARKER_ANNOTATION, Intent, Json, JsonObject

TEMPLATE = "/spec/template/metadata/annotations"
OBJECT = "/metadata/annotations"


def escape(key: str) -> str:
    """A key as a JSON pointer's token (RFC 6901, 3)."""
    return key.replace("~", "~0").replace("/", "~1")


def template_annotations(found: JsonObject) -> JsonObject:
    """The annotations of a pod template; {} when it has none."""
    metadata = (found["spec"].get("template") or {}).get("metadata") or {}
    annotations: JsonObject = metadata.get("annotations") or {}
    return annotations


def annotations_of(found: JsonObject) -> JsonObject:
    """The object's own annotations; {} when it has none."""
    annotations: JsonObject = found["metadata"].get("annotations") or {}
    return annotations


def template_has(found: JsonObject, marker: str) -> bool:
    """Whether the pod template bears the mark."""
    return bool(template_annotations(found).get(MARKER_ANNOTATION) == marker)


def object_has(found: JsonObject, marker: str) -> bool:
    """Whether the object's own annotations bear the mark."""
    return bool(annotations_of(found).get(MARKER_ANNOTATION) == marker)


def is_owned_by(found: JsonObject, uid: str) -> bool:
    """Whether an owner reference names this UID."""
    return any(owner.get("uid") == uid for owner in found["metadata"].get("ownerReferences") or ())


def wrote(found: JsonObject, path: Sequence[str]) -> bool:
    """Whether managedFields say that the field at this path (`f:spec`, `f:replicas`) is ours."""
    for entry in found["metadata"].get("managedFields") or ():
        fields: Any = entry.get("fieldsV1") or {}
        for step in path:
            fields = fields.get(step) if isinstance(fields, dict) else None
        if entry.get("manager") == FIELD_MANAGER and fields is not None:
            return True
    return False


def last_write(found: JsonObject) -> str:
    """When managedFields say that we wrote it last: RFC 3339, in whole seconds; "" for never."""
    entries = found["metadata"].get("managedFields") or ()
    return max((str(one.get("time") or "") for one in entries if one.get("manager") == FIELD_MANAGER), default="")


def written_since(found: JsonObject, before: Json) -> bool:
    """Whether we have written it since a plan that found `before` (a `last_write`), and the mark was stripped then.

    The mark of another action speaks against it: ours would have taken its place. Within one second nobody can tell.
    """
    if before is None or MARKER_ANNOTATION in annotations_of(found):
        return False
    return last_write(found) > str(before)


def tests_of(intent: Intent) -> list[JsonObject]:
    """The two operations that make a JSON patch conditional on the UID and the pin.

    The pin says by its type what it is: a generation is a number, a resourceVersion is text.
    """
    pin = "/metadata/resourceVersion" if isinstance(intent.pin, str) else "/metadata/generation"
    return [
        {"op": "test", "path": "/metadata/uid", "value": intent.uid},
        {"op": "test", "path": pin, "value": intent.pin},
    ]


def annotate(base: str, values: dict[str, Json], *, present: bool) -> list[JsonObject]:
    """The operations that add annotations at `base`, where there are some (`present`) or none.

    A template's annotations are guarded by the generation. An object's own are not, in every kind: their absence is
    tested, so that what somebody else adds meanwhile is not overwritten (a `test` for null holds where nothing is;
    recorded in tests/conformance, patch/json-patch).
    """
    if present:
        return [{"op": "add", "path": f"{base}/{escape(key)}", "value": value} for key, value in values.items()]
    absent = [{"op": "test", "path": base, "value": None}] if base == OBJECT else []
    return [*absent, {"op": "add", "path": base, "value": values}]
