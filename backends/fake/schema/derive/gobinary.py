"""Reads Go struct types out of an ELF binary, by the layout that Go's own `reflect` reads at run time.

Called by `compact` alone. It reads 64-bit little-endian Go executables (`abi.Type` and `abi.StructType` of
`internal/abi`, Go 1.22 to 1.26); it executes nothing, and refuses other files with `ValueError`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

_KINDS = [
    "invalid", "bool", "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32",
    "uint64", "uintptr", "float32", "float64", "complex64", "complex128", "array", "chan", "func",
    "interface", "map", "ptr", "slice", "string", "struct", "unsafe",
]  # fmt: skip
"""reflect.Kind, in its order."""

_TYPE_SIZE = 48
_STRUCT_SIZE = 80
_FIELD_SIZE = 24
_FLAG_UNCOMMON, _FLAG_EXTRA_STAR, _FLAG_NAMED = 1, 2, 4


@dataclass(frozen=True, slots=True)
class GoType:
    """One type: its kind (`reflect.Kind` as text), its name with the package's last word, and where it lies."""

    kind: str
    name: str
    named: bool
    address: int
    offset: int


@dataclass(frozen=True, slots=True)
class GoField:
    """One field of a struct: its Go name, its whole tag, its type, and whether it is embedded."""

    name: str
    tag: str
    type: GoType
    embedded: bool


class GoBinary:
    """The types of one Go executable. Raises `ValueError` for a file that is no 64-bit little-endian Go ELF."""

    def __init__(self, path: Path) -> None:
        self._data = path.read_bytes()
        if self._data[:6] != b"\x7fELF\x02\x01":
            raise ValueError(f"{path}: no 64-bit little-endian ELF file")
        sections = self._sections()
        if ".typelink" not in sections or ".rodata" not in sections:
            raise ValueError(f"{path}: not made by Go, it has no type links")
        self._base, self._start = sections[".rodata"][:2]
        _, self._links, self._links_size = sections[".typelink"]

    def structs(self) -> dict[str, GoType]:
        """Every named struct that the binary has a pointer type to, by full path: `k8s.io/api/core/v1.Pod`."""
        found: dict[str, GoType] = {}
        for position in range(0, self._links_size, 4):
            (link,) = struct.unpack_from("<i", self._data, self._links + position)
            pointer = self._type(self._base + link)
            if pointer.kind != "ptr":
                continue
            target = self.element(pointer)
            package = self._package(target) if target.kind == "struct" and target.named else ""
            if package:
                found[f"{package}.{target.name.rpartition('.')[2]}"] = target
        return found

    def element(self, of: GoType) -> GoType:
        """What a pointer or slice points at, or the values of a map."""
        at = of.offset + _TYPE_SIZE + (8 if of.kind == "map" else 0)
        return self._type(struct.unpack_from("<Q", self._data, at)[0])

    def fields(self, of: GoType) -> list[GoField]:
        """The fields of a struct, in the order in which they are declared."""
        start, count = struct.unpack_from("<QQ", self._data, of.offset + _TYPE_SIZE + 8)
        found = []
        for number in range(count):
            name, kind, _ = struct.unpack_from("<QQQ", self._data, self._offset(start) + _FIELD_SIZE * number)
            text, tag, embedded = self._name(name)
            found.append(GoField(text, tag, self._type(kind), embedded))
        return found

    def path(self, of: GoType) -> str:
        """The full path of a named struct."""
        return f"{self._package(of)}.{of.name.rpartition('.')[2]}"

    def _sections(self) -> dict[str, tuple[int, int, int]]:
        data = self._data
        (table,) = struct.unpack_from("<Q", data, 40)
        count, names = struct.unpack_from("<HH", data, 60)
        headers = [struct.unpack_from("<IIQQQQ", data, table + 64 * number) for number in range(count)]
        start = headers[names][4]
        found = {}
        for name, _, _, address, offset, size in headers:
            end = data.index(b"\0", start + name)
            found[data[start + name : end].decode()] = (address, offset, size)
        return found

    def _offset(self, address: int) -> int:
        return int(address) - self._base + self._start

    def _type(self, address: int) -> GoType:
        offset = self._offset(address)
        flags, _, _, kind = struct.unpack_from("<BBBB", self._data, offset + 20)
        (name,) = struct.unpack_from("<i", self._data, offset + 40)
        text = self._name(self._base + name)[0]
        if flags & _FLAG_EXTRA_STAR:
            text = text[1:]
        return GoType(_KINDS[kind & 31], text, bool(flags & _FLAG_NAMED), address, offset)

    def _package(self, of: GoType) -> str:
        if not self._data[of.offset + 20] & _FLAG_UNCOMMON:
            return ""
        (name,) = struct.unpack_from("<i", self._data, of.offset + _STRUCT_SIZE)
        return self._name(self._base + name)[0] if name else ""

    def _name(self, address: int) -> tuple[str, str, bool]:
        offset = self._offset(address)
        flags = self._data[offset]
        text, offset = self._text(offset + 1)
        tag = self._text(offset)[0] if flags & 2 else ""
        return text, tag, bool(flags & 8)

    def _text(self, offset: int) -> tuple[str, int]:
        size = shift = 0
        while True:
            byte = self._data[offset]
            offset += 1
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        return self._data[offset : offset + size].decode("utf-8", "replace"), offset + size
