"""Runs the sample as a user runs a suite: in a process of its own, with the reports switched on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


def run_sample(folder: Path, *options: str, name: str = "sample", **environment: str) -> list[dict[str, Any]]:
    """Run the sample's scenarios with the reports in `folder`; return the messages."""
    command = [sys.executable, "-m", "pytest", "--quiet", "-c", os.devnull, "--rootdir", str(HERE)]
    plugins = ("pytest_bdd.plugin", "xdist.plugin", "tests.reporting.plugin", "tests.reporting.sample.marks")
    command += [word for plugin in (*plugins, "no:cacheprovider") for word in ("-p", plugin)]
    command += ["--report-dir", str(folder), "--report-name", name, *options, str(HERE / "suite.py")]
    quiet = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        command, cwd=HERE, env=os.environ | quiet | environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return [json.loads(line) for line in (folder / f"{name}.ndjson").read_text().splitlines()]
