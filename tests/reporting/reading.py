"""A run as its Cucumber messages tell it: the feature files, and what became of each scenario in them.

`page.py` lays several runs side by side. The messages may come from `recorder.py` or from any other Cucumber: only
what the schema promises is used. A file that is cut off is read as far as it goes, and the run counts as unfinished;
a file that is no such stream is refused with MessagesError, which names the line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from tests.reporting import EXPECTED
from tests.reporting.documents import scenarios

Status = Literal["failed", "expected", "skipped", "passed"]
RANK: tuple[Status, ...] = ("failed", "expected", "skipped", "passed")
"""From what matters most to what matters least; `expected` is a failure that was announced."""


class MessagesError(ValueError):
    """A file is no stream of Cucumber messages: `file:line: what is wrong`."""


class Key(NamedTuple):
    """Which scenario: its feature file, the line it starts at, and the number of its row (0 without rows)."""

    uri: str
    line: int
    row: int


class StepResult(NamedTuple):
    """What became of one step; `seconds` of one that was not reached is 0."""

    status: Status
    seconds: float


@dataclass(frozen=True)
class Failure:
    """What went wrong: `where` is the step (or hook) as it is written, `output` what was printed, as (title, text)."""

    where: str
    message: str
    output: tuple[tuple[str, str], ...] = ()

    @property
    def gist(self) -> str:
        """The one line that says most: the last one that pytest marks as the error's, else the last one."""
        lines = [line for line in self.message.splitlines() if line.strip()]
        marked = [line.removeprefix("E ").strip() for line in lines if line.startswith("E ")]
        return (marked or [line.strip() for line in lines[-1:]] or ["no message"])[0]


@dataclass(frozen=True)
class Result:
    """What became of one scenario. `reason` says why one was skipped, or why its failure was expected."""

    status: Status
    seconds: float
    steps: tuple[StepResult, ...]
    reason: str = ""
    failures: tuple[Failure, ...] = ()


