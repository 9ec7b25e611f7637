"""The count of matching steps in pytest's summary, by topic.

Loaded by `tests.plugin`, since under xdist the process that writes the summary collects nothing and so sees no
conftest of a folder. The same numbers go to `.pytest_cache/d/parity/<how>.json`.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.conformance.replay import tally_lines

ON_BACKEND = "tests/conformance/test_backend.py"
PROPERTY = "parity"
"""Name of the user property by which a test that has replayed a case tells its counts."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how many steps match, by topic."""
    for how, (matching, steps) in sorted(_counts(terminalreporter).items()):
        table = {topic: (matching[topic], steps[topic]) for topic in [*sorted(set(steps) - {"total"}), "total"]}
        terminalreporter.section(f"parity with Kubernetes v1.34, {how}: matching steps")
        for line in tally_lines(table):
            terminalreporter.write_line(line)
        if getattr(config, "cache", None) is not None:
            report = {topic: {"stepsMatching": ok, "steps": every} for topic, (ok, every) in table.items()}
            path = Path(config.cache.mkdir("parity")) / f"{how.replace(' ', '-')}.json"
            path.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    for reason, cases in sorted(_skipped(terminalreporter).items()):
        terminalreporter.write_line(f"{cases} cases not played: {reason}")


def _skipped(reporter: pytest.TerminalReporter) -> Counter[str]:
    """Why cases were not played on this backend, and how many."""
    reports = [report for report in reporter.getreports("skipped") if ON_BACKEND in report.nodeid]
    return Counter(report.longrepr[2].removeprefix("Skipped: ") for report in reports)


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
