"""The house holds: layers, exports, one action type a file, docstrings, sizes, names, and a vocabulary without holes.

Linters hold what they can (ruff, mypy and import-linter are part of `scripts/test`); this is the rest. A test names the
file that breaks the rule, so that whoever broke it needs no explanation.
"""

from __future__ import annotations

import ast
import asyncio
import functools
import importlib
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_bdd.feature import get_features
from pytest_bdd.parser import Feature, Scenario, ScenarioTemplate, Step
from pytest_bdd.steps import StepFunctionContext, step_function_context_registry

from tests.plugin import FLAGS

ROOT = Path(__file__).parent.parent
PACKAGES = ("kubeactions", "backends", "tests", "scripts")
MAX_LINES = 520
"""A file above this is more than one thing."""
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "shared", "tools"}
"""Names that say nothing of what is inside."""
FEWEST_SCENARIOS = 60
"""Fewer, and somebody has lost a folder."""


def _files() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


FILES = _files()


@dataclass(frozen=True)
class Facts:
    """What the syntax tree of a file tells. The trees themselves would be millions of objects to keep and to walk."""

    speaks: bool
    """Whether it has a docstring."""
    exports: list[str]
    silent_at: list[int]
    """Lines of handlers that swallow everything."""
    deadly_at: list[int]
    """Lines of handlers that catch what kills a process, and do not raise it again."""


@functools.cache
def _facts() -> dict[Path, Facts]:
    """Of every file; asked for by tests, since every worker imports this module and few run these tests."""
    return {path: _facts_of(path.read_text()) for path in FILES}


def _facts_of(source: str) -> Facts:
    tree = ast.parse(source)
    walked = ast.walk(tree) if re.search(r"^ *except\b", source, re.MULTILINE) else ()
    handlers = [node for node in walked if isinstance(node, ast.ExceptHandler)]
    return Facts(
        speaks=bool(ast.get_docstring(tree)),
        exports=_exports(tree),
        silent_at=[node.lineno for node in handlers if _is_silent(node)],
        deadly_at=[node.lineno for node in handlers if _is_deadly(node)],
    )


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _listed(offenders: list[str]) -> str:
    return "\n".join(offenders)


# --- the packages ---


