"""What is wrong with a value by its schema: types, limits, patterns, alternatives.

Called for whole objects, for the status alone and for defaults. A schema is compiled once. Order and texts are those of
k8s.io/kube-openapi/pkg/validation/validate (schema.go, type.go, values.go, schema_props.go, object_validator.go) and
the translation of apiextensions-apiserver/pkg/apiserver/validation; where Go walks a map in random order, members are
looked at by name.
"""

from __future__ import annotations

from typing import Any

from backends.fake.custom import alternatives, containers, limits
from backends.fake.custom.checking import NOWHERE, Check, Ratchet, Result, Schema
from backends.fake.custom.structural import ABSENT
from backends.fake.validation import Cause


def problems(schema: Schema, value: Any, prefix: str = "", *, old: Any = ABSENT) -> list[Cause]:
    """What is wrong with `value`; `prefix` is where it stands in its object ("status").

    What is as it was in `old` is not looked at again (KEP-4008, ratcheting).
    """
    result = Result()
    compiled(schema)(value, "", result, old)
    if not prefix:
        return result.found
    return [one._replace(field=_below(prefix, one.field)) for one in result.found]


def _below(prefix: str, where: str) -> str:
    if where == NOWHERE:
        return prefix
    return f"{prefix}.{where}" if where and not where.startswith("[") else f"{prefix}{where}"


_KEPT: dict[int, tuple[Schema, Ratchet]] = {}


_MOST = 4096
"""How many compiled schemas are kept before all are forgotten."""


def compiled(schema: Schema) -> Ratchet:
    """The check of a schema. Kept by identity: a definition's schema does not change."""
    kept = _KEPT.get(id(schema))
    if kept is not None and kept[0] is schema:
        return kept[1]
    if len(_KEPT) >= _MOST:
        _KEPT.clear()
    check = _compile(schema)
    _KEPT[id(schema)] = (schema, check)
    return check


def _compile(schema: Schema) -> Ratchet:
    types = _types(schema)
    nullable, form = bool(schema.get("nullable")), schema.get("format") or ""
    of_type = _type_check(types, form) if types or form else None
    parts = (alternatives.alternatives(schema, compiled), limits.text(schema), limits.form(form), limits.number(schema))
    every = [one for one in parts if one is not None]
    enum = limits.enum(schema)
    of_list, of_object = containers.of_list(schema, compiled), containers.of_object(schema, compiled)

    def check(value: Any, path: str, result: Result, old: Any = ABSENT) -> None:
        if old is not ABSENT and value == old:
            return
        if value is None:
            if types and not nullable:
                result.found.append(limits.wrong_type(path, ",".join(types), "null", "null"))
            if enum is not None:
                enum(value, path, result)
            return
        if of_type is not None:
            of_type(value, path, result)
            result.matches += 1
        for part in every:
            part(value, path, result)
        if of_list is not None:
            of_list(value, path, result, old)
        if enum is not None:
            enum(value, path, result)
        if of_object is not None:
            of_object(value, path, result, old)
        result.matches += 1

    return check


def _types(schema: Schema) -> tuple[str, ...]:
    if schema.get("x-kubernetes-int-or-string"):
        return ("integer", "string")
    return (schema["type"],) if schema.get("type") else ()


def json_type(value: Any) -> str:
    """What JSON schema calls a value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "number"
    return _JSON_TYPES.get(type(value), "null")


_JSON_TYPES: dict[type, str] = {str: "string", list: "array", dict: "object"}


def _type_check(types: tuple[str, ...], form: str) -> Check:
    numeric = bool({"number", "integer"} & set(types))

    def check(value: Any, path: str, result: Result) -> None:
        found = json_type(value)
        whole = found == "number" and value.is_integer() and "integer" in types
        widened = found == "integer" and "number" in types
        if (form and not numeric and found in ("string", "array")) or not types or found in types or whole or widened:
            result.matches += 1
        else:
            result.found.append(limits.wrong_type(path, ",".join(types), found, found))

    return check
