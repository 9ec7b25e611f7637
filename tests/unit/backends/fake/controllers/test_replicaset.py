"""ReplicaSets: the number of pods, whose pods they are, and what the status says."""

from __future__ import annotations

import pytest

from tests.unit.backends.fake.controllers.world import APPS, PODS, World, condition, workload
from tests.unit.backends.fake.door import pod

REPLICA_SET = f"{APPS}/replicasets/web"


@pytest.fixture
def world() -> World:
    return World()


def test_there_are_as_many_pods_as_wanted_and_the_status_counts_them(world: World) -> None:
    world.run("replicasets", workload("ReplicaSet", replicas=3))
    status = world.object(REPLICA_SET)["status"]
    assert status == {
        "replicas": 3, "fullyLabeledReplicas": 3, "readyReplicas": 3, "availableReplicas": 3, "observedGeneration": 1,
    }  # fmt: skip
    world.change("replicasets", "web", replicas=1)
    world.settle()
    assert len(world.pods()) == 1


def test_a_deleted_pod_is_replaced_by_another(world: World) -> None:
    world.run("replicasets", workload("ReplicaSet", replicas=1))
    ((name, uid),) = world.uids().items()
    world.delete(f"{PODS}/{name}")
    world.after(0.1)
    assert len(world.living()) == 1, "the replacement does not wait for the grace period"
    world.settle()
    ((another, other_uid),) = world.uids().items()
    assert (another, other_uid) != (name, uid)


def test_a_pod_that_failed_is_replaced_and_stays_for_inspection(world: World) -> None:
    world.run("replicasets", workload("ReplicaSet", replicas=1))
    (name,) = world.uids()
    assert world.patch(f"{PODS}/{name}/status", {"status": {"phase": "Failed"}}).code == 200
    world.settle()
    assert sorted(one["status"]["phase"] for one in world.pods()) == ["Failed", "Running"]


def test_a_pod_without_an_owner_that_matches_is_adopted_and_counts(world: World) -> None:
    stray = world.made(PODS, pod("stray", labels={"app": "web"}))
    world.run("replicasets", workload("ReplicaSet", replicas=1))
    assert world.uids() == {"stray": stray["metadata"]["uid"]}
    (owner,) = world.object(f"{PODS}/stray")["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["controller"]) == ("ReplicaSet", True)


def test_a_pod_that_appears_later_and_is_too_much_goes(world: World) -> None:
    world.run("replicasets", workload("ReplicaSet", replicas=1))
    world.made(PODS, pod("stray", labels={"app": "web"}))
    world.settle()
    assert "stray" not in world.uids(), "unbound and young: the first to go"


def test_a_pod_whose_labels_no_longer_match_is_released_and_replaced(world: World) -> None:
    world.run("replicasets", workload("ReplicaSet", replicas=1))
    (name,) = world.uids()
    world.patch(f"{PODS}/{name}", {"metadata": {"labels": {"app": "debug"}}})
    world.settle()
    assert len(world.pods()) == 2
    assert "ownerReferences" not in world.object(f"{PODS}/{name}")["metadata"]


def test_a_pod_of_somebody_else_is_left_alone(world: World) -> None:
    rival = workload("ReplicaSet", replicas=1)
    rival["metadata"]["name"] = "rival"
    world.run("replicasets", rival)
    world.run("replicasets", workload("ReplicaSet", replicas=1))
    owners = sorted(one["metadata"]["ownerReferences"][0]["name"] for one in world.pods())
    assert owners == ["rival", "web"]


def test_a_refused_pod_shows_as_a_condition_and_is_tried_again(world: World) -> None:
    body = workload("ReplicaSet", replicas=1)
    body["spec"]["template"]["spec"]["serviceAccountName"] = "missing"
    world.made(f"{APPS}/replicasets", body)
    world.after(1)
    failure = condition(world.object(REPLICA_SET), "ReplicaFailure")
    assert (failure["status"], failure["reason"]) == ("True", "FailedCreate")
    assert 'serviceaccount "missing" not found' in failure["message"]

    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "missing"}}
    world.made("/api/v1/namespaces/default/serviceaccounts", account)
    world.after(120)
    assert len(world.pods()) == 1
    assert "conditions" not in world.object(REPLICA_SET)["status"]


def test_nothing_is_created_in_a_namespace_that_is_on_its_way_out(world: World) -> None:
    world.made("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}})
    world.made("/apis/apps/v1/namespaces/x/replicasets", workload("ReplicaSet", replicas=1))
    world.settle()
    world.delete("/api/v1/namespaces/x")
    world.settle()
    assert world.get("/api/v1/namespaces/x").code == 404


def test_a_replication_controller_keeps_pods_by_its_plain_selector(world: World) -> None:
    body = workload("ReplicaSet")["spec"]
    spec = {"replicas": 2, "selector": {"app": "web"}, "template": body["template"]}
    path = PODS.replace("/pods", "/replicationcontrollers")
    world.made(PODS, pod("other"))
    world.made(path, {"metadata": {"name": "web"}, "spec": spec})
    world.settle()
    other, first, _ = world.pods()
    assert "ownerReferences" not in other["metadata"]
    assert first["metadata"]["ownerReferences"][0]["kind"] == "ReplicationController"
    status = world.object(f"{path}/web")["status"]
    assert (status["replicas"], status["readyReplicas"], status["fullyLabeledReplicas"]) == (2, 2, 2)
    world.ask("DELETE", f"{PODS}/{first['metadata']['name']}?gracePeriodSeconds=0")
    world.settle()
    assert len(world.living()) == 3
    world.patch(f"{path}/web", {"spec": {"replicas": 0}})
    world.settle()
    assert [one["metadata"]["name"] for one in world.living()] == ["other"]
