"""One scenario that was run, as data: what `recorder.py` concludes from pytest's reports and `messages.py` puts down.

Pure: made of the three reports that pytest writes for a test (setup, call, teardown), nothing is looked up elsewhere.
The rules by which pytest's outcomes become Cucumber's are in the docstring of the package.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import pytest

from tests.reporting import EXPECTED

Status = Literal["PASSED", "FAILED", "SKIPPED", "UNDEFINED", "UNKNOWN"]


@dataclass(frozen=True)
class StepRun:
    """A step that was run, or was not. Times are nanoseconds since 1970; `exception` is (type, message)."""

    status: Status
    start_ns: int
    stop_ns: int
    message: str | None = None
    exception: tuple[str, str] | None = None
    definition: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Case:
    """A scenario that was run: the hook before it, its steps (backgrounds included), the hook after it."""

    before: StepRun
    steps: tuple[StepRun, ...]
    after: StepRun
    output: tuple[tuple[str, str], ...] = ()
    """What the test printed and logged, as (title, text); only of one that did not pass."""

    @property
    def failed(self) -> bool:
        """Whether a step or a hook counts as a failure."""
        return any(run.status in ("FAILED", "UNDEFINED", "UNKNOWN") for run in (self.before, *self.steps, self.after))


def conclude(reports: Mapping[str, pytest.TestReport], length: int) -> Case:
    """Turn the reports of one test, by phase, into a case of `length` steps.

    The phase `???` is xdist's report of a test whose worker has died; then at least `setup` is needed beside it, since
    that one says when the scenario began.
    """
    setup = reports["setup"]
    before = _hook(setup)
    crash = reports.get("???")
    if crash is not None:
        lost = StepRun("UNKNOWN", before.stop_ns, before.stop_ns)
        after = replace(lost, status="FAILED", message=crash.longreprtext)
        return Case(before, (lost,) * length, after)
    call, teardown = reports.get("call"), reports["teardown"]
    after = _hook(teardown)
    steps = _steps(call, before.stop_ns, length)
    if call is not None and not call.passed and all(step.status == "PASSED" for step in steps):
        after = _with_failure(after, call)
    case = Case(before, steps, after)
    explained = [run for run in (before, *steps, after) if run.message]
    return replace(case, output=tuple(teardown.sections)) if case.failed or explained else case


def _hook(report: pytest.TestReport) -> StepRun:
    """The fixtures of a test as a step: set up before the scenario, torn down after it."""
    start, stop = round(report.start * 1e9), round(report.stop * 1e9)
    run = StepRun("PASSED", start, stop)
    return run if report.passed else _with_failure(run, report)


def _steps(call: pytest.TestReport | None, since_ns: int, length: int) -> tuple[StepRun, ...]:
    """The steps of a scenario: those that were seen, then those that were not reached."""
    seen: Sequence[Mapping[str, Any]] = call.observed["steps"] if call is not None else ()
    runs: list[StepRun] = []
    for noted in seen:
        stop = noted.get("stop") or round(call.stop * 1e9) if call is not None else since_ns
        run = StepRun("PASSED", noted["start"], max(stop, noted["start"]), definition=noted.get("definition"))
        if noted.get("state") != "passed" and call is not None:
            run = _with_failure(run, call)
            if noted.get("state") == "undefined" and run.status == "FAILED":
                run = replace(run, status="UNDEFINED")
        runs.append(run)
    end = runs[-1].stop_ns if runs else since_ns
    return (*runs, *[StepRun("SKIPPED", end, end)] * (length - len(runs)))


def _with_failure(run: StepRun, report: pytest.TestReport) -> StepRun:
    """The same step with what a report that is not `passed` says of it."""
    exception = getattr(report, "observed", {}).get("exception")
    told = (exception["type"], exception["message"]) if exception else None
    expected = getattr(report, "wasxfail", None)
    if report.skipped and expected is not None:
        text = "" if expected.startswith("reason: [NOTRUN]") else f"\n\n{report.longreprtext}"
        return replace(run, status="SKIPPED", message=f"{EXPECTED}{expected.removeprefix('reason: ')}{text}".strip())
    if report.skipped:
        return replace(run, status="SKIPPED", message=_reason(report))
    both = "\n\n".join(filter(None, (report.longreprtext, run.message)))
    return replace(run, status="FAILED", message=both, exception=told or run.exception)


def _reason(report: pytest.TestReport) -> str:
    """Why a test was skipped: pytest tells it as (path, line, text)."""
    told = report.longrepr[2] if isinstance(report.longrepr, (tuple, list)) else report.longreprtext
    return str(told).removeprefix("Skipped: ")
