"""The features once more, with replicas that are processes, before our own API server over TLS.

What `pytest --backend live` does on anybody's cluster, done here on one that every machine has: `kubeactions fake
serve` in a process of its own. Rows that need virtual time are skipped; the others must pass, and they must be most.
Mostly this waits for leases to run out, so there are more workers than processors.
"""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.steps.processes import ROOT, environment

pytestmark = [pytest.mark.slow, pytest.mark.http]

WORKERS = 7 * (os.cpu_count() or 1)
LONGEST_S = 40 * 60.0
"""It takes 4 minutes on two processors that have nothing else to do, when it is not stretched."""
FEWEST = 0.8
"""Of the rows that are not of a simulated cluster alone, how many must run on a real backend."""
SIMULATED = {"virtual time", "scripted programs"}
REASONS = SIMULATED | {"pods run", "controllers", "cluster wide", "disposable", "many identities"}
"""What a cluster may lack. Not faults and not an audit trail: the proxies bring them."""


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[Path]:
    """An API server in a process of its own, and the way to it."""
    path = tmp_path / "kubeconfig"
    command = [sys.executable, "-m", "kubeactions", "fake", "serve", "--tls", "--port", "0", "--kubeconfig", str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout is not None
        assert "https://" in served.stdout.readline()
        try:
            yield path
        finally:
            served.terminate()
            served.stdout.read()


def test_the_features_hold_with_real_processes_before_a_served_cluster(
    kubeconfig: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    options = [
        "--stretch",
        str(request.config.getoption("--stretch")),
        "--backend",
        "live",
        "--report-dir",
        str(tmp_path / "reports"),
        "-n",
        str(WORKERS),
        "--dist",
        "worksteal",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/acceptance/test_features.py", "-q", *options],
        cwd=ROOT,
        env=environment({"KUBECONFIG": str(kubeconfig)}, tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, "scenarios failed: see what they said"
    rows = _outcomes(tmp_path / "reports" / "live.xml")
    lacking = {what.removeprefix("the backend live has no "): count for what, count in rows.items() if what != "ran"}
    assert set(lacking) <= REASONS
    possible = sum(rows.values()) - sum(lacking.get(what, 0) for what in SIMULATED)
    assert rows["ran"] >= FEWEST * possible, rows


def _outcomes(junit: Path) -> Counter[str]:
    """How many rows ran, and how many were skipped for which reason."""
    cases = ElementTree.parse(junit).getroot().iter("testcase")
    return Counter("ran" if (skip := case.find("skipped")) is None else skip.attrib["message"] for case in cases)
