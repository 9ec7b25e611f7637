"""The schema answers for every kind that the imitated release serves."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from backends.fake.catalogue import Catalogue
from backends.fake.schema import DecodeError, Schema
from backends.fake.schema.reading import may_repeat_members, repeated_members
from backends.fake.validation import prepare_defaults

RECORDINGS = Path(__file__).parents[4] / "conformance" / "recordings"
NOT_WHOLE = {("json-patch-test-metadata", "Deployment"), ("budget", "PodDisruptionBudget"), ("crd", "Widget")}
NOT_WHOLE |= {("serviceaccount", "TokenRequest")}


def recorded_objects() -> list[tuple[str, dict[str, Any]]]:
    """Whole objects that a real server answered, with real times where the recorder put placeholders."""
    found = []
    for path in sorted(RECORDINGS.glob("*/*.json")):
        text = re.sub(r"<time(#\d+)?[^>]*>", "2026-01-01T00:00:00Z", path.read_text())
        text = text.replace("<microtime>", "2026-01-01T00:00:00.000000Z")
        for step in json.loads(text)["steps"]:
            body = step.get("body")
            whole = isinstance(body, dict) and "metadata" in body and body.get("kind") != "Status"
            if whole and (path.stem, body["kind"]) not in NOT_WHOLE:
                found.append((f"{path.stem}-{step['step']}", body))
    return found


def test_every_object_of_a_real_server_is_read_and_written_back_unchanged() -> None:
    seen = 0
    for name, body in recorded_objects():
        group, _, version = body["apiVersion"].rpartition("/")
        kind = Schema.load().kind(group, version, body["kind"])
        if kind is None:
            continue
        seen += 1
        decoded = kind.decode(body)
        assert decoded.object == body, name
        assert decoded.strict_errors == [], name
        prepare_defaults(kind.gvk, decoded.object)
        assert decoded.object == body, f"{name}: defaults that a real server does not set"
    assert seen > 100


def test_every_served_kind_has_a_schema() -> None:
    missing = [resource.gvk for resource in Catalogue.load() if Schema.load().kind(*resource.gvk) is None]

    assert missing == []


def test_an_unknown_kind_has_none_and_cannot_be_asked_about() -> None:
    assert Schema.load().kind("", "v1", "Nonsense") is None
    with pytest.raises(KeyError):
        Schema.load().unknown_fields(("", "v1", "Nonsense"), {})


def test_unknown_fields_are_named_in_document_order_with_indexes() -> None:
    pod = {
        "metadata": {"name": "p", "unknown": 1},
        "spec": {"containers": [{"name": "c"}, {"imagePullPolice": "Always", "name": "d"}], "nodename": "x"},
    }

    assert Schema.load().unknown_fields(("", "v1", "Pod"), pod) == [
        'unknown field "metadata.unknown"',
        'unknown field "spec.containers[1].imagePullPolice"',
        'unknown field "spec.nodename"',
    ]


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (b'{"data":{"a":"1","a":"2"}}', ['duplicate field "data.a"']),
        (b'{"data" : {"a" : "1", "a" : "2"}}', ['duplicate field "data.a"']),
        (b'{"data":{"a":"1"},"data":{"b":"1"}}', ['duplicate field "data"']),
        (b'{"x":{"a":1,"a":2},"data":{"a":"\\"a\\":"}}', ['unknown field "x"']),
        (b'{"data":{"a":"\\":","b":"1"}}', []),
        (b'{"data":{"a":"b\\\\":","c":"1","c":"2"}}', None),
        (b'{"metadata":{"finalizers":["a"],"labels":{"k":"1","k":"1"}},"y":1}',
         ['duplicate field "metadata.labels.k"', 'unknown field "y"']),
    ],
)  # fmt: skip
def test_repeated_members_are_found_in_the_text(body: bytes, lines: list[str] | None) -> None:
    if lines is None:
        with pytest.raises(json.JSONDecodeError):
            json.loads(body)
        return

    assert Schema.load().unknown_fields(("", "v1", "ConfigMap"), json.loads(body), body) == lines


def test_a_hundred_lines_are_the_most_and_none_is_said_twice() -> None:
    many = {f"field{number}": 1 for number in range(150)}
    same = {"spec": {"containers": [{"name": "a"}]}, "items": 1}

    assert len(Schema.load().unknown_fields(("", "v1", "ConfigMap"), many)) == 100
    assert Schema.load().unknown_fields(("", "v1", "Pod"), same) == ['unknown field "items"']


def test_compact_json_costs_no_second_parse() -> None:
    body = b'{"data":{"a":"1"},"metadata":{"name":"x"}}'

    assert may_repeat_members(body, json.loads(body)) is False
    assert may_repeat_members(b'{"a":1,"a":2}', {"a": 2}) is True


@pytest.mark.parametrize(
    ("body", "repeats"),
    [
        (b'{"a":1,"a":1e6}', True),  # what is written again is as long
        (b'{ "a" : 1 , "a" : 2 }', True),
        (b'{"a\\u0022":"\\\\","b" :"\\"}"}', False),
        (b'{"\\"":1,"\\u0022":2}', True),
    ],
)
def test_spaces_numbers_and_escapes_hide_no_repeated_member(body: bytes, repeats: bool) -> None:
    assert may_repeat_members(body, orjson.loads(body)) is repeats


def test_repeated_members_of_a_patch_need_no_type() -> None:
    body = b'{"spec":{"a":[{"b":1,"b":2}]}}'

    assert repeated_members(body, json.loads(body)) == ['duplicate field "spec.a[0].b"']


@pytest.mark.parametrize(
    ("gvk", "value", "text"),
    [
        (("", "v1", "ConfigMap"), {"data": [1]},
         "json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string"),
        (("", "v1", "ConfigMap"), {"metadata": {"labels": {"a": 1}}},
         "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string"),
        (("", "v1", "ConfigMap"), {"metadata": {"uid": 5}},
         "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.uid of type types.UID"),
        (("", "v1", "Pod"), {"spec": {"containers": [{"env": [{"name": "A", "value": 1}]}]}},
         "json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string"),
        (("", "v1", "Pod"), {"spec": {"restartPolicy": True}},
         "json: cannot unmarshal bool into Go struct field PodSpec.spec.restartPolicy of type v1.RestartPolicy"),
        (("", "v1", "Pod"), {"spec": "x"},
         "json: cannot unmarshal string into Go struct field Pod.spec of type v1.PodSpec"),
        (("apps", "v1", "Deployment"), {"spec": {"replicas": "two"}},
         "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32"),
        (("", "v1", "Pod"), {"spec": {"terminationGracePeriodSeconds": True}},
         "json: cannot unmarshal bool into Go struct field PodSpec.spec.terminationGracePeriodSeconds of type int64"),
        (("apps", "v1", "Deployment"), {"spec": {"replicas": 99999999999}},
         "json: cannot unmarshal number 99999999999 into Go struct field DeploymentSpec.spec.replicas of type int32"),
        (("", "v1", "Service"), {"spec": {"ports": [{"targetPort": True}]}},
         "json: cannot unmarshal bool into Go value of type int32"),
        (("apps", "v1", "Deployment"), {"spec": {"replicas": 1.5}},
         "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32"),
        (("", "v1", "Pod"), {"spec": {"containers": [{"resources": {"limits": {"cpu": "lots"}}}]}},
         "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"),
        (("", "v1", "Secret"), {"data": {"a": "not base64!"}}, "illegal base64 data at input byte 3"),
        (("coordination.k8s.io", "v1", "Lease"), {"spec": {"renewTime": "2001-01-01T00:00:05Z"}},
         'parsing time "2001-01-01T00:00:05Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"'),
        (("coordination.k8s.io", "v1", "Lease"), {"spec": {"renewTime": "yesterday"}},
         'parsing time "yesterday" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "yesterday" as "2006"'),
        (("", "v1", "Pod"), {"metadata": {"name": 5}, "spec": {"containers": [{"resources": {"limits": {"cpu": ""}}}]}},
         "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"),
    ],
)  # fmt: skip
def test_wrong_types_are_told_in_the_words_of_gos_decoder(gvk: tuple[str, str, str], value: Any, text: str) -> None:
    assert Schema.load().decode_errors(gvk, value) == text


def test_right_types_are_no_error() -> None:
    assert Schema.load().decode_errors(("", "v1", "ConfigMap"), {"data": {"a": "b"}}) is None


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"replicas": "two"}, "unrecognized type: int32"),
        ({"paused": "yes"}, "unrecognized type: bool"),
        ({"template": []}, "cannot restore struct from: slice"),
        ({"template": {"metadata": {"labels": "x"}}}, "cannot restore map from string"),
        ({"template": {"metadata": {"name": 1}}}, "cannot convert int64 to string"),
        ({"template": {"spec": {"containers": {}}}}, "cannot restore slice from map"),
    ],
)
def test_wrong_types_after_a_strategic_merge_are_told_in_the_converters_words(spec: Any, text: str) -> None:
    kind = Schema.load().kind("apps", "v1", "Deployment")
    assert kind is not None

    with pytest.raises(DecodeError) as caught:
        kind.convert({"spec": spec})

    assert str(caught.value) == text
