"""Setting one field: the plan, the patch, and the rules where the marker can be stripped without a new generation."""

from __future__ import annotations

from typing import Any

import pytest

from kubeactions.errors import Invalid
from kubeactions.executors.cordon_node import EXECUTOR as CORDON
from kubeactions.executors.pause_deployment import EXECUTOR as PAUSE
from kubeactions.executors.scale_statefulset import EXECUTOR as SCALE
from kubeactions.executors.uncordon_node import EXECUTOR as UNCORDON
from kubeactions.model import MARKER_ANNOTATION, Evidence, Next, Outcome, Plan, Seen, Status, Target
from tests.unit.kubeactions.executors.orders import KEY, act, circumstances, evidence, intent

DB = Target("apps/v1", "StatefulSet", "db", "shop")
CART = Target("apps/v1", "Deployment", "cart", "shop")
NODE = Target("v1", "Node", "node-1")
MARKED = {MARKER_ANNOTATION: KEY.marker}


def found(kind: str, generation: int | None = 5, annotations: Any = None, version: str = "70", **spec: Any) -> Any:
    metadata: dict[str, Any] = {"name": "x", "uid": "uid-1", "resourceVersion": version}
    if generation is not None:
        metadata["generation"] = generation
    if annotations:
        metadata["annotations"] = annotations
    return {"kind": kind, "metadata": metadata, "spec": spec}


