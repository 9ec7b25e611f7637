"""The audit trail."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backends.fake.audit import AuditLog
from tests.unit.backends.fake.door import CM, PODS, Door, config_map


def test_a_request_is_recorded_with_who_what_and_when(door: Door) -> None:
    door.clock.advance(3)
    made = door.ask("POST", CM, config_map(), audit_id="marker", impersonate_user="bob").body
    (event,) = door.cluster.audit.find(audit_id="marker")
    assert event.at == datetime(2026, 1, 1, 0, 0, 3, tzinfo=UTC)
    assert event.monotonic == 1003.0
    assert (event.user, event.verb, event.resource, event.namespace, event.name) == (
        "bob", "create", "configmaps", "default", "a",
    )  # fmt: skip
    assert (event.uid, event.code, event.changed, event.method) == (made["metadata"]["uid"], 201, True, "POST")


def test_what_changed_nothing_says_so(door: Door) -> None:
    door.made(CM, config_map())
    door.patch(f"{CM}/a", {"data": {"k": "v"}})
    door.delete(f"{CM}/a?dryRun=All")
    door.get(f"{CM}/a")
    door.delete(f"{CM}/none")
    trail = door.cluster.audit.find(resource="configmaps")
    assert [(event.verb, event.changed, event.dry_run, event.code) for event in trail] == [
        ("create", True, False, 201),
        ("patch", False, False, 200),
        ("delete", False, True, 200),
        ("get", False, False, 200),
        ("delete", False, False, 404),
    ]


def test_subresources_and_watches_have_their_names(door: Door) -> None:
    door.get(f"{PODS}/none/status")
    door.watch(PODS)
    assert door.cluster.audit.find(subresource="status")[0].verb == "get"
    assert door.cluster.audit.find(verb="watch", resource="pods")[0].target == f"{PODS}?watch=1"


def test_a_field_that_is_none_is_a_mistake(door: Door) -> None:
    with pytest.raises(TypeError, match="has no reosurce"):
        door.cluster.audit.find(reosurce="pods")


def test_what_is_dropped_is_counted(door: Door) -> None:
    log = AuditLog(limit=2)
    for record in list(door.cluster.audit._records)[:3]:
        log.append(record)
    assert (len(log), log.dropped) == (2, 1)
    assert len(list(log)) == 2
