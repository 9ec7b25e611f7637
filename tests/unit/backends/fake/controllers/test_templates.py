"""From a template to a pod and to its hash."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.controllers.kinds import REPLICA_SETS
from backends.fake.controllers.templates import controlled_by, pod_from, scaled, template_hash

OWNER: dict[str, Any] = {"metadata": {"name": "web", "namespace": "default", "uid": "u"}}
TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"app": "web"}, "annotations": {"a": "b"}, "finalizers": ["example.com/x"]},
    "spec": {"containers": []},
}


def test_a_pod_has_what_the_template_says_and_its_owner() -> None:
    made = pod_from(TEMPLATE, REPLICA_SETS, OWNER)
    assert made["metadata"]["generateName"] == "web-"
    assert {member: made["metadata"][member] for member in TEMPLATE["metadata"]} == TEMPLATE["metadata"]
    assert controlled_by(made, "u")


def test_changing_a_pod_does_not_change_its_template() -> None:
    made = pod_from(TEMPLATE, REPLICA_SETS, OWNER, name="web-0")
    made["metadata"]["labels"]["x"] = "y"
    made["spec"]["hostname"] = "web-0"
    assert TEMPLATE["metadata"]["labels"] == {"app": "web"}
    assert "hostname" not in TEMPLATE["spec"]


def test_a_hash_depends_on_what_the_template_says_and_not_on_the_order() -> None:
    reordered = {member: TEMPLATE[member] for member in reversed(TEMPLATE)}
    assert template_hash(TEMPLATE, None) == template_hash(reordered, None)
    assert template_hash({**TEMPLATE, "spec": {}}, None) != template_hash(TEMPLATE, None)
    assert template_hash(TEMPLATE, 1) != template_hash(TEMPLATE, None)


def test_a_hash_can_be_part_of_a_name() -> None:
    found = {template_hash({"spec": number}, None) for number in range(200)}
    assert len(found) == 200
    assert set("".join(found)) <= set("bcdfghjklmnpqrstvwxz2456789")


@pytest.mark.parametrize(
    ("value", "total", "up", "expected"),
    [(3, 10, True, 3), ("25%", 10, True, 3), ("25%", 10, False, 2), ("0%", 10, True, 0), ("100%", 7, False, 7)],
)
def test_a_percentage_is_rounded_as_asked(value: int | str, total: int, up: bool, expected: int) -> None:
    assert scaled(value, total, round_up=up) == expected


def test_a_text_that_is_no_percentage_is_refused() -> None:
    with pytest.raises(ValueError, match="neither a number nor a percentage"):
        scaled("many", 10, round_up=True)
