"""Three terminals: `fake serve`, `run` twice, `submit`; real processes, real signals, a real SIGKILL."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest

import backends
from kubeactions.cli.records import matching
from kubeactions.clock import SystemClock
from kubeactions.kube import Kube
from kubeactions.ledger import read
from kubeactions.model import Record, Status

ROOT = Path(__file__).parents[2]
PATIENCE_S = 30.0
PODS = "/api/v1/namespaces/default/pods"

pytestmark = pytest.mark.http


class Terminals:
    """The processes of one session, each with its output in a file."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.kubeconfig = directory / "kubeconfig"
        self.actions = directory / "actions"
        self.actions.mkdir()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._files: list[IO[bytes]] = []
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith(("DD_", "KUBE"))}
        self.environment |= {"DD_LEADER_LEASE_DURATION": "3", "DD_KUBEACTIONS_POLL_INTERVAL_S": "0.1"}

    def start(self, name: str, *arguments: object) -> subprocess.Popen[bytes]:
        """Start `kubeactions` in a terminal of its own."""
        output = (self.directory / f"{name}.log").open("wb")
        self._files.append(output)
        command = [sys.executable, "-m", "kubeactions", *(str(argument) for argument in arguments)]
        self.processes[name] = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=output, stderr=subprocess.STDOUT
        )
        return self.processes[name]

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run `kubeactions` to its end."""
        command = [sys.executable, "-m", "kubeactions", *(str(argument) for argument in arguments)]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )

    def replica(self, name: str) -> subprocess.Popen[bytes]:
        """One replica of the action system."""
        return self.start(name, "run", "--kubeconfig", self.kubeconfig, "--source", self.actions, "--identity", name)

    def log(self, name: str) -> str:
        """What a process has said so far."""
        return (self.directory / f"{name}.log").read_text()

    def until(self, happened: Callable[[], Any], what: str) -> Any:
        """Wait for something; the logs are in the failure."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if found := happened():
                return found
            time.sleep(0.05)
        logs = "\n".join(f"--- {name}\n{self.log(name)}" for name in self.processes)
        raise AssertionError(f"{what} has not happened in {PATIENCE_S} s\n{logs}")

    def settled(self, kube: Kube, id_: str) -> Record | None:
        """The record of an action, once it is settled and reported."""
        return next((found for found in matching(read(kube, "default").records, id_) if found.reported), None)

    def close(self) -> None:
        """End every process that is still there."""
        for process in self.processes.values():
            process.kill()
            process.wait()
        for file in self._files:
            file.close()


@pytest.fixture
def terminals(tmp_path: Path) -> Iterator[Terminals]:
    """A served in-memory cluster, and a directory to submit to."""
    found = Terminals(tmp_path)
    try:
        found.start("serve", "fake", "serve", "--port", 0, "--kubeconfig", found.kubeconfig)
        found.until(lambda: found.kubeconfig.exists() and found.kubeconfig.stat().st_size, "the kubeconfig")
        yield found
    finally:
        found.close()


@pytest.fixture
def kube(terminals: Terminals) -> Iterator[Kube]:
    """A door to the served cluster."""
    with backends.open("live", kubeconfig=terminals.kubeconfig) as backend:
        yield Kube(backend.client(), SystemClock())


def pod(kube: Kube, name: str) -> str:
    spec = {"containers": [{"name": "c", "image": "i"}]}
    made = kube.create(PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
    return str(made["metadata"]["uid"])


def test_three_terminals_and_the_death_of_the_leader(terminals: Terminals, kube: Kube) -> None:
    leader = terminals.replica("first")
    terminals.until(lambda: '"leading"' in terminals.log("first"), "the first replica leads")
    follower = terminals.replica("second")
    uids = {name: pod(kube, name) for name in ("one", "two")}

    def ordered(name: str) -> Record:
        done = terminals.run("submit", "delete_pod", name, "-n", "default", "--source", terminals.actions, "--id", name)
        assert done.returncode == 0, done.stderr
        found: Record = terminals.until(lambda: terminals.settled(kube, name), f"the end of action {name}")
        assert found.outcome is not None
        assert found.intent is not None
        assert (found.outcome.status, found.intent.uid) == (Status.SUCCEEDED, uids[name])
        return found

    assert ordered("one").replica == "first"
    leader.send_signal(signal.SIGKILL)
    assert ordered("two").replica == "second"

    follower.send_signal(signal.SIGTERM)
    assert follower.wait(PATIENCE_S) == 0
    third = terminals.replica("third")
    terminals.until(lambda: '"leading"' in terminals.log("third"), "the third replica leads, after a hand-over")
    third.send_signal(signal.SIGINT)
    assert third.wait(PATIENCE_S) == 130

    history = terminals.run("history", "--kubeconfig", terminals.kubeconfig)
    assert [line.split()[1] for line in history.stdout.splitlines()[1:]] == ["one:v1", "two:v1"]
    told = terminals.run("why", "two", "--kubeconfig", terminals.kubeconfig)
    assert (told.returncode, told.stdout.startswith("two:v1  succeeded\n")) == (0, True)
    messages = [json.loads(line)["message"] for line in terminals.log("first").splitlines()]
    assert messages[0].startswith("replica first on http")
    assert f"watches directory {terminals.actions}" in messages
    assert all("Traceback" not in terminals.log(name) for name in ("first", "second", "third"))
