"""The reports of a run with every outcome: valid by Cucumber's schema, complete, and true. See `sample/`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator

from tests.reporting.sample.run import run_sample

SCHEMA = json.loads((Path(__file__).parent / "schema" / "messages.schema.json").read_text())


class Run:
    """The messages of a run, by kind and by id."""

    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.messages = messages

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [message[kind] for message in self.messages if kind in message]

    @cached_property
    def _pickles(self) -> dict[str, dict[str, Any]]:
        return {pickle["id"]: pickle for pickle in self.all("pickle")}

    def case(self, name: str) -> Case:
        found = [case for case in self.all("testCase") if self._pickles[case["pickleId"]]["name"] == name]
        assert len(found) == 1, f"{name}: {len(found)} test cases"
        return Case(self, found[0], self._pickles[found[0]["pickleId"]])


class Case:
    """What the messages say of one scenario."""

    def __init__(self, run: Run, case: dict[str, Any], pickle: dict[str, Any]) -> None:
        [self.started] = [m for m in run.all("testCaseStarted") if m["testCaseId"] == case["id"]]
        ends = run.all("testStepFinished")
        mine = {m["testStepId"]: m["testStepResult"] for m in ends if m["testCaseStartedId"] == self.started["id"]}
        results = [mine[step["id"]] for step in case["testSteps"]]
        self.before, *self.steps, self.after = results
        self.statuses = [result["status"] for result in self.steps]
        self.texts = [step["text"] for step in pickle["steps"]]
        self.pairs = [step.get("pickleStepId") for step in case["testSteps"]]
        self.expected_pairs = [None, *(step["id"] for step in pickle["steps"]), None]
        self.definitions = [len(step["stepDefinitionIds"]) for step in case["testSteps"][1:-1]]
        self.attached = [m for m in run.all("attachment") if m["testCaseStartedId"] == self.started["id"]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return Run(run_sample(folder, "--numprocesses", "1"))


def test_every_message_holds_by_the_schema(run: Run) -> None:
    validator = Draft202012Validator(SCHEMA)
    assert len(run.messages) > 200
    wrong = [f"{next(iter(m))}: {error.message}" for m in run.messages for error in validator.iter_errors(m)]
    assert not wrong, "\n".join(wrong[:5])


def test_what_is_referred_to_came_before(run: Run) -> None:
    known: set[str] = set()
    for message in run.messages:
        for name, value in _strings(message):
            if name.endswith(("Id", "Ids")):
                assert value in known, f"{name} {value} in {message}"
        known |= {value for name, value in _strings(message) if name == "id"}


def _strings(node: object, name: str = "") -> Iterator[tuple[str, str]]:
    """Every string in a JSON document, with the name of the member that holds it."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _strings(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from _strings(value, name)
    elif isinstance(node, str) and name != "workerId":
        yield name, node


def test_ids_are_unique(run: Run) -> None:
    ids = [value for message in run.messages for name, value in _strings(message) if name == "id"]
    assert len(ids) == len(set(ids))


def test_the_run_has_a_beginning_and_an_end(run: Run) -> None:
    assert run.messages[0]["meta"]["implementation"]["name"] == "pytest-bdd"
    assert list(run.messages[1]) == ["testRunStarted"]
    assert run.messages[-1]["testRunFinished"]["success"] is False


def test_each_feature_is_told_once_as_it_is_written(run: Run) -> None:
    sources = {source["uri"]: source["data"] for source in run.all("source")}
    assert sorted(sources) == ["features/first/outcomes.feature", "features/second/rules.feature"]
    sample = Path(__file__).parent / "sample"
    assert all(text == (sample / uri).read_text() for uri, text in sources.items())
    assert len(run.all("pickle")) == len(run.all("testCase")) == 14


def test_every_step_stands_for_its_pickles_step(run: Run) -> None:
    case = run.case("Both are there")
    assert case.pairs == case.expected_pairs
    assert case.texts == ["a basket with 3 apples", "2 pears", "3 apples are left", "2 pears are left"]
    assert case.statuses == ["PASSED"] * 4
    assert case.definitions == [1] * 4


def test_steps_are_traced_to_their_definitions(run: Run) -> None:
    [eaten] = [d for d in run.all("stepDefinition") if "eaten" in d["pattern"]["source"]]
    assert eaten["sourceReference"]["uri"] == "suite.py"
    text = (Path(__file__).parent / "sample" / "suite.py").read_text().splitlines()
    assert "eaten" in text[eaten["sourceReference"]["location"]["line"] - 1]


