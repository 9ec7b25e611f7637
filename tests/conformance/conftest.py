"""Fixtures of the conformance suite, and its count of matching steps in pytest's summary.

Every test that has replayed a case attaches the counts to its report (`count_steps`), which xdist carries to the
process that writes the summary. The same numbers go to `.pytest_cache/d/parity/<how>.json`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conformance.case import TOKEN_FILE
from tests.conformance.known import Known, load
from tests.conformance.replay import Result, tally_lines
from tests.conformance.served import Served, serve

PROPERTY = "parity"


@pytest.fixture(scope="session")
def known() -> Known:
    """The known differences."""
    return load()


@pytest.fixture
def count_steps(request: pytest.FixtureRequest) -> Callable[[str, Result], None]:
    """Count a replayed case into the summary, under how it was replayed."""

    def count(how: str, result: Result) -> None:
        request.node.user_properties.append((PROPERTY, (how, result.case.topic, result.matching, result.steps)))

    return count


@pytest.fixture(scope="session")
def recorded_like(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`fake serve` as the recorded server ran: the cases' users, no scheduler, no kubelet."""
    folder = tmp_path_factory.mktemp("served")
    tokens = folder / "tokens.csv"
    tokens.write_text(TOKEN_FILE, encoding="utf-8")
    with serve(folder, "--token-auth-file", tokens, "--no-scheduler", "--no-kubelet") as served:
        yield served


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how many steps match, by topic."""
    for how, (matching, steps) in sorted(_counts(terminalreporter).items()):
        table = {topic: (matching[topic], steps[topic]) for topic in [*sorted(set(steps) - {"total"}), "total"]}
        terminalreporter.section(f"parity with Kubernetes v1.34, {how}: matching steps")
        for line in tally_lines(table):
            terminalreporter.write_line(line)
        if config.cache is not None:
            report = {topic: {"stepsMatching": ok, "steps": every} for topic, (ok, every) in table.items()}
            path = Path(config.cache.mkdir("parity")) / f"{how.replace(' ', '-')}.json"
            path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def _counts(reporter: pytest.TerminalReporter) -> dict[str, tuple[Counter[str], Counter[str]]]:
    counts: dict[str, tuple[Counter[str], Counter[str]]] = {}
    for outcome in ("passed", "failed"):
        for report in reporter.getreports(outcome):
            found = [value for name, value in report.user_properties if name == PROPERTY and report.when == "call"]
            for how, topic, ok, every in found:
                matching, steps = counts.setdefault(how, (Counter(), Counter()))
                for counted in (topic, "total"):
                    matching[counted] += ok
                    steps[counted] += every
    return counts
