"""`Cause`: one thing that is wrong with an object, worded as k8s.io/apimachinery/pkg/util/validation/field words it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from backends.fake.patching.shown import shown_json

_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\v": "\\v",
}


class Cause(NamedTuple):
    """The field ("spec.containers[0].name"), the reason ("FieldValueInvalid"), and the message without the field."""

    field: str
    reason: str
    message: str


def quoted(text: str) -> str:
    """Go's `%q`."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    out = []
    for char in text:
        if char in _ESCAPES:
            out.append(_ESCAPES[char])
        elif char.isprintable():
            out.append(char)
        elif ord(char) < 0x80:
            out.append(f"\\x{ord(char):02x}")
        else:
            out.append(f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}")
    return f'"{"".join(out)}"'


def shown(value: object) -> str:
    """A refused value as messages show it: texts quoted, numbers and flags bare, the rest as JSON."""
    if isinstance(value, str):
        return quoted(value)
    if value is None:
        return "null"
    return shown_json(value)


def invalid(field: str, value: object, detail: str) -> Cause:
    """The value breaks a rule."""
    return Cause(field, "FieldValueInvalid", f"Invalid value: {shown(value)}: {detail}")


def required(field: str, detail: str = "") -> Cause:
    """The value is missing."""
    return Cause(field, "FieldValueRequired", f"Required value: {detail}" if detail else "Required value")


def not_supported(field: str, value: object, allowed: Iterable[str]) -> Cause:
    """The value is none of those allowed, which the message lists in the given order."""
    supported = ", ".join(f'"{word}"' for word in allowed)
    return Cause(field, "FieldValueNotSupported", f"Unsupported value: {shown(value)}: supported values: {supported}")


def duplicate(field: str, value: object) -> Cause:
    """The value is there twice where it must be unique."""
    return Cause(field, "FieldValueDuplicate", f"Duplicate value: {shown(value)}")


def forbidden(field: str, detail: str) -> Cause:
    """The field must not be set, or not be changed, here."""
    return Cause(field, "FieldValueForbidden", f"Forbidden: {detail}")


def not_found(field: str, value: object) -> Cause:
    """The value names something that is not there."""
    return Cause(field, "FieldValueNotFound", f"Not found: {shown(value)}")


def too_long(field: str, limit: int) -> Cause:
    """The value has more than `limit` bytes."""
    return Cause(field, "FieldValueTooLong", f"Too long: may not be more than {limit} bytes")


def too_many(field: str, count: int, limit: int) -> Cause:
    """The list has more than `limit` entries."""
    return Cause(field, "FieldValueTooMany", f"Too many: {count}: must have at most {limit} items")


def at_least_zero(field: str, value: int | None) -> list[Cause]:
    """The rule of most counts; None passes."""
    if value is not None and value < 0:
        return [invalid(field, value, "must be greater than or equal to 0")]
    return []
