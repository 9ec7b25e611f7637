"""Types as OpenAPI describes them, from the schema: in version 3's form or in version 2's. Called by `documents`.

Both have the same members; they refer to each other in different ways, and version 2 says nothing of defaults.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from backends.fake.openapi import texts
from backends.fake.schema.types import Field, ListType, MapType, Scalar, StructType, Type, struct

Node = dict[str, Any]
GroupVersionKinds = dict[str, list[Node]]
"""A type's name to the kinds that are of it."""

_META = "io.k8s.apimachinery.pkg.apis.meta.v1"
_PLAIN: dict[str, Node] = {
    "string": {"type": "string"},
    "bool": {"type": "boolean"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "float64": {"type": "number", "format": "double"},
    "bytes": {"type": "string", "format": "byte"},
    "duration": {"type": "string"},
}
_ZERO = {"string": "", "bool": False, "int32": 0, "int64": 0, "float64": 0}
_RAW = {
    "FieldsV1": (f"{_META}.FieldsV1", "FieldsV1 stores a set of fields in a data structure like a Trie."),
    "JSON": ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON", "Any valid JSON value."),
    "RawExtension": ("io.k8s.apimachinery.pkg.runtime.RawExtension", "An object of any kind, with its apiVersion."),
}
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"
_NAMED = {"time": f"{_META}.Time", "microtime": f"{_META}.MicroTime", "quantity": _QUANTITY, "intstr": _INT_OR_STRING}
_TIME = {"type": "string", "format": "date-time"}


def full_name(short: str) -> str:
    """A type's name as OpenAPI has it, from the compact file's shorter one."""
    if short.startswith("meta."):
        return f"io.k8s.apimachinery.pkg.apis.{short}"
    outside = short.startswith(("apimachinery.", "apiextensions-apiserver.", "kube-aggregator."))
    return f"io.k8s.{short}" if outside else f"io.k8s.api.{short}"


class Definitions:
    """Describes types for one version of OpenAPI, 2 or 3."""

    def __init__(self, version: int) -> None:
        self._modern = version == 3
        self.reference = "#/components/schemas/" if self._modern else "#/definitions/"

    def of(self, kinds: GroupVersionKinds) -> Node:
        """The types of `kinds` and all that these refer to, by full name."""
        found: Node = {}
        pending = list(kinds)
        while pending:
            name = pending.pop()
            if full_name(name) in found:
                continue
            schema = found[full_name(name)] = self._struct(struct(name))
            if name in kinds:
                schema["x-kubernetes-group-version-kind"] = kinds[name]
            pending += _referred(struct(name))
        found.update(self._leaves())
        return dict(sorted(found.items()))

    def refer(self, name: str) -> Node:
        """A reference to a type, by its name in the compact file."""
        return {"$ref": f"{self.reference}{full_name(name)}"}

    def _leaves(self) -> Iterable[tuple[str, Node]]:
        quantity: Node = {"oneOf": [{"type": "string"}, {"type": "number"}]} if self._modern else {"type": "string"}
        number: Node = {"format": "int-or-string"}
        number |= {"oneOf": [{"type": "integer"}, {"type": "string"}]} if self._modern else {"type": "string"}
        yield _QUANTITY, {"description": "A number with a suffix, such as 100m or 1Gi.", **quantity}
        yield _INT_OR_STRING, {"description": "An integer or a string.", **number}
        yield _NAMED["time"], {"description": "A time to the second, as RFC 3339 writes it.", **_TIME}
        yield _NAMED["microtime"], {"description": "A time to the microsecond, as RFC 3339 writes it.", **_TIME}
        for kind, (name, text) in _RAW.items():
            yield name, {"description": text} if kind == "JSON" else {"description": text, "type": "object"}

    def _struct(self, of: StructType) -> Node:
        schema: Node = {"description": texts.of_type(of.name), "type": "object"}
        if of.fields:
            schema["properties"] = {name: self._field(of, field) for name, field in of.fields.items()}
        required = [name for name, field in of.fields.items() if field.required]
        if of.atomic:
            schema["x-kubernetes-map-type"] = "atomic"
        return {**schema, "required": required} if required else schema

    def _field(self, of: StructType, field: Field) -> Node:
        enum = texts.ENUMS.get(field.type.go_name, ()) if isinstance(field.type, Scalar) else ()
        default = self._default(field)
        schema: Node = {"description": texts.of_field(of.name, field.name, enum), **default}
        schema |= self._referable(self._type(field.type, of.name, field.name))
        marks = {
            "enum": list(enum),
            "x-kubernetes-list-map-keys": list(field.list_keys),
            "x-kubernetes-list-type": field.list_type,
            "x-kubernetes-map-type": field.map_type,
            "x-kubernetes-patch-merge-key": field.merge_key,
            "x-kubernetes-patch-strategy": ",".join(field.strategies),
        }
        return {**schema, **{name: value for name, value in marks.items() if value}}

    def _default(self, field: Field) -> Node:
        """What Go has where nothing is said: a struct that is no pointer, and a scalar that is always written."""
        if not self._modern or field.pointer:
            return {}
        if isinstance(field.type, StructType):
            return {"default": {}}
        always = isinstance(field.type, Scalar) and not field.omit_empty and field.type.kind in _ZERO
        return {"default": _ZERO[field.type.kind]} if always and isinstance(field.type, Scalar) else {}

    def _referable(self, schema: Node) -> Node:
        """Version 3 allows nothing beside a reference."""
        return {"allOf": [schema]} if self._modern and "$ref" in schema else schema

    def _element(self, of: Type, owner: str, field: str) -> Node:
        schema = self._type(of, owner, field)
        if isinstance(of, StructType):
            return {"default": {}, **self._referable(schema)} if self._modern else schema
        if isinstance(of, Scalar):
            enum = texts.ENUMS.get(of.go_name, ())
            schema |= {"enum": list(enum)} if enum else {}
            if self._modern and of.kind in _ZERO:
                schema = {**schema, "default": _ZERO[of.kind]}
        return schema

    def _type(self, of: Type, owner: str, field: str) -> Node:
        if isinstance(of, StructType):
            return self.refer(of.name)
        if isinstance(of, ListType):
            return {"type": "array", "items": self._element(of.element, owner, field)}
        if isinstance(of, MapType):
            return {"type": "object", "additionalProperties": self._element(of.element, owner, field)}
        if of.kind == "raw":
            kind = "JSON" if owner.startswith("apiextensions-apiserver.") else "RawExtension"
            return {"$ref": self.reference + _RAW["FieldsV1" if field == "fieldsV1" else kind][0]}
        if of.kind in _NAMED:
            return {"$ref": self.reference + _NAMED[of.kind]}
        return dict(_PLAIN[of.kind])


def _referred(of: StructType) -> Iterator[str]:
    for field in of.fields.values():
        inner: Type = field.type
        while isinstance(inner, ListType | MapType):
            inner = inner.element
        if not isinstance(inner, Scalar):
            yield inner.name
