"""What a pod's fields say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backends.kubelet import pods

NOW = datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC)


def pod(
    ready: str | None = "True", since: str | None = "2026-01-01T00:00:00Z", phase: str = "Running"
) -> dict[str, Any]:
    condition = {"type": "Ready", "status": ready, "lastTransitionTime": since}
    return {
        "metadata": {"name": "p"},
        "spec": {},
        "status": {"phase": phase, "conditions": [condition] if ready else []},
    }


@pytest.mark.parametrize(
    ("min_ready_s", "expected"), [(0, 0.0), (30, 0.0), (31, 1.0), (90, 60.0)], ids=lambda value: str(value)
)
def test_a_ready_pod_becomes_available_by_waiting(min_ready_s: int, expected: float) -> None:
    assert pods.available_in_s(pod(), min_ready_s, NOW) == expected
    assert pods.is_available(pod(), min_ready_s, NOW) == (expected == 0)


def test_an_unready_pod_does_not_become_available_by_waiting() -> None:
    assert pods.available_in_s(pod("False"), 0, NOW) is None
    assert pods.available_in_s(pod(None), 0, NOW) is None


def test_a_pod_that_is_ready_since_nobody_knows_when_is_available_only_without_a_minimum() -> None:
    assert pods.is_available(pod(since=None), 0, NOW)
    assert not pods.is_available(pod(since=None), 1, NOW)


def test_finished_and_terminating_pods_are_not_active() -> None:
    assert pods.is_active(pod())
    assert not pods.is_active(pod(phase="Failed"))
    terminating = pod()
    terminating["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert not pods.is_active(terminating)


def test_a_condition_keeps_its_place_and_its_time_while_its_status_is_the_same() -> None:
    first = pods.with_condition([], {"type": "A", "status": "True"}, NOW)
    both = pods.with_condition(first, {"type": "B", "status": "True"}, NOW)
    later = NOW + timedelta(seconds=60)
    same = pods.with_condition(both, {"type": "A", "status": "True", "reason": "New"}, later)
    assert same[0] == {"type": "A", "status": "True", "reason": "New", "lastTransitionTime": "2026-01-01T00:00:30Z"}
    other = pods.with_condition(both, {"type": "A", "status": "False"}, later)
    assert other[0]["lastTransitionTime"] == "2026-01-01T00:01:30Z"
    assert both[0]["status"] == "True", "the old list is not touched"
