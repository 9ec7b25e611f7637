"""Fixtures of the conformance suite.

Every test that has replayed a case attaches the counts to its report (`count_steps`), which xdist carries to the
process that writes the summary (`summary.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conformance.case import TOKEN_FILE
from tests.conformance.known import Known, load
from tests.conformance.replay import Result
from tests.conformance.served import Served, serve
from tests.conformance.summary import PROPERTY

Count = Callable[[str, Result], None]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """On a backend that is not the in-memory one, only its own replay; and that nowhere else."""
    if collection_path.name.startswith("test_") and collection_path.suffix == ".py":
        return (collection_path.name == "test_backend.py") == (config.getoption("--backend") == "fake") or None
    return None


@pytest.fixture(scope="session")
def known() -> Known:
    """The known differences."""
    return load()


@pytest.fixture
def count_steps(request: pytest.FixtureRequest) -> Count:
    """Count a replayed case into the summary, under how it was replayed."""

    def count(how: str, result: Result) -> None:
        topic, told = result.case.topic, request.node.user_properties
        told.append((PROPERTY, (how, topic, result.matching, result.steps)))
        told.append((PROPERTY, (f"{how}, strict level", topic, result.strictly_matching, result.steps)))

    return count


@pytest.fixture(scope="session")
def recorded_like(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`fake serve` as the recorded server ran: the cases' users, no scheduler, no kubelet."""
    folder = tmp_path_factory.mktemp("served")
    tokens = folder / "tokens.csv"
    tokens.write_text(TOKEN_FILE, encoding="utf-8")
    with serve(folder, "--token-auth-file", tokens, "--no-scheduler", "--no-kubelet") as served:
        yield served
