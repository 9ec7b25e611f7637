"""The replay on a live cluster, shown on our own API server over TLS: the command that people type, and its table."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.capabilities import Capabilities
from tests.conformance.backend import refusal
from tests.conformance.case import ROOT, load_cases
from tests.conformance.served import serve

LIVE = Capabilities(controllers=True, many_identities=True)


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of a served cluster, as the cases were recorded: without scheduler, kubelet and nodes."""
    with serve(tmp_path_factory.mktemp("live"), "--tls", "--no-scheduler", "--no-kubelet", "--nodes", 0) as served:
        yield served.kubeconfig


def run(kubeconfig: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "tests/conformance", "-p", "no:cacheprovider"]
    return subprocess.run(
        [*command, "--backend", "live", "--kubeconfig", str(kubeconfig), *arguments],
        cwd=ROOT.parents[1],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.http
def test_all_cases_match_on_a_live_cluster_whose_name_was_repeated_and_the_table_is_printed(kubeconfig: Path) -> None:
    done = run(kubeconfig, "--i-know-this-is", "fake")
    assert done.returncode == 0, done.stdout
    assert "you are   kubernetes-admin" in done.stdout
    total = re.search(r"^total +(\d+) of (\d+) ", done.stdout, re.MULTILINE)
    assert total is not None
    assert int(total[1]) > 0.9 * int(total[2]) > 800
    assert "1 cases not played: a user of the case impersonates, and so do we" in done.stdout


@pytest.mark.slow
@pytest.mark.http
def test_without_the_name_nothing_is_written_outside_the_cases_own_namespaces(kubeconfig: Path) -> None:
    done = run(kubeconfig, "-k", "node or configmap or lease")
    assert done.returncode == 0, done.stdout
    assert "cases not played: writes outside its own namespace" in done.stdout


def test_what_a_case_needs_is_asked_of_the_backend() -> None:
    cases = {case.id: case for case in load_cases()}
    everything = Capabilities(controllers=True, many_identities=True, cluster_wide=True)
    assert refusal(cases["crud/configmap"], Capabilities()) == ""
    assert refusal(cases["controllers/job"], Capabilities()) == "needs controllers"
    assert refusal(cases["crud/node"], LIVE) == "writes outside its own namespace"
    assert refusal(cases["crud/namespace"], LIVE) == "writes outside its own namespace"
    assert refusal(cases["crud/node"], everything) == ""
    assert refusal(cases["rbac/forbidden"], Capabilities(cluster_wide=True)) == "acts as several users"
    with_kubelet = Capabilities(pods_run=True, disposable=True, controllers=True)
    assert refusal(cases["delete/pod-grace"], with_kubelet) == "was recorded without a kubelet, and here is one"
