"""Resource quotas: charged at admission, given back by their controller."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.backends.fake.admission.test_limit_ranger import CLAIMS, asking, claim
from tests.unit.backends.fake.controllers.world import World
from tests.unit.backends.fake.door import CM, PODS, Door, config_map, pod

QUOTAS = "/api/v1/namespaces/default/resourcequotas"
SERVICES = "/api/v1/namespaces/default/services"


@pytest.fixture
def world() -> World:
    return World()


def allow(world: World, name: str = "q", scopes: Any = None, selector: Any = None, **hard: str) -> None:
    spec = {"hard": hard, "scopes": scopes, "scopeSelector": selector}
    world.made(QUOTAS, {"metadata": {"name": name}, "spec": {key: value for key, value in spec.items() if value}})


def used(world: World, name: str = "q") -> dict[str, str]:
    found: dict[str, str] = world.object(f"{QUOTAS}/{name}")["status"]["used"]
    return found


def test_a_quota_counts_what_is_there_when_it_comes(world: World) -> None:
    world.made(CM, config_map())
    allow(world, configmaps="9", **{"count/configmaps": "9", "requests.cpu": "1"})
    assert used(world) == {"configmaps": "2", "count/configmaps": "2", "requests.cpu": "0"}


def test_a_pod_is_charged_at_once_and_given_back_when_it_goes(world: World) -> None:
    allow(world, pods="1", **{"requests.cpu": "1", "limits.memory": "1Gi"})
    world.made(PODS, asking({"cpu": "500m"}, {"memory": "512Mi"}))
    assert used(world) == {"pods": "1", "requests.cpu": "500m", "limits.memory": "512Mi"}
    refused = world.post(PODS, {**asking({"cpu": "700m"}, {"memory": "1Gi"}), "metadata": {"name": "q"}})
    assert refused.body["message"] == (
        'pods "q" is forbidden: exceeded quota: q, requested: limits.memory=1Gi,pods=1,requests.cpu=700m, '
        "used: limits.memory=512Mi,pods=1,requests.cpu=500m, limited: limits.memory=1Gi,pods=1,requests.cpu=1"
    )
    world.delete(f"{PODS}/p?gracePeriodSeconds=0")
    world.settle()
    assert used(world) == {"pods": "0", "requests.cpu": "0", "limits.memory": "0"}
    world.made(PODS, asking({"cpu": "700m"}, {"memory": "1Gi"}))


def test_what_is_only_tried_or_fails_is_not_charged(world: World) -> None:
    allow(world, pods="2")
    world.made(f"{PODS}?dryRun=All", pod())
    assert used(world) == {"pods": "0"}
    world.made(PODS, pod())
    world.cluster.controllers.stop("resourcequota-controller")  # it would count anew
    assert world.post(PODS, pod()).code == 409
    assert used(world) == {"pods": "1"}


def test_containers_must_say_what_is_counted(world: World) -> None:
    allow(world, cpu="1", **{"limits.cpu": "1", "limits.memory": "1Gi"})
    body = asking(None, {"cpu": "1"}, initContainers=[{"name": "i", "image": "i"}])
    refused = world.post(PODS, body).body["message"]
    why = "failed quota: q: must specify cpu for: i; limits.cpu for: i; limits.memory for: c,i"
    assert refused == f'pods "p" is forbidden: {why}'


def test_a_finished_pod_counts_as_an_object_only(world: World) -> None:
    allow(world, pods="5", **{"count/pods": "5"})
    world.made(PODS, pod())
    world.patch(f"{PODS}/p/status", {"status": {"phase": "Succeeded"}})
    world.settle()
    assert used(world) == {"pods": "0", "count/pods": "1"}


SCOPES: tuple[tuple[dict[str, Any], set[str]], ...] = (
    ({"scopes": ["BestEffort"]}, {"plain"}),
    ({"scopes": ["NotBestEffort"]}, {"burst", "important", "other"}),
    ({"scopes": ["Terminating"]}, {"burst"}),
    ({"scopes": ["NotTerminating"]}, {"plain", "important", "other"}),
    ({"scopes": ["CrossNamespacePodAffinity"]}, {"other"}),
    ({"scopes": ["PriorityClass"]}, {"important"}),
    ({"selector": {"matchExpressions": [
        {"scopeName": "PriorityClass", "operator": "In", "values": ["system-node-critical"]}]}}, {"important"}),
    ({"selector": {"matchExpressions": [
        {"scopeName": "PriorityClass", "operator": "NotIn", "values": ["system-node-critical"]}]}},
     {"plain", "burst", "other"}),
    ({"selector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "DoesNotExist"}]}},
     {"plain", "burst", "other"}),
)  # fmt: skip


def test_a_quota_counts_the_pods_in_its_scopes(world: World) -> None:
    for index, (scope, _) in enumerate(SCOPES):
        allow(world, f"q{index}", pods="9", **scope)
    term = {"topologyKey": "kubernetes.io/hostname", "namespaces": ["x"]}
    affinity = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    bodies = {
        "plain": asking(),
        "burst": asking({"cpu": "1m"}, activeDeadlineSeconds=1000),
        "important": asking({"cpu": "1m"}, priorityClassName="system-node-critical"),
        "other": asking({"cpu": "1m"}, affinity=affinity),
    }
    found: list[set[str]] = [set() for _ in SCOPES]
    for name, body in bodies.items():
        before = [used(world, f"q{index}") for index in range(len(SCOPES))]
        world.made(PODS, {**body, "metadata": {"name": name}})
        for index, had in enumerate(before):
            if used(world, f"q{index}") != had:
                found[index].add(name)
    assert found == [counted for _, counted in SCOPES]


def test_services_and_claims_count_for_more_than_one_thing(world: World) -> None:
    allow(world, services="3", **{"services.nodeports": "2", "requests.storage": "3Gi"})
    allow(world, "gold", **{"gold.storageclass.storage.k8s.io/requests.storage": "1Gi"})
    ports = [{"name": "a", "port": 80}, {"name": "b", "port": 81}]
    world.made(SERVICES, {"metadata": {"name": "s"}, "spec": {"ports": ports}})
    node_ports = {"spec": {"type": "NodePort"}}
    assert world.patch(f"{SERVICES}/s", node_ports).code == 200
    assert used(world)["services.nodeports"] == "2"
    body = claim("2Gi")
    body["spec"]["storageClassName"] = "gold"
    assert "exceeded quota: gold" in world.post(CLAIMS, body).body["message"]
    world.made(CLAIMS, claim("2Gi"))
    assert used(world)["requests.storage"] == "2Gi"


def test_without_a_controller_nobody_knows_what_is_used(door: Door) -> None:
    door.made(QUOTAS, {"metadata": {"name": "q"}, "spec": {"hard": {"pods": "1"}}})
    door.made(PODS, pod())
    door.patch(f"{QUOTAS}/q/status", {"status": {"hard": {"pods": "1"}}})
    refused = door.post(PODS, pod("b")).body["message"]
    assert refused == 'pods "b" is forbidden: status unknown for quota: q, resources: pods'


def test_workloads_are_told_by_their_controllers(world: World) -> None:
    allow(world, pods="1")
    spec = {"containers": [{"name": "c", "image": "i"}]}
    template = {"metadata": {"labels": {"app": "w"}}, "spec": spec}
    body = {
        "metadata": {"name": "w"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "w"}}, "template": template},
    }
    world.run("replicasets", body)
    assert len(world.pods()) == 1
    conditions = world.object("/apis/apps/v1/namespaces/default/replicasets/w")["status"]["conditions"]
    assert "exceeded quota: q" in conditions[0]["message"]
