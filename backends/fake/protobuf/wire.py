"""Protobuf's wire format (protobuf.dev/programming-guides/encoding), as much of it as Kubernetes' messages use.

Numbers are varints, 64 bits wide and two's complement; doubles are eight bytes; all else has its length before it.
Groups and 32-bit fields are in no message of Kubernetes and are refused.
"""

from __future__ import annotations

from collections.abc import Iterator

from backends.fake.protobuf.table import ProtobufError

_BITS_64 = (1 << 64) - 1
_VARINT, _FIXED_64, _SIZED = 0, 1, 2


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers and values: numbers for varints, bytes for the rest. Raises `ProtobufError`."""
    position = 0
    while position < len(data):
        tag, position = _read_varint(data, position)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == _VARINT:
            value, position = _read_varint(data, position)
            yield number, value
            continue
        if wire_type == _SIZED:
            length, position = _read_varint(data, position)
        elif wire_type == _FIXED_64:
            length = 8
        else:
            raise ProtobufError(f"illegal wireType {wire_type}")
        if position + length > len(data):
            raise ProtobufError("unexpected EOF")
        yield number, data[position : position + length]
        position += length


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            raise ProtobufError("unexpected EOF")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & _BITS_64, position
    raise ProtobufError("integer overflow")


def signed(value: int, bits: int = 64) -> int:
    """A varint as the signed number that it stands for."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> bits - 1 else value


def number(field: int, value: int) -> bytes:
    """A field with a varint."""
    return _varint(field << 3 | _VARINT) + _varint(value & _BITS_64)


def sized(field: int, value: bytes) -> bytes:
    """A field with a text, bytes or a message."""
    return _varint(field << 3 | _SIZED) + _varint(len(value)) + value


def double(field: int, value: bytes) -> bytes:
    """A field with the eight bytes of a double."""
    return _varint(field << 3 | _FIXED_64) + value


def _varint(value: int) -> bytes:
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
