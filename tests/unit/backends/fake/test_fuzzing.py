"""Schemathesis against our own OpenAPI documents: whatever it makes up, the answer is no error of the server's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.served import Served, serve

pytestmark = [pytest.mark.slow, pytest.mark.http]

SEEDS = """
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: target, namespace: default}, data: {k: v}}
- {apiVersion: v1, kind: Secret, metadata: {name: target, namespace: default}}
- {apiVersion: v1, kind: Service, metadata: {name: target, namespace: default}, spec: {ports: [{port: 80}]}}
- {apiVersion: v1, kind: Node, metadata: {name: target}}
- apiVersion: v1
  kind: Pod
  metadata: {name: target, namespace: default, labels: {app: target}}
  spec: {containers: [{name: c, image: i}]}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: target, namespace: default}
  spec:
    selector: {matchLabels: {app: target}}
    template: {metadata: {labels: {app: target}}, spec: {containers: [{name: c, image: i}]}}
- apiVersion: policy/v1
  kind: PodDisruptionBudget
  metadata: {name: target, namespace: default}
  spec: {minAvailable: 1, selector: {matchLabels: {app: target}}}
"""
CONFIG = """
[parameters]
"path.namespace" = "default"
"path.name" = "target"
"query.watch" = false
"query.follow" = false
"""
EXPECTED = "componentstatuses|/bindings$|/binding$|/proxy$"
"""Left out: what is refused with 501, and what a real server answers with 500 as well (a Binding without a target)."""
DOCUMENTS = (
    ("api/v1", 2),
    ("apis/apps/v1", 5),
    ("apis/batch/v1", 5),
    ("apis/policy/v1", 10),
    ("apis/rbac.authorization.k8s.io/v1", 5),
    ("apis/coordination.k8s.io/v1", 10),
    ("apis/apiextensions.k8s.io/v1", 5),
    ("apis/admissionregistration.k8s.io/v1", 5),
)
"""Documents, and how many requests of each operation are made up."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("fuzzing")
    (folder / "seeds.yaml").write_text(SEEDS)
    (folder / "schemathesis.toml").write_text(CONFIG)
    with serve(folder, "-f", folder / "seeds.yaml", "--no-controllers") as running:
        yield running


@pytest.mark.parametrize(("document", "each"), DOCUMENTS)
def test_no_request_that_a_document_allows_is_the_servers_error(server: Served, document: str, each: int) -> None:
    config = server.kubeconfig.with_name("schemathesis.toml")
    done = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "--config-file", config,
            "run", f"{server.url}/openapi/v3/{document}", "--url", server.url, "--max-examples", str(each),
            "--checks", "not_a_server_error", "--phases", "fuzzing", "--request-timeout", "60", "--seed", "7",
            "--suppress-health-check", "all", "--exclude-path-regex", EXPECTED, "--no-color",
            "--generation-database", "none",
        ],
        capture_output=True, text=True, timeout=900, check=False, cwd=config.parent,
    )  # fmt: skip
    assert done.returncode == 0, _failures(done.stdout)
    assert server.process.poll() is None, "the server has ended"


def test_a_document_that_is_not_there_would_be_noticed(server: Served, tmp_path: Path) -> None:
    """A document that is not served would be an error of the run above, not a silent pass."""
    config = server.kubeconfig.with_name("schemathesis.toml")
    done = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", "--config-file", config, "run", f"{server.url}/openapi/v3/none"],
        capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode != 0


def _failures(report: str) -> str:
    """What is said of failures, without the hints that follow."""
    return report.partition(" FAILURES ")[2].partition(" WARNINGS ")[0] or report
