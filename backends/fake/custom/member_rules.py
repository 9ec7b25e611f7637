"""What is wrong with the parts of a version that are no schema: subresources, printer columns, selectable fields.

From k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go. Called by `rules`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from backends.fake.validation.causes import Cause, invalid, required, shown

Spec = Mapping[str, Any]

_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_MAX_SELECTABLE = 8
_ALSO = "Enum string fields and strings with formats are allowed."


def _simple_path(path: str, where: str) -> list[Cause]:
    if not path:
        return [invalid(where, path, "must not be empty")]
    if not path.startswith("."):
        return [invalid(where, path, "must be a simple json path starting with .")]
    return []


def subresources(given: Spec, path: str) -> Iterator[Cause]:
    """What is wrong with the paths of a scale."""
    scale = given.get("scale")
    if scale is None:
        return
    for member, below in (("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")):
        value, where = scale.get(member) or "", f"{path}.scale.{member}"
        if not value:
            yield required(where)
        elif wrong := _simple_path(value, where):
            yield from wrong
        elif not value.startswith(below):
            yield invalid(where, value, f"should be a json path under {below[:-1]}")
    selector, where = scale.get("labelSelectorPath") or "", f"{path}.scale.labelSelectorPath"
    if not selector:
        return
    if wrong := _simple_path(selector, where):
        yield from wrong
    elif not selector.startswith((".spec.", ".status.")):
        yield invalid(where, selector, "should be a json path under either .spec or .status")


def columns(given: Sequence[Spec], path: str) -> Iterator[Cause]:
    """What is wrong with printer columns."""
    for number, column in enumerate(given):
        where, kind, form = f"{path}[{number}]", column.get("type") or "", column.get("format") or ""
        if not column.get("name"):
            yield required(f"{where}.name")
        words = f"must be one of {','.join(_COLUMN_TYPES)}"
        if not kind:
            yield required(f"{where}.type", words)
        elif kind not in _COLUMN_TYPES:
            yield invalid(f"{where}.type", kind, words)
        if form and form not in _COLUMN_FORMATS:
            yield invalid(f"{where}.format", form, f"must be one of {','.join(_COLUMN_FORMATS)}")
        if not column.get("jsonPath"):
            yield required(f"{where}.jsonPath")
        else:
            yield from _simple_path(column["jsonPath"], f"{where}.jsonPath")


def selectable(fields: Sequence[Spec], schema: Any, path: str) -> Iterator[Cause]:
    """What is wrong with selectable fields; `schema` is where they lead."""
    seen: set[str] = set()
    for number, one in enumerate(fields):
        where, value = f"{path}[{number}].jsonPath", one.get("jsonPath") or ""
        if not value:
            yield required(where)
            continue
        if why := _unselectable(value, schema):
            yield invalid(where, value, why)
        if value in seen:
            yield Cause(where, "FieldValueDuplicate", f"Duplicate value: {shown(value)}")
        seen.add(value)
    if len(fields) > _MAX_SELECTABLE:
        count = len(fields)
        text = f"Too many: {count}: must have at most {_MAX_SELECTABLE} items"
        yield Cause(path, "FieldValueTooMany", text)


def _unselectable(path: str, schema: Any) -> str:
    """Why objects cannot be selected by this path; empty where they can."""
    if not path.startswith("."):
        return "must be a simple json path starting with ."
    node: Any = schema or {}
    for name in path[1:].split("."):
        below = (node.get("properties") or {}) if isinstance(node, Mapping) else {}
        if name not in below:
            return f"is an invalid path: does not refer to a valid field: does not refer to a valid field: {path}"
        node = below[name]
    if path.startswith(".metadata"):
        return "must not point to fields in metadata"
    if node.get("type") not in ("string", "integer", "boolean"):
        return "must point to a field of type string, boolean or integer. " + _ALSO
    return ""
