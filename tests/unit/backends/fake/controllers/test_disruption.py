"""PodDisruptionBudgets: the numbers in the status, and what the eviction API makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.backends.fake.controllers.world import APPS, PODS, World, condition, workload
from tests.unit.backends.fake.door import pod

Obj = dict[str, Any]
BUDGETS = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
BUDGET = f"{BUDGETS}/b"


@pytest.fixture
def world() -> World:
    return World()


def budget(world: World, **spec: Any) -> None:
    selector = {"matchLabels": {"app": "web"}}
    body = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "b"}}
    world.made(BUDGETS, {**body, "spec": {"selector": selector, **spec}})
    world.settle()


def numbers(world: World) -> tuple[int, int, int, int]:
    status = world.object(BUDGET)["status"]
    members = ("expectedPods", "desiredHealthy", "currentHealthy", "disruptionsAllowed")
    expected, desired, healthy, allowed = (int(status[member]) for member in members)
    return expected, desired, healthy, allowed


def evict(world: World, name: str, **preconditions: str) -> int:
    body: Obj = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
    if preconditions:
        body["deleteOptions"] = {"preconditions": preconditions}
    return world.post(f"{PODS}/{name}/eviction", body).code


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"minAvailable": 2}, (4, 2, 4, 2)),
        ({"minAvailable": "30%"}, (4, 2, 4, 2)),
        ({"maxUnavailable": 1}, (4, 3, 4, 1)),
        ({"maxUnavailable": "30%"}, (4, 2, 4, 2)),
        ({"minAvailable": 5}, (4, 5, 4, 0)),
        ({"maxUnavailable": "100%"}, (4, 0, 4, 4)),
    ],
    ids=str,
)
def test_the_numbers_follow_from_the_spec(world: World, spec: Obj, expected: tuple[int, ...]) -> None:
    world.run("deployments", workload("Deployment", replicas=4))
    budget(world, **spec)
    assert numbers(world) == expected


def test_a_percentage_counts_what_is_wanted_and_not_what_there_is(world: World) -> None:
    never = {"kubelet.kubeactions.test/ready-after-s": "never"}
    world.run("statefulsets", workload("StatefulSet", replicas=4, annotations=never))
    budget(world, minAvailable="50%")
    assert len(world.pods()) == 1
    assert numbers(world) == (4, 2, 0, 0)


def test_several_replica_sets_of_one_deployment_count_once(world: World) -> None:
    world.run("deployments", workload("Deployment", replicas=4))
    world.change(
        "deployments",
        "web",
        template={"metadata": {"annotations": {"kubelet.kubeactions.test/ready-after-s": "never"}}},
    )
    budget(world, maxUnavailable=1)
    assert len(world.items(f"{APPS}/replicasets")) == 2
    assert numbers(world)[:2] == (4, 3)


def test_pods_without_a_controller_do_not_count_where_something_must_be_scaled(world: World) -> None:
    world.made(PODS, pod(labels={"app": "web"}))
    world.settle()
    budget(world, maxUnavailable=1)
    assert numbers(world) == (0, 0, 1, 0)


@pytest.mark.parametrize(
    ("api_version", "kind", "words"),
    [
        ("v1", "ConfigMap", "configmaps does not implement the scale subresource"),
        ("batch/v1", "Job", "jobs.batch does not implement the scale subresource"),
        ("apps/v1", "DaemonSet", "daemonsets.apps does not implement the scale subresource"),
        ("example.com/v1", "Foo", 'no matches for kind "Foo" in version "example.com/v1"'),
        ("apps/v1", "ReplicaSet", 'found no controllers for pod "p"'),
    ],
)
def test_a_controller_without_a_scale_allows_nothing_and_says_why(
    world: World, api_version: str, kind: str, words: str
) -> None:
    world.cluster.controllers.stop("generic-garbage-collector")
    reference = {"apiVersion": api_version, "kind": kind, "name": "o", "uid": "u-1", "controller": True}
    world.made(PODS, pod(labels={"app": "web"}, ownerReferences=[reference]))
    world.settle()
    budget(world, maxUnavailable=1)
    found = condition(world.object(BUDGET), "DisruptionAllowed")
    assert (found["status"], found["reason"]) == ("False", "SyncFailed")
    assert found["message"] == words


def test_the_scale_of_a_custom_resource_is_what_its_pods_are_counted_against(world: World) -> None:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    scale = {"scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema, "subresources": scale}
    names = {"kind": "Foo", "plural": "foos"}
    definition = {"group": "example.com", "names": names, "scope": "Namespaced", "versions": [version]}
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    world.made(definitions, {"metadata": {"name": "foos.example.com"}, "spec": definition})
    world.settle()
    foo = {"apiVersion": "example.com/v1", "kind": "Foo"}
    owner = world.made(
        "/apis/example.com/v1/namespaces/default/foos", {**foo, "metadata": {"name": "o"}, "spec": {"replicas": 5}}
    )
    reference = {**foo, "name": "o", "uid": owner["metadata"]["uid"], "controller": True}
    world.made(PODS, pod(labels={"app": "web"}, ownerReferences=[reference]))
    world.settle()
    budget(world, maxUnavailable=2)
    assert numbers(world) == (5, 3, 1, 0)


def test_an_evicted_pod_is_no_longer_healthy_and_the_next_one_is_refused(world: World) -> None:
    world.run("deployments", workload("Deployment", replicas=2, grace_s=30))
    budget(world, minAvailable=1)
    first, second = world.uids()
    assert evict(world, first) == 201
    assert numbers(world)[2:] == (1, 0)
    assert evict(world, second) == 429
    world.settle()
    assert numbers(world)[2:] == (2, 1), "the replacement is Ready"
    assert evict(world, second) == 201


def test_an_eviction_that_failed_is_forgotten_after_two_minutes(world: World) -> None:
    world.run("deployments", workload("Deployment", replicas=2))
    budget(world, minAvailable=1)
    first, _ = world.uids()
    assert evict(world, first, uid="00000000-0000-4000-8000-000000000000") == 409
    assert list(world.object(BUDGET)["status"]["disruptedPods"]) == [first]
    assert numbers(world)[2:] == (1, 0)
    world.after(121)
    assert "disruptedPods" not in world.object(BUDGET)["status"]
    assert numbers(world)[2:] == (2, 1)


def test_another_spec_is_observed(world: World) -> None:
    world.run("deployments", workload("Deployment", replicas=2))
    budget(world, minAvailable=2)
    assert condition(world.object(BUDGET), "DisruptionAllowed")["reason"] == "InsufficientPods"
    world.patch(BUDGET, {"spec": {"minAvailable": 0}})
    world.settle()
    found = world.object(BUDGET)
    assert found["status"]["observedGeneration"] == found["metadata"]["generation"] == 2
    assert condition(found, "DisruptionAllowed")["reason"] == "SufficientPods"


def test_a_budget_without_pods_allows_nothing(world: World) -> None:
    budget(world, minAvailable=0)
    assert numbers(world) == (0, 0, 0, 0)
