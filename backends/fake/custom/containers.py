"""Lists and objects: how many, and what is in them.

From k8s.io/kube-openapi/pkg/validation/validate (slice_validator.go, object_validator.go), and which element was which
before from apiextensions-apiserver's ratcheting (KEP-4008).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backends.fake.custom.checking import Compile, Ratchet, Result, Schema, at, invalid
from backends.fake.custom.structural import ABSENT
from backends.fake.patching import shown_json
from backends.fake.validation import causes


def of_list(schema: Schema, compiled: Compile) -> Ratchet | None:
    """The check of a list; None where nothing is said of one."""
    items = schema.get("items")
    of_item = compiled(items) if isinstance(items, Mapping) else None
    least, most, unique = schema.get("minItems"), schema.get("maxItems"), schema.get("uniqueItems")
    if of_item is None and least is None and most is None and not unique:
        return None

    def check(value: Any, path: str, result: Result, old: Any) -> None:
        if not isinstance(value, list):
            return
        if of_item is not None:
            before = correlated(schema, value, old)
            for number, item in enumerate(value):
                of_item(item, f"{path}[{number}]", result, before[number])
        if least is not None and len(value) < least:
            result.found.append(invalid(path, len(value), f"should have at least {least} items"))
        if most is not None and len(value) > most:
            result.found.append(causes.too_many(path, len(value), most))
        if unique and len({shown_json(item) for item in value}) != len(value):
            result.found.append(causes.invalid(path, "", f"{path} in body shouldn't contain duplicates"))
        result.matches += 1

    return check


def correlated(schema: Schema, items: list[Any], old: Any) -> list[Any]:
    """What each item was before: only items of a map-like list can be told, by their keys."""
    keys = schema.get("x-kubernetes-list-map-keys")
    if schema.get("x-kubernetes-list-type") != "map" or not keys or not isinstance(old, list):
        return [ABSENT] * len(items)
    known = {shown_json([item.get(key) for key in keys]): item for item in old if isinstance(item, dict)}
    return [
        known.get(shown_json([item.get(key) for key in keys]), ABSENT) if isinstance(item, dict) else ABSENT
        for item in items
    ]


def of_object(schema: Schema, compiled: Compile) -> Ratchet | None:
    """The check of an object; None where nothing is said of one."""
    properties = {name: compiled(one) for name, one in sorted((schema.get("properties") or {}).items())}
    required, others = tuple(schema.get("required") or ()), _others(schema, compiled)
    least, most = schema.get("minProperties"), schema.get("maxProperties")
    if not properties and others is None and not required and least is most is None:
        return None

    def check(value: Any, path: str, result: Result, old: Any) -> None:
        if not isinstance(value, dict):
            return
        before = old if isinstance(old, dict) else {}
        if least is not None and len(value) < least:
            result.found.append(invalid(path, len(value), f"should have at least {least} properties"))
            return
        if most is not None and len(value) > most:
            result.found.append(causes.too_many(path, len(value), most))
            return
        if others is not None:
            others(value, path, result, before)
        for name, of_member in properties.items():
            if name in value:
                of_member(value[name], at(path, name), result, before.get(name, ABSENT))
        for name in required:
            if name not in value:
                result.found.append(causes.required(at(path, name)))
        result.matches += len(value.keys() & set(required))

    return check


def _others(schema: Schema, compiled: Compile) -> Ratchet | None:
    """The check of the members that are not named."""
    named, additional = frozenset(schema.get("properties") or {}), schema.get("additionalProperties")
    if additional is False:

        def refuse(value: Any, path: str, result: Result, old: Any) -> None:
            del old
            for name in sorted(value.keys() - named):
                result.found.append(causes.invalid(path, "", f"{path}.{name} in body is a forbidden property"))

        return refuse
    if not isinstance(additional, Mapping):
        return None
    of_member = compiled(additional)

    def check(value: Any, path: str, result: Result, old: Any) -> None:
        for name in sorted(value.keys() - named):
            of_member(value[name], at(path, name), result, old.get(name, ABSENT))

    return check