@dataclass
class Run:
    """One run. `trees` and `texts` are by the feature's path; `finished` is False where the messages are cut off."""

    name: str
    started: datetime | None = None
    seconds: float = 0.0
    finished: bool = False
    note: str = ""
    trees: dict[str, dict[str, Any]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    results: dict[Key, Result] = field(default_factory=dict)


def read_run(path: Path) -> Run:
    """Read a file of messages; the run is called as the file is. Raises MessagesError, OSError."""
    reader = _Reader(Run(path.stem))
    for number, message in _messages(path):
        try:
            reader.take(message)
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            raise MessagesError(f"{path}:{number}: not by the schema of Cucumber messages: {error!r}") from None
    if reader.run.started is None:
        raise MessagesError(f"{path}: not Cucumber messages: nothing says that a run was started")
    return reader.run


def _messages(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except UnicodeDecodeError as error:
        raise MessagesError(f"{path}: not Cucumber messages: {error}") from None
    for number, line in enumerate(lines, 1):
        try:
            message = json.loads(line)
        except ValueError as error:
            if number == len(lines) and not line.endswith("\n"):
                return  # The run was killed while it wrote this.
            raise MessagesError(f"{path}:{number}: not JSON: {error}") from None
        if not isinstance(message, dict):
            raise MessagesError(f"{path}:{number}: not a JSON object")
        yield number, message


class _Reader:
    """Puts the messages together by their ids."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._lines: dict[str, int] = {}
        self._rows: dict[str, int] = {}
        self._pickles: dict[str, dict[str, Any]] = {}
        self._hooks: dict[str, str] = {}
        self._cases: dict[str, dict[str, Any]] = {}
        self._attempts: dict[str, dict[str, Any]] = {}

    def take(self, message: Mapping[str, Any]) -> None:
        """Take the next message; a kind that says nothing about results is passed over."""
        for kind, body in message.items():
            method = getattr(self, f"_take_{kind}", None)
            if method is not None:
                method(body)

    def _take_testRunStarted(self, body: Mapping[str, Any]) -> None:  # noqa: N802  The message's own name.
        self.run.started = datetime.fromtimestamp(_seconds(body["timestamp"]), UTC)

    def _take_testRunFinished(self, body: Mapping[str, Any]) -> None:  # noqa: N802
        self.run.finished = True
        self.run.note = body.get("message", "")
        if self.run.started is not None:
            self.run.seconds = _seconds(body["timestamp"]) - self.run.started.timestamp()

    def _take_source(self, body: Mapping[str, Any]) -> None:
        self.run.texts[body["uri"]] = body["data"]

    def _take_gherkinDocument(self, body: dict[str, Any]) -> None:  # noqa: N802
        self.run.trees[body["uri"]] = body
        for scenario in scenarios(body):
            self._lines[scenario["id"]] = scenario["location"]["line"]
            rows = [row["id"] for examples in scenario["examples"] for row in examples["tableBody"]]
            self._rows |= {row: number for number, row in enumerate(rows)}

    def _take_pickle(self, body: dict[str, Any]) -> None:
        self._pickles[body["id"]] = body

    def _take_hook(self, body: Mapping[str, Any]) -> None:
        self._hooks[body["id"]] = body.get("name") or "a hook"

    def _take_testCase(self, body: dict[str, Any]) -> None:  # noqa: N802
        self._cases[body["id"]] = body

    def _take_testCaseStarted(self, body: Mapping[str, Any]) -> None:  # noqa: N802
        self._attempts[body["id"]] = {"case": body["testCaseId"], "at": body["timestamp"], "ends": {}, "output": []}

    def _take_testStepFinished(self, body: Mapping[str, Any]) -> None:  # noqa: N802
        self._attempts[body["testCaseStartedId"]]["ends"][body["testStepId"]] = body["testStepResult"]

    def _take_attachment(self, body: Mapping[str, Any]) -> None:
        attempt = self._attempts.get(body.get("testCaseStartedId", ""))
        if attempt and body["contentEncoding"] == "IDENTITY":
            attempt["output"].append((body.get("fileName", "output"), body["body"]))

    def _take_testCaseFinished(self, body: Mapping[str, Any]) -> None:  # noqa: N802
        attempt = self._attempts.pop(body["testCaseStartedId"])
        if body["willBeRetried"]:
            return
        case = self._cases[attempt["case"]]
        pickle = self._pickles[case["pickleId"]]
        nodes = pickle["astNodeIds"]
        key = Key(pickle["uri"], self._lines[nodes[0]], self._rows[nodes[1]] if len(nodes) > 1 else 0)
        seconds = _seconds(body["timestamp"]) - _seconds(attempt["at"])
        result = self._result(case, pickle, attempt, seconds)
        known = self.run.results.get(key)
        if known is None or RANK.index(result.status) < RANK.index(known.status):
            self.run.results[key] = result

    def _result(
        self, case: Mapping[str, Any], pickle: Mapping[str, Any], attempt: Mapping[str, Any], seconds: float
    ) -> Result:
        texts = {step["id"]: step["text"] for step in pickle["steps"]}
        by_step: dict[str, StepResult] = {}
        failures, reasons, statuses = [], [], set()
        for step in case["testSteps"]:
            end = attempt["ends"].get(step["id"], {"status": "UNKNOWN", "duration": {"seconds": 0, "nanos": 0}})
            message = end.get("message", "")
            status = _status(end["status"], message)
            statuses.add(status)
            if "pickleStepId" in step:
                by_step[step["pickleStepId"]] = StepResult(status, _seconds(end["duration"]))
            if status == "skipped" and message:
                reasons.append(message)
            elif status == "expected":
                reasons.append(message.removeprefix(EXPECTED).partition("\n")[0])
            if message and status in ("failed", "expected"):
                where = texts.get(step.get("pickleStepId", "")) or self._hooks.get(step.get("hookId", ""), "")
                failures.append(Failure(where, message, tuple(attempt["output"])))
        status = min(statuses, key=RANK.index, default="passed")
        steps = tuple(by_step[ident] for ident in texts)
        return Result(status, seconds, steps, "; ".join(dict.fromkeys(reasons)), tuple(failures))


def _status(told: str, message: str) -> Status:
    """Cucumber's status as one of ours: what neither passed nor was skipped has failed."""
    if told == "SKIPPED":
        return "expected" if message.startswith(EXPECTED) else "skipped"
    return "passed" if told == "PASSED" else "failed"


def _seconds(time: Mapping[str, int]) -> float:
    return float(time["seconds"]) + time["nanos"] / 1e9
