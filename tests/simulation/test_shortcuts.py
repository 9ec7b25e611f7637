"""Each shortcut of the protocol, planted into the real code, is noticed by a scenario; without one all pass."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.planting import SHORTCUTS

ROOT = Path(__file__).parents[2]

NOTICED_BY = {
    "no-claim": "deployment_is_restarted_once_though_the_leader_stands_still_just",
    "always-replan": "somebody_strips_the_marks",
    "record-after": "deployment_is_restarted_once_though_the_leader_dies_just",
    "no-recovery": "pod_is_deleted_once_though_the_leader_dies_just",
    "no-pin": "somebody_strips_the_agents_marks",
    "by-name": "somebody_replaces_the_pod",
    "repeats": "dies_over_it",
}
"""Which scenarios are asked, by words of their tests' names."""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The scenarios in a process of their own."""
    command = [
        sys.executable, "-m", "pytest", "-p", "tests.simulation.planting", "tests/acceptance/test_features.py", "-q",
        "--no-header", "-p", "no:cacheprovider", *arguments,
    ]  # fmt: skip
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.parametrize("shortcut", SHORTCUTS)
def test_a_planted_shortcut_is_noticed_by_a_scenario(shortcut: str) -> None:
    done = run("--shortcut", shortcut, "-k", NOTICED_BY[shortcut])
    assert done.returncode == 1, f"nobody noticed: {done.stdout[-2000:]}{done.stderr}"
    assert re.search(r"^E +(AssertionError|assert) ?", done.stdout, re.MULTILINE), done.stdout[-2000:]


@pytest.mark.slow
def test_without_a_shortcut_the_same_scenarios_pass() -> None:
    done = run("-k", " or ".join(NOTICED_BY.values()))
    assert done.returncode == 0, done.stdout[-2000:]
