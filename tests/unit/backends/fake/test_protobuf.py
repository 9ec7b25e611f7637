"""What kubectl sends as protobuf is read as its JSON; what cannot be read is refused and never guessed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.fake.protobuf import DEEPEST, KINDS, MAGIC, MESSAGES, ProtobufError, UnknownKindError, decode
from tests.unit.backends.fake.door import Door

Field = tuple[int, int | bytes]


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def message(*fields: Field) -> bytes:
    """The wire format: numbers as varints, bytes with their length."""
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value & (1 << 64) - 1)
        else:
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


def envelope(version: str, kind: str, *fields: Field) -> bytes:
    named = message((1, version.encode()), (2, kind.encode()))
    return MAGIC + message((1, named), (2, message(*fields)), (3, b""), (4, b""))


def metadata(name: str) -> bytes:
    """As Go writes it: every field that is not a pointer, empty or not."""
    return message((1, name.encode()), (2, b""), (3, b""), (4, b""), (5, b""), (6, b""), (7, 0), (8, b""))


def test_a_review_is_read_as_its_json() -> None:
    spec = message((1, message((1, b"ns"), (2, b"get"), (3, b""), (5, b"pods"))))
    body = envelope(
        "authorization.k8s.io/v1", "SelfSubjectAccessReview", (1, metadata("")), (2, spec), (3, message((1, 0)))
    )
    assert decode(body)["spec"] == {"resourceAttributes": {"namespace": "ns", "verb": "get", "resource": "pods"}}


def test_maps_bytes_lists_and_numbers_are_read() -> None:
    entry = message((1, b"k"), (2, b"\x00\xff"))
    secret = decode(envelope("v1", "Secret", (1, metadata("s")), (2, entry), (3, b"Opaque"), (5, 1)))
    assert (secret["metadata"]["name"], secret["data"], secret["type"]) == ("s", {"k": "AP8="}, "Opaque")
    assert secret["immutable"] is True
    token = decode(envelope("authentication.k8s.io/v1", "TokenRequest", (2, message((1, b"a"), (1, b"b"), (4, 600)))))
    assert token["spec"] == {"audiences": ["a", "b"], "expirationSeconds": 600}


def test_a_time_is_a_time_and_the_zero_time_is_none() -> None:
    for seconds, expected in ((1_000_000_000, "2001-09-09T01:46:40Z"), (-62_135_596_800, None)):
        body = envelope("v1", "ConfigMap", (1, message((1, b"a"), (8, message((1, seconds))))))
        assert decode(body)["metadata"].get("creationTimestamp") == expected


def test_a_field_that_is_not_known_is_refused_and_not_dropped() -> None:
    with pytest.raises(ProtobufError, match="field 99 of ConfigMap"):
        decode(envelope("v1", "ConfigMap", (99, b"x")))


def test_a_kind_that_is_not_known_is_named() -> None:
    with pytest.raises(UnknownKindError, match="Pod of v1"):
        decode(envelope("v1", "Pod"))


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        MAGIC + b"\x0a",
        MAGIC + b"\x0a\x05ab",
        MAGIC + b"\xff" * 12,
        MAGIC + b"\x0d1234",
        envelope("v1", "ConfigMap", (1, 5)),
        envelope("v1", "ConfigMap", (2, 5)),
        envelope("v1", "ConfigMap", (4, b"x")),
        envelope("v1", "ConfigMap", (1, message((1, b"\xff")))),
        envelope("v1", "ConfigMap", (1, message((8, message((1, 1 << 62)))))),
    ],
)
def test_what_is_no_protobuf_is_refused(body: bytes) -> None:
    with pytest.raises(ProtobufError):
        decode(body)


@given(st.binary(max_size=200), st.sampled_from(sorted(KINDS)))
def test_no_bytes_do_anything_else_than_be_read_or_refused(data: bytes, kind: tuple[str, str]) -> None:
    named = message((1, kind[0].encode()), (2, kind[1].encode()))
    for body in (MAGIC + data, MAGIC + message((1, named), (2, data))):
        try:
            found: dict[str, Any] = decode(body)
        except ProtobufError:
            continue
        assert found["kind"] == kind[1]


def test_every_message_of_the_table_is_complete_and_not_too_deep() -> None:
    scalars = {"text", "bytes", "bool", "int"}

    def depth(name: str) -> int:
        inner = {kind.strip("[]{}") for _, kind in MESSAGES[name].values()} - scalars
        return 1 + max((depth(each) for each in inner), default=0)

    assert max(depth(kind) for _, kind in KINDS) < DEEPEST


def test_the_server_reads_it_and_says_what_it_does_not_read(door: Door) -> None:
    path, media = "/api/v1/namespaces/default/configmaps", "application/vnd.kubernetes.protobuf"
    body = envelope("v1", "ConfigMap", (1, metadata("made")), (2, message((1, b"k"), (2, b"v"))))
    made = door.ask("POST", path, body, content_type=media)
    assert (made.code, made.body["data"]) == (201, {"k": "v"})
    assert door.ask("POST", path, envelope("v1", "Pod"), content_type=media).code == 415
    assert door.ask("POST", path, b"k8s", content_type=media).code == 400
    assert door.ask("POST", path, envelope("v1", "Secret"), content_type=media).code == 400
