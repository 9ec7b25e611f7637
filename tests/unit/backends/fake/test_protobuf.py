"""What kubectl sends as protobuf is read as its JSON; what cannot be read is refused and never guessed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.fake.negotiation import PROTOBUF
from backends.fake.protobuf import MAGIC, ProtobufError, UnknownKindError, decode, encode, wire
from backends.fake.schema import Schema
from backends.fake.schema.types import document
from tests.unit.backends.fake.door import CM, PODS, Door
from tests.unit.backends.fake.schema.test_reading import recorded_objects

Field = tuple[int, int | bytes]
KINDS = [
    (kind.rpartition("/")[2], kind.rpartition("/")[0].strip("/"))
    for kind in document()["kinds"]
    if not kind.startswith(("apiextensions.k8s.io/", "apiregistration.k8s.io/"))
]


def message(*fields: Field) -> bytes:
    """Fields in the wire format."""
    return b"".join(
        wire.number(number, value) if isinstance(value, int) else wire.sized(number, value) for number, value in fields
    )


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


def test_what_travels_as_a_message_of_its_own_is_read() -> None:
    """An embedded struct, a number or text, a quantity, raw JSON, a wrapped list, a time of microseconds."""
    volume = message((1, b"v"), (2, message((1, message((1, b"/host"))))))
    port = message((3, 80), (6, b""))
    probe = message((1, message((2, message((1, b"/"), (2, message((1, 1), (3, b"http"))))))), (2, 0))
    limits = message((1, b"cpu"), (2, message((1, b"100m"))))
    container = message((1, b"c"), (6, port), (8, message((1, limits))), (10, probe))
    pod = decode(envelope("v1", "Pod", (1, metadata("p")), (2, message((1, volume), (2, container), (4, 0)))))
    assert pod["spec"]["volumes"] == [{"name": "v", "hostPath": {"path": "/host"}}]
    assert pod["spec"]["terminationGracePeriodSeconds"] == 0
    assert pod["spec"]["containers"] == [
        {
            "name": "c",
            "ports": [{"containerPort": 80}],
            "resources": {"limits": {"cpu": "100m"}},
            "livenessProbe": {"httpGet": {"path": "/", "port": "http"}},
        }
    ]
    lease = decode(
        envelope("coordination.k8s.io/v1", "Lease", (2, message((3, message((1, 1_000_000_000), (2, 5000))))))
    )
    assert lease["spec"] == {"acquireTime": "2001-09-09T01:46:40.000005Z"}
    extra = message((1, b"scopes"), (2, message((1, b"a"), (1, b"b"))))
    review = decode(envelope("authorization.k8s.io/v1", "SubjectAccessReview", (2, message((5, extra)))))
    assert review["spec"] == {"extra": {"scopes": ["a", "b"]}}
    revision = decode(envelope("apps/v1", "ControllerRevision", (2, message((1, b'{"spec":{}}'))), (3, 1)))
    assert (revision["data"], revision["revision"]) == ({"spec": {}}, 1)


def test_a_field_of_a_newer_release_is_skipped_as_the_real_server_does() -> None:
    assert "data" not in decode(envelope("v1", "ConfigMap", (99, b"x"), (1, metadata("a"))))


def test_a_kind_that_is_not_known_is_named() -> None:
    with pytest.raises(UnknownKindError, match="CustomResourceDefinition of apiextensions"):
        decode(envelope("apiextensions.k8s.io/v1", "CustomResourceDefinition"))


def test_every_recorded_object_is_the_same_after_it_travelled() -> None:
    seen = 0
    for name, body in recorded_objects():
        group, _, version = body["apiVersion"].rpartition("/")
        kind = Schema.load().kind(group, version, body["kind"])
        if kind is None or group == "apiextensions.k8s.io" or body.get("items") == []:
            continue  # an empty list and none are the same on the wire
        seen += 1
        assert kind.decode(decode(encode(body))).object == body, name
    assert seen > 100


def test_every_served_kind_has_a_message() -> None:
    for kind, version in KINDS:
        decode(envelope(version, kind))


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


@given(st.binary(max_size=200), st.sampled_from(KINDS))
def test_no_bytes_do_anything_else_than_be_read_or_refused(data: bytes, named: tuple[str, str]) -> None:
    kind, version = named
    said = message((1, version.encode()), (2, kind.encode()))
    for body in (MAGIC + data, MAGIC + message((1, said), (2, data))):
        try:
            found: dict[str, Any] = decode(body)
        except ProtobufError:
            continue
        assert found["kind"] == kind


def test_the_server_reads_it_and_says_what_it_does_not_read(door: Door) -> None:
    body = envelope("v1", "ConfigMap", (1, metadata("made")), (2, message((1, b"k"), (2, b"v"))))
    made = door.ask("POST", CM, body, content_type=PROTOBUF)
    assert (made.code, made.body["data"]) == (201, {"k": "v"})
    unknown = envelope("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    assert door.ask("POST", CM, unknown, content_type=PROTOBUF).code == 415
    assert door.ask("POST", CM, b"k8s", content_type=PROTOBUF).code == 400
    assert door.ask("POST", CM, envelope("v1", "Secret"), content_type=PROTOBUF).code == 400


def test_who_asks_for_it_gets_it_objects_lists_refusals_metadata_and_events(door: Door) -> None:
    door.made(PODS, {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}})
    for target, kind in ((f"{PODS}/p", "Pod"), (PODS, "PodList"), (f"{PODS}/none", "Status")):
        answer = door.ask("GET", target, accept=f"{PROTOBUF},application/json")
        assert answer.headers["Content-Type"] == PROTOBUF
        assert decode(answer.body)["kind"] == kind
    partial = f"{PROTOBUF};as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
    named = decode(door.ask("GET", f"{PODS}/p", accept=partial).body)
    assert (named["kind"], named["metadata"]["name"], "spec" in named) == ("PartialObjectMetadata", "p", False)
    watch = door.send("GET", f"{PODS}?watch=1", accept=PROTOBUF)
    assert watch.headers["Content-Type"] == f"{PROTOBUF};stream=watch"
    assert watch.stream is not None
    (frame,) = watch.stream.take()
    said = dict(wire.fields(frame[4:]))
    assert (int.from_bytes(frame[:4], "big"), said[1]) == (len(frame) - 4, b"ADDED")
    raw = said[2]
    assert isinstance(raw, bytes)
    sent = dict(wire.fields(raw))[1]
    assert isinstance(sent, bytes)
    assert decode(sent)["metadata"]["name"] == "p"


def test_a_table_is_never_protobuf_and_what_has_no_message_is_json(door: Door) -> None:
    table = f"{PROTOBUF};as=Table;v=v1;g=meta.k8s.io"
    assert door.ask("GET", PODS, accept=table).code == 406
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    assert door.ask("GET", crds, accept=f"{PROTOBUF}, application/json").headers["Content-Type"] == "application/json"
    assert door.ask("GET", crds, accept=PROTOBUF).code == 406
