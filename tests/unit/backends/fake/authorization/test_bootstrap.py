"""The roles and bindings that are there from the beginning."""

from __future__ import annotations

import pytest

from backends.clock import SimulatedClock
from backends.fake import Cluster, validation
from backends.fake.authentication import ADMINISTRATOR
from backends.fake.authorization import bootstrap
from backends.fake.authorization.bootstrap import CONTROLLER_ROLES
from backends.fake.controllers.dispatch import MANAGED
from backends.fake.messages import Request
from tests.unit.backends.fake.access import GROUP, Access


def test_everything_is_valid_and_there_once() -> None:
    seen = set()
    for obj in bootstrap.objects():
        gvk = (GROUP, "v1", obj["kind"])
        assert validation.validate_create(gvk, {**obj, "rules": obj.get("rules") or []}) == [], obj
        key = (obj["kind"], obj["metadata"].get("namespace"), obj["metadata"]["name"])
        assert key not in seen
        seen.add(key)


def test_every_binding_binds_a_role_that_is_there() -> None:
    objects = list(bootstrap.objects())
    roles = {(obj["kind"], obj["metadata"]["name"]) for obj in objects}
    bound = {(obj["roleRef"]["kind"], obj["roleRef"]["name"]) for obj in objects if "roleRef" in obj}
    assert bound <= roles
    assert len(bound) > 30


def test_every_controller_has_a_role_of_its_own() -> None:
    accounts = {managed.user().removeprefix("system:serviceaccount:kube-system:") for managed in MANAGED}
    assert accounts <= set(CONTROLLER_ROLES)


def test_an_open_cluster_has_none_of_them() -> None:
    cluster = Cluster(SimulatedClock(), controllers=False)
    assert cluster.store.count(GROUP, "clusterroles") == 0
    assert Access().door.cluster.store.count(GROUP, "clusterroles") > 40


@pytest.mark.parametrize("controllers", [True, False])
def test_they_are_older_than_the_first_request_and_are_never_seen_to_appear(controllers: bool) -> None:
    access = Access(controllers=controllers)
    listed = access.door.get(f"/apis/{GROUP}/v1/clusterroles").body
    stream = access.door.watch(f"/apis/{GROUP}/v1/clusterroles?resourceVersion={listed['metadata']['resourceVersion']}")
    access.door.cluster.catch_up()
    assert list(stream.take()) == []


def test_two_clusters_of_one_seed_have_the_same_ones() -> None:
    def listed() -> bytes:
        cluster = Cluster(SimulatedClock(), seed=7, authorization="rbac")
        return cluster.handle(Request("GET", f"/apis/{GROUP}/v1/clusterrolebindings", identity=ADMINISTRATOR)).body

    assert listed() == listed()
    assert b'"name":"system:basic-user"' in listed()