def test_a_failed_step_has_its_message_and_the_rest_is_skipped(run: Run) -> None:
    case = run.case("A step fails")
    assert case.statuses == ["PASSED", "PASSED", "FAILED", "SKIPPED"]
    failed = case.steps[2]
    assert "assert 2 == 3" in failed["message"]
    assert failed["exception"]["type"] == "AssertionError"
    assert failed["exception"]["message"].startswith("assert 2 == 3")
    assert case.after["status"] == "PASSED"


def test_what_a_failed_scenario_printed_is_attached(run: Run) -> None:
    [attached] = run.case("A step fails").attached
    assert attached["body"] == "the story of the basket\n"
    assert attached["mediaType"] == "text/x.cucumber.log+plain"
    assert not run.case("It passes").attached


def test_a_step_without_a_definition_is_undefined(run: Run) -> None:
    case = run.case("A step is not defined")
    assert case.statuses == ["PASSED", "UNDEFINED", "SKIPPED"]
    assert case.definitions == [1, 0, 0]


def test_a_skip_names_its_reason_where_it_happened(run: Run) -> None:
    marked, within = run.case("It is skipped by a mark"), run.case("It is skipped by a step")
    assert (marked.before["status"], marked.before["message"]) == ("SKIPPED", "nobody can do this")
    assert marked.statuses == ["SKIPPED", "SKIPPED"]
    assert within.statuses == ["PASSED", "SKIPPED", "SKIPPED"]
    assert within.steps[1]["message"] == "an orchard is needed"


def test_an_expected_failure_is_no_failure_and_says_so(run: Run) -> None:
    case = run.case("It is known to fail")
    assert case.statuses == ["PASSED", "SKIPPED"]
    assert case.steps[1]["message"].startswith("expected to fail: apples do not multiply\n\n")
    assert "assert 3 == 4" in case.steps[1]["message"]


def test_fixtures_that_fail_are_failed_hooks(run: Run) -> None:
    before, after = run.case("A fixture fails"), run.case("It fails while the fixtures are torn down")
    assert before.before["status"] == "FAILED"
    assert "no bottom" in before.before["message"]
    assert before.statuses == ["SKIPPED", "SKIPPED"]
    assert after.statuses == ["PASSED", "PASSED"]
    assert after.after["status"] == "FAILED"
    assert after.after["exception"] == {
        "type": "OSError",
        "message": "the basket was not returned",
        "stackTrace": after.after["message"],
    }


def test_each_row_of_an_outline_is_a_case_of_its_own(run: Run) -> None:
    assert run.case("1 of 3 are eaten").statuses == ["PASSED"] * 3
    assert run.case("3 of 3 are eaten").statuses == ["PASSED"] * 3
    assert run.case("2 of 3 are eaten").statuses == ["PASSED", "PASSED", "FAILED"]


def test_the_worker_is_named(run: Run) -> None:
    assert {started["workerId"] for started in run.all("testCaseStarted")} == {"gw0"}


def test_junit_names_the_scenario_behind_each_test(run: Run, folder: Path) -> None:
    tests = ElementTree.parse(folder / "sample.xml").getroot().iter("testcase")
    told = {test.get("name"): {p.get("name"): p.get("value") for p in test.iter("property")} for test in tests}
    assert told["test_eaten_of_3_are_eaten[2-2]"] == {
        "backend": "scenarios",
        "feature": "Everything that can become of a scenario",
        "scenario": "2 of 3 are eaten",
        "source": "features/first/outcomes.feature:41 row 3",
    }
    assert told["test_both_are_there"]["rule"] == "Pears are counted apart"
    assert told["test_what_is_no_scenario"] == {}


@pytest.mark.slow
def test_without_xdist_the_same_is_told(run: Run, tmp_path: Path) -> None:
    alone = Run(run_sample(tmp_path))
    names = [pickle["name"] for pickle in run.all("pickle")]
    assert [alone.case(name).statuses for name in names] == [run.case(name).statuses for name in names]
    assert not [started for started in alone.all("testCaseStarted") if "workerId" in started]


@pytest.mark.slow
def test_a_worker_that_dies_leaves_its_scenario_unknown_and_the_others_true(tmp_path: Path) -> None:
    run = Run(run_sample(tmp_path, "--numprocesses", "2", ORCHARD="deadly"))
    case = run.case("It is skipped by a step")
    assert case.statuses == ["UNKNOWN"] * 3
    assert case.after["status"] == "FAILED"
    assert "crashed" in case.after["message"]
    assert run.case("It passes").statuses == ["PASSED"] * 3
    assert len(run.all("testCase")) == 14
