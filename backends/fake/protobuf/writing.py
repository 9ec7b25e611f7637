"""`encode` and `event`: what JSON says, as a message in Kubernetes' envelope. Called when an answer is to be protobuf.

What JSON leaves out is left out; Go, which writes every field that is no pointer, reads both as the same. Raises
`UnknownKindError` for a kind that the table does not have.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from backends.fake.protobuf import wire
from backends.fake.protobuf.table import MAGIC, message, message_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def encode(obj: Mapping[str, Any]) -> bytes:
    """An object, a list or a Status, with its `apiVersion` and `kind`."""
    version, kind = str(obj.get("apiVersion", "")), str(obj.get("kind", ""))
    body = _message(message_of(version, kind), obj)
    named = wire.sized(1, version.encode()) + wire.sized(2, kind.encode())
    return MAGIC + wire.sized(1, named) + wire.sized(2, body) + wire.sized(3, b"") + wire.sized(4, b"")


def event(kind: str, encoded: bytes) -> bytes:
    """A frame of a watch: four bytes of length, and a WatchEvent around an encoded object."""
    body = wire.sized(1, kind.encode()) + wire.sized(2, wire.sized(1, encoded))
    return struct.pack(">I", len(body)) + body


def _message(name: str, obj: Mapping[str, Any]) -> bytes:
    out = bytearray()
    for field in message(name):
        if not field.name:
            embedded = _message(field.expression[1:], obj)
            out += wire.sized(field.number, embedded)
            continue
        value = obj.get(field.name)
        if value is None:
            continue
        for item, expression in _repeated(value, field.expression):
            out += _field(field.number, expression, item)
    return bytes(out)


def _repeated(value: Any, expression: str) -> Iterator[tuple[Any, str]]:
    if expression.startswith("[]"):
        yield from ((item, expression[2:]) for item in value)
    elif expression.startswith("{}"):
        yield from ((entry, expression) for entry in value.items())
    else:
        yield value, expression


def _field(number: int, expression: str, value: Any) -> bytes:
    if expression.startswith("@"):
        return wire.sized(number, _message(expression[1:], value))
    if expression.startswith("{}"):
        return wire.sized(number, wire.sized(1, value[0].encode()) + _field(2, expression[2:], value[1]))
    if expression in ("bool", "int32", "int64"):
        return wire.number(number, int(value))
    if expression == "float64":
        return wire.double(number, struct.pack("<d", value))
    return wire.sized(number, _WRITERS[expression](value))


def _time(value: str) -> bytes:
    since = datetime.fromisoformat(value) - _EPOCH
    seconds = since.days * 86_400 + since.seconds
    return wire.number(1, seconds) + wire.number(2, since.microseconds * 1000)


def _int_or_string(value: int | str) -> bytes:
    if isinstance(value, int):
        return wire.number(1, 0) + wire.number(2, value) + wire.sized(3, b"")
    return wire.number(1, 1) + wire.number(2, 0) + wire.sized(3, value.encode())


def _text(value: str) -> bytes:
    return value.encode("utf-8", "surrogatepass")


_WRITERS: Final[dict[str, Callable[[Any], bytes]]] = {
    "string": _text,
    "bytes": base64.b64decode,
    "time": _time,
    "microtime": _time,
    "quantity": lambda value: wire.sized(1, value.encode()),
    "intstr": _int_or_string,
    "raw": lambda value: wire.sized(1, orjson.dumps(value)),
    "items": lambda value: b"".join(wire.sized(1, item.encode()) for item in value),
}
