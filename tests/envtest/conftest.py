"""The programs that the suite runs with: the stand-ins, and the real ones where KUBEBUILDER_ASSETS says."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from backends.envtest import EnvtestBackend, missing
from backends.rest import Rest
from tests.envtest import programs

Installed = Callable[..., Path]


@dataclass(frozen=True, slots=True)
class Running:
    """A control plane that has booted."""

    backend: EnvtestBackend
    admin: Rest
    real: bool


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """Stand-ins that misbehave as the test says."""
    return lambda **behaviour: programs.install(tmp_path / "assets", **behaviour)


@pytest.fixture(scope="session", params=["stand-in", "real"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One control plane for everything that does not hurt it."""
    real = request.param == "real"
    if real and (why := missing(os.environ)):
        pytest.skip(why)
    assets = None if real else programs.install(tmp_path_factory.mktemp("assets"))
    with EnvtestBackend(assets) as backend:
        yield Running(backend, Rest(backend.client()), real)
