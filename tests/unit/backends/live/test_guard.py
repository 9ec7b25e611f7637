"""Tests on a live cluster write into their own namespaces, say who they are, look first, and leave nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backends.base import BackendError
from backends.clock import SimulatedClock
from backends.fake import Cluster, FakeBackend
from backends.live import guard, impersonation, leftovers, preflight
from backends.live.guard import LABEL, VALUE
from backends.live.impersonation import Impersonation
from backends.rest import Rest, path_of

Body = dict[str, Any]
NAMESPACES = path_of("v1", "namespaces")


@pytest.fixture
def backend() -> FakeBackend:
    """A cluster of somebody's, with a namespace that is in use."""
    backend = FakeBackend(cluster=Cluster(SimulatedClock(), authorization="rbac"))
    assert Rest(backend.client()).send("POST", NAMESPACES, named("Namespace", "production")).ok
    backend.cluster.clock.sleep(5.0)
    backend.cluster.catch_up()  # controllers have furnished it
    return backend


class Listening:
    """A transport over a network: a WebSocket is opened as the client is configured."""

    def __init__(self, inner: Any) -> None:
        self.request = inner.request


def named(kind: str, name: str, **more: Any) -> Body:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **more}


def guarded(backend: FakeBackend, *, everywhere: bool = False) -> Rest:
    client = backend.client()
    guard.install(client, "prod-eu", everywhere=everywhere)
    return Rest(client)


def test_a_run_makes_namespaces_of_its_own_and_does_in_them_what_it_likes(backend: FakeBackend) -> None:
    rest = guarded(backend)
    made = rest.send("POST", NAMESPACES, named("Namespace", "mine"))
    assert made.body["metadata"]["labels"][LABEL] == VALUE
    maps = path_of("v1", "configmaps", "mine")
    created = rest.send("POST", maps, named("ConfigMap", "a"))
    assert created.ok
    assert LABEL not in (created.body["metadata"].get("labels") or {})
    assert rest.send("DELETE", f"{maps}/a").ok
    assert rest.send("DELETE", path_of("v1", "namespaces", name="mine")).ok


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", path_of("v1", "configmaps", "production"), named("ConfigMap", "a")),
        ("DELETE", path_of("v1", "pods", "production"), None),
        ("DELETE", path_of("v1", "namespaces", name="production"), None),
        ("PUT", path_of("v1", "namespaces", name="production"), named("Namespace", "production")),
        ("POST", path_of("v1", "nodes"), named("Node", "n")),
        ("PATCH", path_of("v1", "nodes", name="node-1"), {"spec": {"unschedulable": True}}),
        ("POST", path_of("v1", "configmaps", "no-such"), named("ConfigMap", "a")),
    ],
)
def test_a_write_elsewhere_is_not_sent_and_says_what_would_allow_it(
    backend: FakeBackend, method: str, path: str, body: Body | None
) -> None:
    before = backend.cluster.store.revision
    answer = guarded(backend).send(method, path, body, "application/json")
    assert answer.status == 403
    assert answer.why.startswith("not sent: ")
    assert answer.why.endswith("to allow it, repeat the cluster's name: --i-know-this-is prod-eu")
    assert backend.cluster.store.revision == before


def test_reading_and_asking_is_free(backend: FakeBackend) -> None:
    rest = guarded(backend)
    assert rest.get(path_of("v1", "pods", "production")).ok
    review = {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}
    assert rest.send("POST", path_of("authorization.k8s.io/v1", "selfsubjectaccessreviews"), review).ok


def test_a_server_that_is_called_api_is_asked_whose_a_namespace_is_by_its_whole_address(backend: FakeBackend) -> None:
    client = backend.client()
    client.configuration.host = "https://api.eu.example.com:6443"
    inner, asked = client.rest_client.pool_manager, []

    class Noting:
        def request(self, method: str, url: str, **options: Any) -> Any:
            asked.append(url)
            return inner.request(method, url, **options)

    client.rest_client.pool_manager = Noting()
    guard.install(client, "prod-eu", everywhere=False)
    rest = Rest(client)
    rest.send("POST", NAMESPACES, named("Namespace", "mine"))
    assert rest.send("POST", path_of("v1", "configmaps", "mine"), named("ConfigMap", "a")).ok
    assert {url.partition("/api/v1")[0] for url in asked} == {"https://api.eu.example.com:6443"}


def test_a_command_in_a_container_is_for_pods_of_this_run_alone(backend: FakeBackend) -> None:
    assert guarded(backend).send("POST", NAMESPACES, named("Namespace", "mine")).ok

    def dialled(namespace: str, *, everywhere: bool = False) -> tuple[Any, list[object]]:
        client = backend.client()
        client.rest_client.pool_manager = Listening(client.rest_client.pool_manager)
        guard.install(client, "prod-eu", everywhere=everywhere)
        opened: list[object] = []

        def connect(configuration: object, _headers: object) -> str:
            opened.append(configuration)
            return "a session"

        target = path_of("v1", "pods", namespace, "web", "exec") + "?command=ls"
        return client.rest_client.pool_manager.dial(client.configuration, target, connect), opened

    answer, opened = dialled("production")
    assert (answer.status, opened) == (403, [])
    said = json.loads(answer.data)["message"]
    assert said.startswith("not sent: get pods/exec in namespace production is outside the namespaces of this run")
    assert said.endswith("--i-know-this-is prod-eu")
    for namespace, everywhere in (("mine", False), ("production", True)):
        answer, opened = dialled(namespace, everywhere=everywhere)
        assert (answer, len(opened)) == ("a session", 1)


