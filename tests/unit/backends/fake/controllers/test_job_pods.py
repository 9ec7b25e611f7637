"""The pods of Jobs as facts: how new ones look, when they ended, and what a policy says of their failures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backends.fake.controllers import job_pods
from backends.fake.controllers.job_pods import INDEX, TRACKING, Failures, Match

Obj = dict[str, Any]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(seconds: int) -> str:
    return (NOON + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def job(**spec: Any) -> Obj:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c"}, {"name": "d"}]}}
    metadata = {"name": "once", "namespace": "default", "uid": "j"}
    return {"metadata": metadata, "spec": {"template": template, **spec}}


def ended(second: int, code: int = 1, **status: Any) -> Obj:
    states = [{"name": "c", "state": {"terminated": {"exitCode": code, "finishedAt": at(second)}}}]
    metadata = {"name": "p", "namespace": "default", "uid": "p", "creationTimestamp": at(0)}
    return {"metadata": metadata, "status": {"phase": "Failed", "containerStatuses": states, **status}}


def test_a_new_pod_is_tracked_and_named_after_its_job() -> None:
    pod = job_pods.pod_for(job())
    assert pod["metadata"]["generateName"] == "once-"
    assert pod["metadata"]["finalizers"] == [TRACKING]
    assert "hostname" not in pod["spec"]


def test_a_pod_of_an_index_carries_it_in_name_label_annotation_hostname_and_environment() -> None:
    pod = job_pods.pod_for(job(), 3)
    metadata, spec = pod["metadata"], pod["spec"]
    assert (metadata["generateName"], spec["hostname"]) == ("once-3-", "once-3")
    assert metadata["labels"] == {"a": "b", INDEX: "3"}
    assert metadata["annotations"] == {INDEX: "3"}
    source = {"fieldRef": {"apiVersion": "v1", "fieldPath": f"metadata.labels['{INDEX}']"}}
    for container in spec["containers"]:
        assert container["env"] == [{"name": "JOB_COMPLETION_INDEX", "valueFrom": source}]


def test_an_index_that_a_container_sets_itself_is_left_to_it() -> None:
    body = job()
    own = [{"name": "JOB_COMPLETION_INDEX", "value": "mine"}]
    body["spec"]["template"]["spec"]["containers"] = [{"name": "c", "env": own}]
    assert job_pods.pod_for(body, 3)["spec"]["containers"][0]["env"] == own


def test_new_pods_do_not_change_the_template() -> None:
    body = job()
    job_pods.pod_for(body, 0)
    assert body == job()


def test_only_the_tracking_finalizer_is_taken_away() -> None:
    pod = {"metadata": {"finalizers": ["example.com/x", TRACKING]}}
    assert job_pods.untracked(pod)["metadata"]["finalizers"] == ["example.com/x"]
    assert "finalizers" not in job_pods.untracked({"metadata": {"finalizers": [TRACKING]}})["metadata"]


@pytest.mark.parametrize(
    ("spec", "counts"),
    [
        ({}, True),
        ({"podReplacementPolicy": "TerminatingOrFailed"}, True),
        ({"podReplacementPolicy": "Failed"}, False),
        ({"podFailurePolicy": {"rules": []}}, False),
    ],
)
def test_a_pod_that_is_being_deleted_counts_as_failed_unless_its_end_is_waited_for(spec: Obj, counts: bool) -> None:
    pod = {"metadata": {"deletionTimestamp": at(0)}, "status": {"phase": "Running"}}
    assert job_pods.has_failed(job(**spec), pod) is counts


def test_a_pod_that_succeeded_and_is_deleted_has_not_failed() -> None:
    pod = {"metadata": {"deletionTimestamp": at(0)}, "status": {"phase": "Succeeded"}}
    assert not job_pods.has_failed(job(), pod)


# ---- when it ended


def test_it_ended_when_its_last_container_did() -> None:
    pod = ended(5)
    pod["status"]["containerStatuses"].append({"name": "d", "state": {"terminated": {"finishedAt": at(9)}}})
    assert job_pods.ended_at(pod) == NOON + timedelta(seconds=9)


def test_without_such_times_it_ended_when_it_was_ready_no_more() -> None:
    pod = ended(5)
    pod["status"]["containerStatuses"].append({"name": "d", "state": {"running": {}}})
    pod["status"]["conditions"] = [{"type": "Ready", "status": "False", "lastTransitionTime": at(7)}]
    assert job_pods.ended_at(pod) == NOON + timedelta(seconds=7)


def test_else_when_its_deletion_was_asked_for_and_else_when_it_was_made() -> None:
    pod = {"metadata": {"creationTimestamp": at(1), "deletionTimestamp": at(40), "deletionGracePeriodSeconds": 30}}
    assert job_pods.ended_at(pod) == NOON + timedelta(seconds=10)
    assert job_pods.ended_at({"metadata": {"creationTimestamp": at(1)}}) == NOON + timedelta(seconds=1)


# ---- the policy


def rule(action: str, **what: Any) -> Obj:
    return {"action": action, **what}


def exit_codes(operator: str, *values: int, **more: Any) -> Obj:
    return {"onExitCodes": {"operator": operator, "values": list(values), **more}}


def judged(*rules: Obj, code: int = 42, **status: Any) -> Match:
    return job_pods.judged(job(podFailurePolicy={"rules": list(rules)}), ended(1, code, **status))


def test_the_first_rule_that_fits_decides() -> None:
    found = judged(rule("Count", **exit_codes("In", 1)), rule("FailJob", **exit_codes("In", 42)), rule("Ignore"))
    words = "Container c for pod default/p failed with exit code 42 matching FailJob rule at index 1"
    assert found == Match(True, "FailJob", words)


def test_a_failure_that_no_rule_fits_counts() -> None:
    assert judged(rule("Ignore", **exit_codes("In", 1))) == Match(counts=True)


@pytest.mark.parametrize(("code", "counts"), [(42, True), (7, False)])
def test_not_in_fits_all_other_exit_codes(code: int, counts: bool) -> None:
    assert judged(rule("Ignore", **exit_codes("NotIn", 42)), code=code).counts is counts


def test_success_fits_no_rule_of_exit_codes() -> None:
    assert judged(rule("Ignore", **exit_codes("NotIn", 42)), code=0).counts


def test_a_rule_can_be_about_one_container() -> None:
    assert judged(rule("Ignore", **exit_codes("In", 42, containerName="d"))).counts
    assert not judged(rule("Ignore", **exit_codes("In", 42, containerName="c"))).counts


def test_a_condition_fits_by_type_and_status() -> None:
    disrupted = [{"type": "DisruptionTarget", "status": "True"}]
    patterns = {"onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    found = judged(rule("Ignore", **patterns), conditions=disrupted)
    assert found == Match(
        False, "Ignore", "Pod default/p has condition DisruptionTarget matching Ignore rule at index 0"
    )
    assert judged(rule("Ignore", **patterns), conditions=[{**disrupted[0], "status": "False"}]).counts


# ---- waiting


def test_the_wait_doubles_with_each_failure_up_to_ten_minutes() -> None:
    waits = [Failures(number, NOON).wait_s(NOON) for number in (0, 1, 2, 3, 6, 7, 99)]
    assert waits == [0, 10, 20, 40, 320, 600, 600]


def test_the_wait_is_measured_from_the_last_failure() -> None:
    assert Failures(2, NOON).wait_s(NOON + timedelta(seconds=15)) == 5
    assert Failures(2, NOON).wait_s(NOON + timedelta(seconds=25)) == 0


def test_a_success_forgets_the_failures_before_it_and_not_those_after_it() -> None:
    before = Failures(3, NOON)
    succeeded = ended(10, 0)
    assert before.after([], [ended(5)]) == Failures(4, NOON + timedelta(seconds=5))
    assert before.after([succeeded], []) == Failures()
    assert before.after([succeeded], [ended(5)]) == Failures()
    assert before.after([succeeded], [ended(5), ended(11)]) == Failures(1, NOON + timedelta(seconds=11))
