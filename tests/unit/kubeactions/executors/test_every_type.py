"""What holds for every action type: its example is an order, it says what it is, and the README names it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kubeactions import registry
from kubeactions.model import Action, Config
from kubeactions.settings import Limits
from kubeactions.validator import parse

SPECS = registry.specs(registry.load())
README = Path(__file__).parents[4] / "README.md"


@pytest.mark.parametrize("action_type", sorted(SPECS))
def test_the_example_is_an_order_as_it_stands(action_type: str) -> None:
    order = {**SPECS[action_type].example, "timestamp": "2026-08-20T10:15:00Z"}
    (found,) = parse(Config("c1", 1, json.dumps({"actions": [order]}).encode(), "test"), SPECS, Limits())
    assert isinstance(found, Action), found
    assert found.type == action_type


@pytest.mark.parametrize("action_type", sorted(SPECS))
def test_it_says_what_it_does_takes_and_needs(action_type: str) -> None:
    spec = SPECS[action_type]
    assert spec.summary.endswith(".")
    assert all(parameter.help for parameter in spec.parameters)
    assert spec.rules
    assert all(rule.verbs for rule in spec.rules)
    assert all(rule.cluster for rule in spec.rules) is (spec.namespaced is False)


def test_the_readme_names_every_type() -> None:
    text = README.read_text()
    assert [name for name in SPECS if f"`{name}`" not in text] == []
