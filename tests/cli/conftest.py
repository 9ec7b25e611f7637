"""The command line in this process, and a cluster for it to talk to."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import backends as backends_package
from backends.clock import SimulatedClock
from backends.fake import Cluster, FakeBackend
from backends.fake.authorization import Mode
from kubeactions.agent import Agent
from kubeactions.cli import invoke
from kubeactions.clock import SystemClock
from kubeactions.kube import Kube
from kubeactions.settings import Settings
from kubeactions.sources.directory import DirectorySource
from tests.cli.terminals import Terminals


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """Standard error, which must be one line."""
        assert self.err.count("\n") == 1, self.err
        assert "Traceback" not in self.err
        return self.err.rstrip("\n")


Cli = Callable[..., Result]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    """Run a command in this process. Nothing of the developer's own environment reaches it."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/nonexistent")
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def run(*arguments: object) -> Result:
        capsys.readouterr()
        code = invoke([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)


class World:
    """A cluster in memory, one replica that is stepped, and the directory that it reads."""

    def __init__(self, directory: Path, now: datetime, *, authorization: Mode = "always-allow") -> None:
        self.directory = directory
        self.clock = SimulatedClock(now)
        self.backend = FakeBackend(cluster=Cluster(self.clock, controllers=False, authorization=authorization))
        self.kube = Kube(self.backend.client(), self.clock)
        self.agent = self._replica("replica-a")

    def _replica(self, identity: str) -> Agent:
        return Agent(
            Settings(enabled=True),
            self.backend.client(),
            clock=self.clock,
            identity=identity,
            sources=[DirectorySource(self.directory)],
        )

    def restart(self, identity: str) -> None:
        """End the replica and start another, which knows nothing but what is in the cluster."""
        self.agent.shut_down()
        self.agent = self._replica(identity)

    def pod(self, name: str) -> None:
        """A pod in `default`."""
        spec = {"containers": [{"name": "c", "image": "i"}]}
        body: dict[str, Any] = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}
        self.kube.create("/api/v1/namespaces/default/pods", body)

    def work(self, rounds: int = 12) -> None:
        """Let the replica elect and work for a few seconds of its clock."""
        for _ in range(rounds):
            self.agent.elector.step()
            self.agent.processor.step()
            self.clock.advance(1.0)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The cluster that every command of this test talks to, whatever its options say."""
    directory = tmp_path / "actions"
    directory.mkdir()
    found = World(directory, SystemClock().wall())
    monkeypatch.setattr(backends_package, "open", lambda _name, **_options: found.backend)
    return found


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
    with backends_package.open("live", kubeconfig=terminals.kubeconfig) as backend:
        yield Kube(backend.client(), SystemClock())
