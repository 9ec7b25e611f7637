"""Deletion: preconditions, grace, finalizers, propagation, namespaces, collections."""

from __future__ import annotations

import pytest

from tests.unit.backends.fake.door import CM, PODS, Door, config_map, pod

OTHER_UID = "00000000-0000-4000-8000-000000000000"
HOLD = "example.com/hold"
JOBS = "/apis/batch/v1/namespaces/default/jobs"
JOB = {
    "metadata": {"name": "once"},
    "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}},
}


def test_a_wrong_uid_or_version_keeps_the_object(door: Door) -> None:
    made = door.made(CM, config_map())
    by_uid = door.delete(f"{CM}/a", {"preconditions": {"uid": OTHER_UID}})
    assert (by_uid.code, by_uid.body["details"]["kind"]) == (409, "ConfigMap")
    assert door.delete(f"{CM}/a", {"preconditions": {"resourceVersion": "1"}}).code == 409
    assert door.delete(f"{CM}/a", {"preconditions": {"uid": made["metadata"]["uid"]}}).code == 200


def test_a_running_pod_gets_its_grace_period(door: Door) -> None:
    door.made(PODS, pod(node="n1"))
    held = door.delete(f"{PODS}/p").body["metadata"]
    assert (held["deletionTimestamp"], held["deletionGracePeriodSeconds"]) == ("2026-01-01T00:00:30Z", 30)
    assert held["generation"] == 2
    assert door.get(f"{PODS}/p").code == 200


def test_a_grace_period_shrinks_and_never_grows(door: Door) -> None:
    door.made(PODS, pod(node="n1"))
    first = door.delete(f"{PODS}/p").body
    assert door.delete(f"{PODS}/p?gracePeriodSeconds=60").body == first
    assert door.delete(f"{PODS}/p").body == first
    shorter = door.delete(f"{PODS}/p?gracePeriodSeconds=5").body["metadata"]
    assert shorter["deletionTimestamp"] == "2026-01-01T00:00:05Z"
    assert door.delete(f"{PODS}/p?gracePeriodSeconds=0").code == 200
    assert door.get(f"{PODS}/p").code == 404


def test_a_negative_grace_period_is_one_second_the_second_time_too(door: Door) -> None:
    door.made(PODS, pod(node="n1"))
    door.delete(f"{PODS}/p")
    held = door.delete(f"{PODS}/p?gracePeriodSeconds=-5").body
    assert (held["metadata"]["deletionTimestamp"], held["metadata"]["deletionGracePeriodSeconds"]) == (
        "2026-01-01T00:00:01Z",
        1,
    )
    assert door.delete(f"{PODS}/p?gracePeriodSeconds=-5").body == held


def test_a_pod_that_only_its_finalizers_hold_gets_no_others_by_a_second_deletion(door: Door) -> None:
    door.made(PODS, pod(node="n1", finalizers=[HOLD]))
    held = door.delete(f"{PODS}/p?gracePeriodSeconds=0").body
    assert held["metadata"]["deletionGracePeriodSeconds"] == 0
    assert door.delete(f"{PODS}/p?propagationPolicy=Foreground").body == held


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_finished_pod_goes_at_once(door: Door, phase: str) -> None:
    door.made(PODS, pod(node="n1"))
    door.patch(f"{PODS}/p/status", {"status": {"phase": phase}})
    door.delete(f"{PODS}/p")
    assert door.get(f"{PODS}/p").code == 404


def test_a_pod_that_was_never_bound_goes_at_once(door: Door) -> None:
    door.made(PODS, pod())
    assert door.delete(f"{PODS}/p").body["kind"] == "Pod"
    assert door.get(f"{PODS}/p").code == 404


def test_finalizers_hold_an_object_until_the_last_is_removed(door: Door) -> None:
    door.made(CM, config_map(finalizers=[HOLD]))
    held = door.delete(f"{CM}/a").body
    assert held["metadata"]["deletionGracePeriodSeconds"] == 0
    assert door.delete(f"{CM}/a").body == held, "the second DELETE changes nothing"
    assert door.post(CM, config_map()).body["message"].startswith("object is being deleted")
    assert door.patch(f"{CM}/a", {"metadata": {"finalizers": [HOLD, "example.com/new"]}}).code == 422
    assert door.patch(f"{CM}/a", {"metadata": {"finalizers": None}}).code == 200
    assert door.get(f"{CM}/a").code == 404


@pytest.mark.parametrize(
    ("policy", "finalizers"), [("Orphan", ["orphan"]), ("Foreground", ["foregroundDeletion"]), ("Background", None)]
)
def test_a_propagation_policy_becomes_a_finalizer(door: Door, policy: str, finalizers: list[str] | None) -> None:
    door.made(CM, config_map())
    answer = door.delete(f"{CM}/a?propagationPolicy={policy}").body
    assert answer.get("metadata", {}).get("finalizers") == finalizers


