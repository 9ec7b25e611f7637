"""The parts of the control plane, as the deprecated API tells of them."""

from __future__ import annotations

import pytest

from tests.unit.backends.fake.door import Door

PARTS = "/api/v1/componentstatuses"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def test_every_part_is_well(door: Door) -> None:
    answer = door.get(PARTS)
    assert (answer.code, answer.body["kind"]) == (200, "ComponentStatusList")
    assert "ComponentStatus is deprecated" in answer.headers["Warning"]
    assert answer.body["items"][1] == {
        "metadata": {"name": "etcd-0"}, "conditions": [{"type": "Healthy", "status": "True", "message": "ok"}],
    }  # fmt: skip
    assert door.get(f"{PARTS}/scheduler").body["conditions"][0]["message"] == "ok"
    rows = door.ask("GET", PARTS, accept=TABLE).body["rows"]
    assert [row["cells"] for row in rows][2] == ["scheduler", "Healthy", "ok", ""]


@pytest.mark.parametrize(
    ("target", "names"),
    [("?fieldSelector=metadata.name%3Detcd-0", ["etcd-0"]), ("?labelSelector=a", [])],
)
def test_they_are_selected_as_anything_else(door: Door, target: str, names: list[str]) -> None:
    assert [item["metadata"]["name"] for item in door.get(f"{PARTS}{target}").body["items"]] == names


@pytest.mark.parametrize(
    ("method", "target", "code"), [("GET", "/none", 404), ("DELETE", "/etcd-0", 405), ("POST", "", 405)]
)
def test_what_cannot_be_had_is_refused(door: Door, method: str, target: str, code: int) -> None:
    assert door.ask(method, f"{PARTS}{target}").code == code


def test_they_cannot_be_watched(door: Door) -> None:
    refused = door.get(f"{PARTS}?watch=1")
    message = 'watch is not supported on resources of kind "componentstatuses"'
    assert (refused.code, refused.body["message"]) == (405, message)
