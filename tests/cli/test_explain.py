"""`explain`: every action type is told in its spec's own words, and its example is one that the validator accepts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

import kubeactions
from kubeactions import registry, validator
from kubeactions.cli.explain import PROMISES, crashes, described, example, expects, page
from kubeactions.model import Action, Config, EffectClass, Parameter, Spec
from kubeactions.settings import Limits
from tests.cli.conftest import Cli

NOW = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
SPECS: Mapping[str, Spec] = registry.specs(registry.load())


@pytest.mark.parametrize("name", SPECS)
def test_the_example_of_each_type_is_valid(name: str) -> None:
    payload = json.dumps(example(SPECS[name], NOW)).encode()
    (found,) = validator.parse(Config("example", 1, payload, "test"), SPECS, Limits())
    assert isinstance(found, Action), found
    assert (found.type, found.created_at) == (name, NOW)


@pytest.mark.parametrize("name", SPECS)
def test_the_page_of_each_type_says_all_that_its_spec_does(name: str) -> None:
    spec = SPECS[name]
    text = " ".join(page(spec, NOW).split())
    wanted = [spec.summary, *spec.kinds, *spec.permits, *(one.name for one in spec.parameters)]
    wanted += [one.resource for one in spec.rules if one.resource != "*"]
    assert [one for one in wanted if one not in text] == []


@pytest.mark.parametrize("name", SPECS)
def test_each_parameter_says_what_it_expects(name: str) -> None:
    said = {one.name: expects(one) for one in SPECS[name].parameters}
    assert "any value" not in said.values()
    assert not any("-0.5" in one for one in said.values()), said


def test_values_are_told_in_the_words_of_the_parameters_reader() -> None:
    (grace,) = SPECS["delete_pod"].parameters
    assert expects(grace) == "whole seconds from 0 to 86400"
    assert expects(Parameter("anything", lambda value: value, "help")) == "any value"


def test_every_class_of_effect_has_a_promise_and_a_life() -> None:
    assert set(PROMISES) == set(EffectClass)
    for effect in EffectClass:
        assert len(crashes(Spec("t", effect, "S.", {}))) == 4


def test_a_type_without_an_example_gets_one_made_up() -> None:
    bare = Spec("ring_bell", EffectClass.UNTRACED, "Ring a bell.", {}, namespaced=None)
    (found,) = validator.parse(
        Config("example", 1, json.dumps(example(bare, NOW)).encode(), "test"), {"ring_bell": bare}, Limits()
    )
    assert isinstance(found, Action)
    assert described(bare, NOW)["promise"].startswith("leaves no trace")


def test_without_a_type_all_are_listed(cli: Cli) -> None:
    told = cli("explain")
    assert told.code == 0
    assert [name for name in SPECS if f"  {name} " not in told.out] == []
    assert [one["type"] for one in json.loads(cli("explain", "--json").out)] == list(SPECS)


def test_the_page_is_one_to_read_and_the_example_one_to_keep(cli: Cli) -> None:
    told = cli("explain", "delete_pod")
    assert told.code == 0
    assert told.out.startswith("delete_pod: Delete one pod.")
    assert "succeeded (inferred)" in " ".join(told.out.split())
    alone = cli("explain", "delete_pod", "--example")
    assert json.loads(alone.out)["actions"][0]["resource"]["kind"] == "Pod"


def test_a_mistyped_type_gets_the_nearest_name(cli: Cli) -> None:
    told = cli("explain", "delete_pdo")
    assert (told.code, told.line) == (
        2,
        "kubeactions: unknown action type 'delete_pdo'; did you mean delete_pod?",
    )


def test_an_example_of_nothing_is_a_mistake(cli: Cli) -> None:
    assert cli("explain", "--example").code == 2


def test_a_page_of_the_handbook_can_be_printed_for_any_type(cli: Cli) -> None:
    pages = Path(kubeactions.__file__).parent / "docs" / "actions"
    assert cli("explain", "delete_pod", "--markdown").out == (pages / "delete_pod.md").read_text()
    assert cli("explain", "--markdown").out.startswith("# Action types")
