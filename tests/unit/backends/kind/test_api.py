"""Waiting for the API server and its node."""

from __future__ import annotations

import pytest

from backends.base import BackendError
from backends.clock import SimulatedClock
from backends.kind import api


def test_a_wait_ends_with_what_the_probe_finds() -> None:
    answers = iter([None, None, "found"])
    clock = SimulatedClock()
    started = clock.monotonic()
    assert api.until("x", lambda: next(answers), clock=clock, timeout_s=5, alive=lambda: None) == "found"
    assert clock.monotonic() - started == 2 * api.POLL_S


def test_a_wait_ends_at_its_deadline() -> None:
    clock = SimulatedClock()
    started = clock.monotonic()
    with pytest.raises(BackendError, match="the node does not become Ready: not within 5 s"):
        api.until("the node does not become Ready", lambda: None, clock=clock, timeout_s=5, alive=lambda: None)
    assert clock.monotonic() - started == 5


def test_a_wait_for_what_is_dead_ends_at_once() -> None:
    clock = SimulatedClock()
    started = clock.monotonic()
    with pytest.raises(BackendError, match="x: its container is exited"):
        api.until("x", lambda: None, clock=clock, timeout_s=5, alive=lambda: "its container is exited")
    assert clock.monotonic() == started


@pytest.mark.parametrize(
    ("conditions", "ready"),
    [
        ([{"type": "Ready", "status": "True"}], True),
        ([{"type": "Ready", "status": "False"}], False),
        ([{"type": "Ready", "status": "Unknown"}], False),
        ([{"type": "MemoryPressure", "status": "True"}], False),
        (None, False),
    ],
)
def test_a_node_is_ready_by_its_condition(conditions: list[dict[str, str]] | None, ready: bool) -> None:
    assert api.node_ready({"status": {"conditions": conditions}}) is ready


def test_only_the_control_planes_taint_counts() -> None:
    assert api.tainted({"spec": {"taints": [{"key": "node-role.kubernetes.io/control-plane"}]}})
    assert not api.tainted({"spec": {"taints": [{"key": "node.kubernetes.io/not-ready"}]}})
    assert not api.tainted({"spec": {}})
