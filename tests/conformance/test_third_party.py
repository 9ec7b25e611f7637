"""A backend of a third party: installed as a distribution, found by its entry point, used like any other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PACKAGE = """
from backends.capabilities import Capabilities
from backends.fake import FakeBackend


class Hired(FakeBackend):
    name = "hired"
    capabilities = Capabilities(disposable=True)
"""
METADATA = "Metadata-Version: 2.1\nName: hired-clusters\nVersion: 1.0\n"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with the distribution in it, as an installer lays it out."""
    (tmp_path / "hired_clusters.py").write_text(PACKAGE)
    info = tmp_path / "hired_clusters-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA)
    (info / "entry_points.txt").write_text("[kubeactions.backends]\nhired = hired_clusters:Hired\n")
    return tmp_path


def python(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    path = f"{installed}:{ROOT}"
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": path, "HOME": str(installed)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_is_found_by_its_name_and_opened(installed: Path) -> None:
    program = "import backends\nwith backends.open('hired') as b: print(b.name, b.client().configuration.retries)"
    done = python(installed, "-c", program)
    assert (done.returncode, done.stdout) == (0, "hired False\n"), done.stderr


@pytest.mark.slow
def test_the_conformance_suite_runs_on_it(installed: Path) -> None:
    done = python(
        installed, "-m", "pytest", "-q", "tests/conformance", "--backend", "hired", "-k", "configmap",
        "-p", "no:cacheprovider",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "parity with Kubernetes v1.34, on the backend hired: matching steps" in done.stdout
