"""What every pytest run of this project loads first (`-p tests.plugin`).

It adds `--backend`, loads the steps of the scenarios, and turns a scenario's tag into a question to the backend: a tag
names a flag of `Capabilities` (`@wire-faults` is `wire_faults`), and a scenario whose backend has not got it is skipped
with that reason. A tag that is neither a flag nor a registered mark is an error, not a no-op.

It refuses to let freezegun near the official client: `kubernetes.client` builds its models lazily, and building one
while `datetime` is a fake raises (freezegun 1.5.5 with kubernetes 37).
"""

from __future__ import annotations

import asyncio
import functools
import importlib
from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import freezegun
import pytest

import backends
from backends.capabilities import Capabilities

if TYPE_CHECKING:
    from pytest_bdd.parser import Feature, Scenario, Step

freezegun.configure(extend_ignore_list=["kubernetes", "_pytest", "xdist", "execnet"])

pytest_plugins = (
    "tests.steps.given",
    "tests.steps.when",
    "tests.steps.then",
    "tests.steps.fixtures",
    "tests.conformance.summary",
)

FLAGS = frozenset(flag.name for flag in fields(Capabilities))
"""The questions that a tag can ask."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--backend`: which cluster the scenarios run against."""
    parser.addoption(
        "--backend",
        default="fake",
        help="the backend that the scenarios run against: an entry point of kubeactions.backends (default: fake)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark that a tag becomes; refuse a backend that nobody knows."""
    backend = str(config.getoption("--backend"))
    if backend not in backends.names():
        raise pytest.UsageError(f"--backend {backend}: no such backend; known: {', '.join(sorted(backends.names()))}")
    config.addinivalue_line("markers", "needs(flag): skip unless the backend's capability of this name is true")


@pytest.hookimpl(tryfirst=True)
def pytest_bdd_apply_tag(tag: str, function: Callable[..., object]) -> object:
    """Turn a tag that names a capability into a mark; leave every other tag to pytest's own strict marks."""
    flag = tag.replace("-", "_")
    if flag not in FLAGS:
        return None
    pytest.mark.needs(flag)(function)
    return True


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a scenario that asks for what the backend cannot do."""
    for mark in item.iter_markers("needs"):
        name = str(item.config.getoption("--backend"))
        if not getattr(backend_class(name).capabilities, mark.args[0]):
            pytest.skip(f"the backend {name} has no {mark.args[0].replace('_', ' ')}")


def pytest_bdd_before_step_call(
    request: pytest.FixtureRequest,
    feature: Feature,
    scenario: Scenario,
    step: Step,
    step_func: Callable[..., object],
    step_func_args: dict[str, object],
) -> None:
    """Refuse an `async def` step: pytest-bdd 9 calls it, never awaits it, and the scenario passes without it."""
    if asyncio.iscoroutinefunction(step_func):
        raise TypeError(f"{feature.filename}: the step {step.name!r} is async and would pass without running")


@functools.cache
def backend_class(name: str) -> Any:
    """The class behind a backend's name; looked up once, since asking every installed package takes a while."""
    module, _, attribute = backends.names()[name].partition(":")
    return getattr(importlib.import_module(module), attribute)
