"""Lists that are sets or maps: no element twice.

From k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype (validation.go).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from backends.fake.custom.structural import Structural
from backends.fake.patching import shown_json
from backends.fake.validation import Cause, causes


def duplicates(value: Any, schema: Structural | None, path: str = "") -> list[Cause]:
    """Every element that is there a second time."""
    return list(_walk(value, schema, path))


def _walk(value: Any, schema: Structural | None, path: str) -> Iterator[Cause]:
    if schema is None:
        return
    if isinstance(value, dict):
        for name, member in value.items():
            child = schema.properties.get(name)
            if child is not None:
                yield from _walk(member, child, f"{path}.{name}" if path else name)
            elif schema.additional is not None:
                yield from _walk(member, schema.additional, f"{path}[{name}]")
    elif isinstance(value, list):
        if schema.list_type == "set":
            yield from _repeated(value, value, path)
        elif schema.list_type == "map":
            yield from _repeated([_keys(item, schema) for item in value], value, path)
        for number, item in enumerate(value):
            yield from _walk(item, schema.items, f"{path}[{number}]")


def _keys(item: Any, schema: Structural) -> Any:
    if not isinstance(item, dict):
        return None
    return {key: item[key] for key in sorted(schema.list_keys) if key in item}


def _repeated(names: list[Any], items: Iterable[Any], path: str) -> Iterator[Cause]:
    seen: set[str] = set()
    for number, (name, item) in enumerate(zip(names, items, strict=True)):
        if name is None and item is not None:
            continue
        text = shown_json(name)
        if text in seen:
            yield causes.duplicate(f"{path}[{number}]", name)
        seen.add(text)