def test_a_job_leaves_its_pods_behind_by_default_and_warns(door: Door) -> None:
    door.made(JOBS, JOB)
    answer = door.delete(f"{JOBS}/once")
    assert answer.body["metadata"]["finalizers"] == ["orphan"]
    assert "child pods are preserved by default" in answer.headers["Warning"]


def test_options_of_the_body_win_over_the_query(door: Door) -> None:
    door.made(CM, config_map())
    door.delete(f"{CM}/a?dryRun=All", {"preconditions": {}})
    assert door.get(f"{CM}/a").code == 404


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"propagationPolicy": "Wrong"}, 422),
        ({"propagationPolicy": "Orphan", "orphanDependents": True}, 422),
        ({"dryRun": ["Some"]}, 422),
        ({"kind": "Pod", "apiVersion": "v1"}, 500),
        ({"gracePeriodSeconds": "1"}, 500),
        ({"preconditions": []}, 500),
        (b"{not json", 500),
        (b"[1]", 500),
    ],
)
def test_options_that_make_no_sense_delete_nothing(door: Door, options: object, code: int) -> None:
    door.made(CM, config_map())
    assert door.delete(f"{CM}/a", options).code == code
    assert door.get(f"{CM}/a").code == 200


def test_of_a_collection_with_a_limit_a_page_goes(door: Door) -> None:
    for name in "abc":
        door.made(CM, config_map(name))
    gone = door.delete(f"{CM}?limit=2").body
    assert [item["metadata"]["name"] for item in gone["items"]] == ["a", "b"]
    assert gone["metadata"]["remainingItemCount"] == 1
    assert [item["metadata"]["name"] for item in door.get(CM).body["items"]] == ["c"]
    rest = door.delete(f"{CM}?limit=2&continue={gone['metadata']['continue']}").body
    assert [item["metadata"]["name"] for item in rest["items"]] == ["c"]


@pytest.mark.parametrize(
    ("query", "words"),
    [("continue=garbage", "invalid continue token"), ("resourceVersion=abc", "invalid resource version")],
)
def test_what_a_deletion_of_a_collection_cannot_list_it_refuses(door: Door, query: str, words: str) -> None:
    door.made(CM, config_map("a"))
    refused = door.delete(f"{CM}?{query}")
    assert (refused.code, refused.body["message"].startswith(words)) == (400, True)
    assert len(door.get(CM).body["items"]) == 1


def test_of_a_revision_what_has_been_deleted_since_is_passed_over(door: Door) -> None:
    for name in "ab":
        door.made(CM, config_map(name))
    revision = door.get(CM).body["metadata"]["resourceVersion"]
    door.delete(f"{CM}/a")
    door.made(CM, config_map("c"))
    gone = door.delete(f"{CM}?resourceVersion={revision}").body
    assert [item["metadata"]["name"] for item in gone["items"]] == ["a", "b"]
    assert [item["metadata"]["name"] for item in door.get(CM).body["items"]] == ["c"]


def test_a_collection_answers_with_what_it_was_and_keeps_the_rest(door: Door) -> None:
    for name, team in (("a", "x"), ("b", "y"), ("c", "x")):
        door.made(CM, config_map(name, labels={"team": team}))
    answer = door.delete(f"{CM}?labelSelector=team%3Dx").body
    assert [item["metadata"]["name"] for item in answer["items"]] == ["a", "c"]
    assert [item["metadata"]["name"] for item in door.get(CM).body["items"]] == ["b"]


def test_a_namespace_terminates_until_its_finalizer_is_taken(door: Door) -> None:
    path = "/api/v1/namespaces/n"
    made = door.made("/api/v1/namespaces", {"metadata": {"name": "n"}})
    assert made["spec"]["finalizers"] == ["kubernetes"]
    assert door.delete(path).body["status"]["phase"] == "Terminating"
    assert (
        door.post(f"{path}/configmaps", config_map()).body["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    )
    held = door.get(path).body
    assert door.put(f"{path}/finalize", {**held, "spec": {}}).code == 200
    assert door.get(path).code == 404


def test_the_namespaces_that_must_be_there_stay(door: Door) -> None:
    assert door.delete("/api/v1/namespaces/kube-system").code == 403


def test_202_says_that_the_dependents_go_first(door: Door) -> None:
    door.made(CM, config_map(finalizers=[HOLD]))
    assert door.delete(f"{CM}/a").code == 200
    assert door.delete(f"{CM}/a?orphanDependents=false").code == 202
    door.made(CM, config_map("free"))
    assert door.delete(f"{CM}/free?orphanDependents=false").code == 200


def test_a_replication_controller_leaves_its_pods_behind_by_default(door: Door) -> None:
    path = "/api/v1/namespaces/default/replicationcontrollers"
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    door.made(path, {"metadata": {"name": "rc"}, "spec": {"selector": {"a": "b"}, "template": template}})
    assert door.delete(f"{path}/rc").body["metadata"]["finalizers"] == ["orphan"]
