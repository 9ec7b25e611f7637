"""The fixtures of the scenarios: the backend by its name, and a fresh world for each scenario.

The world is imported when a scenario asks for it, so that a run of unit tests does not pay for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.steps.world import World


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A cluster, a source, destinations and no replica yet, under a clock that stands still at 10:00:00."""
    from tests.steps.world import World

    with World(backend=str(request.config.getoption("--backend")), directory=tmp_path) as opened:
        yield opened
        print(opened.trail.story(opened.agents))  # Shown by pytest when the scenario failed.
