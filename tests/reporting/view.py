"""What the page shows, as data: runs laid side by side, folder by folder, in the order of the features.

Pure: runs in, frozen views out; `page.py` puts them into the template. Every list of cells is in the order of the runs.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tests.reporting.reading import RANK, Failure, Key, MessagesError, Result, Run, StepResult

Shown = Literal["failed", "expected", "skipped", "passed", "missing"]
ORDER: tuple[Shown, ...] = (*RANK, "missing")
"""From what matters most to what matters least; `missing`: that run has nothing on it."""


@dataclass(frozen=True)
class Cell:
    """What became of a scenario (or of all rows of an outline) in one run. `of` is 0 but for outlines."""

    run: str
    status: Shown
    seconds: float = 0.0
    reason: str = ""
    count: int = 0
    of: int = 0


@dataclass(frozen=True)
class RunFailure:
    """A failure and the run that it happened in; `expected` when it had been announced."""

    run: str
    expected: bool
    failure: Failure


@dataclass(frozen=True)
class StepView:
    """A step as it is written, with its result in each run; no results for the steps of an outline or background."""

    keyword: str
    text: str
    table: tuple[tuple[str, ...], ...]
    doc_string: str | None
    results: tuple[StepResult | None, ...]


@dataclass(frozen=True)
class RowView:
    """One row of an outline's examples."""

    values: tuple[str, ...]
    cells: tuple[Cell, ...]
    failures: tuple[RunFailure, ...]

    @property
    def statuses(self) -> set[Shown]:
        """Every status that some run has on it."""
        return {cell.status for cell in self.cells}


@dataclass(frozen=True)
class ExamplesView:
    """One table of examples."""

    name: str
    description: str
    header: tuple[str, ...]
    rows: tuple[RowView, ...]


@dataclass(frozen=True)
class ScenarioView:
    """A scenario or an outline. `count` is how many are run for it: 1, or the number of rows."""

    anchor: str
    keyword: str
    name: str
    description: str
    tags: tuple[str, ...]
    steps: tuple[StepView, ...]
    examples: tuple[ExamplesView, ...]
    cells: tuple[Cell, ...]
    failures: tuple[RunFailure, ...]
    count: int

    @property
    def outcomes(self) -> list[set[Shown]]:
        """For each time that it is run (once, or once a row): every status that some run has on it."""
        rows = [row.statuses for examples in self.examples for row in examples.rows]
        return rows or [{cell.status for cell in self.cells}]

    @property
    def statuses(self) -> set[Shown]:
        """Every status that some run has on it, or on one of its rows."""
        return set().union(*self.outcomes)

    @property
    def differs(self) -> bool:
        """Whether two runs have come to different ends, on it or on one of its rows."""
        return any(len(statuses) > 1 for statuses in self.outcomes)


@dataclass(frozen=True)
class BackgroundView:
    """The steps before each scenario."""

    name: str
    steps: tuple[StepView, ...]


@dataclass(frozen=True)
class RuleView:
    """A rule, or with an empty name the scenarios of a feature outside of its rules."""

    name: str
    description: str
    background: BackgroundView | None
    scenarios: tuple[ScenarioView, ...]


@dataclass(frozen=True)
class FeatureView:
    """A feature file."""

    anchor: str
    uri: str
    name: str
    description: str
    tags: tuple[str, ...]
    rules: tuple[RuleView, ...]

    @property
    def scenarios(self) -> list[ScenarioView]:
        """Its scenarios, those in rules included."""
        return [scenario for rule in self.rules for scenario in rule.scenarios]


@dataclass(frozen=True)
class ChapterView:
    """A folder of features."""

    anchor: str
    title: str
    features: tuple[FeatureView, ...]

    @property
    def failed(self) -> int:
        """How many scenarios have failed somewhere, each row of an outline counted."""
        found = [scenario.outcomes for feature in self.features for scenario in feature.scenarios]
        return sum("failed" in statuses for outcomes in found for statuses in outcomes)

    @property
    def count(self) -> int:
        """How many scenarios there are, each row of an outline counted."""
        return sum(scenario.count for feature in self.features for scenario in feature.scenarios)


@dataclass(frozen=True)
class RunView:
    """A run as a whole: how many scenarios have which status."""

    run: Run
    totals: Counter[Shown]


@dataclass(frozen=True)
class PageView:
    """Everything on the page."""

    runs: tuple[RunView, ...]
    chapters: tuple[ChapterView, ...]

    @property
    def count(self) -> int:
        """How many scenarios there are, each row of an outline counted."""
        return sum(chapter.count for chapter in self.chapters)


def lay_out(runs: Sequence[Run]) -> PageView:
    """Lay runs side by side. Raises MessagesError where two of them read different texts of one feature."""
    chapters: dict[str, list[FeatureView]] = defaultdict(list)
    for uri, tree in sorted(_trees(runs).items()):
        chapters[_folder(uri)].append(_Feature(uri, tree, runs).view())
    views = tuple(
        ChapterView(_slug(title), title.replace("_", " "), tuple(features)) for title, features in chapters.items()
    )
    counts = [_totals(views, index) for index in range(len(runs))]
    return PageView(tuple(RunView(run, totals) for run, totals in zip(runs, counts, strict=True)), views)


