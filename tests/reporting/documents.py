"""A feature file as the messages need it: its text, its tree, and its pickles (a scenario, or one row of an outline).

The recorder asks for a document by the path that a test has told, and for a pickle by the line of its scenario and the
number of its row. Parsing and pickling are `gherkin-official`'s, as in pytest-bdd, so both see the same scenarios.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from gherkin.ast_builder import AstBuilder
from gherkin.parser import Parser
from gherkin.pickles.compiler import Compiler
from gherkin.stream.id_generator import IdGenerator


class NoPickleError(LookupError):
    """A test says that it ran a scenario which its feature file does not have: the file has changed during the run."""


@dataclass(frozen=True)
class Document:
    """One feature file. `tree` and `pickles` are JSON objects by the schema of Cucumber messages."""

    uri: str
    text: str
    tree: dict[str, Any]
    pickles: tuple[dict[str, Any], ...]

    def pickle(self, line: int, row: int) -> dict[str, Any]:
        """The pickle of the scenario that starts at `line` (from 1), by the number of its row (from 0; 0 without rows).

        Raises NoPickleError where there is none.
        """
        try:
            return self._of_scenario[self._scenario_ids[line]][row]
        except (KeyError, IndexError):
            raise NoPickleError(f"{self.uri}:{line}: no scenario with a row {row} starts here") from None

    @cached_property
    def _of_scenario(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for pickle in self.pickles:
            found[pickle["astNodeIds"][0]].append(pickle)
        return dict(found)

    @cached_property
    def _scenario_ids(self) -> dict[int, str]:
        return {scenario["location"]["line"]: scenario["id"] for scenario in scenarios(self.tree)}


def scenarios(tree: dict[str, Any]) -> list[dict[str, Any]]:
    """The scenarios and outlines of a document's tree in the order of the file, those inside rules included."""
    children = list(tree.get("feature", {}).get("children", []))
    inside = [child for node in children for child in ([node] if "rule" not in node else node["rule"]["children"])]
    return [child["scenario"] for child in inside if "scenario" in child]


def read(root: Path, uri: str, ids: IdGenerator) -> Document:
    """Read and parse the feature file `uri`, a path below `root` (or an absolute one). Its ids are drawn from `ids`.

    Raises OSError and gherkin's ParserError; neither happens to a file whose scenarios have just been run.
    """
    text = (root / uri).read_text(encoding="utf-8")
    tree: dict[str, Any] = {"uri": uri, **Parser(AstBuilder(ids)).parse(text)}
    return Document(uri, text, tree, tuple(dict(pickle) for pickle in Compiler(ids).compile(tree)))  # type: ignore[arg-type]  # A TypedDict.
