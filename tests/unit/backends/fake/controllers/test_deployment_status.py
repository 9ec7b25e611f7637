"""What a Deployment says: the words that `kubectl rollout status` goes by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backends.fake.controllers import deployment_status as says

Obj = dict[str, Any]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
NEW = {"metadata": {"name": "web-new"}, "spec": {"replicas": 2}, "status": {"replicas": 2}}


def deployment(replicas: int = 2, **spec: Any) -> Obj:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    body = {"replicas": replicas, "strategy": strategy, "progressDeadlineSeconds": 600, **spec}
    return {"metadata": {"name": "web", "generation": 3}, "spec": body, "status": {}}


def progressing(status: Obj) -> tuple[str, str]:
    (found,) = [one for one in status["conditions"] if one["type"] == "Progressing"]
    return found["status"], found["reason"]


def ready(count: int) -> Obj:
    return {**NEW, "status": {"replicas": 2, "readyReplicas": count, "availableReplicas": count}}


def test_zeros_are_left_out_and_missing_pods_are_unavailable() -> None:
    status = says.counted(deployment(), [ready(1)], ready(1), [], NOW)
    counts = {member: value for member, value in status.items() if member != "conditions"}
    assert counts == {
        "observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "readyReplicas": 1,
        "availableReplicas": 1, "unavailableReplicas": 1,
    }  # fmt: skip
    assert [one["reason"] for one in status["conditions"]] == ["MinimumReplicasUnavailable"]


def test_pods_that_become_ready_are_progress_and_all_of_them_the_end() -> None:
    begun = deployment()
    begun["status"] = says.rolled(begun, [ready(0)], ready(0), [], NOW)
    assert progressing(begun["status"]) == ("True", "ReplicaSetUpdated")
    ended = says.rolled(begun, [ready(2)], ready(2), begun["status"]["conditions"], NOW)
    assert progressing(ended) == ("True", "NewReplicaSetAvailable")


def test_each_progress_is_stamped_but_is_no_transition() -> None:
    begun = deployment()
    begun["status"] = says.rolled(begun, [ready(0)], ready(0), [], NOW)
    later = says.rolled(begun, [ready(1)], ready(1), begun["status"]["conditions"], NOW + timedelta(seconds=9))
    (found,) = [one for one in later["conditions"] if one["type"] == "Progressing"]
    assert (found["lastUpdateTime"], found["lastTransitionTime"]) == ("2026-01-01T00:00:09Z", "2026-01-01T00:00:00Z")


@pytest.mark.parametrize(("after_s", "status"), [(600, "True"), (601, "False")])
def test_no_progress_is_reported_when_the_deadline_is_over(after_s: int, status: str) -> None:
    begun = deployment()
    begun["status"] = says.rolled(begun, [ready(0)], ready(0), [], NOW)
    later = NOW + timedelta(seconds=after_s)
    assert progressing(says.rolled(begun, [ready(0)], ready(0), begun["status"]["conditions"], later))[0] == status
    assert says.look_again_in_s(begun, begun["status"], NOW) == 601.0


@pytest.mark.parametrize("deadline_s", [None, says.NO_DEADLINE])
def test_without_a_deadline_there_is_no_word_of_progress(deadline_s: int | None) -> None:
    endless = deployment(progressDeadlineSeconds=deadline_s)
    status = says.rolled(endless, [ready(0)], ready(0), [], NOW)
    assert [one["type"] for one in status["conditions"]] == ["Available"]
    assert says.look_again_in_s(endless, status, NOW) is None


def test_a_condition_that_changes_moves_to_the_end_and_keeps_its_time_if_the_status_does() -> None:
    first = says.with_condition([], says.progressing("True", "A", "a"), NOW)
    two = says.with_condition(first, {"type": "Available", "status": "True", "reason": "B", "message": ""}, NOW)
    later = NOW + timedelta(seconds=5)
    changed = says.with_condition(two, says.progressing("True", "C", "c"), later)
    assert [one["type"] for one in changed] == ["Available", "Progressing"]
    assert changed[1]["lastUpdateTime"] == "2026-01-01T00:00:05Z"
    assert changed[1]["lastTransitionTime"] == "2026-01-01T00:00:00Z"
    assert says.with_condition(changed, says.progressing("True", "C", "other words"), later) == changed


def test_a_failure_of_the_new_replica_set_is_told_before_one_of_an_old() -> None:
    def failing(name: str) -> Obj:
        failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": name}
        return {**NEW, "status": {"conditions": [failure]}}

    status = says.rolled(deployment(), [failing("old")], failing("new"), [], NOW)
    assert [one["message"] for one in status["conditions"] if one["type"] == "ReplicaFailure"] == ["new"]


def test_a_timeout_is_not_forgotten_by_a_pause() -> None:
    late = deployment(paused=True)
    late["status"]["conditions"] = says.with_condition(
        [], says.progressing("False", "ProgressDeadlineExceeded", ""), NOW
    )
    assert says.paused_conditions(late, NOW) == late["status"]["conditions"]
