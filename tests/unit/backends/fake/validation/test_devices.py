"""Claims to devices: defaults, and what counts as a change of a class or slice."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.backends.fake.door import Door

ROOT = "/apis/resource.k8s.io/v1"
TOLERATION = {"key": "a", "effect": "NoSchedule"}
REQUESTS = [
    {"name": "a", "exactly": {"deviceClassName": "c", "tolerations": [TOLERATION]}},
    {"name": "b", "firstAvailable": [{"name": "x", "deviceClassName": "c", "allocationMode": "All"}]},
]
FILLED = [
    {"name": "a", "exactly": {"deviceClassName": "c", "tolerations": [{**TOLERATION, "operator": "Equal"}],
                              "allocationMode": "ExactCount", "count": 1}},
    REQUESTS[1],
]  # fmt: skip


def test_a_request_is_for_one_device(door: Door) -> None:
    spec = {"devices": {"requests": REQUESTS}}
    claims, templates = (
        f"{ROOT}/namespaces/default/{plural}" for plural in ("resourceclaims", "resourceclaimtemplates")
    )
    made = door.made(claims, {"metadata": {"name": "a"}, "spec": spec})
    assert made["spec"]["devices"]["requests"] == FILLED
    made = door.made(templates, {"metadata": {"name": "a"}, "spec": {"spec": spec}})
    assert made["spec"]["spec"]["devices"]["requests"] == FILLED


@pytest.mark.parametrize(
    ("plural", "spec", "change"),
    [
        ("deviceclasses", {}, {"extendedResourceName": "a.b/c"}),
        ("resourceslices", {"driver": "d", "nodeName": "n", "pool": {"name": "p", "resourceSliceCount": 1}},
         {"pool": {"resourceSliceCount": 2}}),
    ],
)  # fmt: skip
def test_classes_and_slices_count_their_generation(
    door: Door, plural: str, spec: dict[str, Any], change: dict[str, Any]
) -> None:
    path = f"{ROOT}/{plural}"
    assert door.made(path, {"metadata": {"name": "a"}, "spec": spec})["metadata"]["generation"] == 1
    assert door.patch(f"{path}/a", {"metadata": {"labels": {"a": "b"}}}).body["metadata"]["generation"] == 1
    assert door.patch(f"{path}/a", {"spec": change}).body["metadata"]["generation"] == 2
