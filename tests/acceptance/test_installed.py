"""`kubeactions manifests` on clusters that are not ours: applied by kubectl, and worked in with exactly that account.

On each backend that has an API server of its own: envtest and kind, with stand-ins, or with what KUBEBUILDER_ASSETS and
KUBEACTIONS_NODE_IMAGE name. (Each rule of each action type is taken away in `test_permissions`, on the fake, which is
held against recordings of a real API server; here one is, to see that the account of the manifests decides.)
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

import backends
from backends.base import Backend, BackendError
from kubeactions.clock import SystemClock
from kubeactions.kube import Kube
from tests.cli.podlike import PodLike, order
from tests.cli.terminals import PATIENCE_S, pod
from tests.envtest import programs
from tests.kind import standin

pytestmark = [pytest.mark.http, pytest.mark.kubectl]

ACCOUNT = "system:serviceaccount:kubeactions:kubeactions"
LEASE_S = 10


@contextmanager
def _envtest(directory: Path) -> Iterator[Backend]:
    assets = None if os.environ.get("KUBEBUILDER_ASSETS") else programs.install(directory / "assets")
    with backends.open("envtest", assets=assets) as backend:
        yield backend


@contextmanager
def _kind(directory: Path) -> Iterator[Backend]:
    from backends.kind import engine
    from backends.kind.images import VARIABLE

    try:
        client = engine.connect()
    except BackendError as error:
        if os.environ.get("KUBEACTIONS_REQUIRE_ENGINE"):
            pytest.fail(str(error))
        pytest.skip(str(error))
    try:
        image = os.environ.get(VARIABLE) or standin.build(client)
    finally:
        client.close()
    with backends.open("kind", image=image) as backend:
        yield backend


PLACES = {"envtest": _envtest, "kind": _kind}


def _kind_of(variable: str) -> str:
    """What a variable that names the real thing leads to."""
    return "real" if "stand-in" not in os.environ.get(variable, "stand-in") else "stand-in"


@pytest.fixture(
    params=[
        pytest.param("envtest", marks=pytest.mark.slow, id=f"envtest {_kind_of('KUBEBUILDER_ASSETS')}"),
        pytest.param("kind", marks=pytest.mark.engine, id=f"kind {_kind_of('KUBEACTIONS_NODE_IMAGE')}"),
    ]
)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    with PLACES[str(request.param)](tmp_path) as opened:
        yield opened


def _without_deleting_pods(manifests: str) -> str:
    """The Roles of the manifests that let pods be deleted, with that verb taken out."""
    found = []
    for document in yaml.safe_load_all(manifests):
        rules = [rule for rule in document.get("rules") or [] if "pods" in rule["resources"]]
        for rule in rules:
            rule["verbs"].remove("delete")
        found += [document] if rules else []
    assert found, "the manifests grant it nowhere"
    return yaml.safe_dump_all(found)


class Ordering:
    """Orders, one after the other, and how they ended."""

    def __init__(self, pods: PodLike, admin: Kube) -> None:
        self._pods, self._admin = pods, admin
        self._orders: dict[str, str] = {}

    def delete(self, name: str) -> dict[str, Any]:
        """Make a pod, order that it be deleted, and return the log line of the end of that."""
        pod(self._admin, name)
        self._orders[f"{name}__v1__json"] = order(name)
        self._pods.mount.write(**self._orders)

        def ended() -> dict[str, Any] | None:
            lines = (line for line in self._pods.said("ka-0") if line.get("status"))
            return next((line for line in lines if line.get("action") == f"{name}:v1"), None)

        found = self._pods.until(ended, f"the end of {name}:v1")
        assert isinstance(found, dict)
        return found


def test_the_account_of_the_manifests_decides_what_an_agent_can_do(backend: Backend, tmp_path: Path) -> None:
    directory = tmp_path / "pods"
    directory.mkdir()
    backend.kubeconfig(directory / "kubeconfig")
    pods, admin = PodLike(directory, LEASE_S), Kube(backend.client(), SystemClock(), 30.0)
    may_delete = ("auth", "can-i", "delete", "pods", "-n", "default", "--as", ACCOUNT, "--quiet")
    try:
        process, ordering = pods.pod_process("ka-0"), Ordering(pods, admin)
        pods.until(lambda: pods.ask("ka-0", "/readyz")[0] == 200, "it is ready")
        assert ordering.delete("first")["status"] == "succeeded"

        pods.kubectl("apply", "-f", "-", given=_without_deleting_pods(pods.manifests))
        pods.until(lambda: not pods.can(*may_delete), "the API server has seen it")
        refused = ordering.delete("second")
        assert refused["status"] == "failed"
        assert 'cannot delete resource "pods"' in json.dumps(refused).replace('\\"', '"')

        pods.kubectl("apply", "-f", "-", given=pods.manifests)
        pods.until(lambda: pods.can(*may_delete), "the API server has seen it")
        assert ordering.delete("third")["status"] == "succeeded"
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0, pods.log("ka-0")
        lease = admin.get("/apis/coordination.k8s.io/v1/namespaces/kubeactions/leases/kubeactions")
        assert lease["spec"]["holderIdentity"] == ""
    finally:
        pods.close()
