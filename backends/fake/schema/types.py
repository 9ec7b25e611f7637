"""The parsed form of the compact schema file: a table of struct types, each a list of fields in declared order.

The file is JSON with three members: `kubernetes` (the release), `kinds` ("group/version/Kind" to a type) and `types`
(a type's name to its Go name and fields, and "atomic" where it has one owner as a whole). A field is
`[name, expression, flags, merge]`:

    expression := [GoName ":"] "[]" expression     list            ("v1.Finalizers:[]string" where the list has a name)
                | [GoName ":"] "{}" expression     map with text keys
                | "@" type                         struct
                | scalar ["=" GoName]              string bool int32 int64 float64 bytes
                                                   time microtime duration quantity intstr raw
    flags      := "*" a pointer, "o" left out when empty, "z" left out when zero, "r" required by OpenAPI
    merge      := {"key": patch merge key, "strategy": patch strategy, "list": list type, "keys": list map keys,
                   "map": map type}

Nothing here decides anything; `decoding`, `wording`, `strict` and strategic merge read it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import orjson

ScalarKind = Literal[
    "string", "bool", "int32", "int64", "float64", "bytes", "time", "microtime", "duration", "quantity", "intstr", "raw"
]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value that the schema does not look into."""

    kind: str
    go_name: str


@dataclass(frozen=True, slots=True)
class ListType:
    """A list; `go_name` is what error texts call it."""

    element: Type
    go_name: str


@dataclass(frozen=True, slots=True)
class MapType:
    """A map with text keys; `go_name` is what error texts call it."""

    element: Type
    go_name: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a struct and how it is written: the flags of the compact file, spelled out."""

    name: str
    type: Type
    pointer: bool
    omit_empty: bool
    omit_zero: bool
    required: bool
    merge_key: str = ""
    strategies: tuple[str, ...] = ()
    list_type: str = ""
    list_keys: tuple[str, ...] = ()
    map_type: str = ""

    @property
    def merges(self) -> bool:
        """Whether strategic merge merges this list instead of replacing it."""
        return "merge" in self.strategies


@dataclass(slots=True, eq=False)
class StructType:
    """A struct; its fields are parsed on first use, since types refer to each other in circles."""

    name: str
    go_name: str
    _raw: list[list[Any]]
    atomic: bool = False
    """Whether server-side apply gives it to one owner as a whole."""
    _fields: dict[str, Field] | None = field(default=None, repr=False)

    @property
    def fields(self) -> Mapping[str, Field]:
        """The fields by JSON name, in declared order."""
        if self._fields is None:
            self._fields = {entry[0]: _field(entry) for entry in self._raw}
        return self._fields


Type = Scalar | ListType | MapType | StructType


def _field(entry: list[Any]) -> Field:
    name, expression, flags = entry[:3]
    merge: Mapping[str, Any] = entry[3] if len(entry) > 3 else {}
    return Field(
        name,
        parse(expression),
        pointer="*" in flags,
        omit_empty="o" in flags,
        omit_zero="z" in flags,
        required="r" in flags,
        merge_key=merge.get("key", ""),
        strategies=tuple(merge["strategy"].split(",")) if "strategy" in merge else (),
        list_type=merge.get("list", ""),
        list_keys=tuple(merge.get("keys", ())),
        map_type=merge.get("map", ""),
    )


@functools.cache
def parse(expression: str) -> Type:
    """The type that an expression of the compact file tells."""
    if expression.startswith("@"):
        return struct(expression[1:])
    head, colon, rest = expression.partition(":")
    named, body = (head, rest) if colon and "[]" not in head and "{}" not in head else ("", expression)
    if body.startswith(("[]", "{}")):
        element = parse(body[2:])
        if body.startswith("[]"):
            return ListType(element, named or f"[]{go_name(element)}")
        return MapType(element, named or f"map[string]{go_name(element)}")
    kind, _, alias = expression.partition("=")
    return Scalar(kind, alias or _GO_NAMES.get(kind, kind))


_GO_NAMES = {
    "bytes": "[]uint8",
    "time": "v1.Time",
    "microtime": "v1.MicroTime",
    "duration": "v1.Duration",
    "quantity": "resource.Quantity",
    "intstr": "intstr.IntOrString",
    "raw": "runtime.RawExtension",
}


def go_name(of: Type) -> str:
    """What Go's error texts call this type."""
    return of.go_name


FILE = Path(__file__).parent.parent / "data" / "openapi.json"
"""The compact file."""


@functools.cache
def document() -> dict[str, Any]:
    """The compact file, read once a process."""
    loaded: dict[str, Any] = orjson.loads(FILE.read_bytes())
    return loaded


@functools.cache
def struct(name: str) -> StructType:
    """The struct type of this name. Raises `KeyError` when the file has none."""
    go, fields, *flags = document()["types"][name]
    return StructType(name, go, fields, atomic="atomic" in flags)