def test_whoever_has_repeated_the_name_may_and_what_is_made_has_the_label(backend: FakeBackend) -> None:
    rest = guarded(backend, everywhere=True)
    created = rest.send("POST", path_of("v1", "configmaps", "production"), named("ConfigMap", "a"))
    assert created.body["metadata"]["labels"] == {LABEL: VALUE}


def test_what_a_run_has_left_is_found_by_its_label_and_nothing_else_is_removed(backend: FakeBackend) -> None:
    rest = guarded(backend, everywhere=True)
    rest.send("POST", NAMESPACES, named("Namespace", "mine"))
    rest.send("POST", path_of("v1", "configmaps", "mine"), named("ConfigMap", "inside"))
    rest.send("POST", path_of("v1", "configmaps", "production"), named("ConfigMap", "outside"))
    role = {"metadata": {"name": "reader"}, "rules": []}
    rest.send("POST", path_of("rbac.authorization.k8s.io/v1", "clusterroles"), role)
    admin = Rest(backend.client())
    admin.send("POST", path_of("v1", "configmaps", "production"), named("ConfigMap", "theirs"))
    found = leftovers.find(admin)
    assert [left.path for left in found] == [
        "/api/v1/namespaces/mine",
        "/api/v1/namespaces/production/configmaps/outside",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles/reader",
    ]
    assert [leftovers.remove(admin, left) for left in found] == ["", "", ""]
    assert leftovers.find(admin) == []
    assert admin.get(path_of("v1", "configmaps", "production", "theirs")).ok


def test_a_leftover_that_was_replaced_meanwhile_is_not_removed(backend: FakeBackend) -> None:
    rest = guarded(backend, everywhere=True)
    path = path_of("v1", "configmaps", "production")
    rest.send("POST", path, named("ConfigMap", "a"))
    found = leftovers.find(rest)
    rest.send("DELETE", f"{path}/a")
    Rest(backend.client()).send("POST", path, named("ConfigMap", "a"))
    assert "the UID in the precondition" in leftovers.remove(rest, found[0])


# --- who ---


def test_a_kubeconfigs_impersonation_is_read_whole() -> None:
    user = {"as": "jane", "as-uid": "u1", "as-groups": ["devs", "a,b"], "as-user-extra": {"Reason/x": ["1", "2"]}}
    found = Impersonation.of(user)
    assert found is not None
    assert found.headers() == [
        ("Impersonate-User", "jane"),
        ("Impersonate-Uid", "u1"),
        ("Impersonate-Group", "devs"),
        ("Impersonate-Group", "a,b"),
        ("Impersonate-Extra-Reason%2Fx", "1"),
        ("Impersonate-Extra-Reason%2Fx", "2"),
    ]
    assert Impersonation.of({"token": "t"}) is None


@pytest.mark.parametrize("key", ["as-uid", "as-groups", "as-user-extra"])
def test_impersonation_without_a_user_is_refused(key: str) -> None:
    with pytest.raises(BackendError, match="need `as`, the user to impersonate"):
        Impersonation.of({key: ["x"]})


def test_requests_act_as_somebody_else(backend: FakeBackend) -> None:
    client = backend.client()
    impersonation.install(client, Impersonation("jane", groups=("devs", "ops")))
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = Rest(client).send("POST", path_of("authentication.k8s.io/v1", "selfsubjectreviews"), review)
    info = answer.body["status"]["userInfo"]
    assert (info["username"], set(info["groups"])) == ("jane", {"devs", "ops", "system:authenticated"})


# --- the look before ---


def test_the_preflight_says_what_is_there_who_we_are_and_what_we_may(backend: FakeBackend) -> None:
    before = backend.cluster.store.revision
    found = preflight.look(Rest(backend.client()), "prod-eu (https://x)", cluster_wide=False)
    assert backend.cluster.store.revision == before
    assert found.refused == ()
    assert found.capabilities.many_identities
    assert found.capabilities.controllers
    assert not found.capabilities.disposable
    assert not found.capabilities.cluster_wide
    lines = found.lines()
    assert lines[0] == "cluster   prod-eu (https://x)"
    assert lines[1].startswith("version   v1.34")
    assert "system:masters" in lines[2]
    assert lines[3] == "permitted everything that scenarios need"


def test_the_preflight_names_what_is_not_permitted(backend: FakeBackend) -> None:
    client = backend.client()
    impersonation.install(client, Impersonation("jane"))
    found = preflight.look(Rest(client), "prod-eu", cluster_wide=False)
    assert set(found.refused) == set(preflight.NEEDED)
    assert "permitted not: create namespaces, delete namespaces, create pods" in "\n".join(found.lines())
    assert not found.capabilities.many_identities
