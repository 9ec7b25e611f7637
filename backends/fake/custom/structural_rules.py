"""Whether a schema is structural: every field has a type and a place outside of allOf, anyOf, oneOf and not.

From k8s.io/apiextensions-apiserver/pkg/apiserver/schema (validation.go, complete.go).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from backends.fake.custom.patterns import PatternError, matcher
from backends.fake.validation.causes import Cause, forbidden, invalid, required

Schema = Mapping[str, Any]
Level = Literal["root", "item", "field"]

_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
_NO_TYPE: Mapping[Level, str] = {
    "root": "must not be empty at the root",
    "item": "must not be empty for specified array items",
    "field": "must not be empty for specified object fields",
}
_NOT_NESTED: tuple[tuple[str, str], ...] = (
    ("type", "must be empty to be structural"),
    ("additionalProperties", "must be undefined to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    ("externalDocs", "must be undefined to be structural"),
    ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
    ("x-kubernetes-embedded-resource", "must be false to be structural"),
    ("x-kubernetes-int-or-string", "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
    ("x-kubernetes-validations", "must be empty to be structural"),
)
_METADATA_MAY = frozenset({"type", "properties", "default"})


def problems(schema: Schema, path: str) -> list[Cause]:
    """What keeps a schema from being structural, ordered by what the server says."""
    found = [*_node(schema, "root", path), *_completeness(schema, schema, path, path)]
    return sorted(found, key=lambda cause: f"{cause.field}: {cause.message}")


def _schema(value: Any) -> Schema | None:
    return value if isinstance(value, Mapping) else None


def _node(schema: Schema, level: Level, path: str) -> Iterator[Cause]:
    kind, items = schema.get("type"), _schema(schema.get("items"))
    properties = schema.get("properties") or {}
    if kind == "array" and items is None:
        yield required(f"{path}.items", "must be specified")
    if items is not None:
        yield from _node(items, "item", f"{path}.items")
    for name, one in properties.items():
        yield from _node(one, "field", f"{path}.properties[{name}]")
    additional = schema.get("additionalProperties")
    if additional is not None:
        if level == "root":
            yield forbidden(f"{path}.additionalProperties", "must not be used at the root")
        if isinstance(additional, Mapping):
            yield from _node(additional, "field", f"{path}.additionalProperties")
    yield from _extensions(schema, path)
    any_of = schema.get("anyOf") or []
    first_of_all = (schema.get("allOf") or [{}])[0].get("anyOf") or []
    yield from _values(schema, path, skip_any_of=any_of == _INT_OR_STRING, skip_first=first_of_all == _INT_OR_STRING)
    yield from _types(schema, level, path)
    yield from _meta(schema, level, path)


def _extensions(schema: Schema, path: str) -> Iterator[Cause]:
    if not schema.get("x-kubernetes-int-or-string"):
        return
    for member in ("x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"):
        if schema.get(member):
            yield invalid(f"{path}.{member}", True, "must be false if x-kubernetes-int-or-string is true")


def _types(schema: Schema, level: Level, path: str) -> Iterator[Cause]:
    kind, embedded = schema.get("type"), bool(schema.get("x-kubernetes-embedded-resource"))
    preserve = bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    if embedded and kind != "object":
        text = "must be object if x-kubernetes-embedded-resource is true"
        yield invalid(f"{path}.type", kind, text) if kind else required(f"{path}.type", text)
    elif not kind and not schema.get("x-kubernetes-int-or-string") and not preserve:
        yield required(f"{path}.type", _NO_TYPE[level])
    if embedded and schema.get("additionalProperties") is not None:
        yield forbidden(f"{path}.additionalProperties", "must not be used if x-kubernetes-embedded-resource is set")
    if level == "root" and kind and kind != "object":
        yield invalid(f"{path}.type", kind, "must be object at the root")
    if embedded and not preserve and not schema.get("properties"):
        rule = "x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
        yield required(f"{path}.properties", f"must not be empty if {rule}")


def _meta(schema: Schema, level: Level, path: str) -> Iterator[Cause]:
    """Kind, apiVersion and metadata are known; a schema may say little of them."""
    properties = schema.get("properties") or {}
    checked = level == "root" or bool(schema.get("x-kubernetes-embedded-resource"))
    for name in ("kind", "apiVersion"):
        one = properties.get(name)
        if checked and one is not None and one.get("type") != "string":
            yield invalid(f"{path}.properties[{name}].type", one.get("type") or "", "must be string")
    metadata = properties.get("metadata")
    if metadata is None:
        return
    where = f"{path}.properties[metadata]"
    if checked and metadata.get("type") != "object":
        yield invalid(f"{where}.type", metadata.get("type") or "", "must be object")
    if level == "root":
        more = set(metadata.get("properties") or {}) - {"name", "generateName"}
        others = {name for name in metadata if metadata[name] not in (None, False, "", [], {})} - _METADATA_MAY
        if more or others:
            text = "must not specify anything other than name and generateName, but metadata is implicitly specified"
            yield forbidden(where, text)


def _values(schema: Schema, path: str, *, skip_any_of: bool, skip_first: bool) -> Iterator[Cause]:
    if not skip_any_of:
        for number, one in enumerate(schema.get("anyOf") or ()):
            yield from _nested(one, f"{path}.anyOf[{number}]")
    for number, one in enumerate(schema.get("allOf") or ()):
        yield from _nested(one, f"{path}.allOf[{number}]", skip_any_of=skip_first and number == 0)
    for number, one in enumerate(schema.get("oneOf") or ()):
        yield from _nested(one, f"{path}.oneOf[{number}]")
    nested = _schema(schema.get("not"))
    if nested is not None:
        yield from _nested(nested, f"{path}.not")
    pattern = schema.get("pattern")
    try:
        matcher(pattern or "")
    except PatternError as error:
        yield invalid(f"{path}.pattern", pattern, f"must be a valid regular expression, but isn't: {error}")


def _nested(schema: Schema, path: str, *, skip_any_of: bool = False) -> Iterator[Cause]:
    yield from _values(schema, path, skip_any_of=skip_any_of, skip_first=False)
    items = _schema(schema.get("items"))
    if items is not None:
        yield from _nested(items, f"{path}.items")
    for name, one in (schema.get("properties") or {}).items():
        yield from _nested(one, f"{path}.properties[{name}]")
    for member, text in _NOT_NESTED:
        if schema.get(member) not in (None, False, "", [], {}):
            yield forbidden(f"{path}.{member}", text)
    if "metadata" in (schema.get("properties") or {}):
        yield forbidden(f"{path}.properties[metadata]", "must not be specified in a nested context")


# ---- what is restricted must be there


def _completeness(rules: Schema, schema: Schema | None, path: str, told: str) -> Iterator[Cause]:
    nested = _schema(rules.get("not"))
    if nested is not None:
        yield from _nested_completeness(nested, schema, path, f"{told}.not")
    for member in ("allOf", "anyOf", "oneOf"):
        for number, one in enumerate(rules.get(member) or ()):
            yield from _nested_completeness(one, schema, path, f"{told}.{member}[{number}]")


def _nested_completeness(rules: Schema, schema: Schema | None, path: str, told: str) -> Iterator[Cause]:
    if schema is None:
        yield required(path, f"because it is defined in {told}")
        return
    yield from _completeness(rules, schema, path, told)
    items = _schema(rules.get("items"))
    if items is not None:
        yield from _nested_completeness(items, _schema(schema.get("items")), f"{path}.items", f"{told}.items")
    there = schema.get("properties") or {}
    for name, one in (rules.get("properties") or {}).items():
        where, because = f"{path}.properties[{name}]", f"{told}.properties[{name}]"
        if name not in there:
            yield required(where, f"because it is defined in {because}")
        else:
            yield from _nested_completeness(one, there[name], where, because)
