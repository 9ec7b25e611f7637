"""Bodies in Kubernetes' protobuf envelope, as kubectl sends them for some commands: read into what JSON would say.

Called by `bodies`. The envelope is four bytes (`MAGIC`) and a runtime.Unknown; what is in it is known for the kinds in
`KINDS` alone, by their field numbers (the generated.proto of each API group), which never change. A body of any other
kind is refused, and so is a field that is not in the table: nothing is dropped silently. Answers are never protobuf.

What is empty is left out, as Go's `omitempty` would have left it out of JSON.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from backends.fake import metadata

Obj = dict[str, Any]

MAGIC: Final = b"k8s\0"
DEEPEST: Final = 32
"""Messages in messages; the deepest that is known has six."""

# "number name type": a type in [] comes any number of times, {} is a map from strings. `text`, `bytes`, `bool` and
# `int` are scalars, anything else is a message of this table.
_TABLE: Final[dict[str, str]] = {
    "Unknown": "1 typeMeta TypeMeta, 2 raw bytes, 3 contentEncoding text, 4 contentType text",
    "TypeMeta": "1 apiVersion text, 2 kind text",
    "Time": "1 seconds int, 2 nanos int",
    "Meta": (
        "1 name text, 2 generateName text, 3 namespace text, 4 selfLink text, 5 uid text, 6 resourceVersion text, "
        "7 generation int, 8 creationTimestamp Time, 9 deletionTimestamp Time, 10 deletionGracePeriodSeconds int, "
        "11 labels {text}, 12 annotations {text}, 13 ownerReferences [Owner], 14 finalizers [text]"
    ),
    "Owner": "1 kind text, 3 name text, 4 uid text, 5 apiVersion text, 6 controller bool, 7 blockOwnerDeletion bool",
    "Selector": "1 matchLabels {text}, 2 matchExpressions [Requirement]",
    "Requirement": "1 key text, 2 operator text, 3 values [text]",
    "Reference": (
        "1 kind text, 2 namespace text, 3 name text, 4 uid text, 5 apiVersion text, 6 resourceVersion text, "
        "7 fieldPath text"
    ),
    "Name": "1 name text",
    # authorization.k8s.io
    "ResourceAttributes": (
        "1 namespace text, 2 verb text, 3 group text, 4 version text, 5 resource text, 6 subresource text, 7 name text"
    ),
    "PathAttributes": "1 path text, 2 verb text",
    "AccessStatus": "1 allowed bool, 2 reason text, 3 evaluationError text, 4 denied bool",
    "SelfAccessSpec": "1 resourceAttributes ResourceAttributes, 2 nonResourceAttributes PathAttributes",
    "AccessSpec": (
        "1 resourceAttributes ResourceAttributes, 2 nonResourceAttributes PathAttributes, 3 user text, "
        "4 groups [text], 5 extra {Values}, 6 uid text"
    ),
    "Values": "1 items [text]",
    "SelfSubjectAccessReview": "1 metadata Meta, 2 spec SelfAccessSpec, 3 status AccessStatus",
    "SubjectAccessReview": "1 metadata Meta, 2 spec AccessSpec, 3 status AccessStatus",
    "LocalSubjectAccessReview": "1 metadata Meta, 2 spec AccessSpec, 3 status AccessStatus",
    "RulesSpec": "1 namespace text",
    "RulesStatus": "3 incomplete bool, 4 evaluationError text",
    "SelfSubjectRulesReview": "1 metadata Meta, 2 spec RulesSpec, 3 status RulesStatus",
    # authentication.k8s.io
    "User": "1 username text, 2 uid text, 3 groups [text], 4 extra {Values}",
    "SelfStatus": "1 userInfo User",
    "SelfSubjectReview": "1 metadata Meta, 2 status SelfStatus",
    "TokenReviewSpec": "1 token text, 2 audiences [text]",
    "TokenReviewStatus": "1 authenticated bool, 2 user User, 3 error text, 4 audiences [text]",
    "TokenReview": "1 metadata Meta, 2 spec TokenReviewSpec, 3 status TokenReviewStatus",
    "BoundObject": "1 kind text, 2 apiVersion text, 3 name text, 4 uid text",
    "TokenSpec": "1 audiences [text], 3 boundObjectRef BoundObject, 4 expirationSeconds int",
    "TokenStatus": "1 token text, 2 expirationTimestamp Time",
    "TokenRequest": "1 metadata Meta, 2 spec TokenSpec, 3 status TokenStatus",
    # rbac.authorization.k8s.io
    "Rule": "1 verbs [text], 2 apiGroups [text], 3 resources [text], 4 resourceNames [text], 5 nonResourceURLs [text]",
    "Subject": "1 kind text, 2 apiGroup text, 3 name text, 4 namespace text",
    "RoleRef": "1 apiGroup text, 2 kind text, 3 name text",
    "Aggregation": "1 clusterRoleSelectors [Selector]",
    "Role": "1 metadata Meta, 2 rules [Rule]",
    "ClusterRole": "1 metadata Meta, 2 rules [Rule], 3 aggregationRule Aggregation",
    "RoleBinding": "1 metadata Meta, 2 subjects [Subject], 3 roleRef RoleRef",
    "ClusterRoleBinding": "1 metadata Meta, 2 subjects [Subject], 3 roleRef RoleRef",
    # core
    "ServiceAccount": (
        "1 metadata Meta, 2 secrets [Reference], 3 imagePullSecrets [Name], 4 automountServiceAccountToken bool"
    ),
    "NamespaceSpec": "1 finalizers [text]",
    "NamespaceStatus": "1 phase text",
    "Namespace": "1 metadata Meta, 2 spec NamespaceSpec, 3 status NamespaceStatus",
    "ConfigMap": "1 metadata Meta, 2 data {text}, 3 binaryData {bytes}, 4 immutable bool",
    "Secret": "1 metadata Meta, 2 data {bytes}, 3 type text, 4 stringData {text}, 5 immutable bool",
}
Fields = Mapping[int, tuple[str, str]]
MESSAGES: Final[Mapping[str, Fields]] = {
    message: {int(number): (name, kind) for number, name, kind in (field.split() for field in fields.split(", "))}
    for message, fields in _TABLE.items()
}
KINDS: Final = frozenset(
    {
        *(("authorization.k8s.io/v1", kind) for kind in _TABLE if kind.endswith(("AccessReview", "RulesReview"))),
        *(("authentication.k8s.io/v1", kind) for kind in ("SelfSubjectReview", "TokenRequest", "TokenReview")),
        *(("rbac.authorization.k8s.io/v1", kind) for kind in _TABLE if kind.endswith(("Role", "RoleBinding"))),
        *(("v1", kind) for kind in ("ConfigMap", "Namespace", "Secret", "ServiceAccount")),
    }
)  # fmt: skip
"""apiVersion and kind of the bodies that are read."""


class ProtobufError(ValueError):
    """The body is no protobuf, or says something that the table does not know."""


class UnknownKindError(ProtobufError):
    """The body is of a kind that is not read."""


def decode(body: bytes) -> Obj:
    """The object in an envelope, as JSON would have it. Raises `ProtobufError`, `UnknownKindError`."""
    if not body.startswith(MAGIC):
        raise ProtobufError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    envelope = _message("Unknown", body[len(MAGIC) :], 0)
    named = envelope.get("typeMeta") or {}
    version, kind = named.get("apiVersion", ""), named.get("kind", "")
    if (version, kind) not in KINDS:
        raise UnknownKindError(f"{kind} of {version}")
    raw = base64.b64decode(envelope.get("raw", ""))
    return {"kind": kind, "apiVersion": version, **_message(kind, raw, 1)}


def _message(name: str, data: bytes, depth: int) -> Obj:
    if depth > DEEPEST:
        raise ProtobufError("exceeded max depth")
    fields, found = MESSAGES[name], Obj()
    for number, value in _wire(data):
        known = fields.get(number)
        if known is None:
            raise ProtobufError(f"field {number} of {name} is not known here")
        member, kind = known
        if kind.startswith("["):
            found.setdefault(member, []).append(_value(kind[1:-1], value, depth))
        elif kind.startswith("{"):
            key, item = _entry(kind[1:-1], value, depth)
            found.setdefault(member, {})[key] = item
        else:
            found[member] = _value(kind, value, depth)
    return {member: value for member, value in found.items() if value not in ("", None) and value is not False}


def _entry(kind: str, data: int | bytes, depth: int) -> tuple[str, Any]:
    """One entry of a map: key is field 1, value is field 2, either may be missing."""
    if isinstance(data, int):
        raise ProtobufError("a map entry is a message")
    parts = dict(_wire(data))
    return _value("text", parts.get(1, b""), depth), _value(kind, parts.get(2, b""), depth)


def _value(kind: str, value: int | bytes, depth: int) -> Any:
    if kind in ("int", "bool"):
        if not isinstance(value, int):
            raise ProtobufError(f"expected a number, found {len(value)} bytes")
        return bool(value) if kind == "bool" else value - (1 << 64 if value >> 63 else 0)
    if isinstance(value, int):
        raise ProtobufError("expected bytes, found a number")
    if kind == "bytes":
        return base64.b64encode(value).decode()
    if kind == "text":
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise ProtobufError("a string is not UTF-8") from error
    message = _message(kind, value, depth + 1)
    if kind == "Time":
        return _time(message)
    return message.get("items", []) if kind == "Values" else message


def _time(message: Obj) -> str | None:
    """A metav1.Time; the zero time is none at all."""
    seconds = message.get("seconds", 0)
    try:
        return metadata.timestamp(datetime.fromtimestamp(seconds, UTC)) if seconds > 0 else None
    except (ValueError, OverflowError, OSError) as error:
        raise ProtobufError("a time is out of range") from error


# ---- the wire format (protobuf.dev/programming-guides/encoding)


def _wire(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Field numbers and values: numbers for varints, bytes for what has a length. Raises `ProtobufError`."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == 0:
            value, position = _varint(data, position)
            yield number, value
        elif wire_type == 2:
            length, position = _varint(data, position)
            if position + length > len(data):
                raise ProtobufError("unexpected EOF")
            yield number, data[position : position + length]
            position += length
        else:
            raise ProtobufError(f"illegal wireType {wire_type}")


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            raise ProtobufError("unexpected EOF")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, position
    raise ProtobufError("integer overflow")
