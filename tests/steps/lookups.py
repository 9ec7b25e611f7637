"""What freezegun looks up anew for every scenario and pytest-bdd for every step, looked up once.

Both are right to be careful in general: a module may put another clock in the place of one, a fixture may come while
tests run. Nothing here does, and what they took was a quarter of the time of all scenarios. Neither offers it, so their
own functions are replaced; a release without them fails at once.
"""

from __future__ import annotations

import importlib
import types
from collections.abc import Iterable
from typing import Any

import freezegun.api
import pytest
from _pytest.fixtures import FixtureManager
from pytest_bdd.parser import Step

_RUNNING: Any = importlib.import_module("pytest_bdd.scenario")
"""The module; the package's attribute of that name is a function."""
_search = _RUNNING.find_fixturedefs_for_step
_found: dict[tuple[FixtureManager, pytest.Collector | None, str, str], list[pytest.FixtureDef[object]]] = {}


def once() -> None:
    """Let both look things up once a process."""
    assert callable(freezegun.api._get_module_attributes_hash)
    freezegun.api._get_module_attributes_hash = _fingerprint
    _RUNNING.find_fixturedefs_for_step = _definitions


def _fingerprint(module: types.ModuleType) -> str:
    """Whether a module has more names than when it was searched for clocks; freezegun sorts out all of them."""
    return f"{id(module)}-{len(getattr(module, '__dict__', ()))}"


def _definitions(step: Step, fixturemanager: FixtureManager, node: pytest.Item) -> Iterable[pytest.FixtureDef[object]]:
    """What defines a step for all tests of one file."""
    key = (fixturemanager, node.parent, step.type, step.name)
    if key not in _found:
        _found[key] = list(_search(step, fixturemanager, node))
    return _found[key]
