"""What a kind looks like to somebody who asks for owners: which values are one field, which have fields of their own.

Built from the schema's types on first use; custom resources bring shapes of their own. A list without a declared type
is one field (atomic). From the OpenAPI extensions x-kubernetes-list-type, -list-map-keys and -map-type:
https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from backends.fake.schema.types import Field, ListType, MapType, Scalar, StructType, Type

# `default` of the key fields that have one, which the published definitions leave out (core/v1 types.go, +default=)
KEY_DEFAULTS: Mapping[str, Any] = {"protocol": "TCP"}

_NUMBERS = ("int32", "int64", "float64")
_UNTYPED = ("raw", "quantity", "intstr")


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """One field, whatever is in it. `kind` is string, numeric, boolean, scalar, list, map or anything."""

    kind: str


@dataclass(slots=True, eq=False)
class Map:
    """A struct, a map, or both: `fields` by name, and `element` for every other name (None: there is no other)."""

    named: Callable[[], Mapping[str, Shape]]
    element: Shape | None = None
    _fields: Mapping[str, Shape] | None = field(default=None, repr=False)

    @property
    def fields(self) -> Mapping[str, Shape]:
        """The named fields; found out on first use, since types refer to each other in circles."""
        if self._fields is None:
            self._fields = self.named()
        return self._fields

    def child(self, name: str) -> Shape | None:
        """The shape of a member, None where there can be none of this name."""
        return self.fields.get(name, self.element)


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """A list whose elements have owners of their own: by `keys`, or by their values where there are none."""

    keys: tuple[str, ...]
    element: Shape
    defaults: Mapping[str, Any]


Shape = Leaf | Map | Items


def nothing() -> Mapping[str, Shape]:
    """The named fields of a plain map."""
    return {}


DEDUCED = Map(nothing)
"""What is there tells its own shape: a map is granular, anything else is one field."""
DEDUCED.element = DEDUCED

ANYTHING = Leaf("anything")
_STRING, _NUMERIC, _BOOLEAN = Leaf("string"), Leaf("numeric"), Leaf("boolean")
_LIST, _MAP = Leaf("list"), Leaf("map")


@functools.cache
def of_struct(struct: StructType) -> Map:
    """The shape of a struct whose fields have owners of their own."""
    return Map(lambda: {name: _of_field(one) for name, one in struct.fields.items()})


def _of_field(one: Field) -> Shape:
    of = one.type
    if isinstance(of, ListType):
        return _of_list(one, of)
    if isinstance(of, MapType):
        return _MAP if one.map_type == "atomic" else Map(nothing, _of(of.element))
    if isinstance(of, StructType):
        whole = one.map_type == "atomic" or (of.atomic and one.map_type != "granular")
        return _MAP if whole else of_struct(of)
    return _of(of)


def _of_list(one: Field, of: ListType) -> Shape:
    if one.list_type == "map":
        defaults = {key: KEY_DEFAULTS[key] for key in one.list_keys if key in KEY_DEFAULTS}
        return Items(tuple(sorted(one.list_keys)), _of(of.element), defaults)
    return Items((), _of(of.element), {}) if one.list_type == "set" else _LIST


def _of(of: Type) -> Shape:
    if isinstance(of, Scalar):
        return _of_scalar(of.kind)
    if isinstance(of, ListType):
        return _LIST
    if isinstance(of, MapType):
        return Map(nothing, _of(of.element))
    return _MAP if of.atomic else of_struct(of)


def _of_scalar(kind: str) -> Leaf:
    if kind in _NUMBERS:
        return _NUMERIC
    if kind == "bool":
        return _BOOLEAN
    return ANYTHING if kind in _UNTYPED else _STRING
