"""A run of scenarios, or a command, that is killed: nothing of it stays, on the engine, among processes, on the disk.

On the engine: containers, volumes and networks, which `conftest.nothing_is_left` compares. Processes are found by the
session that a run is, and by a variable in the environment of those that make a session of their own. On the disk a
killed run of pytest leaves the folder that pytest itself keeps for people to look at (`tmp_path`); in it there is
nothing that opens a cluster.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from backends.kind.images import VARIABLE
from tests.kind.conftest import ROOT
from tests.kind.test_lifecycle import PATIENCE_S, eventually

MARK = "KUBEACTIONS_TEST_RUN"
SECRETS = (b"PRIVATE KEY", b"client-key-data", b"LS0tLS1CRUdJTiB")
"""What opens a cluster; the last one is the beginning of any PEM block in base64."""


class Run:
    """A command of ours in an environment of its own, and what is there of it."""

    def __init__(self, command: list[str], directory: Path, image: str) -> None:
        self._mark = secrets.token_hex(8)
        self.temporary = directory / "tmp"
        self.temporary.mkdir()
        self._log = directory / "log"
        given = {MARK: self._mark, "TMPDIR": str(self.temporary), VARIABLE: image, "PYTHONPATH": str(ROOT)}
        with self._log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env={**os.environ, **given},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        """All that it printed."""
        return self._log.read_text()

    def processes(self) -> dict[int, str]:
        """The processes of the run that live, with their command lines."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                session = int((entry / "stat").read_text().rpartition(")")[2].split()[3])
                marked = f"{MARK}={self._mark}".encode() in (entry / "environ").read_bytes()
                if session == self.process.pid or marked:
                    found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()[:200]
            except OSError:
                continue  # it has just ended, or is another user's
        return found

    def files(self) -> list[Path]:
        """What it left where temporary files go, but for pytest's own folder."""
        return [path for path in self.temporary.iterdir() if not path.name.startswith("pytest-of-")]

    def keys(self) -> list[Path]:
        """Files in which there is something that opens a cluster."""
        files = (path for path in self.temporary.rglob("*") if path.is_file() and not path.is_symlink())
        return [path for path in files if any(secret in path.read_bytes() for secret in SECRETS)]

    def close(self) -> None:
        """End what is left of it, so that a test that fails leaves nothing either."""
        for pid in self.processes():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()


@pytest.fixture
def run(stand_in: str, tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Starts one, with the stand-in for the image."""
    started: list[Run] = []

    def start(*command: str) -> Run:
        started.append(Run(list(command), tmp_path, stand_in))
        return started[-1]

    yield start
    for each in started:
        each.close()


def until(run: Run, happened: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert run.process.poll() is None, f"it ended before: {what}\n{run.said()}"
        assert time.monotonic() < deadline, f"not within {PATIENCE_S} s: {what}\n{run.said()}"
        time.sleep(0.1)


def replicas(run: Run) -> list[int]:
    return [pid for pid, command in run.processes().items() if " -m kubeactions run " in command]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_of_scenarios_that_is_killed_leaves_nothing_with_the_stand_in(
    workers: int, how: signal.Signals, run: Callable[..., Run]
) -> None:
    scenarios = ["-k", "killed or dies", "--numprocesses", str(workers), "-p", "no:cacheprovider"]
    started = run("pytest", "tests/acceptance/test_features.py", "--backend", "kind", *scenarios)
    until(started, lambda: replicas(started), "a replica runs")
    started.process.send_signal(how)
    started.process.wait(PATIENCE_S)
    eventually(lambda: not started.processes(), f"no process is left: {started.processes()}")
    assert started.files() == []
    assert started.keys() == []


@pytest.mark.parametrize("moment", ["system services ...", "Ctrl-C ends it."])
def test_a_command_that_is_killed_leaves_nothing_with_the_stand_in(moment: str, run: Callable[..., Run]) -> None:
    started = run("kubeactions", "backend", "start")
    until(started, lambda: moment in started.said(), moment)
    started.process.kill()
    started.process.wait()
    eventually(lambda: not started.processes(), "no process is left")
    assert list(started.temporary.iterdir()) == []


def test_an_interrupted_run_of_scenarios_leaves_nothing_with_the_stand_in(run: Callable[..., Run]) -> None:
    scenarios = ["-k", "killed or dies", "--numprocesses", "2", "-p", "no:cacheprovider"]
    started = run("pytest", "tests/acceptance/test_features.py", "--backend", "kind", *scenarios)
    until(started, lambda: replicas(started), "a replica runs")
    started.process.send_signal(signal.SIGINT)
    assert started.process.wait(PATIENCE_S) == 2, started.said()
    eventually(lambda: not started.processes(), f"no process is left: {started.processes()}")
    assert started.files() == []
    assert started.keys() == []
