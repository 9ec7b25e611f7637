"""The document of OpenAPI version 2 as protobuf: gnostic's messages (gnostic-models, openapiv2/OpenAPIv2.proto).

client-go asks for this form and no other. Only what `documents` puts into a document is written; a member that is not
known here raises `KeyError`, so that nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

from backends.fake.protobuf import wire

Node = Mapping[str, Any]
Writer = Callable[[int, Any], bytes]


def encode(document: Node) -> bytes:
    """A Document message. Raises `KeyError` for a member that this module does not know."""
    return _message(document, _DOCUMENT)


def _message(node: Node, members: Mapping[str, tuple[int, Writer]], vendor: int = 0) -> bytes:
    """Known members by their numbers; `x-…` ones as the message's vendor extensions."""
    out = bytearray()
    extensions = bytearray()
    for name, value in node.items():
        if name.startswith("x-"):
            extensions += wire.sized(vendor, _text(1, name) + wire.sized(2, _any(value)))
        else:
            number, write = members[name]
            out += write(number, value)
    return bytes(out + extensions)


def _text(number: int, value: str) -> bytes:
    return wire.sized(number, value.encode())


def _flag(number: int, value: bool) -> bytes:
    return wire.number(number, int(value))


def _any(value: object) -> bytes:
    """An Any: YAML in its second field, the form that its readers look at."""
    return _text(2, yaml.safe_dump(value, default_flow_style=isinstance(value, list | dict), width=1_000_000))


def _texts(number: int, values: list[str]) -> bytes:
    return b"".join(_text(number, value) for value in values)


def _anys(number: int, values: list[Any]) -> bytes:
    return b"".join(wire.sized(number, _any(value)) for value in values)


def _named(write: Callable[[Any], bytes], number: int, entries: Node) -> bytes:
    """A map, as a list of messages with a name and a value."""
    return b"".join(wire.sized(number, _text(1, name) + wire.sized(2, write(value))) for name, value in entries.items())


def _schema(node: Node) -> bytes:
    return _message(node, _SCHEMA, vendor=31)


def _properties(number: int, entries: Node) -> bytes:
    return wire.sized(number, _named(_schema, 1, entries))


def _additional(number: int, node: Node) -> bytes:
    return wire.sized(number, wire.sized(1, _schema(node)))


def _items(number: int, node: Node) -> bytes:
    return wire.sized(number, wire.sized(1, _schema(node)))


def _type(number: int, value: str) -> bytes:
    return wire.sized(number, _text(1, value))


def _info(number: int, node: Node) -> bytes:
    return wire.sized(number, _text(1, node["title"]) + _text(2, node["version"]))


def _paths(number: int, entries: Node) -> bytes:
    return wire.sized(number, _named(lambda item: _message(item, _PATH_ITEM), 2, entries))


def _operation(number: int, node: Node) -> bytes:
    return wire.sized(number, _message(node, _OPERATION, vendor=13))


def _parameters(number: int, nodes: list[Node]) -> bytes:
    return b"".join(wire.sized(number, wire.sized(1, _parameter(node))) for node in nodes)


def _parameter(node: Node) -> bytes:
    """A BodyParameter, or one of the query or the path as a NonBodyParameter has it."""
    if node["in"] == "body":
        body = _text(2, node["name"]) + _text(3, "body") + _flag(4, node["required"])
        return wire.sized(1, body + wire.sized(5, _schema(node["schema"])))
    if node["in"] == "path":
        path = _flag(1, node["required"]) + _text(2, "path") + _text(4, node["name"]) + _text(5, node["type"])
        return wire.sized(2, wire.sized(4, path + _flag(19, node["uniqueItems"])))
    query = _text(2, "query") + _text(4, node["name"]) + _text(6, node["type"]) + _flag(20, node["uniqueItems"])
    return wire.sized(2, wire.sized(3, query))


def _responses(number: int, entries: Node) -> bytes:
    def response(node: Node) -> bytes:
        schema = wire.sized(2, wire.sized(1, _schema(node["schema"]))) if node["schema"] else b""
        return wire.sized(1, _text(1, node["description"]) + schema)

    return wire.sized(number, _named(response, 1, entries))


def _definitions(number: int, entries: Node) -> bytes:
    return wire.sized(number, _named(_schema, 1, entries))


def _security(number: int, nodes: list[Node]) -> bytes:
    return b"".join(wire.sized(number, _named(lambda values: _texts(1, values), 1, node)) for node in nodes)


def _security_definitions(number: int, entries: Node) -> bytes:
    def item(node: Node) -> bytes:
        texts = enumerate((node["type"], node["name"], node["in"], node["description"]), start=1)
        return wire.sized(2, b"".join(_text(field, text) for field, text in texts))

    return wire.sized(number, _named(item, 1, entries))


_SCHEMA: dict[str, tuple[int, Writer]] = {
    "$ref": (1, _text),
    "format": (2, _text),
    "description": (4, _text),
    "required": (19, _texts),
    "enum": (20, _anys),
    "additionalProperties": (21, _additional),
    "type": (22, _type),
    "items": (23, _items),
    "properties": (25, _properties),
}
_OPERATION: dict[str, tuple[int, Writer]] = {
    "operationId": (5, _text),
    "consumes": (7, _texts),
    "parameters": (8, _parameters),
    "responses": (9, _responses),
}
_PATH_ITEM: dict[str, tuple[int, Writer]] = {
    method: (number, _operation)
    for number, method in enumerate(("get", "put", "post", "delete", "options", "head", "patch"), start=2)
} | {"parameters": (9, _parameters)}
_DOCUMENT: dict[str, tuple[int, Writer]] = {
    "swagger": (1, _text),
    "info": (2, _info),
    "paths": (8, _paths),
    "definitions": (9, _definitions),
    "security": (12, _security),
    "securityDefinitions": (13, _security_definitions),
}


def members() -> Iterator[tuple[str, str, int]]:
    """(message, member, number) of what is written, for the test that holds the numbers against gnostic's own types."""
    tables = {"Document": _DOCUMENT, "Operation": _OPERATION, "PathItem": _PATH_ITEM, "Schema": _SCHEMA}
    for message, table in tables.items():
        for member, (number, _) in table.items():
            yield message, member, number
