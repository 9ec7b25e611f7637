"""anyOf, oneOf, allOf and not.

From k8s.io/kube-openapi/pkg/validation/validate (schema_props.go): where none fits, the one of which most fits is
explained.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backends.fake.custom.checking import NOWHERE, Check, Compile, Ratchet, Result, Schema
from backends.fake.custom.structural import ABSENT
from backends.fake.validation import Cause
from backends.fake.validation.causes import quoted


def alternatives(schema: Schema, compiled: Compile) -> Check | None:
    """The check of all four; None where there is none of them."""
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
