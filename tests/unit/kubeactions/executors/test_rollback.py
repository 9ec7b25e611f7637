"""Which template a rollback goes back to, and what it sends."""

from __future__ import annotations

from typing import Any

import pytest

from kubeactions.executors._rollback import patch_of
from kubeactions.executors.rollback_deployment import EXECUTOR
from kubeactions.executors.rollback_statefulset import EXECUTOR as STATEFUL
from kubeactions.model import MARKER_ANNOTATION, Outcome, Plan, Seen, Target
from tests.unit.kubeactions.executors.orders import KEY, act, circumstances, intent

CART = Target("apps/v1", "Deployment", "cart", "shop")
DB = Target("apps/v1", "StatefulSet", "db", "shop")


def template(image: str, **labels: str) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": "cart", **labels}}, "spec": {"containers": [{"image": image}]}}


def replica_set(revision: int, image: str, **annotations: str) -> dict[str, Any]:
    numbered = {"deployment.kubernetes.io/revision": str(revision), **annotations}
    metadata = {"name": f"cart-{revision}", "annotations": numbered, "ownerReferences": [{"uid": "uid-1"}]}
    return {"metadata": metadata, "spec": {"template": template(image, **{"pod-template-hash": "h"})}}


def live(image: str = "c", **more: Any) -> dict[str, Any]:
    metadata = {"name": "cart", "uid": "uid-1", "generation": 5, "annotations": {"kept": "yes"}}
    return {"kind": "Deployment", "metadata": metadata, "spec": {"template": template(image), **more}}


HISTORY = (replica_set(3, "c"), replica_set(1, "a", back="yes", **{MARKER_ANNOTATION: "old"}), replica_set(2, "b"))


def planned(found: dict[str, Any], history: Any = HISTORY, **parameters: Any) -> Plan | Outcome:
    return EXECUTOR.plan(act("rollback_deployment", CART, **parameters), Seen(found, history), circumstances())


@pytest.mark.parametrize(("asked", "image"), [({}, "b"), ({"target_revision": 0}, "b"), ({"target_revision": 1}, "a")])
def test_the_revision_is_resolved_in_the_plan(asked: Any, image: str) -> None:
    plan = planned(live(), **asked)
    assert isinstance(plan, Plan)
    assert plan.resolved["template"] == template(image)


def test_annotations_come_back_and_none_of_the_deployments_own_is_lost() -> None:
    plan = planned(live(), target_revision=1)
    assert isinstance(plan, Plan)
    assert plan.resolved["annotations_after"] == {"kept": "yes", "back": "yes", MARKER_ANNOTATION: KEY.marker}
    patch = patch_of(intent("uid-1", 5, **plan.resolved))
    assert [one["op"] for one in patch] == ["test", "test", "replace", "add"]


@pytest.mark.parametrize(
    ("found", "history", "asked", "reason"),
    [
        (live(), HISTORY, {"target_revision": 9}, "NoSuchRevision"),
        (live(), HISTORY[:1], {}, "NoSuchRevision"),
        (live(), HISTORY, {"target_revision": 3}, "NoChange"),
        (live("new"), HISTORY, {}, "ControllerBehind"),
        (live(paused=True), HISTORY, {}, "Paused"),
    ],
)
def test_nothing_is_planned_without_a_template_to_go_back_to(found: Any, history: Any, asked: Any, reason: str) -> None:
    outcome = planned(found, history, **asked)
    assert isinstance(outcome, Outcome)
    assert outcome.reason == reason


def test_annotations_count_as_the_template_does_where_both_are_kept_in_the_ledger() -> None:
    found = live()
    found["metadata"]["annotations"]["note"] = "x" * 60_000
    outcome = planned(found)
    assert isinstance(outcome, Outcome)
    assert outcome.reason == "TooLarge"


@pytest.mark.parametrize("asked", [{}, {"target_revision": 2}])
def test_a_new_plan_goes_back_to_what_the_first_one_had_chosen_whoever_went_back_meanwhile(asked: Any) -> None:
    """`kubectl rollout undo` just before ours makes what we left the "previous" one, and gives ours another number."""
    first = planned(live(), **asked)
    assert isinstance(first, Plan)
    assert first.resolved["from"] == "ReplicaSet cart-2"
    undone = replica_set(2, "b")
    undone["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "4"
    after = Seen(live("b"), (HISTORY[0], HISTORY[1], undone))
    again = circumstances(intent("uid-1", 5, **first.resolved))
    outcome = EXECUTOR.plan(act("rollback_deployment", CART, **asked), after, again)
    assert isinstance(outcome, Outcome)
    assert outcome.reason == "NoChange"
    elsewhere = EXECUTOR.plan(act("rollback_deployment", CART, **asked), Seen(live("z"), after.related), again)
    assert isinstance(elsewhere, Plan)
    assert (elsewhere.resolved["template"], elsewhere.resolved["revision"]) == (template("b"), 4)
    lost = EXECUTOR.plan(act("rollback_deployment", CART, **asked), Seen(live("z"), HISTORY[:2]), again)
    assert isinstance(lost, Outcome)
    assert lost.reason == "NoSuchRevision"


def test_a_stateful_sets_marker_lies_in_the_template() -> None:
    def revision(number: int, image: str) -> dict[str, Any]:
        data = {"spec": {"template": {**template(image), "$patch": "replace"}}}
        return {"metadata": {"name": f"db-{number}"}, "revision": number, "data": data}

    found = live("b")
    seen = Seen(found, (revision(1, "a"), revision(2, "b")))
    plan = STATEFUL.plan(act("rollback_statefulset", DB), seen, circumstances())
    assert isinstance(plan, Plan)
    sent = plan.resolved["template"]
    assert sent["metadata"]["annotations"] == {MARKER_ANNOTATION: KEY.marker}
    assert "$patch" not in sent
    assert sent["spec"] == template("a")["spec"]
