"""The rules of metadata hold for every kind."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.validation import Cause, validate_create, validate_update

CONFIG_MAP = ("", "v1", "ConfigMap")


def create(**metadata: Any) -> list[Cause]:
    return validate_create(CONFIG_MAP, {"metadata": {"name": "a", **metadata}})


def update(old: dict[str, Any], new: dict[str, Any]) -> list[Cause]:
    same = {"name": "a", "resourceVersion": "1"}
    return validate_update(CONFIG_MAP, {"metadata": {**same, **new}}, {"metadata": {**same, **old}})


def test_a_name_is_required() -> None:
    assert validate_create(CONFIG_MAP, {"metadata": {}}) == [
        Cause("metadata.name", "FieldValueRequired", "Required value: name or generateName is required")
    ]


def test_the_prefix_of_a_generated_name_may_end_with_a_dash_and_is_checked() -> None:
    assert create(generateName="gen-") == []
    assert [cause.field for cause in create(generateName="Bad_")] == ["metadata.generateName"]


OWNER = {"apiVersion": "v1", "kind": "Pod", "name": "x", "uid": "u"}


@pytest.mark.parametrize(
    ("metadata", "field", "text"),
    [
        ({"labels": {"bad key": "x"}}, "metadata.labels", 'Invalid value: "bad key": name part must consist of'),
        ({"labels": {"ok": "bad value!"}}, "metadata.labels", 'Invalid value: "bad value!": a valid label must be'),
        ({"annotations": {"bad key": "x"}}, "metadata.annotations", 'Invalid value: "bad key": name part'),
        ({"annotations": {"a": "x" * 262144}}, "metadata.annotations", "Too long: may not be more than 262144 bytes"),
        ({"finalizers": ["nodomain"]}, "metadata.finalizers[0]",
         'Invalid value: "nodomain": name is neither a standard finalizer name nor is it fully qualified'),
        ({"finalizers": ["orphan", "foregroundDeletion"]}, "metadata.finalizers",
         'Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set'),
        ({"ownerReferences": [{**OWNER, "uid": ""}]}, "metadata.ownerReferences.uid",
         'Invalid value: "": must not be empty'),
        ({"ownerReferences": [{**OWNER, "apiVersion": "apps/"}]}, "metadata.ownerReferences.apiVersion",
         'Invalid value: "apps/": version must not be empty'),
        ({"ownerReferences": [{**OWNER, "kind": "Event"}]}, "metadata.ownerReferences",
         "is disallowed from being an owner"),
        ({"ownerReferences": [{**OWNER, "controller": True}] * 2}, "metadata.ownerReferences",
         'Found "true" in references for Pod/x and Pod/x'),
        ({"generation": -1}, "metadata.generation", "Invalid value: -1: must be greater than or equal to 0"),
    ],
)  # fmt: skip
def test_what_is_refused_on_create(metadata: dict[str, Any], field: str, text: str) -> None:
    causes = create(**metadata)

    assert [cause.field for cause in causes] == [field]
    assert text in causes[0].message


def test_keys_of_annotations_may_be_in_any_case_and_full_up_to_the_limit() -> None:
    assert create(annotations={"Example.COM/Key": "x" * (262144 - 15)}) == []


@pytest.mark.parametrize("member", ["name", "namespace", "uid", "creationTimestamp", "deletionTimestamp"])
def test_what_the_server_sets_cannot_be_changed_and_is_said_twice(member: str) -> None:
    causes = update({}, {member: "other"})

    cause = Cause(f"metadata.{member}", "FieldValueInvalid", 'Invalid value: "other": field is immutable')
    assert causes == [cause, cause]


def test_an_update_needs_a_resource_version() -> None:
    assert update({}, {"resourceVersion": ""})[0].message == 'Invalid value: "": must be specified for an update'


def test_the_generation_cannot_go_back() -> None:
    assert update({"generation": 3}, {"generation": 2})[0].message == "Invalid value: 2: must not be decremented"


def test_finalizers_can_go_but_not_come_while_an_object_is_being_deleted() -> None:
    gone = {"deletionTimestamp": "2001-01-01T00:00:00Z", "finalizers": ["example.com/a"]}

    causes = update(gone, {**gone, "finalizers": ["example.com/a", "example.com/c", "example.com/b"]})

    assert causes[0].message == (
        "Forbidden: no new finalizers can be added if the object is being deleted, "
        'found new finalizers []string{"example.com/b", "example.com/c"}'
    )
    assert update(gone, {**gone, "finalizers": []}) == []
