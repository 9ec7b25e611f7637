"""What a custom resource looks like to server-side apply: its schema as a shape.

From k8s.io/apiextensions-apiserver/pkg/controller/openapi/builder and kube-openapi/pkg/schemaconv: lists are atomic
unless the schema says otherwise, maps are granular, and where unknown fields are preserved their shape is what they
are.
"""

from __future__ import annotations

from collections.abc import Mapping

from backends.fake.custom.decoding import object_meta
from backends.fake.custom.structural import ABSENT, Structural
from backends.fake.ownership import shapes
from backends.fake.ownership.shapes import ANYTHING, DEDUCED, Items, Leaf, Map, Shape, nothing

_SCALARS = {"string": "string", "integer": "numeric", "number": "numeric", "boolean": "boolean"}


def shape_of(root: Structural) -> Map:
    """The shape of a whole object."""
    return _map(root, _meta())


def _meta() -> dict[str, Shape]:
    return {"kind": Leaf("string"), "apiVersion": Leaf("string"), "metadata": shapes.of_struct(object_meta())}


def _map(schema: Structural, meta: Mapping[str, Shape]) -> Map:
    named: dict[str, Shape] = {**{name: _of(child) for name, child in schema.properties.items()}, **meta}
    if schema.additional is not None:
        return Map(lambda: named, _of(schema.additional))
    return Map(lambda: named, DEDUCED if schema.preserve or schema.open else None)


def _of(schema: Structural) -> Shape:
    if schema.int_or_string:
        return ANYTHING
    if schema.type in _SCALARS:
        return Leaf(_SCALARS[schema.type])
    if schema.type == "array":
        return _list(schema)
    if schema.type == "object":
        return _object(schema)
    return DEDUCED if schema.preserve else ANYTHING


def _list(schema: Structural) -> Shape:
    if schema.items is None or schema.list_type not in ("map", "set"):
        return Leaf("list")
    if schema.list_type == "set":
        return Items((), _of(schema.items), {})
    keys = {key: schema.items.properties.get(key) for key in schema.list_keys}
    defaults = {key: one.default for key, one in keys.items() if one is not None and one.default is not ABSENT}
    return Items(tuple(sorted(keys)), _of(schema.items), defaults)


def _object(schema: Structural) -> Shape:
    if schema.map_type == "atomic":
        return Leaf("map")
    if schema.embedded:
        return _map(schema, _meta())
    if not schema.properties and not schema.open and not schema.preserve:
        return Map(nothing)
    return _map(schema, {})
