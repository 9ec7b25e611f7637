"""Claims, volumes and storage classes: defaults and causes."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.schema import Schema
from backends.fake.validation import prepare_defaults, validate_create, validate_update

CLAIM, VOLUME = ("", "v1", "PersistentVolumeClaim"), ("", "v1", "PersistentVolume")
CLASS = ("storage.k8s.io", "v1", "StorageClass")
MODES = '"ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"'
STORAGE = {"requests": {"storage": "1Gi"}}


def made(gvk: tuple[str, str, str], **members: Any) -> dict[str, Any]:
    schema = Schema.load().kind(*gvk)
    assert schema is not None
    found = schema.decode({"metadata": {"name": "a", "resourceVersion": "1"}, **members}).object
    prepare_defaults(gvk, found)
    return found


def claim(**spec: Any) -> dict[str, Any]:
    return made(CLAIM, spec={"accessModes": ["ReadWriteOnce"], "resources": STORAGE, **spec})


def test_a_claim_is_for_a_file_system_and_not_bound_yet() -> None:
    assert claim()["spec"]["volumeMode"] == "Filesystem"
    assert claim()["status"] == {"phase": "Pending"}
    assert validate_create(CLAIM, claim(storageClassName="")) == []


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        ({"accessModes": []}, "spec.accessModes", "Required value: at least 1 access mode is required"),
        ({"accessModes": ["Odd"]}, "spec.accessModes",
         f'Unsupported value: "Odd": supported values: {MODES}'),
        ({"accessModes": ["ReadWriteOncePod", "ReadWriteOnce"]}, "spec.accessModes",
         "Forbidden: may not use ReadWriteOncePod with other access modes"),
        ({"resources": {}}, "spec.resources[storage]", "Required value"),
        ({"resources": {"requests": {"storage": "0"}}}, "spec.resources[storage]",
         'Invalid value: "0": must be greater than zero'),
        ({"volumeMode": "Odd"}, "spec.volumeMode",
         'Unsupported value: "Odd": supported values: "Block", "Filesystem"'),
    ],
)  # fmt: skip
def test_what_is_refused_in_a_claim(spec: dict[str, Any], field: str, message: str) -> None:
    assert [(cause.field, cause.message) for cause in validate_create(CLAIM, claim(**spec))] == [(field, message)]


def test_a_claim_keeps_its_spec_but_is_bound_once_and_may_grow() -> None:
    bound, bigger = claim(volumeName="v"), claim(resources={"requests": {"storage": "2Gi"}})
    classed = claim(storageClassName="x")

    assert validate_update(CLAIM, bound, claim()) == []
    assert validate_update(CLAIM, classed, claim()) == []
    assert [cause.field for cause in validate_update(CLAIM, claim(volumeName="w"), bound)] == ["spec"]
    assert [cause.field for cause in validate_update(CLAIM, claim(storageClassName="y"), classed)] == ["spec"]
    assert [cause.field for cause in validate_update(CLAIM, bigger, claim())] == ["spec"]
    for each in (bigger, smaller := claim()):
        each["status"] = {"phase": "Bound", "capacity": {"storage": "2Gi"}}
    assert validate_update(CLAIM, bigger, smaller) == []
    assert [cause.message for cause in validate_update(CLAIM, smaller, bigger)] == [
        "Forbidden: field can not be less than status.capacity"
    ]
    block = validate_update(CLAIM, claim(volumeMode="Block"), claim())
    assert [cause.field for cause in block] == ["spec", "volumeMode"]
    assert '- "VolumeMode": "Filesystem",\n+ "VolumeMode": "Block",\n' in block[0].message


def test_a_volume_has_a_size() -> None:
    sized = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/a"}}

    assert validate_create(VOLUME, made(VOLUME, spec=sized)) == []
    assert [cause.field for cause in validate_create(VOLUME, made(VOLUME, spec={**sized, "capacity": {}}))] == [
        "spec.capacity"
    ]
    odd = made(VOLUME, spec={**sized, "persistentVolumeReclaimPolicy": "Odd"})
    assert [cause.field for cause in validate_update(VOLUME, odd, odd)] == ["spec.persistentVolumeReclaimPolicy"]


def test_a_storage_class_has_a_provisioner_and_keeps_it() -> None:
    found = made(CLASS, provisioner="p")

    assert (found["reclaimPolicy"], found["volumeBindingMode"]) == ("Delete", "Immediate")
    assert [cause.field for cause in validate_create(CLASS, made(CLASS))] == ["provisioner"]
    changed = made(CLASS, provisioner="q", volumeBindingMode="WaitForFirstConsumer")
    assert [cause.field for cause in validate_update(CLASS, changed, found)] == ["provisioner", "volumeBindingMode"]


SIZED: dict[str, Any] = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        ({}, ["spec"]),
        ({"nfs": {"server": "s", "path": "p"}, "csi": {"driver": "d"}}, ["spec.nfs.path", "spec.csi"]),
        ({"csi": {"driver": "d"}}, ["spec.csi.volumeHandle"]),
        ({"local": {"path": "/a/../b"}}, ["spec.local.path", "spec.nodeAffinity"]),
        ({"local": {"path": "/a"}, "nodeAffinity": {"required": {}}}, ["spec.nodeAffinity.required.nodeSelectorTerms"]),
        (
            {"hostPath": {"path": "/"}, "persistentVolumeReclaimPolicy": "Recycle"},
            ["spec.persistentVolumeReclaimPolicy"],
        ),
        ({"hostPath": {"path": "/a"}, "storageClassName": "_"}, ["spec.storageClassName"]),
    ],
)
def test_where_a_volume_is_refused(spec: dict[str, Any], fields: list[str]) -> None:
    assert [cause.field for cause in validate_create(VOLUME, made(VOLUME, spec={**SIZED, **spec}))] == fields


def test_a_volume_stays_what_it_is() -> None:
    before, after = (made(VOLUME, spec={**SIZED, "hostPath": {"path": path}}) for path in ("/a", "/b"))
    (cause,) = validate_update(VOLUME, after, before)
    assert cause.field == "spec.persistentvolumesource"
    assert '-  "Path": "/a",\n+  "Path": "/b",\n' in cause.message
