"""The fixture of the scenarios: a fresh world for each, of the kind that fits the backend.

The world is imported when a scenario asks for it, so that a run of unit tests does not pay for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.plugin import BACKEND, CAPABILITIES, backend_class

if TYPE_CHECKING:
    from tests.steps.world import World


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A cluster, a source, destinations and no replica yet; simulated where the backend has virtual time."""
    name = str(request.config.getoption("--backend"))
    with _make(name, request.config, tmp_path) as opened:
        yield opened
        print(opened.trail.story(opened.agents))  # Shown by pytest when the scenario failed.


def _make(name: str, config: pytest.Config, directory: Path) -> World:
    if backend_class(name).capabilities.virtual_time:
        from tests.steps.simulated import SimulatedWorld

        return SimulatedWorld(name, directory)
    from tests.steps.real import RealWorld

    stretch = float(config.getoption("--stretch"))
    return RealWorld(config.stash[BACKEND], config.stash[CAPABILITIES], directory, stretch)
