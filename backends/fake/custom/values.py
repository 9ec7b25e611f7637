"""What is wrong with a value by its schema: types, limits, patterns, alternatives.

Called for whole objects, for the status alone and for defaults. A schema is compiled once. Order and texts are those of
k8s.io/kube-openapi/pkg/validation/validate (schema.go, type.go, values.go, schema_props.go, object_validator.go) and
the translation of apiextensions-apiserver/pkg/apiserver/validation; where Go walks a map in random order, members are
looked at by name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from backends.fake.custom import formats
from backends.fake.custom.structural import ABSENT
from backends.fake.patching import shown_json
from backends.fake.validation import Cause, causes
from backends.fake.validation.causes import quoted

Schema = Mapping[str, Any]

NOWHERE = "<nil>"
"""The field that Go names where alternatives do not fit: it has no path for them."""


@dataclass(slots=True)
class Result:
    """What was found. `matches` counts what fitted: the alternative with the most is the one that is explained."""

    found: list[Cause] = field(default_factory=list)
    matches: int = 0

    def merge(self, other: Result) -> None:
        """Take over what another part found."""
        self.found += other.found
        self.matches += other.matches


Check = Callable[[Any, str, Result], None]
Ratchet = Callable[[Any, str, Result, Any], None]
"""A check that is told what was there before (`ABSENT`: nothing, or nobody knows)."""


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
    parts = (_alternatives(schema), _text(schema), _format(form), _number(schema))
    every = [one for one in parts if one is not None]
    of_list, enum, of_object = _list(schema), _enum(schema), _object(schema)

    def check(value: Any, path: str, result: Result, old: Any = ABSENT) -> None:
        if old is not ABSENT and value == old:
            return
        if value is None:
            if types and not nullable:
                result.found.append(_wrong_type(path, ",".join(types), "null", "null"))
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


# ---- types


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
            result.found.append(_wrong_type(path, ",".join(types), found, found))

    return check


def _wrong_type(path: str, wanted: str, shown: Any, value: Any) -> Cause:
    text = f"Invalid value: {causes.shown(value)}: {path} in body must be of type {wanted}: {quoted(str(shown))}"
    return Cause(path, "FieldValueTypeInvalid", text)


# ---- alternatives


def _alternatives(schema: Schema) -> Check | None:
    any_of, one_of, all_of = ([compiled(one) for one in schema.get(name) or ()] for name in ("anyOf", "oneOf", "allOf"))
    none_of = compiled(schema["not"]) if schema.get("not") is not None else None
    if not (any_of or one_of or all_of or none_of):
        return None

    def check(value: Any, path: str, result: Result) -> None:
        if any_of:
            _at_least_one(any_of, value, path, result)
        if one_of:
            _exactly_one(one_of, value, path, result)
        if all_of:
            _all(all_of, value, path, result)
        if none_of is not None and not _tried(none_of, value, path).found:
            result.found.append(_unfit(f"{quoted(path)} must not validate the schema (not)"))
        result.matches += 1

    return check


def _tried(check: Ratchet, value: Any, path: str) -> Result:
    result = Result()
    check(value, path, result, ABSENT)
    return result


def _unfit(text: str) -> Cause:
    return Cause(NOWHERE, "FieldValueInvalid", f'Invalid value: "": {text}')


def _at_least_one(checks: Iterable[Ratchet], value: Any, path: str, result: Result) -> None:
    best = Result()
    for check in checks:
        tried = _tried(check, value, path)
        if not tried.found:
            result.merge(tried)
            return
        if tried.matches > best.matches or not best.found:
            best = tried
    result.found.append(_unfit(f"{quoted(path)} must validate at least one schema (anyOf)"))
    result.merge(best)


def _exactly_one(checks: Iterable[Ratchet], value: Any, path: str, result: Result) -> None:
    every = [_tried(check, value, path) for check in checks]
    valid = [one for one in every if not one.found]
    if len(valid) == 1:
        result.merge(valid[0])
        return
    why = f"Found {len(valid)} valid alternatives" if valid else "Found none valid"
    result.found.append(_unfit(f"{quoted(path)} must validate one and only one schema (oneOf). {why}"))
    if not valid:
        result.merge(max(every, key=lambda one: one.matches))


def _all(checks: Iterable[Ratchet], value: Any, path: str, result: Result) -> None:
    every = [_tried(check, value, path) for check in checks]
    for one in every:
        result.merge(one)
    if any(one.found for one in every):
        none = "" if any(not one.found for one in every) else ". None validated"
        result.found.append(_unfit(f"{quoted(path)} must validate all the schemas (allOf){none}"))


# ---- texts and numbers


def _text(schema: Schema) -> Check | None:
    longest, shortest, pattern = schema.get("maxLength"), schema.get("minLength"), schema.get("pattern")
    if longest is None and shortest is None and not pattern:
        return None
    shape = go_pattern(pattern) if pattern else None

    def check(value: Any, path: str, result: Result) -> None:
        if not isinstance(value, str):
            return
        length = len(value)
        if longest is not None and length > longest:
            result.found.append(Cause(path, "FieldValueTooLong", f"Too long: may not be more than {longest} bytes"))
        elif shortest is not None and length < shortest:
            result.found.append(_invalid(path, value, f"should be at least {shortest} chars long"))
        elif shape is not None and shape.search(value) is None:
            result.found.append(_invalid(path, value, f"should match '{pattern}'"))
        else:
            result.matches += 1

    return check


def _invalid(path: str, value: Any, rule: str) -> Cause:
    return causes.invalid(path, value, f"{path} in body {rule}")


def go_pattern(pattern: str) -> re.Pattern[str] | None:
    """A regular expression of RE2, as Python's; None for one that Python cannot have."""
    text = re.sub(r"\\z", r"\\Z", pattern)
    for name, members in _CLASSES.items():
        text = text.replace(f"[:{name}:]", members)
    # RE2's dollar is the end of the text, Python's may stand before a last line feed.
    text = re.sub(r"(?<!\\)\$$", r"\\Z", text)
    try:
        return re.compile(text, re.ASCII)
    except re.error:
        return None


