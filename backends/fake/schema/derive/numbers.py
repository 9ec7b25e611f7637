"""Field numbers of Kubernetes' protobuf messages, out of the struct tags of a Go binary. Called by `scripts/schema`.

The text that `numbers` makes is what `backends.fake.protobuf` reads; its grammar is told there. Types that the binary
does not have (apiextensions, apiregistration) are left out, and so are not read as protobuf.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from backends.fake.schema.derive.compact import MARSHALERS, Definition, go_path, served_kinds
from backends.fake.schema.derive.gobinary import GoBinary, GoField, GoType

_JSON = re.compile(r'json:"([^",]*)')
_NUMBER = re.compile(r'protobuf:"\w+,(\d+),')
_METADATA = {f"k8s.io/apimachinery/pkg/apis/meta/v1.PartialObjectMetadata{suffix}" for suffix in ("", "List")}
_PREFIX = re.compile(r"^k8s\.io/(api/|apimachinery/pkg/apis/)")


def numbers(specs: Mapping[str, Definition], kubectl: Path) -> str:
    """The table as JSON text, one line a message: the served kinds and all that they refer to."""
    table = _Table(GoBinary(kubectl))
    table.reach(sorted({go_path(name) for _, name in served_kinds(specs)} | _METADATA))
    lines = [
        f"{json.dumps(name)}:{json.dumps(fields, separators=(',', ':'))}"
        for name, fields in sorted(table.messages.items())
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


class _Table:
    """Collects messages, and those that they refer to."""

    def __init__(self, binary: GoBinary) -> None:
        self._binary = binary
        self._structs = binary.structs()
        self._pending: list[GoType] = []
        self.messages: dict[str, list[list[object]]] = {}

    def reach(self, paths: Iterable[str]) -> None:
        """Describe the structs of these paths, and whatever they refer to."""
        self._pending = [self._structs[path] for path in paths if path in self._structs]
        while self._pending:
            message = self._pending.pop()
            name = self._name(message)
            if name not in self.messages:
                self.messages[name] = [entry for field in self._binary.fields(message) for entry in self._entry(field)]

    def _entry(self, field: GoField) -> Iterator[list[object]]:
        number = _NUMBER.search(field.tag)
        if number is None:
            return  # TypeMeta, which travels in the envelope
        named = _JSON.search(field.tag)
        kind = self._binary.element(field.type) if field.type.kind == "ptr" else field.type
        entry: list[object] = [int(number.group(1)), named.group(1) if named else "", self._expression(kind)]
        yield [*entry, "*"] if field.type.kind == "ptr" else entry

    def _expression(self, kind: GoType) -> str:
        if kind.kind == "struct":
            path = self._binary.path(kind)
            if path in MARSHALERS:
                return MARSHALERS[path]
            self._pending.append(kind)
            return f"@{self._name(kind)}"
        if kind.kind in ("slice", "map"):
            return self._container(kind)
        return kind.kind

    def _container(self, kind: GoType) -> str:
        element = self._binary.element(kind)
        if kind.kind == "map":
            # A list cannot be the value of a map: ExtraValue is a message that wraps one.
            items = element.kind == "slice" and self._binary.element(element).kind == "string"
            return "{}items" if items else f"{{}}{self._expression(element)}"
        return "bytes" if element.kind == "uint8" else f"[]{self._expression(element)}"

    def _name(self, kind: GoType) -> str:
        return _PREFIX.sub("", self._binary.path(kind)).replace("/", ".")