def autoscaler(name: str = "db", kind: str = "StatefulSet", api_version: str = "apps/v1") -> Any:
    target = {"apiVersion": api_version, "kind": kind, "name": name}
    return {"kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}, "spec": {"scaleTargetRef": target}}


def scaled(live: int, *related: Any, **parameters: Any) -> Plan | Outcome:
    action = act("scale_statefulset", DB, **parameters)
    return SCALE.plan(action, Seen(found("StatefulSet", replicas=live), related), circumstances())


@pytest.mark.parametrize(
    ("live", "parameters", "value"), [(3, {"replicas": 5}, 5), (3, {"delta": -3}, 0), (0, {"delta": 2}, 2)]
)
def test_the_number_is_worked_out_in_the_plan(live: int, parameters: Any, value: int) -> None:
    plan = scaled(live, **parameters)
    assert isinstance(plan, Plan)
    assert (plan.pin, plan.resolved) == (5, {"value": value, "before": live, "annotations": False, "written": ""})


@pytest.mark.parametrize(
    ("parameters", "related", "reason"),
    [
        ({"replicas": 3}, (), "NoChange"),
        ({"delta": -4}, (), "OutOfRange"),
        ({"replicas": 5, "current_replicas": 2}, (), "CurrentReplicasDiffer"),
        ({"replicas": 5}, (autoscaler(),), "Autoscaled"),
    ],
)
def test_nothing_is_planned_where_nothing_is_to_be_done(parameters: Any, related: Any, reason: str) -> None:
    outcome = scaled(3, *related, **parameters)
    assert isinstance(outcome, Outcome)
    assert outcome.reason == reason


@pytest.mark.parametrize("other", [autoscaler("web"), autoscaler(kind="Deployment"), autoscaler(api_version="x.io/v1")])
def test_an_autoscaler_of_something_else_does_not_matter(other: Any) -> None:
    assert isinstance(scaled(3, other, replicas=5), Plan)


def test_annotations_that_are_not_there_are_tested_to_be_so() -> None:
    patch = SCALE.patch_of(intent("uid-1", 5, value=3, annotations=False), KEY.marker)
    assert patch == [
        {"op": "test", "path": "/metadata/uid", "value": "uid-1"},
        {"op": "test", "path": "/metadata/generation", "value": 5},
        {"op": "add", "path": "/spec/replicas", "value": 3},
        {"op": "test", "path": "/metadata/annotations", "value": None},
        {"op": "add", "path": "/metadata/annotations", "value": MARKED},
    ]


SCALING = intent("uid-1", 5, value=3, before=1, annotations=False)


def db(generation: int, replicas: int, annotations: Any = None) -> Any:
    return found("StatefulSet", generation, annotations, replicas=replicas)


@pytest.mark.parametrize(
    ("known", "step", "status", "reason"),
    [
        (evidence(answer={}), Next.SETTLE, Status.SUCCEEDED, "Applied"),
        (evidence(db(9, 1, MARKED), doubt=True), Next.SETTLE, Status.SUCCEEDED, "Applied"),
        (evidence(db(5, 1), doubt=True), Next.SEND, None, "NotApplied"),
        (evidence(db(5, 1), refused=Invalid("")), Next.SETTLE, Status.FAILED, "Invalid"),
        (evidence(db(5, 1, {"a": "b"}), refused=Invalid("")), Next.REPLAN, None, "PatchDoesNotFit"),
        # One change of the spec since: it is ours if it shows, though somebody stripped the marker.
        (evidence(db(6, 3), doubt=True), Next.SETTLE, Status.SUCCEEDED, "Applied"),
        (evidence(db(6, 2), doubt=True), Next.REPLAN, None, "PinDead"),
        (evidence(db(6, 3), refused=Invalid("")), Next.REPLAN, None, "PinDead"),
        (evidence(db(7, 3), doubt=True), Next.SETTLE, Status.SUCCEEDED, "Applied"),
        (evidence(db(7, 2), doubt=True), Next.SETTLE, Status.UNKNOWN, "NoTrace"),
        (evidence(None, doubt=True), Next.SETTLE, Status.UNKNOWN, "TargetReplaced"),
    ],
)
def test_what_the_evidence_means_where_a_marker_can_be_stripped(
    known: Evidence, step: Next, status: Status | None, reason: str
) -> None:
    verdict = SCALE.verdict(act("scale_statefulset", DB, replicas=3), SCALING, known)
    assert (verdict.next, verdict.reason) == (step, reason)
    assert (verdict.outcome.status if verdict.outcome else None) is status


def test_a_deployment_that_moved_by_one_was_not_changed_by_us() -> None:
    known = evidence(found("Deployment", 6, paused=True), doubt=True)
    pausing = intent("uid-1", 5, value=True, before=False, annotations=False)
    assert PAUSE.verdict(act("pause_deployment", CART), pausing, known).next is Next.REPLAN


CORDONING = intent("uid-1", "70", value=True, before=False, annotations=False)


def node(version: str, annotations: Any = None, **spec: Any) -> Any:
    return found("Node", None, annotations, version, **spec)


@pytest.mark.parametrize(
    ("known", "step", "status", "inferred"),
    [
        (evidence(node("70"), doubt=True), Next.SEND, None, False),
        (evidence(node("71", MARKED), doubt=True), Next.SETTLE, Status.SUCCEEDED, False),
        (evidence(node("71", unschedulable=True), doubt=True), Next.SETTLE, Status.SUCCEEDED, True),
        (evidence(node("71"), doubt=True), Next.SETTLE, Status.UNKNOWN, False),
        (evidence(node("71"), refused=Invalid("")), Next.REPLAN, None, False),
    ],
)
def test_a_pin_that_moves_with_everything_is_never_planned_again_in_doubt(
    known: Evidence, step: Next, status: Status | None, inferred: bool
) -> None:
    verdict = CORDON.verdict(act("cordon_node", NODE), CORDONING, known)
    assert verdict.next is step
    assert (verdict.outcome.status if verdict.outcome else None) is status
    assert (verdict.outcome.inferred if verdict.outcome else False) is inferred


@pytest.mark.parametrize(("manager", "sent"), [("kubeactions", True), ("kubectl", False)])
def test_only_our_own_cordon_is_undone_when_asked(manager: str, sent: bool) -> None:
    live = node("70", MARKED | {MARKER_ANNOTATION: "of-a-cordon"}, unschedulable=True)
    live["metadata"]["managedFields"] = [{"manager": manager, "fieldsV1": {"f:spec": {"f:unschedulable": {}}}}]
    planned = UNCORDON.plan(act("uncordon_node", NODE, only_ours=True), Seen(live), circumstances())
    assert isinstance(planned, Plan) is sent


OURS_BEFORE = [{"manager": "kubeactions", "time": "2026-08-20T10:14:00Z", "fieldsV1": {"f:metadata": {"f:annotations": {
    f"f:{MARKER_ANNOTATION}": {}}}}}]  # fmt: skip


def by_an_earlier_action(live: Any) -> Any:
    """The object as an earlier action has left it: its mark is there, and managedFields say that we wrote it."""
    live["metadata"]["annotations"] = {MARKER_ANNOTATION: "of-an-earlier-action"}
    live["metadata"]["managedFields"] = OURS_BEFORE
    return live


def test_the_mark_of_an_earlier_action_is_no_trace_of_this_one() -> None:
    uncordoning = intent("uid-1", "70", value=False, before=True, annotations=True, written="2026-08-20T10:14:00Z")
    still_cordoned = by_an_earlier_action(node("72", unschedulable=True))
    verdict = UNCORDON.verdict(act("uncordon_node", NODE), uncordoning, evidence(still_cordoned, doubt=True))
    assert verdict.outcome is not None
    assert (verdict.outcome.status, verdict.outcome.reason) == (Status.UNKNOWN, "NoTrace")
    scaling = intent("uid-1", 5, value=3, before=1, annotations=True, written="2026-08-20T10:14:00Z")
    not_scaled = by_an_earlier_action(db(8, 1))
    verdict = SCALE.verdict(act("scale_statefulset", DB, replicas=3), scaling, evidence(not_scaled, doubt=True))
    assert verdict.outcome is not None
    assert (verdict.outcome.status, verdict.outcome.reason) == (Status.UNKNOWN, "NoTrace")


@pytest.mark.parametrize(
    ("written", "annotations", "status"),
    [
        ("2026-08-20T10:14:00Z", None, Status.SUCCEEDED),
        ("", None, Status.SUCCEEDED),
        ("2026-08-20T10:15:00Z", None, Status.UNKNOWN),  # Perhaps the earlier action's: they count in whole seconds.
        ("2026-08-20T10:14:00Z", {MARKER_ANNOTATION: "of-another"}, Status.UNKNOWN),  # Ours would have replaced it.
    ],
)
def test_a_write_of_ours_since_the_plan_is_a_trace_where_the_mark_was_stripped(
    written: str, annotations: Any, status: Status
) -> None:
    uncordoning = intent("uid-1", "70", value=False, before=True, annotations=False, written=written)
    live = node("73", annotations, unschedulable=True)  # Uncordoned by us, and cordoned again by somebody.
    live["metadata"]["managedFields"] = [{"manager": "kubeactions", "time": "2026-08-20T10:15:00Z", "fieldsV1": {}}]
    verdict = UNCORDON.verdict(act("uncordon_node", NODE), uncordoning, evidence(live, doubt=True))
    assert verdict.outcome is not None
    assert verdict.outcome.status is status
