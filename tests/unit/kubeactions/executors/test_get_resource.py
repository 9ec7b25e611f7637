"""get_resource: what a kind resolves to, what is refused, and what leaves the cluster."""

from __future__ import annotations

from typing import Any

import pytest

from kubeactions.errors import Forbidden
from kubeactions.executors.get_resource import EXECUTOR, MAX_BYTES, resolve
from kubeactions.model import Outcome, Status, Target
from tests.unit.kubeactions.bench import Bench
from tests.unit.kubeactions.executors.orders import act, circumstances

CORE: dict[str, Any] = {
    "resources": [
        {"name": "pods", "singularName": "pod", "kind": "Pod", "namespaced": True, "verbs": ["get"]},
        {"name": "pods/exec", "singularName": "", "kind": "PodExecOptions", "namespaced": True, "verbs": ["get"]},
        {"name": "bindings", "singularName": "binding", "kind": "Binding", "namespaced": True, "verbs": ["create"]},
    ]
}


@pytest.fixture(scope="module")
def bench() -> Bench:
    found = Bench()
    for kind, name in (("configmaps", "settings"), ("secrets", "password")):
        body = {"apiVersion": "v1", "kind": kind[:-1].title(), "metadata": {"name": name}}
        data = {"data": {"colour": "blue", "db_password": "hunter2"}} if kind == "configmaps" else {}
        body["kind"] = {"configmaps": "ConfigMap", "secrets": "Secret"}[kind]
        found.kube.create(f"/api/v1/namespaces/shop/{kind}", {**body, **data})
    return found


def got(bench: Bench, target: Target, **more: Any) -> Outcome:
    action = act("get_resource", target)
    found = EXECUTOR.plan(action, EXECUTOR.look(action, None, bench.kube), circumstances(**more))
    assert isinstance(found, Outcome)
    return found


@pytest.mark.parametrize("kind", ["ConfigMap", "configmaps", "configmap", "CONFIGMAPS"])
def test_a_kind_is_found_by_any_of_its_names(bench: Bench, kind: str) -> None:
    outcome = got(bench, Target("v1", kind, "settings", "shop"))
    assert outcome.status is Status.SUCCEEDED
    found = outcome.payload["configmaps/shop/settings"]
    assert found["data"] == {"colour": "blue", "db_password": "********"}
    assert "managedFields" not in found["metadata"]


@pytest.mark.parametrize("kind", ["Secret", "secrets", "SECRET", "sEcReT"])
def test_secrets_are_refused_by_what_the_name_resolves_to_and_are_not_even_asked_for(bench: Bench, kind: str) -> None:
    before = len(bench.backend.cluster.audit.find(resource="secrets"))
    outcome = got(bench, Target("v1", kind, "password", "shop"))
    assert (outcome.status, outcome.reason) == (Status.REJECTED, "ProtectedKind")
    assert len(bench.backend.cluster.audit.find(resource="secrets")) == before


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (Target("v1", "ConfigMpa", "x", "shop"), "v1 has no kind ConfigMpa on this cluster; did you mean ConfigMap?"),
        (Target("example.org/v1", "Unicorn", "x", "shop"), "this cluster serves no example.org/v1"),
    ],
)
def test_a_kind_that_is_not_there_is_said_with_the_nearest_one(bench: Bench, target: Target, message: str) -> None:
    assert got(bench, target).message == message


class Serving:
    """A cluster that serves one group, with a kind called Secret in it."""

    def get(self, path: str, **query: Any) -> Any:
        assert path == "/apis/vault.example.org/v1", "the object is not even asked for"
        return {"resources": [{"name": "secrets", "kind": "Secret", "namespaced": True, "verbs": ["get"]}]}


def test_what_another_group_calls_a_secret_is_none_to_be_read_either() -> None:
    action = act("get_resource", Target("vault.example.org/v1", "secrets", "password", "shop"))
    outcome = EXECUTOR.plan(action, EXECUTOR.look(action, None, Serving()), circumstances())  # type: ignore[arg-type]
    assert isinstance(outcome, Outcome)
    assert (outcome.status, outcome.reason) == (Status.REJECTED, "ProtectedKind")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (Target("v1", "ConfigMap", "nothing", "shop"), "TargetGone"),
        (Target("v1", "Unicorn", "x", "shop"), "UnknownKind"),
        (Target("stable.example.org/v1", "Unicorn", "x", "shop"), "UnknownKind"),
        (Target("v1", "pods/exec", "x", "shop"), "UnknownKind"),
        (Target("v1", "ConfigMap", "settings"), "NamespaceRequired"),
        (Target("v1", "Namespace", "shop", "shop"), "NamespaceNotAllowed"),
        (Target("v1", "ConfigMap", "settings", "shop", "another-uid"), "TargetReplaced"),
    ],
)
def test_what_cannot_be_read_is_failed_with_a_reason(bench: Bench, target: Target, reason: str) -> None:
    outcome = got(bench, target)
    assert (outcome.status, outcome.reason) == (Status.FAILED, reason)


def test_a_cluster_scoped_object_is_read_without_a_namespace(bench: Bench) -> None:
    assert got(bench, Target("v1", "Namespace", "shop")).status is Status.SUCCEEDED


def test_a_subresource_is_never_resolved() -> None:
    assert resolve(CORE, "PodExecOptions") is None
    assert resolve(CORE, "pod") == CORE["resources"][0]


def test_the_operators_own_words_are_hidden_too(bench: Bench) -> None:
    outcome = got(bench, Target("v1", "ConfigMap", "settings", "shop"), sensitive_words=("Colour",))
    assert outcome.payload["configmaps/shop/settings"]["data"]["colour"] == "********"


def test_an_object_that_is_too_large_is_not_reported(bench: Bench) -> None:
    for index in range(2):
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"big-{index}"}}
        bench.kube.create("/api/v1/namespaces/shop/configmaps", {**body, "data": {"x": "x" * 900_000}})
    action = act("get_resource", Target("v1", "ConfigMap", "big-0", "shop"))
    seen = EXECUTOR.look(action, None, bench.kube)
    assert seen.target is not None
    seen.target["data"]["y"] = "y" * MAX_BYTES
    outcome = EXECUTOR.plan(action, seen, circumstances())
    assert isinstance(outcome, Outcome)
    assert outcome.reason == "TooLarge"


def test_a_refusal_of_the_server_passes_to_the_caller(bench: Bench) -> None:
    class Closed:
        def get(self, path: str, **_: Any) -> Any:
            if path == "/api/v1":
                return bench.kube.get(path)
            raise Forbidden("no", status=403)

        def list(self, path: str, **_: Any) -> Any:
            raise AssertionError(path)

        def rehearse(self, path: str, body: Any, **_: Any) -> Any:
            raise AssertionError(path, body)

    with pytest.raises(Forbidden):
        EXECUTOR.look(act("get_resource", Target("v1", "ConfigMap", "settings", "shop")), None, Closed())
