"""Eviction: the budget is asked first, and what was spent is spent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.backends.fake.door import PODS, Door, pod

BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
OTHER_UID = "00000000-0000-4000-8000-000000000000"
READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}


def running(door: Door, name: str = "p", **status: Any) -> None:
    door.made(PODS, pod(name, node="n1", labels={"app": "web"}))
    door.patch(f"{PODS}/{name}/status", {"status": READY | status})


def budget(door: Door, name: str = "b", **status: Any) -> None:
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    door.made(BUDGETS, {"metadata": {"name": name}, "spec": spec})
    counts = {
        "observedGeneration": 1,
        "disruptionsAllowed": 0,
        "currentHealthy": 1,
        "desiredHealthy": 1,
        "expectedPods": 1,
    }
    door.patch(f"{BUDGETS}/{name}/status", {"status": counts | status})


def evict(door: Door, name: str = "p", **options: Any) -> Any:
    return door.post(f"{PODS}/{name}/eviction", {"metadata": {"name": name}, "deleteOptions": options})


def test_without_a_budget_a_pod_is_deleted_with_its_grace_and_says_why(door: Door) -> None:
    running(door)
    assert evict(door).code == 201
    found = door.get(f"{PODS}/p").body
    assert found["metadata"]["deletionGracePeriodSeconds"] == 30
    assert found["status"]["conditions"][-1]["reason"] == "EvictionByEvictionAPI"


def test_an_exhausted_budget_is_429_without_retry_after(door: Door) -> None:
    running(door)
    budget(door)
    refused = evict(door)
    assert refused.code == 429
    assert "Retry-After" not in refused.headers
    cause = refused.body["details"]["causes"][0]
    assert cause == {
        "reason": "DisruptionBudget",
        "message": "The disruption budget b needs 1 healthy pods and has 1 currently",
    }


def test_options_are_looked_at_by_the_deletion_after_the_budget(door: Door) -> None:
    assert evict(door, propagationPolicy="Never").code == 404
    running(door)
    budget(door)
    assert evict(door, propagationPolicy="Never").code == 429
    door.delete(f"{BUDGETS}/b")
    refused = evict(door, propagationPolicy="Never")
    assert (refused.code, refused.body["details"]["kind"]) == (422, "DeleteOptions")
    held = door.get(f"{PODS}/p").body
    assert held["status"]["conditions"][-1]["type"] == "DisruptionTarget"
    assert "deletionTimestamp" not in held["metadata"]


def test_what_spends_the_last_disruption_says_so(door: Door) -> None:
    running(door)
    budget(door, disruptionsAllowed=1, currentHealthy=2)
    assert evict(door).code == 201
    (condition,) = door.get(f"{BUDGETS}/b").body["status"]["conditions"]
    assert (condition["status"], condition["reason"]) == ("False", "InsufficientPods")


def test_a_budget_that_was_not_looked_at_yet_is_429_for_a_while(door: Door) -> None:
    running(door)
    budget(door, observedGeneration=0)
    refused = evict(door)
    assert (refused.code, refused.headers["Retry-After"]) == (429, "10")


def test_an_exhausted_budget_wins_over_a_wrong_uid(door: Door) -> None:
    running(door)
    budget(door)
    assert evict(door, preconditions={"uid": OTHER_UID}).code == 429


def test_an_eviction_that_fails_later_has_spent_its_share(door: Door) -> None:
    running(door)
    budget(door, disruptionsAllowed=1)
    assert evict(door, preconditions={"uid": OTHER_UID}).code == 409
    status = door.get(f"{BUDGETS}/b").body["status"]
    assert (status["disruptionsAllowed"], list(status["disruptedPods"])) == (0, ["p"])
    assert evict(door).code == 429


def test_a_dry_run_spends_nothing(door: Door) -> None:
    running(door)
    budget(door, disruptionsAllowed=1)
    assert evict(door, dryRun=["All"]).code == 201
    assert door.get(f"{BUDGETS}/b").body["status"]["disruptionsAllowed"] == 1
    assert "deletionTimestamp" not in door.get(f"{PODS}/p").body["metadata"]


@pytest.mark.parametrize("phase", ["Pending", "Succeeded", "Failed"])
def test_a_pod_that_serves_nobody_needs_no_budget(door: Door, phase: str) -> None:
    running(door, phase=phase)
    budget(door)
    assert evict(door).code == 201


def test_two_budgets_for_one_pod_are_an_error(door: Door) -> None:
    running(door)
    budget(door, "one")
    budget(door, "two")
    refused = evict(door)
    assert (refused.code, refused.body.get("reason")) == (500, None)


def test_an_unready_pod_goes_if_enough_others_are_healthy_or_always(door: Door) -> None:
    running(door, conditions=[{"type": "Ready", "status": "False"}])
    budget(door, currentHealthy=0)
    assert evict(door).code == 429
    door.patch(f"{BUDGETS}/b/status", {"status": {"currentHealthy": 1}})
    assert evict(door, dryRun=["All"]).code == 201
    door.patch(f"{BUDGETS}/b/status", {"status": {"currentHealthy": 0}})
    door.patch(f"{BUDGETS}/b", {"spec": {"unhealthyPodEvictionPolicy": "AlwaysAllow"}})
    assert evict(door).code == 201


def test_the_name_of_the_body_must_be_the_paths(door: Door) -> None:
    running(door)
    assert door.post(f"{PODS}/p/eviction", {"metadata": {"name": "q"}}).code == 400
    assert door.post(f"{PODS}/p/eviction", {}).code == 400


def test_the_old_version_is_still_read(door: Door) -> None:
    running(door)
    body = {"apiVersion": "policy/v1beta1", "kind": "Eviction", "metadata": {"name": "p"}}
    assert door.post(f"{PODS}/p/eviction", body).code == 201
