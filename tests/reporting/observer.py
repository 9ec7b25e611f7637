"""What happened in a scenario, seen where it runs and tied to pytest's own report, so that xdist carries it.

A report of a scenario gets one more attribute, `observed`: plain data (dict, list, str, int), since that is what
crosses to the process that writes (`recorder.py`). The observer decides nothing and writes nothing. Its clock is the
machine's: `tests.plugin` keeps freezegun away from this package, so a scenario under a frozen clock has true times.
"""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pytest_bdd.scenario import scenario_wrapper_template_registry
from pytest_bdd.steps import StepFunctionContext, step_function_context_registry

if TYPE_CHECKING:
    from pytest_bdd.parser import Feature, Scenario, ScenarioTemplate, Step

EXAMPLE = "_pytest_bdd_example"
"""The parameter by which pytest-bdd hands a row of an outline to its test."""


def template_of(item: pytest.Item) -> ScenarioTemplate | None:
    """The scenario that a test runs, or None for a test that is no scenario."""
    function = getattr(item, "function", None)
    return scenario_wrapper_template_registry.get(function) if function else None


def row_of(item: pytest.Item) -> int:
    """The number of the row that a test of an outline runs, over all tables of examples; 0 for a plain scenario."""
    call = getattr(item, "callspec", None)
    return int(call.indices.get(EXAMPLE, 0)) if call else 0


def relative(root: Path, path: str) -> str:
    """A path as the reports name it: below the root of the run where it is there, with slashes."""
    absolute = Path(path)
    return (absolute.relative_to(root) if absolute.is_relative_to(root) else absolute).as_posix()


class Observer:
    """A plugin for the process that runs tests: notes each step of a scenario and attaches the notes to the reports."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._steps: list[dict[str, Any]] = []

    def pytest_bdd_before_scenario(self, request: pytest.FixtureRequest, feature: Feature, scenario: Scenario) -> None:
        """Forget the scenario before."""
        self._steps = []

    def pytest_bdd_before_step(
        self,
        request: pytest.FixtureRequest,
        feature: Feature,
        scenario: Scenario,
        step: Step,
        step_func: Callable[..., object],
    ) -> None:
        """Note that a step begins, and where it is defined."""
        self._steps.append({"start": time.time_ns(), "definition": self._definition(step, step_func)})

    def pytest_bdd_after_step(
        self,
        request: pytest.FixtureRequest,
        feature: Feature,
        scenario: Scenario,
        step: Step,
        step_func: Callable[..., object],
        step_func_args: dict[str, object],
    ) -> None:
        """Note that the step has passed."""
        self._steps[-1] |= {"stop": time.time_ns(), "state": "passed"}

    def pytest_bdd_step_error(
        self,
        request: pytest.FixtureRequest,
        feature: Feature,
        scenario: Scenario,
        step: Step,
        step_func: Callable[..., object],
        step_func_args: dict[str, object],
        exception: Exception,
    ) -> None:
        """Note that the step has failed; how, the report of the test says."""
        self._steps[-1] |= {"stop": time.time_ns(), "state": "failed"}

    def pytest_bdd_step_func_lookup_error(
        self,
        request: pytest.FixtureRequest,
        feature: Feature,
        scenario: Scenario,
        step: Step,
        exception: Exception,
    ) -> None:
        """Note that nobody has defined the step."""
        now = time.time_ns()
        self._steps.append({"start": now, "stop": now, "state": "undefined"})

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Attach what was seen to the report of a scenario."""
        report = yield
        template = template_of(item)
        if template is None:
            return report
        observed: dict[str, Any] = {
            "uri": relative(self._root, template.feature.filename),
            "line": template.line_number,
            "row": row_of(item),
            "steps": self._steps if call.when == "call" else [],
        }
        if call.excinfo is not None:
            observed["exception"] = {"type": call.excinfo.typename, "message": str(call.excinfo.value)}
        report.observed = observed  # type: ignore[attr-defined]  # pytest keeps, and xdist carries, what it does not know.
        return report

    def _definition(self, step: Step, function: Callable[..., object]) -> dict[str, Any]:
        """The step function's place and its pattern as a regular expression."""
        place = inspect.unwrap(function).__code__
        return {
            "uri": relative(self._root, place.co_filename),
            "line": place.co_firstlineno,
            "pattern": next((_pattern(c) for c in _contexts(function) if c.parser.is_matching(step.name)), ""),
        }


def _contexts(function: Callable[..., object]) -> list[StepFunctionContext]:
    return [context for context in step_function_context_registry.values() if context.step_func is function]


def _pattern(context: StepFunctionContext) -> str:
    """The regular expression behind a step parser of pytest-bdd: `re` has it, `parse` builds it, a string is itself."""
    parser = context.parser
    if regex := getattr(parser, "regex", None):
        return str(regex.pattern)
    if built := getattr(parser, "parser", None):
        return str(built._expression)
    return re.escape(parser.name)
