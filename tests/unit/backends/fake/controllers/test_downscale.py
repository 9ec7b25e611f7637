"""Which pod goes first when there are too many."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from backends.fake.controllers import downscale

Obj = dict[str, Any]
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def pod(
    name: str, *, node: str = "n", phase: str = "Running", ready: str | None = "2026-01-01T11:00:00Z", **more: Any
) -> Obj:
    status: Obj = {"phase": phase}
    if ready is not None:
        status["conditions"] = [{"type": "Ready", "status": "True", "lastTransitionTime": ready}]
    if "restarts" in more:
        status["containerStatuses"] = [{"restartCount": more["restarts"]}]
    annotations = {"controller.kubernetes.io/pod-deletion-cost": more["cost"]} if "cost" in more else {}
    created = more.get("created", "2026-01-01T10:00:00Z")
    metadata = {"name": name, "uid": name, "annotations": annotations, "creationTimestamp": created}
    return {"metadata": metadata, "spec": {"nodeName": node}, "status": status}


def order(*candidates: Obj, related: tuple[Obj, ...] = ()) -> list[str]:
    return [one["metadata"]["name"] for one in downscale.order(candidates, related, NOW)]


def test_what_serves_nobody_goes_before_what_serves() -> None:
    found = order(
        pod("d-ready"),
        pod("c-not-ready", ready=None),
        pod("b-pending", phase="Pending", ready=None),
        pod("a-unbound", node="", phase="Pending", ready=None),
    )
    assert found == ["a-unbound", "b-pending", "c-not-ready", "d-ready"]


def test_a_cheap_pod_goes_before_a_dear_one_and_nonsense_costs_nothing() -> None:
    assert order(pod("a", cost="5"), pod("b", cost="-1"), pod("c", cost="much")) == ["b", "c", "a"]


def test_a_pod_on_a_crowded_node_goes_first() -> None:
    lonely, crowded, neighbour = pod("a", node="n1"), pod("b", node="n2"), pod("x", node="n2")
    assert order(lonely, crowded, related=(lonely, crowded, neighbour)) == ["b", "a"]


def test_who_has_been_ready_for_a_shorter_time_goes_first_by_orders_of_magnitude() -> None:
    assert order(pod("a", ready="2026-01-01T01:00:00Z"), pod("b", ready="2026-01-01T11:59:59Z")) == ["b", "a"]


def test_who_restarts_often_goes_first() -> None:
    assert order(pod("a", restarts=0), pod("b", restarts=9)) == ["b", "a"]


def test_the_order_does_not_depend_on_the_order_of_the_question() -> None:
    several = [pod(name) for name in "abcd"]
    assert order(*several) == order(*reversed(several))
