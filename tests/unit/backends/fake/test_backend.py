"""The backend's clients: whom they act as, and what they may do then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import ApiClient, ApiException, CoreV1Api

import backends
from backends.base import BackendError
from backends.clock import SimulatedClock
from backends.fake import Cluster, FakeBackend
from backends.fake.authentication import read_token_table

RBAC = "/apis/rbac.authorization.k8s.io/v1"
ROBOT = "system:serviceaccount:default:robot"


@pytest.fixture
def backend() -> Iterator[FakeBackend]:
    """Judges by RBAC; the service account `robot` may list pods in its namespace."""
    with FakeBackend(SimulatedClock(), authorization="rbac") as opened:
        admin = opened.client()
        post(admin, "/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "robot"}})
        rules = [{"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}]
        post(admin, f"{RBAC}/namespaces/default/roles", {"metadata": {"name": "r"}, "rules": rules})
        subjects = [{"kind": "ServiceAccount", "name": "robot"}]
        reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"}
        body = {"metadata": {"name": "r"}, "roleRef": reference, "subjects": subjects}
        post(admin, f"{RBAC}/namespaces/default/rolebindings", body)
        yield opened


def post(client: ApiClient, path: str, body: Any) -> Any:
    headers = {"Content-Type": "application/json"}
    answer = client.call_api("POST", f"{client.configuration.host}{path}", header_params=headers, body=body)
    return json.loads(answer.read())


def refusal(client: ApiClient, namespace: str = "default") -> tuple[int, str]:
    """Code and message of a list of pods that must be refused."""
    with pytest.raises(ApiException) as refused:
        CoreV1Api(client).list_namespaced_pod(namespace)
    return refused.value.status, json.loads(refused.value.body)["message"]


def test_the_administrator_may_do_everything_and_a_user_what_roles_say(backend: FakeBackend) -> None:
    assert CoreV1Api(backend.client()).list_namespaced_pod("default").items == []
    code, message = refusal(backend.client("alice"))
    assert (code, 'User "alice" cannot list resource "pods"' in message) == (403, True)


def test_a_service_account_is_an_identity_like_any_other(backend: FakeBackend) -> None:
    assert CoreV1Api(backend.client(ROBOT)).list_namespaced_pod("default").items == []
    assert refusal(backend.client(ROBOT), "kube-system")[0] == 403


def test_a_pods_client_shows_a_token_and_nothing_else(backend: FakeBackend) -> None:
    client = backend.pod_client("default", "robot")
    assert CoreV1Api(client).list_namespaced_pod("default").items == []
    assert refusal(client, "kube-system")[0] == 403
    assert {event.user for event in backend.cluster.audit.find(resource="pods", verb="list")} == {ROBOT}
    backend.cluster.clock.sleep(3600)
    assert refusal(client)[0] == 401


def test_a_pods_client_dies_with_its_pod(backend: FakeBackend) -> None:
    spec = {"serviceAccountName": "robot", "containers": [{"name": "c", "image": "i"}]}
    pods = "/api/v1/namespaces/default/pods"
    post(backend.client(), pods, {"metadata": {"name": "p"}, "spec": spec})
    client = backend.pod_client("default", "robot", pod="p")
    assert len(CoreV1Api(client).list_namespaced_pod("default").items) == 1
    CoreV1Api(backend.client()).delete_namespaced_pod("p", "default", grace_period_seconds=0)
    assert refusal(client)[0] == 401


@pytest.mark.parametrize(
    ("account", "pod", "why"),
    [("none", None, 'serviceaccounts "none" not found'), ("robot", "none", 'pods "none" not found')],
)
def test_a_client_for_what_is_not_there_is_one_line(
    backend: FakeBackend, account: str, pod: str | None, why: str
) -> None:
    with pytest.raises(BackendError, match=f"^no token for default/{account}: {why}$"):
        backend.pod_client("default", account, pod=pod)


def test_users_of_a_token_table_keep_their_groups(backend: FakeBackend) -> None:
    tokens = read_token_table("t,root,1,system:masters\nu,alice,2\n")
    other = FakeBackend(cluster=Cluster(SimulatedClock(), authorization="rbac", tokens=tokens))
    assert CoreV1Api(other.client("root")).list_namespaced_pod("default").items == []
    assert refusal(other.client("alice"))[0] == 403
    assert refusal(other.client("somebody"))[0] == 403
    with pytest.raises(BackendError, match="no user 'somebody'"):
        FakeBackend(cluster=Cluster(SimulatedClock(), tokens=tokens)).client("somebody")


def test_by_default_everybody_is_an_administrator() -> None:
    opened = FakeBackend(SimulatedClock())
    for identity in None, "me", ROBOT:
        assert CoreV1Api(opened.client(identity)).list_namespaced_pod("default").items == []


@pytest.mark.http
def test_the_kubeconfig_of_a_cluster_with_rights_speaks_tls(backend: FakeBackend, tmp_path: Path) -> None:
    kubeconfig = backend.kubeconfig(tmp_path / "config")
    with backends.open("live", kubeconfig=kubeconfig) as live:
        client = live.client()
        assert client.configuration.host.startswith("https://")
        assert CoreV1Api(client).list_namespaced_pod("default").items == []
        client.rest_client.pool_manager.clear()
