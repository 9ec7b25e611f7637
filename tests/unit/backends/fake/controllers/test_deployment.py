"""Deployments: from the template to available pods, from one template to the next, and back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.backends.fake.controllers.world import APPS, World, condition, workload

DEPLOYMENT = f"{APPS}/deployments/web"
REVISION = "deployment.kubernetes.io/revision"
NEVER_READY = {"kubelet.kubeactions.test/ready-after-s": "never"}


@pytest.fixture
def world() -> World:
    return World()


def test_a_new_deployment_becomes_available_and_says_so(world: World) -> None:
    world.run("deployments", workload("Deployment", replicas=3))

    found = world.object(DEPLOYMENT)
    counts = {member: count for member, count in found["status"].items() if member != "conditions"}
    assert counts == {
        "observedGeneration": 1, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3,
    }  # fmt: skip
    assert condition(found, "Available")["reason"] == "MinimumReplicasAvailable"
    assert condition(found, "Progressing")["reason"] == "NewReplicaSetAvailable"
    assert found["metadata"]["annotations"] == {REVISION: "1"}
    assert found["metadata"]["generation"] == 1, "the revision must not count as a change of what is wanted"


def test_its_replica_set_and_pods_carry_the_hash_of_the_template(world: World) -> None:
    world.run("deployments", workload("Deployment", replicas=1))

    (replica_set,), (pod,) = world.items(f"{APPS}/replicasets"), world.pods()
    digest = replica_set["metadata"]["labels"]["pod-template-hash"]
    assert replica_set["metadata"]["name"] == f"web-{digest}"
    assert replica_set["spec"]["selector"]["matchLabels"] == {"app": "web", "pod-template-hash": digest}
    assert pod["metadata"]["labels"] == {"app": "web", "pod-template-hash": digest}
    assert pod["metadata"]["ownerReferences"][0]["uid"] == replica_set["metadata"]["uid"]


def test_a_rollout_never_has_too_many_pods_nor_too_few_available_ones(world: World) -> None:
    limits = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}
    world.run("deployments", workload("Deployment", replicas=4, strategy=limits))
    world.restart("deployments", "web", "1")

    for _ in range(200):
        world.after(0.05)
        living = world.living()
        ready = sum(pod["status"].get("phase") == "Running" for pod in living)
        assert len(living) <= 5
        assert ready >= 3
    assert world.sizes() == {"1": 0, "2": 4}


def test_a_rollout_replaces_every_pod_and_ends_complete(world: World) -> None:
    world.run("deployments", workload("Deployment", replicas=2))
    before = set(world.uids().values())
    world.restart("deployments", "web", "1")
    world.settle()

    assert not before & set(world.uids().values())
    found = world.object(DEPLOYMENT)
    assert found["metadata"]["annotations"][REVISION] == "2"
    assert found["status"]["observedGeneration"] == found["metadata"]["generation"] == 2
    assert found["status"]["updatedReplicas"] == found["status"]["replicas"] == 2
    assert "unavailableReplicas" not in found["status"]


def test_a_template_that_comes_back_gets_its_old_replica_set_under_a_new_revision(world: World) -> None:
    world.run("deployments", workload("Deployment", replicas=1))
    (first,) = world.items(f"{APPS}/replicasets")
    world.restart("deployments", "web", "1")
    world.settle()
    world.change("deployments", "web", template={"metadata": {"annotations": None}})
    world.settle()

    again = world.object(f"{APPS}/replicasets/{first['metadata']['name']}")
    assert again["metadata"]["annotations"][REVISION] == "3"
    assert again["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] == "1"
    assert world.sizes() == {"2": 0, "3": 1}


def test_recreate_waits_until_the_last_old_pod_is_gone(world: World) -> None:
    world.run("deployments", workload("Deployment", replicas=2, strategy={"type": "Recreate"}, grace_s=5))
    old = set(world.uids().values())
    world.restart("deployments", "web", "1")

    together = []
    for _ in range(80):
        world.after(0.1)
        now = set(world.uids().values())
        together.append(bool(now & old) and bool(now - old))
    assert not any(together)
    assert len(world.living()) == 2
    assert not old & set(world.uids().values())


def test_a_paused_deployment_scales_but_does_not_roll_out(world: World) -> None:
    world.run("deployments", workload("Deployment", replicas=1))
    world.change("deployments", "web", paused=True)
    world.restart("deployments", "web", "1")
    world.change("deployments", "web", replicas=3)
    world.settle()

    assert world.sizes() == {"1": 3}
    assert condition(world.object(DEPLOYMENT), "Progressing")["reason"] == "DeploymentPaused"

    world.change("deployments", "web", paused=False)
    world.settle()
    assert world.sizes() == {"1": 0, "2": 3}
    assert condition(world.object(DEPLOYMENT), "Progressing")["reason"] == "NewReplicaSetAvailable"


def test_a_rollout_that_does_not_progress_is_reported_after_its_deadline(world: World) -> None:
    world.run("deployments", workload("Deployment", replicas=1, progressDeadlineSeconds=60))
    world.change("deployments", "web", template={"metadata": {"annotations": NEVER_READY}})
    world.after(55)
    assert condition(world.object(DEPLOYMENT), "Progressing")["status"] == "True"
    world.after(10)

    late = condition(world.object(DEPLOYMENT), "Progressing")
    assert (late["status"], late["reason"]) == ("False", "ProgressDeadlineExceeded")
    assert world.sizes() == {"1": 1, "2": 1}, "the old pod stays while the new one is not available"


def test_min_ready_seconds_hold_a_rollout_back(world: World) -> None:
    world.run("deployments", workload("Deployment", replicas=1))
    world.change("deployments", "web", minReadySeconds=20)
    world.restart("deployments", "web", "1")
    world.after(15)
    assert world.sizes() == {"1": 1, "2": 1}
    world.after(10)
    assert world.sizes() == {"1": 0, "2": 1}


def test_old_replica_sets_beyond_the_history_limit_go(world: World) -> None:
    world.run("deployments", workload("Deployment", replicas=1, revisionHistoryLimit=1))
    for mark in ("1", "2", "3"):
        world.restart("deployments", "web", mark)
        world.settle()
    assert world.sizes() == {"3": 0, "4": 1}


def test_scaling_in_the_middle_of_a_rollout_keeps_the_proportion(world: World) -> None:
    limits = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}
    world.run("deployments", workload("Deployment", replicas=10, strategy=limits))
    world.change("deployments", "web", template={"metadata": {"annotations": NEVER_READY}})
    world.after(1)
    assert world.sizes() == {"1": 8, "2": 5}

    world.change("deployments", "web", replicas=15)
    world.after(1)
    assert world.sizes() == {"1": 11, "2": 7}, "the example of the Deployment's documentation"


def test_a_replica_set_without_an_owner_is_adopted(world: World) -> None:
    world.run("deployments", workload("Deployment", replicas=1))
    assert world.ask("DELETE", f"{DEPLOYMENT}?propagationPolicy=Orphan").code == 200
    world.settle()
    (orphan,), uids = world.items(f"{APPS}/replicasets"), world.uids()
    assert "ownerReferences" not in orphan["metadata"]

    world.run("deployments", workload("Deployment", replicas=1))
    (adopted,) = world.items(f"{APPS}/replicasets")
    assert adopted["metadata"]["uid"] == orphan["metadata"]["uid"]
    assert adopted["metadata"]["ownerReferences"][0]["name"] == "web"
    assert world.uids() == uids, "no pod is replaced by an adoption"


def test_deleting_a_deployment_takes_its_pods_along(world: World) -> None:
    world.run("deployments", workload("Deployment", replicas=2))
    assert world.delete(DEPLOYMENT).code == 200
    world.settle()
    assert world.pods() == []
    assert world.items(f"{APPS}/replicasets") == []


def test_annotations_reach_the_replica_set_but_not_those_of_the_tools(world: World) -> None:
    body = workload("Deployment", replicas=0)
    body["metadata"]["annotations"] = {"team": "a", "kubectl.kubernetes.io/last-applied-configuration": "{}"}
    world.run("deployments", body)
    (replica_set,) = world.items(f"{APPS}/replicasets")
    assert replica_set["metadata"]["annotations"] == {
        "team": "a",
        "deployment.kubernetes.io/desired-replicas": "0",
        "deployment.kubernetes.io/max-replicas": "0",
        REVISION: "1",
    }


def test_whoever_looks_late_sees_what_would_have_happened(world: World) -> None:
    """Nothing runs while nobody looks; the timestamps are those of the due times all the same."""
    world.made(f"{APPS}/deployments", workload("Deployment", replicas=1))
    world.after(3600)
    done = condition(world.object(DEPLOYMENT), "Progressing")
    assert done["reason"] == "NewReplicaSetAvailable"
    assert done["lastUpdateTime"] == "2026-01-01T00:00:01Z"


def test_the_same_seed_gives_the_same_cluster() -> None:
    def dump() -> list[dict[str, Any]]:
        world = World(seed=7)
        world.run("deployments", workload("Deployment", replicas=3))
        world.restart("deployments", "web", "1")
        world.settle()
        return world.cluster.dump()

    assert dump() == dump()


def test_every_write_is_audited_under_the_name_of_who_wrote(world: World) -> None:
    world.run("deployments", workload("Deployment", replicas=1))
    accounts = "system:serviceaccount:kube-system:"
    made = {(event.user, event.resource) for event in world.cluster.audit.find(verb="create", changed=True)}
    assert (f"{accounts}deployment-controller", "replicasets") in made
    assert (f"{accounts}replicaset-controller", "pods") in made
    refused = [event for event in world.cluster.audit if event.code >= 400]
    assert refused == []
