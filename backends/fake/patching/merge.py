"""JSON merge patch (RFC 7396), as gopkg.in/evanphx/json-patch.v4 has it."""

from __future__ import annotations

from typing import Any

from backends.fake.patching.errors import unreadable
from backends.fake.schema.wording import json_kind


def check(patch: object) -> None:
    """Refuse what is no object. Raises `PatchError` (400)."""
    if patch is None:
        raise unreadable("Invalid JSON Patch")
    if not isinstance(patch, dict):
        kind = json_kind(patch)
        text = f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
        raise unreadable(f"error decoding patch: {text}")


def apply(doc: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """The merged document; `null` deletes, lists are replaced. Keys of what was merged are sorted, as there."""
    merged = dict(doc)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
            continue
        have = merged.get(key)
        if isinstance(have, dict) and isinstance(value, dict):
            merged[key] = apply(have, value)
        else:
            merged[key] = value if isinstance(have, dict | list | str | int | float) else _without_nulls(value)
    return {key: merged[key] for key in sorted(merged)}


def _without_nulls(value: Any) -> Any:
    """A value that is new to the document: its nulls delete nothing and are dropped (list items stay)."""
    if isinstance(value, dict):
        return {key: _without_nulls(member) for key, member in value.items() if member is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
