"""StatefulSets: names, order, identity, updates from the highest ordinal down."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.backends.fake.controllers.world import APPS, PODS, World, workload

STATEFUL_SET = f"{APPS}/statefulsets/db"
CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"
REVISION = "controller-revision-hash"


def database(**spec: Any) -> dict[str, Any]:
    return workload("StatefulSet", "db", **spec)


def revisions(world: World) -> dict[str, str]:
    return {pod["metadata"]["name"]: pod["metadata"]["labels"][REVISION] for pod in world.pods()}


@pytest.fixture
def world() -> World:
    return World()


def test_each_pod_waits_until_the_one_before_it_is_ready(world: World) -> None:
    world.made(f"{APPS}/statefulsets", database(replicas=3))
    seen = []
    for _ in range(8):
        world.after(0.5)
        seen.append(len(world.pods()))
    assert seen == sorted(seen)
    assert set(seen) == {1, 2, 3}
    assert list(world.uids()) == ["db-0", "db-1", "db-2"]


def test_parallel_pods_do_not_wait(world: World) -> None:
    world.made(f"{APPS}/statefulsets", database(replicas=3, podManagementPolicy="Parallel"))
    world.after(0.015)  # one step of the controller
    assert list(world.uids()) == ["db-0", "db-1", "db-2"]


def test_a_pod_has_a_name_an_index_and_a_host_name(world: World) -> None:
    world.run("statefulsets", database(replicas=1))
    pod = world.object(f"{PODS}/db-0")
    revision = world.object(STATEFUL_SET)["status"]["updateRevision"]
    assert pod["metadata"]["labels"] == {
        "app": "db",
        "apps.kubernetes.io/pod-index": "0",
        "statefulset.kubernetes.io/pod-name": "db-0",
        REVISION: revision,
    }
    assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("db-0", "db")


def test_a_deleted_pod_comes_back_under_its_name_with_another_uid(world: World) -> None:
    world.run("statefulsets", database(replicas=2))
    before = world.uids()
    world.delete(f"{PODS}/db-0")
    world.after(1)
    assert world.uids() == before, "it is still there, terminating: the name is taken"
    world.settle()
    after = world.uids()
    assert after.keys() == before.keys()
    assert after["db-0"] != before["db-0"]
    assert after["db-1"] == before["db-1"]


def test_the_status_counts_as_the_real_one_does(world: World) -> None:
    world.run("statefulsets", database(replicas=2))
    status = world.object(STATEFUL_SET)["status"]
    assert status.pop("currentRevision") == status.pop("updateRevision")
    assert status == {
        "availableReplicas": 2, "collisionCount": 0, "currentReplicas": 2, "observedGeneration": 1,
        "readyReplicas": 2, "replicas": 2, "updatedReplicas": 2,
    }  # fmt: skip


def test_an_update_goes_from_the_highest_ordinal_down_one_at_a_time(world: World) -> None:
    world.run("statefulsets", database(replicas=3))
    first = world.object(STATEFUL_SET)["status"]["currentRevision"]
    world.restart("statefulsets", "db", "1")

    order: list[str] = []
    for _ in range(300):
        world.after(0.1)
        order += [name for name, revision in revisions(world).items() if revision != first and name not in order]
        unready = [
            pod for pod in world.pods() if pod["status"]["phase"] != "Running" or "deletionTimestamp" in pod["metadata"]
        ]
        assert len(unready) <= 1
        if len(order) == 3:
            break
    assert order == ["db-2", "db-1", "db-0"]
    world.settle()
    status = world.object(STATEFUL_SET)["status"]
    assert status["currentRevision"] == status["updateRevision"] != first
    assert status["currentReplicas"] == status["updatedReplicas"] == 3


def test_a_pod_that_is_deleted_for_its_update_no_longer_counts_as_current(world: World) -> None:
    world.run("statefulsets", database(replicas=3))
    world.restart("statefulsets", "db", "1")
    world.after(0.015)  # one step: the deletion has not been noticed, but decided
    assert world.object(STATEFUL_SET)["status"]["currentReplicas"] == 2


def test_a_partition_keeps_the_lower_ordinals_at_the_old_revision(world: World) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}
    world.run("statefulsets", database(replicas=3, updateStrategy=strategy))
    world.restart("statefulsets", "db", "1")
    world.settle()
    found, status = revisions(world), world.object(STATEFUL_SET)["status"]
    assert found["db-0"] == found["db-1"] == status["currentRevision"]
    assert found["db-2"] == status["updateRevision"] != status["currentRevision"]
    assert (status["currentReplicas"], status["updatedReplicas"]) == (2, 1)

    world.delete(f"{PODS}/db-0")
    world.settle()
    assert revisions(world)["db-0"] == status["currentRevision"], "below the partition it comes back as it was"


def test_on_delete_updates_only_what_somebody_deletes(world: World) -> None:
    world.run("statefulsets", database(replicas=2, updateStrategy={"type": "OnDelete"}))
    before = world.uids()
    world.restart("statefulsets", "db", "1")
    world.settle()
    assert world.uids() == before
    world.delete(f"{PODS}/db-1")
    world.settle()
    status, found = world.object(STATEFUL_SET)["status"], revisions(world)
    assert found["db-1"] == status["updateRevision"] != found["db-0"]


def test_scaling_down_takes_the_highest_and_waits_for_each(world: World) -> None:
    world.run("statefulsets", database(replicas=3))
    world.change("statefulsets", "db", replicas=1)
    world.after(0.5)
    terminating = [pod["metadata"]["name"] for pod in world.pods() if "deletionTimestamp" in pod["metadata"]]
    assert terminating == ["db-2"]
    world.settle()
    assert list(world.uids()) == ["db-0"]


def test_ordinals_may_start_elsewhere(world: World) -> None:
    world.run("statefulsets", database(replicas=2, ordinals={"start": 5}))
    assert list(world.uids()) == ["db-5", "db-6"]


def test_a_template_that_comes_back_brings_its_revision_forward(world: World) -> None:
    world.run("statefulsets", database(replicas=1))
    first = world.object(STATEFUL_SET)["status"]["currentRevision"]
    world.restart("statefulsets", "db", "1")
    world.settle()
    world.change("statefulsets", "db", template={"metadata": {"annotations": None}})
    world.settle()
    numbers = {one["metadata"]["name"]: one["revision"] for one in world.items(f"{APPS}/controllerrevisions")}
    assert len(numbers) == 2
    assert numbers[first] == 3
    assert revisions(world) == {"db-0": first}


def test_a_pod_that_ended_is_replaced_under_its_name(world: World) -> None:
    world.run("statefulsets", database(replicas=1))
    (uid,) = world.uids().values()
    world.patch(f"{PODS}/db-0/status", {"status": {"phase": "Failed"}})
    world.settle()
    assert world.object(f"{PODS}/db-0")["status"]["phase"] == "Running"
    assert world.uids() != {"db-0": uid}


def test_every_pod_has_a_claim_of_its_own_that_outlives_it(world: World) -> None:
    size = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    template = {"metadata": {"name": "data"}, "spec": size}
    world.run("statefulsets", database(replicas=2, volumeClaimTemplates=[template]))
    claims = {one["metadata"]["name"]: one["metadata"]["uid"] for one in world.items(CLAIMS)}
    assert list(claims) == ["data-db-0", "data-db-1"]
    volumes = world.object(f"{PODS}/db-1")["spec"]["volumes"]
    assert {"name": "data", "persistentVolumeClaim": {"claimName": "data-db-1"}} in volumes

    world.change("statefulsets", "db", replicas=1)
    world.settle()
    world.change("statefulsets", "db", replicas=2)
    world.settle()
    assert {one["metadata"]["name"]: one["metadata"]["uid"] for one in world.items(CLAIMS)} == claims


def test_claims_go_with_the_pods_where_the_policy_says_so(world: World) -> None:
    size = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    template = {"metadata": {"name": "data"}, "spec": size}
    policy = {"whenScaled": "Delete", "whenDeleted": "Delete"}
    body = database(replicas=2, volumeClaimTemplates=[template], persistentVolumeClaimRetentionPolicy=policy)
    world.run("statefulsets", body)
    world.change("statefulsets", "db", replicas=1)
    world.settle()
    assert [one["metadata"]["name"] for one in world.items(CLAIMS)] == ["data-db-0"]
    world.delete(STATEFUL_SET)
    world.settle()
    assert world.items(CLAIMS) == []


def test_a_stateful_set_whose_pods_are_refused_says_that_it_has_looked(world: World) -> None:
    none = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    world.made("/api/v1/namespaces/default/resourcequotas", none)
    world.settle()
    world.run("statefulsets", database(replicas=2))
    status = world.object(STATEFUL_SET)["status"]
    assert world.pods() == []
    assert (status["observedGeneration"], status["replicas"]) == (1, 0)
    assert status["currentRevision"] == status["updateRevision"]


def test_pods_of_a_stateful_set_get_the_claims_that_they_mount(world: World) -> None:
    body = database(replicas=1)
    container = body["spec"]["template"]["spec"]["containers"][0]
    container["volumeMounts"] = [{"name": "data", "mountPath": "/data"}]
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    body["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "data"}, "spec": spec}]
    world.run("statefulsets", body)
    assert [claim["metadata"]["name"] for claim in world.items(CLAIMS)] == ["data-db-0"]
    (volume,) = (one for one in world.object(f"{PODS}/db-0")["spec"]["volumes"] if one["name"] == "data")
    assert volume["persistentVolumeClaim"] == {"claimName": "data-db-0"}
