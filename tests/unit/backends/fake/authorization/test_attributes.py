"""What a request wants to do, from its method, path and query alone."""

from __future__ import annotations

import pytest

from backends.fake.authorization import Attributes, requested
from backends.fake.call import parse_query
from backends.fake.messages import Identity

USER = Identity("u")


def wanted(method: str, target: str) -> Attributes:
    path, _, query = target.partition("?")
    return requested(USER, method, path, parse_query(query))


def of(verb: str, group: str, combined: str, namespace: str = "", name: str = "") -> Attributes:
    resource, _, subresource = combined.partition("/")
    return Attributes(USER, verb, group, resource, subresource, namespace, name)


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("GET", "/api/v1/namespaces/n/pods/p", of("get", "", "pods", "n", "p")),
        ("HEAD", "/api/v1/namespaces/n/pods/p", of("get", "", "pods", "n", "p")),
        ("GET", "/api/v1/namespaces/n/pods", of("list", "", "pods", "n")),
        ("GET", "/api/v1/pods", of("list", "", "pods")),
        ("GET", "/api/v1/pods?watch=1", of("watch", "", "pods")),
        ("GET", "/api/v1/pods?watch=false", of("list", "", "pods")),
        ("GET", "/api/v1/pods?watch=0", of("list", "", "pods")),
        ("GET", "/api/v1/watch/namespaces/n/pods/p", of("watch", "", "pods", "n", "p")),
        ("POST", "/apis/apps/v1/namespaces/n/deployments", of("create", "apps", "deployments", "n")),
        ("PATCH", "/apis/apps/v1/namespaces/n/deployments/d/scale", of("patch", "apps", "deployments/scale", "n", "d")),
        ("DELETE", "/api/v1/namespaces/n/pods", of("deletecollection", "", "pods", "n")),
        ("DELETE", "/api/v1/namespaces/n/pods/p", of("delete", "", "pods", "n", "p")),
        ("POST", "/api/v1/namespaces/n/pods/p/eviction", of("create", "", "pods/eviction", "n", "p")),
        ("GET", "/api/v1/namespaces/n/pods/p/proxy/a/b", of("get", "", "pods/proxy", "n", "p")),
        ("GET", "/api/v1/namespaces", of("list", "", "namespaces")),
        ("GET", "/api/v1/namespaces/n", of("get", "", "namespaces", "n", "n")),
        ("PUT", "/api/v1/namespaces/n/finalize", of("update", "", "namespaces/finalize", "n", "n")),
        ("GET", "/api/v1/nodes/x", of("get", "", "nodes", "", "x")),
        ("GET", "/api/v1/namespaces/n/pods/p/", of("get", "", "pods", "n", "p")),
        ("GET", "/api/v1/namespaces/n/pods/a%2Fb", of("get", "", "pods/b", "n", "a")),
        ("GET", "/apis/not.there/v9/things/t", of("get", "not.there", "things", "", "t")),
        ("BREW", "/api/v1/pods", of("", "", "pods")),
    ],
)
def test_a_path_of_the_api_is_about_a_resource(method: str, target: str, expected: Attributes) -> None:
    assert wanted(method, target) == expected


@pytest.mark.parametrize(
    ("method", "target", "verb", "path"),
    [
        ("GET", "/metrics", "get", "/metrics"),
        ("GET", "/", "get", "/"),
        ("GET", "/api", "get", "/api"),
        ("GET", "/api/v1", "get", "/api/v1"),
        ("GET", "/apis/apps/v1", "get", "/apis/apps/v1"),
        ("POST", "/openapi/v3?x=y", "post", "/openapi/v3"),
        ("GET", "/a%20b", "get", "/a b"),
    ],
)
def test_any_other_path_is_itself(method: str, target: str, verb: str, path: str) -> None:
    assert wanted(method, target) == Attributes(USER, verb, path=path)


@pytest.mark.parametrize(
    ("selector", "name"),
    [
        ("metadata.name%3Da", "a"),
        ("metadata.name==a,spec.nodeName=x", "a"),
        ("metadata.name!=a", ""),
        ("spec.nodeName=x", ""),
        ("metadata.name=a%252Fb", ""),
        ("nonsense", ""),
    ],
)
def test_a_list_of_exactly_one_name_is_about_that_name(selector: str, name: str) -> None:
    assert wanted("GET", f"/api/v1/namespaces/n/pods?fieldSelector={selector}").name == name
    assert wanted("GET", f"/api/v1/namespaces/n/pods?watch=1&fieldSelector={selector}").name == name
    assert wanted("DELETE", f"/api/v1/namespaces/n/pods?fieldSelector={selector}").name == ""
