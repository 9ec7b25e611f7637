"""What the server says of a value with a wrong type. Slow and exact; called only when decoding failed.

Two paths of the real server word it differently: JSON bodies and JSON results go through Go's `encoding/json`
(`json_error`), the map that a strategic merge leaves goes through the unstructured converter (`conversion_error`).
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from typing import Any

from backends.fake.schema import quantity, timestamps
from backends.fake.schema.decoding import MismatchError, decoder_of
from backends.fake.schema.types import ListType, MapType, Scalar, StructType, Type

_UNMARSHALERS = {"time", "microtime", "duration", "quantity", "intstr", "raw"}


class _FatalError(Exception):
    """An error of a type's own UnmarshalJSON: it ends decoding, and so wins over those that decoding only notes."""


def json_error(of: StructType, value: object) -> str:
    """The text of Go's JSON decoder: the first error of a custom type, else the first wrong type in document order."""
    try:
        found = next(iter([*_json(of, value, "", [])]), None)
    except _FatalError as error:
        return str(error)
    return found or "unknown decoding error"


def conversion_error(of: StructType, value: object) -> str:
    """The text of the unstructured converter, which stops at the first error in declared order."""
    return next(_convert(of, value), "unknown conversion error")


_JSON_KINDS = {bool: "bool", int: "number", float: "number", str: "string", list: "array", dict: "object"}


def json_kind(value: object) -> str:
    """What Go calls a JSON value: object, array, string, number, bool or null."""
    if value is None:
        return "null"
    return _JSON_KINDS[type(value)]


def _json(of: Type, value: object, owner: str, path: list[str]) -> Iterator[str]:
    if value is None:
        return
    if isinstance(of, Scalar):
        yield from _json_scalar(of, value, owner, path)
    elif isinstance(of, ListType) and isinstance(value, list):
        for item in value:
            yield from _json(of.element, item, owner, path)
    elif isinstance(of, MapType) and isinstance(value, dict):
        for item in value.values():
            yield from _json(of.element, item, owner, path)
    elif isinstance(of, StructType) and isinstance(value, dict):
        for name, item in value.items():
            if name in of.fields:
                yield from _json(of.fields[name].type, item, _bare(of.go_name), [*path, name])
    else:
        yield _mismatch(json_kind(value), of.go_name, owner, path)


def _bare(go_name: str) -> str:
    return go_name.rpartition(".")[2]


def _mismatch(kind: str, go_name: str, owner: str, path: list[str]) -> str:
    if not path:
        return f"json: cannot unmarshal {kind} into Go value of type {go_name}"
    return f"json: cannot unmarshal {kind} into Go struct field {owner}.{'.'.join(path)} of type {go_name}"


def _json_scalar(of: Scalar, value: object, owner: str, path: list[str]) -> Iterator[str]:
    if of.kind in _UNMARSHALERS:
        text = _unmarshaler_error(of, value)
        if text is not None:
            raise _FatalError(text)
        return
    if _fits(of, value):
        return
    if of.kind == "bytes" and isinstance(value, str):
        yield f"illegal base64 data at input byte {_bad_base64(value)}"
        return
    kind = json_kind(value)
    if kind == "number" and of.kind in ("int32", "int64", "float64"):
        kind = f"number {value}"
    yield _mismatch(kind, of.go_name, owner, path)


def _fits(of: Scalar, value: object) -> bool:
    try:
        decoder_of(of)(value, [])
    except MismatchError:
        return False
    return True


def _unmarshaler_error(of: Scalar, value: object) -> str | None:
    if _fits(of, value):
        return None
    if of.kind == "quantity":
        return _error_of(quantity.parse, value if isinstance(value, str) else str(value)) or quantity.FORMAT_TEXT
    if of.kind == "intstr":
        kind = json_kind(value)
        return f"json: cannot unmarshal {f'number {value}' if kind == 'number' else kind} into Go value of type int32"
    if not isinstance(value, str):
        return f"json: cannot unmarshal {json_kind(value)} into Go value of type string"
    if of.kind == "duration":
        return f'time: invalid duration "{value}"'
    return _error_of(timestamps.micro if of.kind == "microtime" else timestamps.seconds, value)


def _error_of(read: Any, text: str) -> str | None:
    try:
        read(text)
    except ValueError as error:
        return str(error)
    return None


def _bad_base64(text: str) -> int:
    """The byte at which Go's `base64.StdEncoding` gives up."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    data = text.encode()
    quantum = 0
    for position, byte in enumerate(data):
        if byte in b"\r\n":
            continue
        if byte in alphabet:
            quantum = (quantum + 1) % 4
            continue
        if byte == ord("=") and quantum >= 2:
            return _bad_padding(data, position, quantum)
        return position
    try:
        binascii.a2b_base64(data, strict_mode=True)
    except ValueError:
        return len(data) - quantum
    return len(data)


def _bad_padding(data: bytes, position: int, quantum: int) -> int:
    rest = [number for number in range(position + 1, len(data)) if data[number] not in b"\r\n"]
    if quantum == 3:
        return rest[0] if rest else len(data)
    if not rest:
        return len(data)
    if data[rest[0]] != ord("="):
        return rest[0]
    return rest[1] if len(rest) > 1 else len(data)


_GO_VALUE_KINDS = {bool: "bool", int: "int64", float: "float64", str: "string", list: "slice", dict: "map"}
_CONVERTIBLE_TO_STRING = {int}


def _convert(of: Type, value: object) -> Iterator[str]:
    if value is None:
        return
    given = _GO_VALUE_KINDS[type(value)]
    if isinstance(of, StructType):
        if not isinstance(value, dict):
            yield f"cannot restore struct from: {given}"
            return
        for name, field in of.fields.items():
            if name in value:
                yield from _convert(field.type, value[name])
    elif isinstance(of, MapType):
        if not isinstance(value, dict):
            yield f"cannot restore map from {given}"
            return
        for item in value.values():
            yield from _convert(of.element, item)
    elif isinstance(of, ListType):
        if not isinstance(value, list):
            yield f"cannot restore slice from {given}"
            return
        for item in value:
            yield from _convert(of.element, item)
    else:
        yield from _convert_scalar(of, value, given)


def _convert_scalar(of: Scalar, value: object, given: str) -> Iterator[str]:
    if _fits(of, value):
        return
    if of.kind in _UNMARSHALERS:
        yield _unmarshaler_error(of, value) or "unknown conversion error"
    elif of.kind == "bytes":
        if isinstance(value, str):
            yield f"illegal base64 data at input byte {_bad_base64(value)}"
        else:
            yield f"cannot restore slice from {given}"
    elif (of.kind == "string" and given == "int64") or (of.kind in ("int32", "int64") and given == "float64"):
        yield f"cannot convert {given} to {of.go_name}"
    else:
        yield f"unrecognized type: {of.kind}"
