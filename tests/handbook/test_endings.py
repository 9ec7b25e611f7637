"""What pages say of how an action may end is what the code can say: no reason code without a word, none invented."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import kubeactions
from kubeactions.model import Status
from kubeactions.reasons import API_SERVER, EVERY, WAITS
from tests.handbook.pages import SPECS

ROOT = Path(kubeactions.__file__).parent
PACKAGE = "kubeactions.executors"
FACTORIES = frozenset({"failed", "succeeded", "unknown"})
"""Functions whose first argument is a reason code."""
NOT_REACHED: dict[str, frozenset[str]] = {
    # Its cordon is one step of several, so an applied patch is no end; only others' interference with it is.
    "drain_node": frozenset({"Applied"}),
    # What is terminating already is what these want.
    **dict.fromkeys(("delete_job", "delete_pod", "evict_pod"), frozenset({"TargetTerminating"})),
}
"""Codes of modules that a type uses in part, and why."""
NEVER_ENDS = {
    "Allowed",
    "Accepted",
    "NotARead",  # Of a read that turned out to have a plan: no executor of class R has one.
}
"""Codes in policy/ and processor/ that no person ever reads as an end or a wait."""


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def named(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def texts(node: ast.expr | None) -> Iterator[str]:
    """The constants that an argument can be."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*texts(node.body), *texts(node.orelse))


@cache
def codes(path: Path, factories: frozenset[str], position: int) -> set[str]:
    """Reason codes that a module gives: the constant arguments of what makes outcomes."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            if named(node) in factories:
                found |= set(texts(node.args[0] if node.args else None))
            if named(node) in ("Outcome", "Ruling") and len(node.args) > position:
                found |= set(texts(node.args[position]))
            if named(node) == "unique_verdict":
                found |= set(texts(node.args[4]))
    return found


@cache
def used_by(name: str) -> tuple[str, ...]:
    """The modules of its package that this one imports."""
    nodes = ast.walk(tree(ROOT / "executors" / f"{name}.py"))
    imported = [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)]
    return tuple(module.rpartition(".")[2] for module in imported if module.startswith(PACKAGE))


def modules(name: str) -> set[str]:
    """The executor's module and all that it uses of its package, by their names."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        if (one := waiting.pop()) in found:
            continue
        found.add(one)
        waiting += used_by(one)
    return found


def reachable(name: str) -> set[str]:
    """Every code that this type's own code can end with."""
    used = modules(name)
    if not any(one.name == "wait" for one in SPECS[name].parameters):
        used.discard("_rollout")
    used -= {"_pinned_patch"} if SPECS[name].effect not in ("P",) and name != "drain_node" else set()
    found: set[str] = set()
    for one in used:
        found |= codes(ROOT / "executors" / f"{one}.py", FACTORIES, 1)
    return found - NOT_REACHED.get(name, frozenset())


@pytest.mark.parametrize("name", SPECS)
def test_a_type_says_every_way_in_which_it_may_end_and_no_other(name: str) -> None:
    said = {one.reason for one in SPECS[name].endings}
    assert reachable(name) - said - EVERY.keys() == set(), "Spec.endings lacks these"
    assert said - reachable(name) - API_SERVER == set(), "Spec.endings invents these"
    assert {one.status for one in SPECS[name].endings} <= {status.value for status in Status}


def test_every_code_of_gates_and_processor_has_a_word_and_none_is_invented() -> None:
    used: set[str] = set()
    for package in ("policy", "processor"):
        for path in (ROOT / package).glob("*.py"):
            used |= codes(path, frozenset({"wait", "_until", "_outcome", "whole_refusal"}), 1)
            used |= {text for node in ast.walk(tree(path)) if isinstance(node, ast.Call) for text in second(node)}
    used |= {importlib.import_module("kubeactions.validator").Rejected.__dataclass_fields__["reason"].default}
    assert {one for one in used if one[:1].isupper() and one.isalpha()} - EVERY.keys() - NEVER_ENDS == set()
    assert EVERY.keys() - used - {"TargetBusy"} == set()


def second(node: ast.Call) -> Iterator[str]:
    """The codes of helpers that take them later on."""
    places = {"whole_refusal": 1, "_until": 2, "refused": 1}
    if (place := places.get(named(node))) is not None and len(node.args) > place:
        yield from texts(node.args[place])


def test_what_is_said_of_a_code_names_statuses() -> None:
    words = {status.value for status in Status} | {WAITS}
    assert [code for code, one in EVERY.items() if one.how.split()[0].rstrip(",") not in words] == []
