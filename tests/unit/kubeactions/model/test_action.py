"""Keys, markers and digests: what makes two orders the same order."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from kubeactions.model import Action, ActionKey, Target

AT = datetime(2026, 8, 20, 10, 15, tzinfo=UTC)
ACTION = Action(ActionKey("c1", 1), "delete_pod", Target("v1", "Pod", "web-0", "shop"), AT, {"a": 1, "b": {"c": 2}})


def test_a_key_is_printed_with_its_index_only_in_a_batch() -> None:
    assert str(ActionKey("c1", 3)) == "c1:v3"
    assert str(ActionKey("c1", 3, 0, batch=True)) == "c1:v3#0"
    assert ActionKey("c1", 3, 0, batch=True) == ActionKey("c1", 3)


@pytest.mark.parametrize("key", [ActionKey("c1", 1), ActionKey('ü"\\ \n', 2**62, 99), ActionKey("x" * 253, 1)])
def test_a_marker_fits_wherever_kubernetes_lets_us_write(key: ActionKey) -> None:
    assert re.fullmatch(r"[a-z2-7]{16}", key.marker)


def test_different_keys_have_different_markers() -> None:
    keys = [
        ActionKey(config_id, version, index)
        for config_id in ("a", "a:v1", "1")
        for version in (1, 11)
        for index in (0, 1)
    ]
    assert len({key.marker for key in keys}) == len(keys)


def test_the_order_of_members_and_the_source_do_not_change_what_is_ordered() -> None:
    again = replace(ACTION, parameters={"b": {"c": 2}, "a": 1}, source="elsewhere")
    assert again.digest == ACTION.digest


@pytest.mark.parametrize(
    "change",
    [
        {"type": "evict_pod"},
        {"target": Target("v1", "Pod", "web-1", "shop")},
        {"target": Target("v1", "Pod", "web-0", "shop", "uid")},
        {"created_at": AT + timedelta(microseconds=1)},
        {"parameters": {"a": 1}},
        {"parameters": {"a": True, "b": {"c": 2}}},
        {"action_id": "x"},
        {"requested_by": "x"},
        {"user_uuid": "x"},
    ],
)
def test_anything_else_does(change: dict[str, Any]) -> None:
    assert replace(ACTION, **change).digest != ACTION.digest


def test_targets_lock_by_group_and_not_by_version() -> None:
    assert Target("apps/v1", "Deployment", "a", "b").lock == Target("apps/v2", "Deployment", "a", "b", "uid").lock
    assert Target("v1", "Pod", "a", "b").lock != Target("other/v1", "Pod", "a", "b").lock


def test_a_stamp_in_another_zone_is_still_a_stamp() -> None:
    there = AT.astimezone(timezone(timedelta(hours=2)))
    assert replace(ACTION, created_at=there).created_at == AT
