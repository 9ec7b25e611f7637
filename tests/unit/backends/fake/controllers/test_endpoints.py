"""What stands behind a Service: Endpoints and EndpointSlices say the same, and follow the pods."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.controllers import endpoint_slices, endpoints
from tests.unit.backends.fake.controllers.world import World, workload
from tests.unit.backends.fake.door import STRATEGIC

Obj = dict[str, Any]
CORE = "/api/v1/namespaces/default"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
CHANGED = "endpoints.kubernetes.io/last-change-trigger-time"


@pytest.fixture
def world() -> World:
    return World()


def service(**spec: Any) -> Obj:
    ports = [{"name": "http", "port": 80, "targetPort": "web"}, {"name": "metrics", "port": 9090}]
    body: Obj = {"selector": {"app": "web"}, "ports": ports, **spec}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "front", "labels": {"team": "a"}}, "spec": body}


def deployment(**spec: Any) -> Obj:
    body = workload("Deployment", replicas=2, **spec)
    (container,) = body["spec"]["template"]["spec"]["containers"]
    container["ports"] = [{"name": "web", "containerPort": 8080}]
    return body


def slices(world: World) -> list[Obj]:
    label = "kubernetes.io/service-name"
    return [one for one in world.items(SLICES) if one["metadata"]["labels"].get(label) == "front"]


def addresses(world: World) -> list[str]:
    return sorted(pod["status"]["podIP"] for pod in world.living())


def test_the_pods_of_a_service_are_its_endpoints(world: World) -> None:
    world.made(f"{CORE}/services", service())
    world.run("deployments", deployment())

    found = world.object(f"{CORE}/endpoints/front")
    (subset,) = found["subsets"]
    assert [one["ip"] for one in subset["addresses"]] == addresses(world)
    assert {one["targetRef"]["uid"] for one in subset["addresses"]} == set(world.uids().values())
    assert {port["name"]: port["port"] for port in subset["ports"]} == {"http": 8080, "metrics": 9090}
    assert found["metadata"]["labels"]["team"] == "a"

    (one,) = slices(world)
    assert sorted(endpoint["addresses"][0] for endpoint in one["endpoints"]) == addresses(world)
    assert all(
        endpoint["conditions"] == {"ready": True, "serving": True, "terminating": False}
        for endpoint in one["endpoints"]
    )
    assert {port["name"]: port["port"] for port in one["ports"]} == {"http": 8080, "metrics": 9090}
    assert one["metadata"]["ownerReferences"][0]["kind"] == "Service"


def test_before_there_are_pods_there_is_one_empty_slice(world: World) -> None:
    made = world.made(f"{CORE}/services", service())
    world.settle()
    (one,) = slices(world)
    assert not one["endpoints"]
    assert one["metadata"]["annotations"][CHANGED] == made["metadata"]["creationTimestamp"]
    assert "subsets" not in world.object(f"{CORE}/endpoints/front")


def test_a_pod_that_is_not_ready_gets_no_traffic_unless_the_service_says_so(world: World) -> None:
    never = {"kubelet.kubeactions.test/ready-after-s": "60"}
    body = deployment()
    body["spec"]["template"]["metadata"]["annotations"] = never
    world.made(f"{CORE}/services", service())
    world.made("/apis/apps/v1/namespaces/default/deployments", body)
    world.settle()
    world.after(0.5)
    pod = world.pods()[0]
    answer = world.patch(
        f"{CORE}/pods/{pod['metadata']['name']}/status", {"status": {"podIP": "10.244.9.9"}}, STRATEGIC
    )
    assert answer.code == 200
    world.after(0.5)

    (subset,) = world.object(f"{CORE}/endpoints/front")["subsets"]
    assert "addresses" not in subset
    (one,) = slices(world)
    assert [endpoint["conditions"]["ready"] for endpoint in one["endpoints"]] == [False]

    world.patch(f"{CORE}/services/front", {"spec": {"publishNotReadyAddresses": True}}, STRATEGIC)
    world.after(0.5)
    (one,) = slices(world)
    assert [endpoint["conditions"]["ready"] for endpoint in one["endpoints"]] == [True]


def test_a_pod_that_is_being_deleted_leaves_the_endpoints_and_is_terminating_in_the_slice(world: World) -> None:
    world.made(f"{CORE}/services", service())
    world.run("deployments", deployment(grace_s=20))
    name = world.pods()[0]["metadata"]["name"]
    world.delete(f"{CORE}/pods/{name}")
    world.after(0.5)

    named = [one["targetRef"]["name"] for one in world.object(f"{CORE}/endpoints/front")["subsets"][0]["addresses"]]
    assert name not in named
    (one,) = slices(world)
    (ending,) = [endpoint for endpoint in one["endpoints"] if endpoint["targetRef"]["name"] == name]
    assert ending["conditions"] == {"ready": False, "serving": False, "terminating": True}


def test_they_go_with_the_service(world: World) -> None:
    world.made(f"{CORE}/services", service())
    world.run("deployments", deployment())
    world.delete(f"{CORE}/services/front")
    world.settle()
    assert world.get(f"{CORE}/endpoints/front").code == 404
    assert slices(world) == []


def test_a_service_without_a_selector_is_left_to_others(world: World) -> None:
    body = service()
    del body["spec"]["selector"]
    world.made(f"{CORE}/services", body)
    own = {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "front"}, "subsets": []}
    world.made(f"{CORE}/endpoints", own)
    world.delete(f"{CORE}/services/front")
    world.settle()
    assert world.get(f"{CORE}/endpoints/front").code == 200
    assert slices(world) == []


def pod(index: int, port: int = 8080) -> Obj:
    metadata = {"name": f"p{index}", "namespace": "default", "uid": f"u{index}", "labels": {"app": "web"}}
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    containers = [{"name": "c", "ports": [{"name": "web", "containerPort": port}]}]
    status = {"podIP": f"10.244.{index // 256}.{index % 256}", "phase": "Running", "conditions": [ready]}
    return {"metadata": metadata, "spec": {"nodeName": "n", "containers": containers}, "status": status}


def stored_service(**spec: Any) -> Obj:
    body = service(type="ClusterIP", **spec)
    body["metadata"] |= {"namespace": "default", "uid": "s", "creationTimestamp": "2026-01-01T00:00:00Z"}
    return body


def test_a_slice_has_at_most_a_hundred_and_few_of_them_change() -> None:
    pods = [pod(index) for index in range(250)]
    writes = endpoint_slices.decide(stored_service(), [], pods, {"n": "zone-a"})
    made = [write.obj for write in writes]
    assert [len(one["endpoints"]) for one in made] == [100, 100, 50]
    assert made[0]["endpoints"][0]["zone"] == "zone-a"

    held = [{**one, "metadata": {**one["metadata"], "name": f"s{n}", "uid": f"x{n}"}} for n, one in enumerate(made)]
    again = endpoint_slices.decide(stored_service(), held, pods, {"n": "zone-a"})
    assert again == []
    fewer = endpoint_slices.decide(stored_service(), held, pods[:-1], {"n": "zone-a"})
    (change,) = fewer
    assert len(change.obj["endpoints"]) == len(made[int(change.obj["metadata"]["name"][1:])]["endpoints"]) - 1


def test_two_pods_with_one_address_are_two_endpoints() -> None:
    pods = [pod(1), pod(2)]
    pods[1]["status"]["podIP"] = pods[0]["status"]["podIP"]
    (write,) = endpoint_slices.decide(stored_service(), [], pods, {})
    assert [one["targetRef"]["name"] for one in write.obj["endpoints"]] == ["p1", "p2"]


def test_pods_whose_named_port_differs_are_told_apart() -> None:
    pods = [pod(1), pod(2, port=9999)]
    writes = endpoint_slices.decide(stored_service(), [], pods, {})
    assert len(writes) == 2
    (write,) = endpoints.decide(stored_service(), None, pods)
    assert len(write.obj["subsets"]) == 2


def test_endpoints_that_are_too_many_are_cut_and_say_so() -> None:
    (write,) = endpoints.decide(stored_service(), None, [pod(index) for index in range(1001)])
    assert len(write.obj["subsets"][0]["addresses"]) == 1000
    assert write.obj["metadata"]["annotations"][endpoints.OVER] == "truncated"
