"""Every hole of the original has a verdict, and what is said to close it exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.handbook.holes import HOLES, Hole
from tests.handbook.pages import SPECS

ROOT = Path(__file__).parents[2]
KNOWN = (
    *(f"D{n}" for n in range(1, 17)),
    *(f"L{n}" for n in range(1, 18)),
    *(f"W{n}" for n in range(1, 10)),
    *(f"S{n}" for n in range(1, 10)),
    *(f"F{n}" for n in range(1, 7)),
)
"""All that were found in the original; F are those of data fidelity, which have no number there."""


def test_every_hole_has_one_verdict() -> None:
    assert tuple(hole.id for hole in HOLES) == KNOWN
    assert [hole.id for hole in HOLES if bool(hole.closed) is bool(hole.not_here)] == []


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: hole.id)
def test_what_closes_a_hole_is_there(hole: Hole) -> None:
    assert bool(hole.proofs) is bool(hole.closed), "a hole that can be here has a proof"
    assert [proof for proof in hole.proofs if not exists(proof)] == []


def exists(proof: str) -> bool:
    """Whether the file has a scenario of that title, or a test of that name."""
    file, _, name = proof.partition(": ")
    path = ROOT / file
    if not path.exists():
        return False
    if path.suffix == ".feature":
        return bool(re.search(rf"^\s*Scenario(?: Outline)?: {re.escape(name)}$", path.read_text(), re.MULTILINE))
    tree = ast.parse(path.read_bytes())
    return name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_a_proof_that_is_not_there_is_noticed() -> None:
    assert exists("features/executors/delete_pod.feature: A pod is deleted")
    assert not exists("features/executors/delete_pod.feature: A pod is delete")
    assert not exists("tests/handbook/test_holes.py: test_nothing")
    assert not exists("tests/handbook/test_nothing.py: test_nothing")


def test_a_verdict_that_rests_on_a_missing_type_goes_when_the_type_comes() -> None:
    resting = {"S5": "exec_command"}
    open_again = [
        id_
        for id_, name in resting.items()
        if name in SPECS and not next(hole for hole in HOLES if hole.id == id_).closed
    ]
    assert open_again == [], "write how it is closed, and what shows it"
