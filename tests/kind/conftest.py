"""The engine, and the node images that the suite runs against.

Every test that takes `node_image` runs twice: with the stand-in, which is built here, and with the real image that
KUBEACTIONS_NODE_IMAGE names. Without an engine everything is skipped, or fails where KUBEACTIONS_REQUIRE_ENGINE is set:
in CI a missing engine must not look like success. After each test nothing of it may be left on the engine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from backends.base import BackendError
from backends.kind import engine, leftovers
from backends.kind.images import VARIABLE
from tests.kind import standin

if TYPE_CHECKING:
    import docker

ROOT = Path(__file__).parents[2]
REQUIRED = "KUBEACTIONS_REQUIRE_ENGINE"
SETTLED_S = 60.0
"""An engine forgets a removed container first, and its volume a moment later."""
STAND_IN, REAL = "stand-in", "real"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder need an engine, and share it: one worker runs them."""
    for item in items:
        if Path(item.path).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.engine)
            item.add_marker(pytest.mark.xdist_group("engine"))


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[docker.DockerClient]:
    """A client of the engine of this machine."""
    try:
        client = engine.connect()
    except BackendError as error:
        if os.environ.get(REQUIRED):
            pytest.fail(f"{REQUIRED} is set: {error}")
        pytest.skip(str(error))
    yield client
    client.close()


@pytest.fixture(scope="session")
def stand_in(docker_engine: docker.DockerClient) -> str:
    """The name of the stand-in image, built for this session."""
    return standin.build(docker_engine)


@pytest.fixture(params=[STAND_IN, REAL])
def node_image(request: pytest.FixtureRequest) -> str:
    """The node image of this run of the test."""
    if request.param == STAND_IN:
        return str(request.getfixturevalue("stand_in"))
    named = os.environ.get(VARIABLE)
    if not named or named.startswith(standin.NAME):
        pytest.skip(f"{VARIABLE} names no real node image")
    request.getfixturevalue("docker_engine")
    return named


@pytest.fixture
def faulty(docker_engine: docker.DockerClient, stand_in: str) -> Callable[[str], str]:
    """Makes stand-in images that fail in a named way."""
    del stand_in
    return lambda fault: standin.faulty(docker_engine, fault)


def things(client: docker.DockerClient) -> dict[str, set[str]]:
    """What the engine has: containers, volumes and networks, by their ids."""
    return {
        "containers": {f"{each.name} {each.id}" for each in client.containers.list(all=True, ignore_removed=True)},
        "volumes": {each.id for each in client.volumes.list()},
        "networks": {each.id for each in client.networks.list()},
    }


@pytest.fixture(autouse=True)
def nothing_is_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Compare the engine before and after: no test may leave anything on it."""
    client: docker.DockerClient = request.getfixturevalue("docker_engine")
    before = things(client)
    yield
    for found in leftovers.nodes(client):
        if f"{found.container.name} {found.container.id}" not in before["containers"]:
            found.remove()
            pytest.fail(f"{found.container.name} was left ({found.state})")
    after = things(client)
    deadline = time.monotonic() + SETTLED_S
    while any(after[kind] - before[kind] for kind in after) and time.monotonic() < deadline:
        time.sleep(0.1)
        after = things(client)
    assert {kind: after[kind] - before[kind] for kind in after} == {
        "containers": set(),
        "volumes": set(),
        "networks": set(),
    }


class Program:
    """A Python program that uses the backend in a process of its own, to be killed."""

    def __init__(self, text: str, directory: Path, environment: dict[str, str] | None = None) -> None:
        self._log = directory / f"program-{time.monotonic_ns()}.log"
        with self._log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", text],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def said(self) -> str:
        """All that it printed."""
        return self._log.read_text()

    def until(self, happened: Callable[[], Any], what: str, patience_s: float = 300.0) -> None:
        """Wait for something; fails when the program ends without it."""
        deadline = time.monotonic() + patience_s
        while not happened():
            ended = self.process.poll() is not None  # before it is looked once more
            assert time.monotonic() < deadline, f"not within {patience_s} s: {what}\n{self.said()}"
            assert not ended or happened(), f"ended before: {what}\n{self.said()}"
            time.sleep(0.05)

    def close(self) -> None:
        """End it, however."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Starts programs, and ends them."""
    started: list[Program] = []

    def start(text: str, environment: dict[str, str] | None = None) -> Program:
        started.append(Program(text, tmp_path, environment))
        return started[-1]

    yield start
    for each in started:
        each.close()
