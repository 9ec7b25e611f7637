"""The messages of the built-in kinds: a field's number, its JSON name and its type. Read by `reading` and `writing`.

The file is JSON: a message's name to its fields, each `[number, name, expression]` or `[number, name, expression, "*"]`
for a pointer, whose zero is a value like any other. A field without a name is an embedded struct: JSON has its members
beside the others. Expressions are those of `backends.fake.schema.types`, without Go's names, and one more:

    items      a list of texts wrapped in a message (ExtraValue), since a map has no lists

`scripts/schema` writes the file anew; the numbers are part of Kubernetes' API and never change.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from backends.fake.schema.types import document

FILE: Final = Path(__file__).parent.parent / "data" / "protobuf.json"
MAGIC: Final = b"k8s\0"
"""What every message starts with; a runtime.Unknown follows."""
DEEPEST: Final = 64
"""Messages in messages; a Job's pod template has twelve levels. Only schemas of JSON refer to themselves."""
SCALARS: Final = frozenset({"string", "bool", "int32", "int64", "float64", "bytes"})


class ProtobufError(ValueError):
    """The body is no protobuf, or says something that the table does not know."""


class UnknownKindError(ProtobufError):
    """The table does not have this kind."""


class WireField(NamedTuple):
    """One field of a message."""

    number: int
    name: str
    expression: str
    pointer: bool


_METADATA: Final = {
    ("meta.k8s.io", kind): f"meta.v1.{kind}" for kind in ("PartialObjectMetadata", "PartialObjectMetadataList")
}
Message = tuple[WireField, ...]


@functools.cache
def _table() -> dict[str, list[list[Any]]]:
    loaded: dict[str, list[list[Any]]] = orjson.loads(FILE.read_bytes())
    return loaded


@functools.cache
def message(name: str) -> Message:
    """The fields of a message, by number. `KeyError` when the table has none of that name."""
    return tuple(
        sorted(
            WireField(number, field, expression, bool(flags)) for number, field, expression, *flags in _table()[name]
        )
    )


@functools.cache
def by_number(name: str) -> dict[int, WireField]:
    """The same, to look a number up."""
    return {field.number: field for field in message(name)}


def has_message(group: str, version: str, kind: str) -> bool:
    """Whether a kind can travel as protobuf."""
    return document()["kinds"].get(f"{group}/{version}/{kind}") in _table()


def message_of(api_version: str, kind: str) -> str:
    """The message that a kind travels as. Raises `UnknownKindError`."""
    group, _, version = api_version.rpartition("/")
    name: str | None = document()["kinds"].get(f"{group}/{version}/{kind}") or _METADATA.get((group, kind))
    if name is None or name not in _table():
        raise UnknownKindError(f"{kind} of {api_version}")
    return name
