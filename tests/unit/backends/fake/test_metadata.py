"""metadata: what the server fills in and what an update cannot touch."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from backends.fake import metadata

NOW = datetime(2026, 1, 1, 12, 0, 0, 999_000, tzinfo=UTC)
OLD = {"name": "a", "uid": "u", "resourceVersion": "5", "creationTimestamp": "2026-01-01T00:00:00Z"}


def created(**given: Any) -> dict[str, Any]:
    return metadata.prepare_create(given, "uid", NOW, "xyz12")


def updated(new: dict[str, Any], **old: Any) -> dict[str, Any]:
    metadata.prepare_update(new, OLD | old)
    return new


def test_a_new_object_gets_uid_and_time_and_nothing_of_the_systems_from_outside() -> None:
    made = created(
        name="a", uid="mine", creationTimestamp="x", deletionTimestamp="x", deletionGracePeriodSeconds=1, selfLink="x",
        managedFields=[{}], labels={"a": "b"},
    )  # fmt: skip
    assert made == {
        "name": "a",
        "uid": "uid",
        "resourceVersion": "",
        "creationTimestamp": "2026-01-01T12:00:00Z",
        "labels": {"a": "b"},
    }


def test_a_generated_name_is_cut_to_leave_room_for_its_suffix() -> None:
    assert created(generateName="web-")["name"] == "web-xyz12"
    assert len(created(generateName="x" * 100)["name"]) == 63
    assert created(generateName="web-", name="own")["name"] == "own"


def test_an_update_cannot_change_what_the_server_owns() -> None:
    new = updated({"creationTimestamp": "x", "selfLink": "y", "generation": 9}, generation=2)
    assert new == {
        "uid": "u",
        "creationTimestamp": OLD["creationTimestamp"],
        "resourceVersion": "5",
        "generation": 2,
    }


def test_a_deletion_cannot_be_undone() -> None:
    held = {"deletionTimestamp": "2026-01-01T00:00:30Z", "deletionGracePeriodSeconds": 30}
    new = updated({"uid": "u"}, **held)
    assert held.items() <= new.items()


def test_a_uid_that_is_given_is_left_for_validation_to_judge() -> None:
    assert updated({"uid": "other"})["uid"] == "other"


def test_a_held_object_is_terminating_from_now_with_no_grace_left() -> None:
    obj: dict[str, Any] = {"metadata": {"generation": 3}}
    metadata.mark_terminating(obj, NOW)
    assert obj["metadata"] == {
        "generation": 4,
        "deletionTimestamp": "2026-01-01T12:00:00Z",
        "deletionGracePeriodSeconds": 0,
    }
    metadata.mark_terminating(obj, NOW)
    assert obj["metadata"]["generation"] == 4, "only once"


def test_a_deletion_that_was_to_come_later_is_now() -> None:
    obj: dict[str, Any] = {"metadata": {"deletionTimestamp": "2026-01-01T12:00:30Z", "deletionGracePeriodSeconds": 30}}
    metadata.mark_terminating(obj, NOW)
    assert obj["metadata"]["deletionTimestamp"] == "2026-01-01T12:00:00Z"


def test_times_move_by_seconds() -> None:
    assert metadata.shift("2026-01-01T23:59:50Z", 15) == "2026-01-02T00:00:05Z"
    assert metadata.parse_timestamp("2026-01-01T00:00:00Z") == datetime(2026, 1, 1, tzinfo=UTC)
