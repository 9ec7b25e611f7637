"""The lines of strict decoding: which members are unknown and which are named twice, in the server's words.

Rules: sigs.k8s.io/json with `DisallowUnknownFields` and `DisallowDuplicateFields`: document order, nothing said about
what lies inside an unknown member, at most 100 lines, each once. Slow and exact; called only when the fast walk of
`decoding` found that there is something to say.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from backends.fake.schema.types import ListType, MapType, StructType, Type

MOST_LINES = 100


class _Members(list[tuple[str, Any]]):
    """An object's members as they stand in the text, repeated ones included."""


def errors_in_text(of: Type, body: bytes) -> list[str]:
    """The lines for a JSON text that parses."""
    return _lines(of, json.loads(body, object_pairs_hook=_Members))


def errors_in_value(of: Type, value: object) -> list[str]:
    """The lines for a parsed value (which cannot name a member twice)."""
    return _lines(of, value)


def repeated_members(body: bytes) -> list[str]:
    """Lines for a text without a type, as a patch is one: only repeated members."""
    return list(dict.fromkeys(_repeated(json.loads(body, object_pairs_hook=_Members), "")))[:MOST_LINES]


def _lines(of: Type, value: object) -> list[str]:
    return list(dict.fromkeys(_walk(of, value, "")))[:MOST_LINES]


def _members(value: object) -> list[tuple[str, Any]] | None:
    if isinstance(value, _Members):
        return value
    return list(value.items()) if isinstance(value, dict) else None


def _walk(of: Type, value: object, path: str) -> Iterator[str]:
    if isinstance(of, ListType):
        if isinstance(value, list) and not isinstance(value, _Members):
            for number, item in enumerate(value):
                yield from _walk(of.element, item, f"{path}[{number}]")
        return
    members = _members(value)
    if members is None or not isinstance(of, StructType | MapType):
        return
    seen: set[str] = set()
    for name, member in members:
        where = f"{path}.{name}" if path else name
        inner = _member_type(of, name)
        if inner is None:
            yield f'unknown field "{where}"'
            continue
        if name in seen:
            yield f'duplicate field "{where}"'
        seen.add(name)
        yield from _walk(inner, member, where)


def _member_type(of: StructType | MapType, name: str) -> Type | None:
    if isinstance(of, MapType):
        return of.element
    field = of.fields.get(name)
    return None if field is None else field.type


def _repeated(value: object, path: str) -> Iterator[str]:
    if isinstance(value, _Members):
        seen: set[str] = set()
        for name, member in value:
            where = f"{path}.{name}" if path else name
            if name in seen:
                yield f'duplicate field "{where}"'
            seen.add(name)
            yield from _repeated(member, where)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _repeated(item, f"{path}[{number}]")