_CLASSES = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "blank": r"\t ", "digit": "0-9", "lower": "a-z", "space": r"\t\n\v\f\r ",
    "upper": "A-Z", "word": "0-9A-Za-z_", "xdigit": "0-9A-Fa-f", "punct": r"!-/:-@\[-`{-~",
}  # fmt: skip


def _format(name: str) -> Check | None:
    is_one = formats.check_of(name) if name else None
    if is_one is None:
        return None

    def check(value: Any, path: str, result: Result) -> None:
        if not isinstance(value, str):
            return
        if is_one(value):
            result.matches += 1
        else:
            result.found.append(_wrong_type(path, name, value, value))

    return check


def _number(schema: Schema) -> Check | None:
    most, least, step = schema.get("maximum"), schema.get("minimum"), schema.get("multipleOf")
    if most is None and least is None and step is None:
        return None
    below, above = bool(schema.get("exclusiveMaximum")), bool(schema.get("exclusiveMinimum"))

    def check(value: Any, path: str, result: Result) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return
        if step is not None and not _is_multiple(value, step):
            result.found.append(_invalid(path, value, f"should be a multiple of {_limit(step, value)}"))
        if least is not None and (value <= least if above else value < least):
            word = "greater than" if above else "greater than or equal to"
            result.found.append(_invalid(path, value, f"should be {word} {_limit(least, value)}"))
        if most is not None and (value >= most if below else value > most):
            word = "less than" if below else "less than or equal to"
            result.found.append(_invalid(path, value, f"should be {word} {_limit(most, value)}"))
        result.matches += 1

    return check


def _is_multiple(value: float, step: float) -> bool:
    if isinstance(value, int) and float(step).is_integer():
        return int(step) != 0 and value % int(step) == 0
    if not step:
        return False
    quotient = value / step
    return math.isfinite(quotient) and quotient == math.floor(quotient)


def _limit(limit: float, value: float) -> str:
    """A limit as the message shows it: as a number of the value's own type."""
    return str(int(limit)) if isinstance(value, int) else go_float(float(limit))


def go_float(value: float) -> str:
    """Go's %v of a float64: the shortest digits that tell it, with an exponent below 1e-4 and from 1e+06 on."""
    sign, (mantissa, exponent) = "-" if value < 0 else "", _shortest(abs(value))
    if exponent < -4 or exponent >= 6:
        rest = f".{mantissa[1:]}" if mantissa[1:] else ""
        return f"{sign}{mantissa[0]}{rest}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
    text = repr(abs(value))
    return sign + text.removesuffix(".0")


def _shortest(value: float) -> tuple[str, int]:
    """The shortest digits of a number, and the decimal exponent of the first."""
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    del sign
    return "".join(map(str, digits)), len(digits) - 1 + int(exponent)


# ---- lists, enumerations, objects


def _list(schema: Schema) -> Ratchet | None:
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
            result.found.append(_invalid(path, len(value), f"should have at least {least} items"))
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


def _enum(schema: Schema) -> Check | None:
    allowed = schema.get("enum")
    if not allowed:
        return None

    def check(value: Any, path: str, result: Result) -> None:
        if any(type(value) is type(one) and value == one for one in allowed) or _is_equal_number(value, allowed):
            result.matches += 1
            return
        words = [one if isinstance(one, str) else shown_json(one) for one in allowed]
        supported = ", ".join(quoted(word) for word in words)
        text = f"Unsupported value: {causes.shown(value)}: supported values: {supported}"
        result.found.append(Cause(path, "FieldValueNotSupported", text))

    return check


def _is_equal_number(value: Any, allowed: Iterable[Any]) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return any(not isinstance(one, bool) and isinstance(one, int | float) and one == value for one in allowed)


def _object(schema: Schema) -> Ratchet | None:
    properties = {name: compiled(one) for name, one in sorted((schema.get("properties") or {}).items())}
    required, others = tuple(schema.get("required") or ()), _others(schema)
    least, most = schema.get("minProperties"), schema.get("maxProperties")
    if not properties and others is None and not required and least is most is None:
        return None

    def check(value: Any, path: str, result: Result, old: Any) -> None:
        if not isinstance(value, dict):
            return
        before = old if isinstance(old, dict) else {}
        if least is not None and len(value) < least:
            result.found.append(_invalid(path, len(value), f"should have at least {least} properties"))
            return
        if most is not None and len(value) > most:
            result.found.append(causes.too_many(path, len(value), most))
            return
        if others is not None:
            others(value, path, result, before)
        for name, of_member in properties.items():
            if name in value:
                of_member(value[name], _at(path, name), result, before.get(name, ABSENT))
        for name in required:
            if name not in value:
                result.found.append(causes.required(_at(path, name)))
        result.matches += len(value.keys() & set(required))

    return check


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _others(schema: Schema) -> Ratchet | None:
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
            of_member(value[name], _at(path, name), result, old.get(name, ABSENT))

    return check
