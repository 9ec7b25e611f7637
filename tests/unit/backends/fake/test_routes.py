"""From paths to what they address."""

from __future__ import annotations

import pytest

from backends.fake.catalogue import Catalogue
from backends.fake.routes import Route, Routes
from backends.fake.statuses import ApiError


@pytest.fixture(scope="module")
def routes() -> Routes:
    return Routes(Catalogue.load())


def told(route: Route) -> tuple[str, str, str, str]:
    resource = route.resource.plural if route.resource is not None else ""
    return (resource, route.namespace, route.name, route.subresource)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v1/pods", ("pods", "", "", "")),
        ("/api/v1/namespaces/d/pods", ("pods", "d", "", "")),
        ("/api/v1/namespaces/d/pods/p", ("pods", "d", "p", "")),
        ("/api/v1/namespaces/d/pods/p/status", ("pods", "d", "p", "status")),
        ("/api/v1/namespaces", ("namespaces", "", "", "")),
        ("/api/v1/namespaces/d", ("namespaces", "", "d", "")),
        ("/api/v1/namespaces/d/status", ("namespaces", "", "d", "status")),
        ("/api/v1/namespaces/d/finalize", ("namespaces", "", "d", "finalize")),
        ("/apis/apps/v1/namespaces/d/deployments/w/scale", ("deployments", "d", "w", "scale")),
        ("/api/v1/nodes/n", ("nodes", "", "n", "")),
        ("/api/v1/namespaces/d/pods/p/proxy/a/b", ("pods", "d", "p", "proxy")),
        ("/api/v1/namespaces/d/pods/", ("pods", "d", "", "")),
        ("/api/v1/namespaces/d/pods/%70", ("pods", "d", "p", "")),
        ("/version", ("", "", "", "")),
        ("/apis/apps/v1", ("", "", "", "")),
    ],
)
def test_a_path_addresses(routes: Routes, path: str, expected: tuple[str, str, str, str]) -> None:
    assert told(routes.find(path)) == expected
    assert told(routes.find(path)) == expected, "the second time it is remembered"


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/unknowns",
        "/api/v1/namespaces/d/unknowns/a",
        "/api/v2/pods",
        "/apis/apps/v9/deployments",
        "/apis/unknown.example.com/v1/things",
        "/apis//v1/pods",
        "/api/v1/namespaces/d/nodes",
        "/api/v1/pods/p",
        "/api/v1/namespaces/d/configmaps/a/status",
        "/api/v1/namespaces/d/pods/p/status/more",
        "/api/v1//pods",
        "/api/v1/namespaces//pods/p",
        "/api/v1/namespaces/d/pods/%ff",
        "/api/v1/namespaces/d/pods/../../../nodes",
    ],
)
def test_a_path_that_is_not_there_is_404(routes: Routes, path: str) -> None:
    with pytest.raises(ApiError) as refused:
        routes.find(path)
    assert refused.value.code == 404


def test_an_escaped_slash_separates_like_a_slash(routes: Routes) -> None:
    assert told(routes.find("/api/v1/namespaces/d/pods/p%2Fstatus")) == ("pods", "d", "p", "status")


def test_the_old_watch_paths_are_watches(routes: Routes) -> None:
    assert routes.find("/api/v1/watch/namespaces/d/pods").watch
    assert not routes.find("/api/v1/namespaces/d/pods").watch
