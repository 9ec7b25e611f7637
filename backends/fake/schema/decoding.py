"""Decoding by type, fast: JSON values in, the object as the API server would write it back out.

One walk checks every type, drops what the server does not know, and applies what Go's encoder does on the way out:
nulls and empty `omitempty` members vanish, fields without `omitempty` appear, quantities and times take their canonical
form, and members stand in declared order. Each struct type is compiled once into a closure over flat tables.

The walk knows no paths: it only finds out *that* something is unknown or of a wrong type. What the server says about it
is told by `strict` and `wording`, which walk again, slowly, and only then.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson

from backends.fake.schema import quantity, timestamps
from backends.fake.schema.recent import Recent
from backends.fake.schema.types import Field, ListType, MapType, Scalar, StructType, Type

Unknown = list[str]
Decoder = Callable[[Any, Unknown], Any]
Amender = Callable[[Any, Mapping[str, Any], Unknown], dict[str, Any]]

_INT32 = range(-(2**31), 2**31)
_INT64 = range(-(2**63), 2**63)
_DURATION = re.compile(r"[-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)")


class DecodeError(ValueError):
    """The body is no object of its kind; the message is the server's, after "cannot be handled as a <Kind>: "."""


class Decoded(NamedTuple):
    """What a body became: a fresh object, and the lines of the strict decoding error (empty when all was known)."""

    object: dict[str, Any]
    strict_errors: list[str]


class MismatchError(Exception):
    """A value has the wrong type; `wording` finds out which and what the server says. Never leaves this package."""


def compiled(of: StructType) -> Decoder:
    """The decoder of a struct type, made on first use.

    It takes a JSON value and a list that gets the name of every unknown member, returns a fresh dict, and raises
    `MismatchError`.
    """
    found = _COMPILED.get(of.name)
    if found is None:
        later = _Later()
        _COMPILED[of.name] = later
        found = _struct_decoder(_rows(of))
        if of.name in _RECURRING:
            found = _remembering(found)
        later.made = _COMPILED[of.name] = found
    return found


def amending(of: StructType) -> Amender:
    """The decoder of values that were made of one which has been decoded before, as a patch makes them.

    It takes that one too. A member that is the very same in both is taken over and not looked at again: a list or map
    in a shallow copy, its items shared. Of metadata, into which every update writes, that holds for each member.
    """
    rows = _rows(of)
    known = frozenset(row.name for row in rows)
    inner = of.fields.get("metadata")
    metadata = amending(inner.type) if inner is not None and isinstance(inner.type, StructType) else None

    def amended(value: Any, before: Mapping[str, Any], unknown: Unknown) -> dict[str, Any]:
        if type(value) is not dict:
            raise MismatchError
        out: dict[str, Any] = {}
        found = 0
        for row in rows:
            name, member = row.name, value.get(row.name)
            if member is None:
                if row.missing is not None:
                    out[name] = row.missing()
                continue
            found += 1
            if metadata is not None and name == "metadata":
                out[name] = metadata(member, before.get(name) or {}, unknown)
            elif member is before.get(name):
                out[name] = member.copy() if isinstance(member, dict | list) else member
            else:
                member = row.read(member, unknown)
                if row.kept or member:
                    out[name] = member
        if found != len(value):
            unknown.extend(key for key in value if key not in known)
        return out

    return amended


_RECURRING = {"core.v1.PodSpec"}
"""Big types whose values come again and again: for these, decoding a second time is parsing what came out the first."""

_RECURRING_LIMIT = 256


def _remembering(decode: Decoder) -> Decoder:
    known: Recent[bytes] = Recent(_RECURRING_LIMIT)

    def again(value: Any, unknown: Unknown) -> Any:
        key = orjson.dumps(value)
        encoded = known.get(key)
        if encoded is not None:
            return orjson.loads(encoded)
        before = len(unknown)
        decoded = decode(value, unknown)
        if len(unknown) == before:
            known.keep(key, orjson.dumps(decoded))
        return decoded

    return again


class _Later:
    """Stands for a struct's decoder while it is being compiled: types refer to each other in circles."""

    made: Decoder

    def __call__(self, value: Any, unknown: Unknown) -> Any:
        return self.made(value, unknown)


_COMPILED: dict[str, Decoder] = {}


class _Row(NamedTuple):
    """One field, ready for the walk.

    `exact` is the Python type that is enough, else `decoder` is called; `kept` tells whether an empty value is written,
    `missing` what is written when there is none.
    """

    name: str
    exact: type | None
    decoder: Decoder | None
    kept: bool
    missing: Callable[[], Any] | None

    def read(self, member: Any, unknown: Unknown) -> Any:
        """The member, decoded. Raises `MismatchError`."""
        if self.decoder is not None:
            return self.decoder(member, unknown)
        if type(member) is not self.exact:
            raise MismatchError
        return member


def _rows(of: StructType) -> list[_Row]:
    return [_Row(name, *_member(field.type), _kept(field), _when_missing(field)) for name, field in of.fields.items()]


def _struct_decoder(rows: list[_Row]) -> Decoder:
    known = frozenset(row.name for row in rows)

    def decode(value: Any, unknown: Unknown) -> dict[str, Any]:
        if type(value) is not dict:
            raise MismatchError
        out: dict[str, Any] = {}
        get = value.get
        found = 0
        for name, exact, decoder, kept, missing in rows:
            member = get(name)
            if member is None:
                if missing is not None:
                    out[name] = missing()
                continue
            found += 1
            if decoder is not None:
                member = decoder(member, unknown)
            elif type(member) is not exact:
                raise MismatchError
            if kept or member:
                out[name] = member
        if found != len(value):
            unknown.extend(key for key in value if key not in known)
        return out

    return decode


