"""Things found by name: hints for mistyped ones, and errors of one line."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from kubeactions import plugins
from kubeactions.errors import UserError


def test_a_mistyped_name_gets_the_nearest_one() -> None:
    with pytest.raises(UserError, match=r"^unknown reporter 'kuberntes'; did you mean kubernetes\?$"):
        plugins.load("kubeactions.reporters", "kuberntes", {"kubernetes": "json:loads", "log": "json:loads"})


def test_when_nothing_is_near_all_names_are_listed() -> None:
    assert plugins.nearest("zzz", ["b", "a"]) == "; known: a, b"
    assert plugins.nearest("zzz", []) == ""


def test_only_what_is_asked_for_is_imported() -> None:
    assert plugins.load("kubeactions.none", "x", {"x": "json:loads", "y": "no.such.module:z"}) is not None


def test_a_third_party_is_found_and_cannot_take_a_built_in_name(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [EntryPoint("own", "json:dumps", "g"), EntryPoint("log", "evil:log", "g")]
    monkeypatch.setattr(plugins, "entries", lambda _group: entries[:1])
    assert plugins.load("g", "own", {}).__name__ == "dumps"
    monkeypatch.setattr(plugins, "entries", lambda _group: entries)
    with pytest.raises(UserError, match="both mine:log and evil:log claim the name 'log'"):
        plugins.catalogue("g", {"log": "mine:log"})