def test_the_layers_hold() -> None:
    # In a process of its own: import-linter configures logging anew, and switches off every logger that is there.
    program = Path(sys.executable).with_name("lint-imports")
    command = [str(program), "--no-cache", "--no-logo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_every_module_says_what_it_is() -> None:
    silent = [_name(path) for path, facts in _facts().items() if not facts.speaks]
    assert not silent, _listed(silent)


def test_no_file_is_too_long() -> None:
    long = [f"{_name(path)}: {lines} lines" for path in FILES if (lines := _lines(path)) > MAX_LINES]
    assert not long, _listed(long)


def _lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = [_name(path) for path in FILES if {path.stem, path.parent.name} & VAGUE]
    assert not vague, _listed(vague)


def test_exports_are_sorted() -> None:
    unsorted = [_name(path) for path, facts in _facts().items() if facts.exports != sorted(facts.exports, key=_rank)]
    assert not unsorted, _listed(unsorted)


def _rank(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions, as ruff sorts `__all__` (RUF022)."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


def _exports(tree: ast.Module) -> list[str]:
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            assert isinstance(node, ast.Assign)
            return [str(name) for name in ast.literal_eval(node.value)]
    return []


def test_nothing_is_left_to_be_done() -> None:
    words = re.compile("TO" + r"DO|FIX" + r"ME|XX" + "X")
    found = [_name(path) for path in FILES if words.search(path.read_text())]
    assert not found, _listed(found)


def test_every_ignored_type_error_has_its_code() -> None:
    bare = re.compile(r"#\s*type:\s*ig" + r"nore(?!\[)")
    found = [_name(path) for path in FILES if bare.search(path.read_text())]
    assert not found, _listed(found)


def test_no_error_is_swallowed_in_silence() -> None:
    found = [f"{_name(path)}:{line}" for path, facts in _facts().items() for line in facts.silent_at]
    assert not found, _listed(found)


def _is_silent(node: ast.ExceptHandler) -> bool:
    """A handler of everything (`except:`, `except Exception:`) whose whole body is `pass`."""
    everything = node.type is None or (isinstance(node.type, ast.Name) and node.type.id.endswith("Exception"))
    return everything and all(isinstance(statement, ast.Pass) for statement in node.body)


def test_nobody_catches_what_kills_a_process() -> None:
    ours = {path: facts for path, facts in _facts().items() if path.is_relative_to(ROOT / "kubeactions")}
    found = [f"{_name(path)}:{line}" for path, facts in ours.items() for line in facts.deadly_at]
    assert not found, _listed(found)


def _is_deadly(node: ast.ExceptHandler) -> bool:
    """A handler of `BaseException`, or of everything, that does not end in a bare `raise`."""
    names = {n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)} if node.type else {"BaseException"}
    again = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
    return "BaseException" in names and not again


def test_one_action_type_is_one_file() -> None:
    registered: dict[str, str] = {}
    for path in sorted((ROOT / "kubeactions" / "executors").glob("[a-z]*.py")):
        module = importlib.import_module(f"kubeactions.executors.{path.stem}")
        types = [
            made.spec.type
            for made in vars(module).values()
            if isinstance(made, type) and made.__module__ == module.__name__ and hasattr(made, "spec")
        ]
        assert types == [path.stem], f"{_name(path)} holds the action types {types}"
        registered[path.stem] = _name(path)
    assert len(registered) >= 3


def test_every_unit_test_mirrors_what_it_tests() -> None:
    """A folder of tests is a package; right below a root package, a file of tests is a module, too."""
    orphans = []
    for path in sorted((ROOT / "tests" / "unit").rglob("test_*.py")):
        package = ROOT / path.parent.relative_to(ROOT / "tests" / "unit")
        whole = package.parent != ROOT and package.is_dir()
        if not whole and path.stem.removeprefix("test_") not in _mirrored(package):
            orphans.append(_name(path))
    assert not orphans, _listed(orphans)


def _mirrored(package: Path) -> set[str]:
    """What a test in the mirror of `package` may be named after: its modules, packages and own functions."""
    found = {path.stem for path in package.glob("*")}
    own = package / "__init__.py"
    body = ast.parse(own.read_text()).body if own.is_file() else []
    return found | {node.name for node in body if isinstance(node, ast.FunctionDef)}


# --- the scenarios ---


FEATURES = get_features([str(ROOT / "features")])


def _scenarios() -> Iterator[tuple[Feature, Scenario]]:
    """Every scenario as it is run: an outline once for each of its rows."""
    for feature in FEATURES:
        for template in feature.scenarios.values():
            for row in _rows(template):
                yield feature, template.render(row)


def _rows(template: ScenarioTemplate) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = [dict(row) for examples in template.examples for row in examples.as_contexts()]
    return rows or [{}]


def _ours() -> list[StepFunctionContext]:
    return [c for c in step_function_context_registry.values() if c.step_func.__module__.startswith("tests.steps")]


def _definitions(step: Step, contexts: list[StepFunctionContext]) -> list[StepFunctionContext]:
    return [c for c in contexts if c.type in (None, step.type) and c.parser.is_matching(step.name)]


def test_there_are_scenarios() -> None:
    assert sum(1 for _ in _scenarios()) >= FEWEST_SCENARIOS


def test_every_step_of_every_scenario_has_exactly_one_definition() -> None:
    contexts = _ours()
    counts = {step.name: len(_definitions(step, contexts)) for _, scenario in _scenarios() for step in scenario.steps}
    wrong = [f"{count} definitions: {name}" for name, count in counts.items() if count != 1]
    assert not wrong, _listed(wrong)


def test_every_definition_of_a_step_is_used() -> None:
    contexts = _ours()
    used = {id(c) for _, scenario in _scenarios() for step in scenario.steps for c in _definitions(step, contexts)}
    unused = [c.parser.name for c in contexts if id(c) not in used]
    assert not unused, _listed(unused)


def test_no_step_is_async() -> None:
    """pytest-bdd 9 calls such a step and never awaits it: the scenario passes without it."""
    found = [context.parser.name for context in _ours() if asyncio.iscoroutinefunction(context.step_func)]
    assert not found, _listed(found)


def test_a_rule_is_a_file_with_a_name_of_its_own() -> None:
    rules = Counter(feature.name for feature in FEATURES)
    assert not [name for name, count in rules.items() if count > 1]
    assert not [feature.filename for feature in FEATURES if not feature.scenarios]


def test_no_two_scenarios_of_a_rule_have_the_same_title() -> None:
    """pytest-bdd keeps scenarios by their titles: the second would silently replace the first."""
    found = []
    for path in sorted((ROOT / "features").rglob("*.feature")):
        titles = Counter(re.findall(r"^\s*Scenario(?: Outline)?: (.+)$", path.read_text(), re.MULTILINE))
        found += [f"{_name(path)}: {title}" for title, count in titles.items() if count > 1]
    assert not found, _listed(found)


def test_every_tag_is_a_question_to_the_backend() -> None:
    tags = {tag for feature in FEATURES for tag in feature.tags}
    tags |= {tag for feature in FEATURES for scenario in feature.scenarios.values() for tag in scenario.tags}
    assert {tag.replace("-", "_") for tag in tags} <= FLAGS
