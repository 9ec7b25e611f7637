"""Writes the messages of a run, scenario by scenario, as pytest's reports arrive. One per run, also under xdist.

A file that is cut off (the run was killed) is whole up to its last scenario and has no `testRunFinished`.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TextIO

import pytest

from tests.reporting.case import conclude
from tests.reporting.documents import Document, read
from tests.reporting.messages import Messages, line

_INTERRUPTED = {
    pytest.ExitCode.INTERRUPTED: "the run was interrupted, or a file could not be collected",
    pytest.ExitCode.INTERNAL_ERROR: "pytest itself failed",
    pytest.ExitCode.USAGE_ERROR: "pytest was not used rightly",
}


class Recorder:
    """A plugin for the process that sees every report: the one of a plain run, or the controller of xdist's workers."""

    def __init__(self, path: Path, root: Path) -> None:
        """Write to `path`, whose folder exists; feature files are below `root`. Raises OSError."""
        self.path = path
        self._root = root
        self._file: TextIO = path.open("w", encoding="utf-8")
        self._messages = Messages()
        self._documents: dict[str, Document] = {}
        self._phases: dict[str, dict[str, pytest.TestReport]] = {}
        self._failed = False
        self._lost: list[str] = []

    def pytest_sessionstart(self) -> None:
        """Say that the run begins."""
        self._file.writelines(line(told) for told in self._messages.started(time.time_ns()))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the report of a scenario until its last one is there, then put the scenario down."""
        crashed = report.when == "???"  # type: ignore[comparison-overlap]  # xdist says it of a worker that died.
        if not hasattr(report, "observed") and not crashed:
            return
        phases = self._phases.setdefault(report.nodeid, {})
        phases[str(report.when)] = report
        if crashed and "setup" not in phases:
            self._lost.append(report.nodeid)
        elif crashed or report.when == "teardown":
            self._write(self._phases.pop(report.nodeid))

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Say how the run ended."""
        notes = [_INTERRUPTED[pytest.ExitCode(exitstatus)]] if exitstatus in _INTERRUPTED else []
        notes += [f"{test}: its worker died before the scenario began" for test in self._lost]
        success = not (self._failed or notes)
        self._file.writelines(
            line(told) for told in self._messages.finished(time.time_ns(), success, "\n".join(notes) or None)
        )
        self._file.close()

    def _write(self, phases: dict[str, pytest.TestReport]) -> None:
        setup = phases["setup"]
        seen = setup.observed
        pickle = self._document(seen["uri"]).pickle(seen["line"], seen["row"])
        case = conclude(phases, len(pickle["steps"]))
        self._failed |= case.failed
        worker = getattr(setup, "worker_id", None)
        told = self._messages.case(pickle, case, setup.location[0], worker)
        self._file.writelines(line(envelope) for envelope in told)
        self._file.flush()

    def _document(self, uri: str) -> Document:
        """The feature file of a scenario, put down when it is first needed."""
        if uri not in self._documents:
            document = self._documents[uri] = read(self._root, uri, self._messages.ids)
            self._file.writelines(line(told) for told in self._messages.document(document))
        return self._documents[uri]
