"""`kubeactions backend check` and `sweep`, against our own API server over TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.live import LiveBackend
from backends.live.guard import LABEL, VALUE
from backends.rest import Rest, path_of
from kubeactions.cli import invoke
from tests.conformance.served import serve

pytestmark = pytest.mark.http


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of a served cluster."""
    with serve(tmp_path_factory.mktemp("served"), "--tls") as served:
        yield served.kubeconfig


def test_check_says_who_we_are_and_what_we_may(kubeconfig: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["backend", "check", "--kubeconfig", str(kubeconfig)]) == 0
    out = capsys.readouterr().out
    assert "you are   kubernetes-admin (system:masters, system:authenticated)" in out
    assert "permitted everything that scenarios need" in out


def test_a_cluster_that_does_not_answer_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(
        "clusters: [{name: c, cluster: {server: 'http://127.0.0.1:9'}}]\n"
        "contexts: [{name: x, context: {cluster: c}}]\ncurrent-context: x\n"
    )
    assert invoke(["backend", "check", "--kubeconfig", str(path)]) == 5
    error = capsys.readouterr().err
    assert error.startswith("kubeactions: c (http://127.0.0.1:9) does not answer: ")
    assert error.count("\n") == 1


def test_sweep_removes_what_is_old_enough_and_says_what(kubeconfig: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with LiveBackend(kubeconfig) as backend:
        rest = Rest(backend.client())
        body = {"metadata": {"name": "left-behind", "labels": {LABEL: VALUE}}}
        assert rest.send("POST", path_of("v1", "namespaces"), body).ok
        command = ["backend", "sweep", "--kubeconfig", str(kubeconfig)]
        assert invoke(command) == 0
        assert capsys.readouterr().out == ""
        assert invoke([*command, "--older-than", "0", "--dry-run"]) == 0
        assert capsys.readouterr().out == "would remove /api/v1/namespaces/left-behind\n"
        assert invoke([*command, "--older-than", "0"]) == 0
        assert capsys.readouterr().out == "removed /api/v1/namespaces/left-behind\n"
        found = rest.get(path_of("v1", "namespaces", name="left-behind"))
        assert found.status == 404 or found.body["status"]["phase"] == "Terminating"
