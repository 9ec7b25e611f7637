"""Who may do what, as a person with kubectl sees it: against `fake serve --tls`, which judges by RBAC."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.served import serve
from tests.conformance.test_kubectl import Done, Kubectl

pytestmark = [pytest.mark.kubectl, pytest.mark.http]


class Cluster:
    """kubectl as the administrator, and as whoever holds a token and nothing else."""

    def __init__(self, folder: Path, url: str, authority: Path, kubeconfig: Path) -> None:
        self.admin = Kubectl(folder, kubeconfig)
        self._stranger = Kubectl(folder, Path(os.devnull))
        self._place = ("--server", url, "--certificate-authority", str(authority))

    def as_user(self, name: str, line: str) -> Done:
        return self.admin.run(*line.split(), "--as", name)

    def with_token(self, token: str, line: str) -> Done:
        return self._stranger.run(*self._place, "--token", token, *line.split())


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("access")
    authority = folder / "ca.pem"
    with serve(folder, "--tls", "--write-ca", authority, "--no-kubelet") as served:
        yield Cluster(folder, served.url, authority, served.kubeconfig)


def test_the_administrator_is_known_by_certificate_and_may_do_everything(cluster: Cluster) -> None:
    told = cluster.admin("auth whoami")
    assert "kubernetes-admin" in told
    assert "[system:masters system:authenticated]" in told
    assert cluster.admin("auth can-i * *") == "yes\n"


def test_a_user_may_do_nothing_until_a_role_is_bound(cluster: Cluster) -> None:
    asked = cluster.admin.run("auth", "can-i", "list", "pods", "--as", "alice")
    assert (asked.code, asked.out) == (1, "no\n")
    refused = cluster.admin.run("get", "pods", "--as", "alice")
    assert refused.error == (
        'Error from server (Forbidden): pods is forbidden: User "alice" cannot list resource "pods" in API group "" '
        'in the namespace "default"\n'
    )
    cluster.admin("create role reader --verb=list,get --resource=pods")
    cluster.admin("create rolebinding reader --role=reader --user=alice")
    assert cluster.admin("auth can-i list pods --as alice") == "yes\n"
    assert cluster.admin.run("get", "pods", "--as", "alice").code == 0
    assert cluster.admin.run("delete", "pods", "--all", "--as", "alice").code == 0  # there are none to delete
    assert cluster.admin.run("delete", "pod", "p", "--as", "alice").code == 1
    listed = cluster.admin("auth can-i --list --as alice")
    assert any(line.split() == ["pods", "[]", "[]", "[list", "get]"] for line in listed.splitlines())


def test_a_token_is_the_service_account_and_dies_with_it(cluster: Cluster) -> None:
    cluster.admin("create serviceaccount robot")
    token = cluster.admin("create token robot --duration=10m").strip()
    told = cluster.with_token(token, "auth whoami")
    assert "system:serviceaccount:default:robot" in told.out
    assert "system:serviceaccounts:default" in told.out
    assert cluster.with_token(token, "get namespaces").code == 1
    cluster.admin("create clusterrolebinding robot --clusterrole=view --serviceaccount=default:robot")
    assert cluster.with_token(token, "get namespaces").code == 0
    assert cluster.with_token(token, "get secrets").code == 1
    cluster.admin("delete serviceaccount robot")
    assert "Unauthorized" in cluster.with_token(token, "get namespaces").error


def test_a_token_for_an_account_that_is_not_there_or_for_too_short_a_time_is_refused(cluster: Cluster) -> None:
    none = cluster.admin.run("create", "token", "none")
    assert none.error == 'error: failed to create token: serviceaccounts "none" not found\n'
    short = cluster.admin.run("create", "token", "default", "--duration=1m")
    assert "may not specify a duration less than 10 minutes" in short.error


def test_nobody_gives_away_more_than_he_has(cluster: Cluster) -> None:
    cluster.admin("create role author --verb=create --resource=roles.rbac.authorization.k8s.io,configmaps")
    cluster.admin("create rolebinding author --role=author --user=carol")
    refused = cluster.as_user("carol", "create role more --verb=delete,create --resource=configmaps")
    assert refused.code == 1
    assert "is attempting to grant RBAC permissions not currently held:" in refused.error
    assert '{APIGroups:[""], Resources:["configmaps"], Verbs:["delete"]}' in refused.error
    assert cluster.as_user("carol", "create role same --verb=create --resource=configmaps").code == 0


def test_nobody_acts_as_somebody_else_without_the_right(cluster: Cluster) -> None:
    cluster.admin("create serviceaccount actor")
    token = cluster.admin("create token actor").strip()
    refused = cluster.with_token(token, "get pods --as alice")
    assert 'cannot impersonate resource "users" in API group "" at the cluster scope' in refused.error
    assert cluster.with_token("invalid", "get pods").error.startswith("error: You must be logged in")
