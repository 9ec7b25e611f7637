"""A controller's client: reads of its own, writes as everybody's, refusals told."""

from __future__ import annotations

import pytest

from backends.fake.controllers.client import Bind, Client, Create, Delete, Refused, Update, UpdateStatus
from backends.fake.controllers.kinds import CONFIG_MAPS, DEPLOYMENTS, PODS
from backends.fake.events import Source
from tests.unit.backends.fake.door import CM, Door, config_map, deployment, pod
from tests.unit.backends.fake.door import DEPLOYMENTS as DEPLOYMENT_PATH

USER = "system:serviceaccount:kube-system:test-controller"


@pytest.fixture
def client(door: Door) -> Client:
    return Client(door.cluster.store, door.cluster.server.handle, USER, door.cluster.recorder, Source("test"))


def test_what_is_read_is_the_readers_own(door: Door, client: Client) -> None:
    door.made(CM, config_map())
    first = client.get(CONFIG_MAPS, "default", "a")
    assert first is not None
    first["data"]["k"] = "changed"
    second = client.get(CONFIG_MAPS, "default", "a")
    assert second is not None
    assert second["data"] == {"k": "v"}


def test_writes_are_audited_under_the_controllers_name(door: Door, client: Client) -> None:
    client.apply([Create(CONFIG_MAPS, {"metadata": {"namespace": "default", "name": "a"}})])
    (event,) = door.cluster.audit.find(user=USER)
    assert (event.verb, event.resource, event.name, event.code) == ("create", "configmaps", "a", 201)


def test_several_writes_to_one_object_follow_each_other(door: Door, client: Client) -> None:
    made = door.made(DEPLOYMENT_PATH, deployment())
    changed = {**made, "spec": {**made["spec"], "replicas": 5}}
    status = {**made, "status": {"replicas": 5}, "metadata": dict(made["metadata"])}
    client.apply([Update(DEPLOYMENTS, changed), UpdateStatus(DEPLOYMENTS, status)])
    found = client.get(DEPLOYMENTS, "default", "web")
    assert found is not None
    assert (found["spec"]["replicas"], found["status"]["replicas"]) == (5, 5)


def test_a_stale_object_is_refused(door: Door, client: Client) -> None:
    made = door.made(CM, config_map())
    door.patch(f"{CM}/a", {"data": {"x": "y"}})
    with pytest.raises(Refused, match="409 Conflict") as refused:
        client.apply([Update(CONFIG_MAPS, made)])
    assert refused.value.code == 409


def test_a_delete_means_this_object_and_no_other_of_its_name(door: Door, client: Client) -> None:
    made = door.made(CM, config_map())
    door.delete(f"{CM}/a")
    client.apply([Delete(CONFIG_MAPS, made)])
    door.made(CM, config_map())
    client.apply([Delete(CONFIG_MAPS, made)])
    assert door.get(f"{CM}/a").code == 200


def test_a_delete_that_is_refused_is_told(door: Door, client: Client) -> None:
    made = door.made(CM, config_map())
    with pytest.raises(Refused):
        client.delete(CONFIG_MAPS, made, resource_version="1")


def test_a_binding_puts_the_pod_on_its_node(door: Door, client: Client) -> None:
    made = door.made("/api/v1/namespaces/default/pods", pod())
    client.apply([Bind(PODS, made, "somewhere")])
    found = client.get(PODS, "default", "p")
    assert found is not None
    assert found["spec"]["nodeName"] == "somewhere"


def test_a_namespace_on_its_way_out_is_a_refusal_of_its_kind(door: Door, client: Client) -> None:
    door.made("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}})
    door.delete("/api/v1/namespaces/x")
    with pytest.raises(Refused) as refused:
        client.apply([Create(CONFIG_MAPS, {"metadata": {"namespace": "x", "name": "a"}})])
    assert refused.value.namespace_terminating
