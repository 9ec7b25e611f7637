"""Jobs: completions, parallelism, failures, and the conditions that tell how it ended."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from backends.fake.messages import Request, Response
from tests.unit.backends.fake.controllers.world import PODS, World, condition

Obj = dict[str, Any]
JOBS = "/apis/batch/v1/namespaces/default/jobs"
JOB = f"{JOBS}/once"
TRACKING = "batch.kubernetes.io/job-tracking"


@pytest.fixture
def world() -> World:
    return World()


def job(exit_after_s: str | None = "2", exit_code: int = 0, policy: str = "Never", **spec: Any) -> Obj:
    annotations = {"kubelet.kubeactions.test/exit-code": str(exit_code)}
    if exit_after_s is not None:
        annotations["kubelet.kubeactions.test/exit-after-s"] = exit_after_s
    containers = [{"name": "c", "image": "example.com/job:1"}]
    template = {
        "metadata": {"annotations": annotations},
        "spec": {"restartPolicy": policy, "containers": containers, "terminationGracePeriodSeconds": 1},
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "once"},
        "spec": {"template": template, **spec},
    }


def conditions(world: World) -> list[tuple[str, str]]:
    status = world.object(JOB)["status"]
    return [(one["type"], one["reason"]) for one in status.get("conditions", []) if one["status"] == "True"]


def test_a_job_runs_until_its_pod_is_told_to_end(world: World) -> None:
    world.made(JOBS, job(exit_after_s=None))
    world.settle()
    status = world.object(JOB)["status"]
    assert (status["active"], status["ready"]) == (1, 1)
    assert "conditions" not in status


def test_a_job_completes(world: World) -> None:
    world.made(JOBS, job())
    world.settle()
    status = world.object(JOB)["status"]
    assert conditions(world) == [("SuccessCriteriaMet", "CompletionsReached"), ("Complete", "CompletionsReached")]
    assert (status["succeeded"], status["ready"], status["uncountedTerminatedPods"]) == (1, 0, {})
    assert status["startTime"] < status["completionTime"]
    (pod,) = world.pods()
    assert pod["status"]["phase"] == "Succeeded"
    assert "finalizers" not in pod["metadata"], "counted: nothing holds it any more"


def test_a_running_pod_is_held_until_it_is_counted(world: World) -> None:
    world.made(JOBS, job(exit_after_s=None))
    world.settle()
    (pod,) = world.pods()
    assert pod["metadata"]["finalizers"] == [TRACKING]
    assert pod["metadata"]["labels"]["job-name"] == "once"


def test_no_more_pods_run_at_a_time_than_allowed_and_no_more_than_needed(world: World) -> None:
    world.made(JOBS, job(completions=5, parallelism=2))
    most = 0
    for _ in range(120):
        world.after(0.1)
        most = max(most, sum(one["status"]["phase"] in ("Pending", "Running") for one in world.pods()))
    assert most == 2
    assert len(world.pods()) == 5
    assert world.object(JOB)["status"]["succeeded"] == 5


def test_too_many_failures_end_it(world: World) -> None:
    world.made(JOBS, job(exit_code=1, backoffLimit=0))
    world.settle()
    assert conditions(world) == [("FailureTarget", "BackoffLimitExceeded"), ("Failed", "BackoffLimitExceeded")]
    assert world.object(JOB)["status"]["failed"] == 1
    assert condition(world.object(JOB), "Failed")["message"] == "Job has reached the specified backoff limit"


def test_after_each_failure_the_next_pod_waits_longer(world: World) -> None:
    world.made(JOBS, job(exit_after_s="0", exit_code=1, backoffLimit=3))
    made_at: list[float] = []
    for second in range(200):
        world.after(1)
        made_at += [second] * (len(world.pods()) - len(made_at))
    waits = [later - earlier for earlier, later in pairwise(made_at)]
    assert len(made_at) == 4
    assert [round(wait / 10) for wait in waits] == [1, 2, 4]


def test_containers_that_are_restarted_count_against_the_limit_too(world: World) -> None:
    world.made(JOBS, job(exit_after_s="1", exit_code=1, policy="OnFailure", backoffLimit=1))
    world.after(60)
    assert conditions(world)[-1] == ("Failed", "BackoffLimitExceeded")


def test_a_deadline_ends_it_and_its_pods(world: World) -> None:
    world.made(JOBS, job(exit_after_s=None, activeDeadlineSeconds=30))
    world.after(29)
    assert conditions(world) == []
    world.after(5)
    assert conditions(world)[-1] == ("Failed", "DeadlineExceeded")
    assert [one for one in world.pods() if one["status"]["phase"] == "Running"] == []


def test_it_has_failed_only_when_its_last_pod_has_ended(world: World) -> None:
    body = job(exit_after_s=None, activeDeadlineSeconds=10)
    body["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 20
    world.made(JOBS, body)
    world.after(20)
    assert conditions(world) == [("FailureTarget", "DeadlineExceeded")]
    world.after(15)
    assert conditions(world)[-1] == ("Failed", "DeadlineExceeded")


@pytest.mark.parametrize(("policy", "pods_meanwhile"), [("TerminatingOrFailed", 2), ("Failed", 1)])
def test_a_policy_decides_whether_a_replacement_waits_for_the_end(
    world: World, policy: str, pods_meanwhile: int
) -> None:
    body = job(exit_after_s=None, podReplacementPolicy=policy)
    body["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 60
    world.made(JOBS, body)
    world.settle()
    (name,) = world.uids()
    world.delete(f"{PODS}/{name}")
    world.after(30)
    assert len(world.pods()) == pods_meanwhile
    world.after(60)
    assert len(world.living()) == 1


def test_a_suspended_job_has_no_pods_until_it_is_resumed(world: World) -> None:
    world.made(JOBS, job(exit_after_s=None, suspend=True))
    world.settle()
    assert world.pods() == []
    assert conditions(world) == [("Suspended", "JobSuspended")]
    world.patch(JOB, {"spec": {"suspend": False}})
    world.settle()
    assert len(world.pods()) == 1
    started = world.object(JOB)["status"]["startTime"]
    world.patch(JOB, {"spec": {"suspend": True}})
    world.settle()
    assert world.living() == []
    world.patch(JOB, {"spec": {"suspend": False}})
    world.after(60)
    assert len(world.living()) == 1
    assert conditions(world) == []
    assert world.object(JOB)["status"]["startTime"] > started, "the deadline is counted anew"


def test_an_indexed_job_runs_every_index_once(world: World) -> None:
    world.made(JOBS, job(completions=3, parallelism=3, completionMode="Indexed"))
    world.settle()
    found = sorted(one["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"] for one in world.pods())
    assert found == ["0", "1", "2"]
    status = world.object(JOB)["status"]
    assert (status["completedIndexes"], status["succeeded"]) == ("0-2", 3)


def test_a_policy_can_ignore_a_failure(world: World) -> None:
    rule = {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [42]}}
    world.made(JOBS, job(exit_after_s="0", exit_code=42, backoffLimit=0, podFailurePolicy={"rules": [rule]}))
    world.after(8)
    assert conditions(world) == []
    assert "failed" not in world.object(JOB)["status"]


def test_a_policy_can_end_it_at_the_first_failure(world: World) -> None:
    rule = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}
    world.made(JOBS, job(exit_after_s="0", exit_code=42, podFailurePolicy={"rules": [rule]}))
    world.settle()
    assert conditions(world)[-1] == ("Failed", "PodFailurePolicy")
    assert (
        "failed with exit code 42 matching FailJob rule at index 0" in condition(world.object(JOB), "Failed")["message"]
    )


def test_a_pod_that_is_deleted_is_replaced(world: World) -> None:
    world.made(JOBS, job(exit_after_s=None))
    world.settle()
    ((name, uid),) = world.uids().items()
    world.delete(f"{PODS}/{name}")
    world.settle()
    world.after(30)
    assert [one for one in world.living() if one["metadata"]["uid"] != uid]
    assert world.object(JOB)["status"]["active"] == 1


def test_a_job_of_another_controller_is_left_alone(world: World) -> None:
    world.made(JOBS, job(managedBy="example.com/other"))
    world.settle()
    assert world.pods() == []
    assert world.object(JOB).get("status", {}) == {}


def test_with_the_job_its_pods_go(world: World) -> None:
    world.made(JOBS, job(exit_after_s=None))
    world.settle()
    world.ask("DELETE", f"{JOB}?propagationPolicy=Background")
    world.settle()
    assert world.pods() == []


def test_an_orphaned_pod_is_not_held_for_ever(world: World) -> None:
    world.made(JOBS, job())
    world.after(0.5)
    world.ask("DELETE", f"{JOB}?propagationPolicy=Orphan")
    world.settle()
    (pod,) = world.pods()
    assert world.get(JOB).code == 404
    assert "finalizers" not in pod["metadata"]


def test_a_finished_job_goes_when_its_time_is_over(world: World) -> None:
    world.made(JOBS, job(exit_after_s="0", ttlSecondsAfterFinished=100))
    world.after(95)
    assert world.get(JOB).code == 200
    world.after(10)
    assert world.get(JOB).code == 404
    assert world.pods() == []


def test_a_job_without_such_a_time_stays(world: World) -> None:
    world.made(JOBS, job(exit_after_s="0"))
    world.after(1e6)
    assert world.get(JOB).code == 200


def test_a_work_queue_is_done_when_one_has_succeeded_and_all_have_ended(world: World) -> None:
    world.made(JOBS, job(parallelism=2))
    world.settle()
    assert conditions(world)[-1] == ("Complete", "CompletionsReached")
    assert world.object(JOB)["status"]["succeeded"] == len(world.pods()) == 2


def test_each_index_has_failures_of_its_own_and_waits_for_itself(world: World) -> None:
    spec: Obj = {"completionMode": "Indexed", "completions": 2, "parallelism": 2, "backoffLimitPerIndex": 1}
    world.made(JOBS, job(exit_after_s="0", exit_code=1, **spec))
    world.after(5)
    failed = world.pods()
    assert [one["metadata"]["finalizers"] for one in failed] == [[TRACKING]] * 2, "the next pod reads their numbers"
    world.after(15)
    counts = [one["metadata"]["annotations"]["batch.kubernetes.io/job-index-failure-count"] for one in world.pods()]
    assert sorted(counts) == ["0", "0", "1", "1"]
    status = world.object(JOB)["status"]
    assert (status["failedIndexes"], status["failed"]) == ("0,1", 4)
    assert conditions(world)[-1] == ("Failed", "FailedIndexes")
    assert all("finalizers" not in one["metadata"] for one in world.pods())


def test_a_success_policy_ends_it_early(world: World) -> None:
    spec: Obj = {"completionMode": "Indexed", "completions": 3, "parallelism": 3}
    body = job(exit_after_s="2", successPolicy={"rules": [{"succeededCount": 1}]}, **spec)
    world.made(JOBS, body)
    world.settle()
    assert conditions(world)[-1] == ("Complete", "SuccessPolicy")


def test_fewer_at_a_time_takes_the_surplus_away(world: World) -> None:
    world.made(JOBS, job(exit_after_s=None, completions=3, parallelism=3))
    world.settle()
    world.patch(JOB, {"spec": {"parallelism": 1}})
    world.settle()
    assert len(world.living()) == world.object(JOB)["status"]["active"] == 1


def test_every_end_is_counted_once_however_often_a_write_is_refused(world: World) -> None:
    client = world.cluster.server
    handle, refusals = client.handle, iter([True, False, True, True, False] * 40)

    def refusing(request: Request) -> Response:
        pod_update = request.method == "PUT" and "/pods/" in request.target and "/status" not in request.target
        if pod_update and next(refusals, False):
            return Response(500, {}, b'{"kind":"Status","code":500,"reason":"InternalError"}')
        return handle(request)

    for controller in {one for each in world.cluster.controllers._wanted.values() for one in each}:
        controller.client._send = refusing
    world.made(JOBS, job(completions=4, parallelism=4))
    world.after(60)
    assert world.object(JOB)["status"]["succeeded"] == len(world.pods()) == 4
    assert conditions(world)[-1] == ("Complete", "CompletionsReached")


def indexes(world: World) -> list[str]:
    key = "batch.kubernetes.io/job-completion-index"
    return sorted(one["metadata"]["labels"][key] for one in world.living())


def cheapen(world: World, pod: Obj) -> None:
    """Make the pod the first to go wherever any may go."""
    cost = {"controller.kubernetes.io/pod-deletion-cost": "-100"}
    world.patch(f"{PODS}/{pod['metadata']['name']}", {"metadata": {"annotations": cost}})


def test_of_two_pods_with_one_index_one_goes(world: World) -> None:
    world.made(JOBS, job(exit_after_s=None, completions=2, parallelism=2, completionMode="Indexed"))
    world.settle()
    twin, other = world.pods()
    cheapen(world, other)
    kept = ("labels", "annotations", "ownerReferences", "finalizers")
    twin["metadata"] = {"name": "twin", **{member: twin["metadata"][member] for member in kept}}
    del twin["status"]  # it is bound already, as the other is: nothing but its index speaks against it
    world.made(PODS, twin)
    world.settle()
    assert indexes(world) == ["0", "1"]


def test_an_index_that_is_no_longer_wanted_loses_its_pod(world: World) -> None:
    world.made(JOBS, job(exit_after_s=None, completions=3, parallelism=3, completionMode="Indexed"))
    world.settle()
    cheapen(world, world.pods()[0])
    world.patch(JOB, {"spec": {"completions": 2, "parallelism": 2}})
    world.settle()
    assert indexes(world) == ["0", "1"]


def test_an_index_whose_pod_is_still_ending_waits_for_it(world: World) -> None:
    body = job(exit_after_s=None, completions=3, parallelism=2, completionMode="Indexed", podReplacementPolicy="Failed")
    body["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 60
    world.made(JOBS, body)
    world.settle()
    world.delete(f"{PODS}/{world.pods()[0]['metadata']['name']}")
    world.patch(JOB, {"spec": {"parallelism": 3}})
    world.after(20)
    assert indexes(world) == ["1", "2"]


def test_a_job_that_is_being_deleted_makes_no_more_pods(world: World) -> None:
    body = job(exit_after_s=None)
    body["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 60
    body["metadata"]["finalizers"] = ["example.com/hold"]
    world.made(JOBS, body)
    world.settle()
    world.ask("DELETE", f"{JOB}?propagationPolicy=Foreground")
    world.after(100)
    assert world.pods() == []
    assert "deletionTimestamp" in world.object(JOB)["metadata"]
