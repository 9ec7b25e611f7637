"""Limits on texts and numbers, patterns, formats and enumerations.

From k8s.io/kube-openapi/pkg/validation/validate (values.go, type.go).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from backends.fake.custom import formats
from backends.fake.custom.checking import Check, Result, Schema, invalid
from backends.fake.custom.patterns import Matcher, PatternError, matcher
from backends.fake.patching import shown_json
from backends.fake.validation import Cause, causes
from backends.fake.validation.causes import quoted


def wrong_type(path: str, wanted: str, shown: Any, value: Any) -> Cause:
    """The value is of another type, or of no format, than is `wanted`."""
    text = f"Invalid value: {causes.shown(value)}: {path} in body must be of type {wanted}: {quoted(str(shown))}"
    return Cause(path, "FieldValueTypeInvalid", text)


def text(schema: Schema) -> Check | None:
    """The check of lengths and of a pattern; None where there is none."""
    longest, shortest, pattern = schema.get("maxLength"), schema.get("minLength"), schema.get("pattern")
    if longest is None and shortest is None and not pattern:
        return None
    matches = _matcher(pattern) if pattern else None

    def check(value: Any, path: str, result: Result) -> None:
        if not isinstance(value, str):
            return
        length = len(value)
        if longest is not None and length > longest:
            result.found.append(Cause(path, "FieldValueTooLong", f"Too long: may not be more than {longest} bytes"))
        elif shortest is not None and length < shortest:
            result.found.append(invalid(path, value, f"should be at least {shortest} chars long"))
        elif matches is not None and not matches(value):
            result.found.append(invalid(path, value, f"should match '{pattern}'"))
        else:
            result.matches += 1

    return check


def _matcher(pattern: str) -> Matcher | None:
    """A pattern that is none was stored before anybody looked: it refuses nothing."""
    try:
        return matcher(pattern)
    except PatternError:
        return None


def form(name: str) -> Check | None:
    """The check of a format; None for one that is not checked."""
    is_one = formats.check_of(name) if name else None
    if is_one is None:
        return None

    def check(value: Any, path: str, result: Result) -> None:
        if not isinstance(value, str):
            return
        if is_one(value):
            result.matches += 1
        else:
            result.found.append(wrong_type(path, name, value, value))

    return check


def number(schema: Schema) -> Check | None:
    """The check of a number; None where nothing is said of one."""
    most, least, step = schema.get("maximum"), schema.get("minimum"), schema.get("multipleOf")
    if most is None and least is None and step is None:
        return None
    below, above = bool(schema.get("exclusiveMaximum")), bool(schema.get("exclusiveMinimum"))

    def check(value: Any, path: str, result: Result) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return
        if step is not None and not _is_multiple(value, step):
            result.found.append(invalid(path, value, f"should be a multiple of {_limit(step, value)}"))
        if least is not None and (value <= least if above else value < least):
            word = "greater than" if above else "greater than or equal to"
            result.found.append(invalid(path, value, f"should be {word} {_limit(least, value)}"))
        if most is not None and (value >= most if below else value > most):
            word = "less than" if below else "less than or equal to"
            result.found.append(invalid(path, value, f"should be {word} {_limit(most, value)}"))
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


def enum(schema: Schema) -> Check | None:
    """The check of an enumeration; None where there is none."""
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
