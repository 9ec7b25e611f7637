"""Discovery, version, health: what kubectl asks before anything else."""

from __future__ import annotations

import pytest

from backends.fake.catalogue import Catalogue
from tests.unit.backends.fake.door import Door

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def test_every_group_and_version_is_described(door: Door) -> None:
    for group, version in Catalogue.load().group_versions:
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        body = door.get(path).body
        assert body["kind"] == "APIResourceList"
        assert body["groupVersion"] == (f"{group}/{version}" if group else version)


def test_every_resource_with_list_can_be_listed(door: Door) -> None:
    for resource in Catalogue.load():
        if "list" in resource.verbs and resource.plural != "componentstatuses":
            path = f"/apis/{resource.group}" if resource.group else "/api"
            body = door.get(f"{path}/{resource.version}/{resource.plural}").body
            assert body["kind"] == f"{resource.kind}List"


@pytest.mark.parametrize(
    ("accept", "kind"), [(AGGREGATED, "APIGroupDiscoveryList"), ("application/json", "APIGroupList")]
)
def test_discovery_comes_whole_or_in_pieces(door: Door, accept: str, kind: str) -> None:
    answer = door.ask("GET", "/apis", accept=f"{accept},application/json")
    assert answer.body["kind"] == kind


def test_json_named_first_is_json(door: Door) -> None:
    assert door.ask("GET", "/apis", accept=f"application/json,{AGGREGATED}").body["kind"] == "APIGroupList"


def test_another_version_of_the_aggregated_form_falls_back(door: Door) -> None:
    accept = AGGREGATED.replace("v=v2", "v=v2beta1") + ",application/json"
    assert door.ask("GET", "/apis", accept=accept).body["kind"] == "APIGroupList"


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/healthz/ping", "/readyz/etcd"])
def test_it_is_healthy(door: Door, path: str) -> None:
    assert door.get(path).body == b"ok"


def test_the_version_is_the_recorded_one(door: Door) -> None:
    assert door.get("/version").body["gitVersion"] == "v1.34.9"


@pytest.mark.parametrize(
    ("path", "plain"), [("/apis/nope.example.com", True), ("/apis/apps/v9", False), ("/api/v2", False)]
)
def test_what_is_not_there_is_refused_in_two_ways(door: Door, path: str, plain: bool) -> None:
    answer = door.get(path)
    assert answer.code == 404
    assert isinstance(answer.body, bytes) is plain


def test_the_root_lists_the_paths(door: Door) -> None:
    paths = door.get("/").body["paths"]
    assert paths[:3] == ["/.well-known/openid-configuration", "/api", "/api/v1"]
