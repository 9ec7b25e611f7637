"""Decoding reads and writes objects as the API server's own types do."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest

from backends.fake.schema import DecodeError, KindSchema, Schema


def kind(group: str, version: str, name: str) -> KindSchema:
    found = Schema.load().kind(group, version, name)
    assert found is not None
    return found


POD = kind("", "v1", "Pod")
CONFIG_MAP = kind("", "v1", "ConfigMap")
LEASE = kind("coordination.k8s.io", "v1", "Lease")


def pod(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}], **spec}}


def test_unknown_members_are_dropped_and_the_input_stays_as_it_is() -> None:
    given = {"data": {"a": "b"}, "nonsense": {"deep": [1]}, "metadata": {"name": "x", "extra": 1}}
    before = copy.deepcopy(given)

    decoded = CONFIG_MAP.decode(given).object

    assert decoded == {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "x"}, "data": {"a": "b"}}
    assert given == before


def test_the_answer_shares_no_mutable_part_of_a_typed_value() -> None:
    given = pod(nodeSelector={"a": "b"})

    decoded = POD.decode(given).object
    decoded["spec"]["nodeSelector"]["a"] = "changed"
    decoded["spec"]["containers"].append({})

    assert given == pod(nodeSelector={"a": "b"})


def test_members_come_in_declared_order_and_kind_and_version_first() -> None:
    decoded = CONFIG_MAP.decode({"data": {"b": "2", "a": "1"}, "metadata": {"labels": {}, "uid": "u", "name": "n"}})

    assert list(decoded.object) == ["kind", "apiVersion", "metadata", "data"]
    assert list(decoded.object["metadata"]) == ["name", "uid"]
    assert list(decoded.object["data"]) == ["a", "b"]


def test_what_go_omits_when_empty_is_omitted_and_what_is_a_pointer_is_kept() -> None:
    spec = POD.decode(
        pod(hostNetwork=False, automountServiceAccountToken=False, nodeSelector={}, volumes=[], nodeName="")
    ).object["spec"]

    assert spec["automountServiceAccountToken"] is False
    assert not spec.keys() & {"hostNetwork", "nodeSelector", "volumes", "nodeName"}


def test_fields_without_omitempty_appear_though_nobody_gave_them() -> None:
    decoded = POD.decode({**pod(), "status": {"conditions": [{"type": "Ready"}]}}).object

    assert decoded["spec"]["containers"][0]["resources"] == {}
    assert decoded["status"]["conditions"] == [
        {"type": "Ready", "status": "", "lastProbeTime": None, "lastTransitionTime": None}
    ]


def test_an_absent_list_without_omitempty_is_written_as_null() -> None:
    assert kind("rbac.authorization.k8s.io", "v1", "Role").decode({}).object["rules"] is None


def test_null_is_the_same_as_missing_except_as_the_value_of_a_map() -> None:
    decoded = CONFIG_MAP.decode({"metadata": {"name": "x", "creationTimestamp": None}, "data": {"a": None}})

    assert decoded.object["metadata"] == {"name": "x"}
    assert decoded.object["data"] == {"a": ""}
    assert decoded.strict_errors == []


@pytest.mark.parametrize(
    ("given", "canonical"),
    [
        ("1.0", "1"), ("1024Mi", "1Gi"), ("1000m", "1"), ("0.5", "500m"), ("1500m", "1500m"), ("1e3", "1e3"),
        (2, "2"), (1.5, "1500m"), ("1000k", "1M"), ("512Ki", "512Ki"), ("0.5Ki", "512"), ("0", "0"), ("-5", "-5"),
        ("1000000000n", "1"), ("1536Mi", "1536Mi"), ("100000000000000000000", "9223372036854775807"),
    ],
)  # fmt: skip
def test_quantities_take_their_canonical_form(given: object, canonical: str) -> None:
    decoded = kind("", "v1", "Node").decode({"status": {"capacity": {"cpu": given}}})

    assert decoded.object["status"]["capacity"] == {"cpu": canonical}


def test_times_are_written_in_utc_to_the_second_and_micro_times_with_six_digits() -> None:
    lease = LEASE.decode(
        {
            "metadata": {"name": "l", "creationTimestamp": "2001-01-01T02:00:00.7+02:00"},
            "spec": {"renewTime": "2001-01-01T01:00:00.123456+01:00"},
        }
    ).object

    assert lease["metadata"]["creationTimestamp"] == "2001-01-01T00:00:00Z"
    assert lease["spec"]["renewTime"] == "2001-01-01T00:00:00.123456Z"


def test_decoding_what_was_decoded_changes_nothing() -> None:
    once = POD.decode({**pod(hostNetwork=True, tolerations=[{"key": "a"}]), "status": {"phase": "Running"}}).object

    assert POD.decode(once).object == once


def nested(depth: int, name: str = "properties") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(depth):
        found = {name: {"a": found}}
    return found


def test_what_is_nested_too_deep_is_refused_where_it_would_be_stored_and_dropped_where_not() -> None:
    crd = kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
    schema = {"spec": {"versions": [{"schema": {"openAPIV3Schema": nested(900)}}]}}
    junk = b'{"junk":' + b'{"a":' * 500 + b"1" + b"}" * 501

    assert crd.decode({"spec": {"versions": [{"schema": {"openAPIV3Schema": nested(100)}}]}}).strict_errors == []
    with pytest.raises(DecodeError, match="exceeded max depth"):
        crd.decode(schema)
    assert crd.decode(orjson.loads(junk), junk).strict_errors == ['unknown field "junk"']


def test_a_pod_spec_that_comes_again_is_read_as_the_first_time_and_shares_nothing() -> None:
    given = pod(nodeSelector={"a": "b"}, hostNetwork=False)
    first, second = POD.decode(given), POD.decode(given)
    first.object["spec"]["nodeSelector"]["a"] = "changed"

    assert second.object["spec"]["nodeSelector"] == {"a": "b"}
    assert POD.decode(given).object == second.object


def test_unknown_members_of_a_spec_that_comes_again_are_told_each_time() -> None:
    given = pod(nonsense=1)

    assert POD.decode(given).strict_errors == POD.decode(given).strict_errors == ['unknown field "spec.nonsense"']


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"metadata": {"labels": {"b": "2"}}},
        {"spec": {"nodeName": "n", "junk": 1}},
        {"status": {"phase": "Running"}},
        {"spec": None},
        {"metadata": {"junk": True}, "junk": []},
    ],
)
def test_what_a_patch_leaves_alone_is_taken_over_and_the_rest_is_read(change: dict[str, Any]) -> None:
    before = POD.decode({**pod(hostNetwork=True), "status": {"phase": "Pending"}}).object
    changed = {**before, **change, "metadata": {**before["metadata"], **change.get("metadata", {})}}

    found = POD.decode(changed, before=before)

    assert (found, [*found.object]) == (POD.decode(changed), [*POD.decode(changed).object])


def test_what_is_taken_over_can_be_added_to() -> None:
    before = POD.decode({**pod(), "metadata": {"name": "p", "labels": {"a": "1"}, "annotations": {"a": "1"}}}).object
    kept = copy.deepcopy(before)

    found = POD.decode({**before, "status": {"phase": "Running"}}, before=before).object
    found["spec"]["nodeName"] = "n"
    found["metadata"]["labels"]["b"] = found["metadata"]["annotations"]["b"] = "2"

    assert found["spec"]["containers"] is before["spec"]["containers"]
    assert before == kept
