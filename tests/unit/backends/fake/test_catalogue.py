"""The resources, as discovery describes them."""

from __future__ import annotations

import pytest

from backends.fake.catalogue import Catalogue

CATALOGUE = Catalogue.load()


def test_it_is_read_once() -> None:
    assert Catalogue.load() is CATALOGUE


def test_a_resource_knows_its_names_verbs_and_subresources() -> None:
    deployments = CATALOGUE.resources["apps", "v1", "deployments"]
    assert (deployments.kind, deployments.singular, deployments.short_names) == (
        "Deployment",
        "deployment",
        ("deploy",),
    )
    assert deployments.qualified == "deployments.apps"
    assert deployments.gvk == ("apps", "v1", "Deployment")
    assert deployments.subresources["scale"].kind == "Scale"
    assert deployments.subresources["scale"].verbs == {"get", "patch", "update"}
    assert "watch" in deployments.verbs


def test_events_of_both_groups_are_stored_together() -> None:
    old, new = CATALOGUE.resources["", "v1", "events"], CATALOGUE.resources["events.k8s.io", "v1", "events"]
    assert old.storage == new.storage == ("", "events")


def test_the_preferred_version_comes_first() -> None:
    assert CATALOGUE.find("autoscaling", "horizontalpodautoscalers").version == "v2"


def test_an_object_finds_its_resource() -> None:
    assert CATALOGUE.of_object({"apiVersion": "apps/v1", "kind": "Deployment"}).plural == "deployments"
    assert CATALOGUE.of_object({"apiVersion": "v1", "kind": "Pod"}).plural == "pods"
    with pytest.raises(KeyError):
        CATALOGUE.of_object({"kind": "Pod"})
    with pytest.raises(KeyError):
        CATALOGUE.find("apps", "pods")


def test_every_stored_kind_starts_with_its_prefix() -> None:
    for resource in CATALOGUE:
        assert resource.prefix == b'{"kind":"%s","apiVersion":"%s",' % (
            resource.kind.encode(),
            resource.api_version.encode(),
        )