def _trees(runs: Sequence[Run]) -> dict[str, dict[str, Any]]:
    """Each feature's tree, from the first run that has it."""
    found: dict[str, dict[str, Any]] = {}
    texts: dict[str, tuple[str, str]] = {}
    for run in runs:
        for uri, tree in run.trees.items():
            name, text = texts.setdefault(uri, (run.name, run.texts.get(uri, "")))
            if text != run.texts.get(uri, ""):
                message = "was changed between the two runs; side by side they would mislead: run one of them again"
                raise MessagesError(f"{name} and {run.name}: {uri} {message}")
            found.setdefault(uri, tree)
    return {uri: tree for uri, tree in found.items() if "feature" in tree}


def _folder(uri: str) -> str:
    parts = uri.split("/")
    return parts[-2] if len(parts) > 1 else "features"


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _totals(chapters: Iterable[ChapterView], index: int) -> Counter[Shown]:
    """The totals of one run: an outline counts once for each row."""
    totals: Counter[Shown] = Counter()
    for scenario in (s for chapter in chapters for feature in chapter.features for s in feature.scenarios):
        rows = [row.cells[index] for examples in scenario.examples for row in examples.rows]
        totals.update(cell.status for cell in rows or [scenario.cells[index]])
    return totals


class _Feature:
    """Makes the view of one feature."""

    def __init__(self, uri: str, tree: Mapping[str, Any], runs: Sequence[Run]) -> None:
        self._uri = uri
        self._feature = tree["feature"]
        self._runs = runs
        self._anchor = _slug(uri.removesuffix(".feature").removeprefix("features/"))

    def view(self) -> FeatureView:
        children = self._feature["children"]
        background = _background(children)
        length = len(background.steps) if background else 0
        rules = [RuleView("", "", background, tuple(self._scenarios(children, length)))]
        for rule in (child["rule"] for child in children if "rule" in child):
            own = _background(rule["children"])
            inner = tuple(self._scenarios(rule["children"], length + (len(own.steps) if own else 0)))
            rules.append(RuleView(rule["name"], rule["description"], own, inner))
        feature = self._feature
        return FeatureView(
            self._anchor, self._uri, feature["name"], feature["description"], _tags(feature), tuple(rules)
        )

    def _scenarios(self, children: Iterable[Mapping[str, Any]], length: int) -> Iterator[ScenarioView]:
        """The scenarios among `children`, which have `length` steps of backgrounds before their own."""
        for scenario in (child["scenario"] for child in children if "scenario" in child):
            line = scenario["location"]["line"]
            examples = tuple(self._examples(scenario))
            rows = [row for table in examples for row in table.rows]
            key = Key(self._uri, line, 0)
            if rows:
                cells = tuple(_summed([row.cells[index] for row in rows]) for index in range(len(self._runs)))
                results: list[Result | None] = []
            else:
                cells, results = self._cells(key), [run.results.get(key) for run in self._runs]
            yield ScenarioView(
                anchor=f"{self._anchor}-{line}",
                keyword=scenario["keyword"],
                name=scenario["name"],
                description=scenario["description"],
                tags=_tags(scenario),
                steps=tuple(_step(step, results, length + index) for index, step in enumerate(scenario["steps"])),
                examples=examples,
                cells=cells,
                failures=() if rows else self._failures(key),
                count=len(rows) or 1,
            )

    def _examples(self, scenario: Mapping[str, Any]) -> Iterator[ExamplesView]:
        number = 0
        for table in scenario["examples"]:
            rows = []
            for row in table["tableBody"]:
                key = Key(self._uri, scenario["location"]["line"], number)
                rows.append(RowView(_values(row), self._cells(key), self._failures(key)))
                number += 1
            header = _values(table["tableHeader"]) if "tableHeader" in table else ()
            yield ExamplesView(table["name"], table["description"], header, tuple(rows))

    def _cells(self, key: Key) -> tuple[Cell, ...]:
        return tuple(_cell(run.name, run.results.get(key)) for run in self._runs)

    def _failures(self, key: Key) -> tuple[RunFailure, ...]:
        found = [(run.name, run.results[key]) for run in self._runs if key in run.results]
        return tuple(RunFailure(n, r.status == "expected", failure) for n, r in found for failure in r.failures)


def _cell(run: str, result: Result | None) -> Cell:
    if result is None:
        return Cell(run, "missing", reason="not run")
    return Cell(run, result.status, result.seconds, result.reason)


def _summed(cells: Sequence[Cell]) -> Cell:
    """The rows of an outline in one cell: the status that matters most, and how many rows have it."""
    status = min((cell.status for cell in cells), key=ORDER.index)
    same = [cell for cell in cells if cell.status == status]
    reasons = dict.fromkeys(cell.reason for cell in same if cell.reason)
    seconds = sum(cell.seconds for cell in cells)
    return Cell(cells[0].run, status, seconds, "; ".join(reasons), len(same), len(cells))


def _step(step: Mapping[str, Any], results: Sequence[Result | None], index: int) -> StepView:
    table = step.get("dataTable", {"rows": []})["rows"]
    each: list[StepResult | None] = [
        result.steps[index] if result is not None and index < len(result.steps) else None for result in results
    ]
    text = step.get("docString", {}).get("content")
    return StepView(step["keyword"].strip(), step["text"], tuple(_values(row) for row in table), text, tuple(each))


def _background(children: Iterable[Mapping[str, Any]]) -> BackgroundView | None:
    for child in children:
        if "background" in child:
            steps = child["background"]["steps"]
            return BackgroundView(child["background"]["name"], tuple(_step(step, (), 0) for step in steps))
    return None


def _values(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(cell["value"] for cell in row["cells"])


def _tags(node: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(tag["name"] for tag in node["tags"])
