"""What every namespace has from the beginning."""

from __future__ import annotations

import pytest

from tests.unit.backends.fake.controllers.world import World
from tests.unit.backends.fake.door import pod

NAMESPACE = "/api/v1/namespaces/x"


@pytest.fixture
def world() -> World:
    world = World()
    world.made("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}})
    return world


def test_the_first_pod_does_not_have_to_wait_for_its_account(world: World) -> None:
    assert world.post(f"{NAMESPACE}/pods", pod()).code == 201


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public", "kube-node-lease", "x"])
def test_every_namespace_has_a_default_account_and_the_root_certificate(world: World, name: str) -> None:
    world.settle()
    assert world.get(f"/api/v1/namespaces/{name}/serviceaccounts/default").code == 200
    authority = world.object(f"/api/v1/namespaces/{name}/configmaps/kube-root-ca.crt")
    assert authority["data"]["ca.crt"].startswith("-----BEGIN CERTIFICATE-----")


@pytest.mark.parametrize("path", ["serviceaccounts/default", "configmaps/kube-root-ca.crt"])
def test_what_is_deleted_comes_back(world: World, path: str) -> None:
    world.settle()
    before = world.object(f"{NAMESPACE}/{path}")["metadata"]["uid"]
    world.delete(f"{NAMESPACE}/{path}")
    world.settle()
    assert world.object(f"{NAMESPACE}/{path}")["metadata"]["uid"] != before


def test_a_certificate_that_somebody_changed_is_put_back(world: World) -> None:
    world.settle()
    target = f"{NAMESPACE}/configmaps/kube-root-ca.crt"
    right = world.object(target)["data"]
    world.patch(target, {"data": {"ca.crt": "mine"}})
    world.settle()
    assert world.object(target)["data"] == right


def test_nothing_is_put_into_a_namespace_that_terminates(world: World) -> None:
    world.patch(NAMESPACE, {"metadata": {"finalizers": ["example.com/hold"]}})
    world.settle()
    world.delete(NAMESPACE)
    world.settle()
    assert world.items(f"{NAMESPACE}/serviceaccounts") == []
    assert [event for event in world.cluster.audit if event.code >= 400] == []