def _kept(field: Field) -> bool:
    """Is an empty value of this field written? Go drops empty scalars, lists and maps, never structs or pointers."""
    if field.omit_zero and not field.pointer:
        return False
    structural = isinstance(field.type, StructType) or (isinstance(field.type, Scalar) and field.type.kind in _STRUCTS)
    return field.pointer or not field.omit_empty or structural


_STRUCTS = {"time", "microtime", "duration", "quantity", "intstr", "raw"}
_ZEROS: dict[str, Any] = {
    "string": "", "bool": False, "int32": 0, "int64": 0, "float64": 0, "duration": "0s", "quantity": "0", "intstr": 0,
}  # fmt: skip


def _when_missing(field: Field) -> Callable[[], Any] | None:
    """What Go writes for a field that was not given; None when it writes nothing."""
    if field.omit_zero or (field.omit_empty and (field.pointer or _kept(field) is False)):
        return None
    if field.pointer or isinstance(field.type, ListType | MapType):
        return lambda: None
    return _zero(field.type)


def _zero(of: Type) -> Callable[[], Any]:
    if isinstance(of, StructType):
        empty = _Empty(compiled(of))
        return empty.made
    value = _ZEROS.get(of.kind) if isinstance(of, Scalar) else None
    return lambda: value


class _Empty:
    """An empty struct, worked out on first use: types refer to each other in circles."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._text: bytes | None = None

    def made(self) -> Any:
        """One of the caller's own."""
        if self._text is None:
            self._text = orjson.dumps(self._decoder({}, []))
        return orjson.loads(self._text)


def _member(of: Type) -> tuple[type | None, Decoder | None]:
    """The exact Python type that is enough, or the decoder to call."""
    if isinstance(of, Scalar) and of.kind in ("string", "bool"):
        return (str if of.kind == "string" else bool), None
    return None, decoder_of(of)


def decoder_of(of: Type) -> Decoder:
    """The decoder of any type, not null; the same contract as `compiled`."""
    if isinstance(of, StructType):
        return compiled(of)
    if isinstance(of, ListType):
        return _list_decoder(of)
    if isinstance(of, MapType):
        return _map_decoder(of)
    return _SCALARS[of.kind]


def _list_decoder(of: ListType) -> Decoder:
    exact, decoder = _member(of.element)
    zero = _zero(of.element)

    if decoder is None:

        def plain(value: Any, _: Unknown) -> list[Any]:
            if type(value) is not list:
                raise MismatchError
            for item in value:
                if type(item) is not exact and item is not None:
                    raise MismatchError
            return [zero() if item is None else item for item in value]

        return plain

    def decode(value: Any, unknown: Unknown) -> list[Any]:
        if type(value) is not list:
            raise MismatchError
        return [zero() if item is None else decoder(item, unknown) for item in value]

    return decode


def _map_decoder(of: MapType) -> Decoder:
    exact, decoder = _member(of.element)
    zero = _zero(of.element)

    if decoder is None:

        def plain(value: Any, _: Unknown) -> dict[str, Any]:
            if type(value) is not dict:
                raise MismatchError
            for item in value.values():
                if type(item) is not exact and item is not None:
                    raise MismatchError
            return {key: zero() if value[key] is None else value[key] for key in sorted(value)}

        return plain

    def decode(value: Any, unknown: Unknown) -> dict[str, Any]:
        if type(value) is not dict:
            raise MismatchError
        return {key: zero() if value[key] is None else decoder(value[key], unknown) for key in sorted(value)}

    return decode


def _string(value: Any, _: Unknown) -> str:
    if type(value) is not str:
        raise MismatchError
    return value


def _bool(value: Any, _: Unknown) -> bool:
    if type(value) is not bool:
        raise MismatchError
    return value


def _int32(value: Any, _: Unknown) -> int:
    if type(value) is not int or value not in _INT32:
        raise MismatchError
    return value


def _int64(value: Any, _: Unknown) -> int:
    if type(value) is not int or value not in _INT64:
        raise MismatchError
    return value


def _float64(value: Any, _: Unknown) -> float:
    if type(value) is not int and type(value) is not float:
        raise MismatchError
    return value


def _bytes(value: Any, _: Unknown) -> str:
    if type(value) is not str:
        raise MismatchError
    text = value.replace("\n", "").replace("\r", "") if "\n" in value or "\r" in value else value
    try:
        binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        raise MismatchError from None
    return text


def _time(value: Any, _: Unknown) -> str:
    return _text(timestamps.seconds, value)


def _microtime(value: Any, _: Unknown) -> str:
    return _text(timestamps.micro, value)


def _text(read: Callable[[str], str], value: Any) -> str:
    if type(value) is not str:
        raise MismatchError
    try:
        return read(value)
    except ValueError:
        raise MismatchError from None


def _quantity(value: Any, _: Unknown) -> str:
    if type(value) is int or type(value) is float:
        value = repr(value)
    return _text(quantity.canonical, value.strip() if type(value) is str else value)


def _intstr(value: Any, _: Unknown) -> int | str:
    if type(value) is str:
        return value
    if type(value) is not int or value not in _INT32:
        raise MismatchError
    return value


def _duration(value: Any, _: Unknown) -> str:
    if type(value) is not str or _DURATION.fullmatch(value) is None:
        raise MismatchError
    return value


def _raw(value: Any, _: Unknown) -> Any:
    return value


_SCALARS: dict[str, Decoder] = {
    "string": _string, "bool": _bool, "int32": _int32, "int64": _int64, "float64": _float64, "bytes": _bytes,
    "time": _time, "microtime": _microtime, "duration": _duration, "quantity": _quantity, "intstr": _intstr,
    "raw": _raw,
}  # fmt: skip
