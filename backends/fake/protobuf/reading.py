"""`decode`: a message in Kubernetes' envelope, read into what JSON would say. Called by `bodies`.

What is empty is left out unless it is a pointer, as Go's `omitempty` would have left it out of JSON. Raises
`ProtobufError` for whatever is no message of the table.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from backends.fake import metadata
from backends.fake.protobuf import wire
from backends.fake.protobuf.table import DEEPEST, MAGIC, ProtobufError, UnknownKindError, by_number, message_of

Obj = dict[str, Any]

_ZERO_TIME: Final = -62_135_596_800
"""Seconds of 0001-01-01T00:00:00Z, Go's zero time."""
_EMPTY: Final = ("", False, 0, None)


def decode(body: bytes) -> Obj:
    """The object in an envelope, as JSON would have it. Raises `ProtobufError`, `UnknownKindError`."""
    if not body.startswith(MAGIC):
        raise ProtobufError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    envelope = dict(wire.fields(body[len(MAGIC) :]))
    named = dict(wire.fields(_sized(envelope.get(1, b""))))
    version, kind = (_text(named.get(number, b"")) for number in (1, 2))
    found = _message(message_of(version, kind), _sized(envelope.get(2, b"")), 1)
    return {"kind": kind, "apiVersion": version, **found}


def _message(name: str, data: bytes, depth: int) -> Obj:
    if depth > DEEPEST:
        raise ProtobufError("exceeded max depth")
    known, found = by_number(name), Obj()
    for number, value in wire.fields(data):
        field = known.get(number)
        if field is None:
            continue  # from a newer release: Go's generated readers skip it
        expression, member = field.expression, field.name
        if not member:
            found.update(_value(expression, value, depth))
        elif expression.startswith("[]"):
            found.setdefault(member, []).append(_value(expression[2:], value, depth))
        elif expression.startswith("{}"):
            key, item = _entry(expression[2:], value, depth)
            found.setdefault(member, {})[key] = item
        else:
            read = _value(expression, value, depth)
            if field.pointer or read not in _EMPTY:
                found[member] = read
            else:
                found.pop(member, None)
    return {member: value for member, value in found.items() if value is not None}


def _entry(expression: str, data: int | bytes, depth: int) -> tuple[str, Any]:
    """One entry of a map: key is field 1, value is field 2, either may be missing."""
    parts = dict(wire.fields(_sized(data)))
    missing: int | bytes = 0 if expression in ("bool", "int32", "int64") else b""
    return _text(parts.get(1, b"")), _value(expression, parts.get(2, missing), depth)


def _value(expression: str, value: int | bytes, depth: int) -> Any:
    if expression.startswith("@"):
        return _message(expression[1:], _sized(value), depth + 1)
    reader = _READERS.get(expression)
    if reader is None:
        raise UnknownKindError(expression)
    return reader(value)


def _sized(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise ProtobufError("expected bytes, found a number")
    return value


def _number(value: int | bytes) -> int:
    if not isinstance(value, int):
        raise ProtobufError(f"expected a number, found {len(value)} bytes")
    return value


def _text(value: int | bytes) -> str:
    try:
        return _sized(value).decode()
    except UnicodeDecodeError as error:
        raise ProtobufError("a string is not UTF-8") from error


def _double(value: int | bytes) -> float:
    if len(_sized(value)) != 8:
        raise ProtobufError("a double has eight bytes")
    read: float = struct.unpack("<d", _sized(value))[0]
    return read


def _seconds(value: int | bytes) -> str | None:
    """A metav1.Time; the zero time is none at all, and what is below a second is not read."""
    at = _moment(value)
    return metadata.timestamp(at) if at is not None else None


def _micro(value: int | bytes) -> str | None:
    at = _moment(value)
    return f"{metadata.timestamp(at)[:-1]}.{at.microsecond:06d}Z" if at is not None else None


def _moment(value: int | bytes) -> datetime | None:
    if not value:
        return None
    parts = dict(wire.fields(_sized(value)))
    seconds, nanos = wire.signed(_number(parts.get(1, 0))), wire.signed(_number(parts.get(2, 0)), 32)
    if seconds == _ZERO_TIME:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=nanos // 1000)
    except (ValueError, OverflowError, OSError) as error:
        raise ProtobufError("a time is out of range") from error


def _quantity(value: int | bytes) -> str:
    return _text(dict(wire.fields(_sized(value))).get(1, b""))


def _int_or_string(value: int | bytes) -> int | str:
    """Type (0 a number, 1 a text), intVal, strVal."""
    parts = dict(wire.fields(_sized(value)))
    if _number(parts.get(1, 0)):
        return _text(parts.get(3, b""))
    return wire.signed(_number(parts.get(2, 0)), 32)


def _raw(value: int | bytes) -> Any:
    """A RawExtension or FieldsV1: bytes that are JSON."""
    text = _sized(dict(wire.fields(_sized(value))).get(1, b""))
    try:
        return orjson.loads(text) if text else None
    except orjson.JSONDecodeError as error:
        raise ProtobufError(f"raw JSON in the message: {error}") from error


def _items(value: int | bytes) -> list[str]:
    return [_text(item) for number, item in wire.fields(_sized(value)) if number == 1]


_READERS: Final[dict[str, Callable[[int | bytes], Any]]] = {
    "string": _text,
    "bool": lambda value: bool(_number(value)),
    "int32": lambda value: wire.signed(_number(value), 32),
    "int64": lambda value: wire.signed(_number(value)),
    "float64": _double,
    "bytes": lambda value: base64.b64encode(_sized(value)).decode(),
    "time": _seconds,
    "microtime": _micro,
    "quantity": _quantity,
    "intstr": _int_or_string,
    "raw": _raw,
    "items": _items,
}
