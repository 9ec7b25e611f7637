"""Real processes of the command line: a served in-memory cluster, replicas, and what they said."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from kubeactions.cli.records import matching
from kubeactions.kube import Kube
from kubeactions.ledger import read
from kubeactions.model import Record

ROOT = Path(__file__).parents[2]
PATIENCE_S = 120.0
PODS = "/api/v1/namespaces/default/pods"


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

    def replica(self, name: str, *more: object) -> subprocess.Popen[bytes]:
        """One replica of the action system."""
        options = ("--kubeconfig", self.kubeconfig, "--source", self.actions, "--identity", name)
        return self.start(name, "run", *options, *more)

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


def pod(kube: Kube, name: str) -> str:
    spec = {"containers": [{"name": "c", "image": "i"}]}
    made = kube.create(PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
    return str(made["metadata"]["uid"])
