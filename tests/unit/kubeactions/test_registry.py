"""The registry: built-in types by their files, third parties by entry points, and as little as a function."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from kubeactions import registry
from kubeactions.errors import UserError
from kubeactions.executors.delete_pod import DeletePod
from kubeactions.model import Action, EffectClass, Evidence, Next, Outcome, Spec, Status, Target
from kubeactions.registry import UntracedExecutor, adapt, load, specs
from tests.unit.kubeactions.executors.orders import act, evidence, intent

BELL = Target("example.org/v1", "Bell", "b")


def ring(action: Action, kube: Any) -> Outcome:
    """Ring a bell, once.

    More words.
    """
    return Outcome(Status.SUCCEEDED, "Rung", action.target.name)


class Half:
    execute = "not callable"


def entry(monkeypatch: pytest.MonkeyPatch, name: str, thing: Callable[[], Any]) -> None:
    class Found(EntryPoint):
        def load(self) -> Any:
            return thing()

    monkeypatch.setattr(registry, "entries", lambda group: [Found(name, "third.party:thing", group)])


def test_every_built_in_type_is_found_by_its_file() -> None:
    assert {"delete_pod", "restart_deployment", "get_resource"} <= load().keys()
    assert all(name == spec.type for name, spec in specs(load()).items())


def test_every_spec_tells_people_and_rbac_what_they_need() -> None:
    for spec in specs(load()).values():
        assert spec.summary.endswith(".")
        assert spec.rules
        assert spec.example["action_type"] == spec.type
        assert all(parameter.help for parameter in spec.parameters)


def test_a_third_partys_function_becomes_class_x(monkeypatch: pytest.MonkeyPatch) -> None:
    entry(monkeypatch, "ring_bell", lambda: ring)
    spec = load()["ring_bell"].spec
    assert (spec.effect, spec.summary, spec.parameters) == (EffectClass.UNTRACED, "Ring a bell, once.", ())


def test_a_built_in_name_cannot_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    entry(monkeypatch, "delete_pod", lambda: ring)
    with pytest.raises(UserError, match="exists already"):
        load()


def test_a_third_party_that_cannot_be_imported_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Any:
        raise ImportError("no module named third")

    entry(monkeypatch, "ring_bell", broken)
    with pytest.raises(UserError, match=r"cannot load third\.party:thing: ImportError"):
        load()


def test_a_whole_executor_is_taken_as_it_is_and_a_class_is_made_one() -> None:
    assert isinstance(adapt("delete_pod", DeletePod), DeletePod)
    with pytest.raises(UserError, match="spec"):
        adapt("delete_a_pod", DeletePod())


@pytest.mark.parametrize("thing", [None, 3, Half()])
def test_what_cannot_be_called_is_refused(thing: Any) -> None:
    with pytest.raises(UserError, match="a function execute"):
        adapt("ring_bell", thing)


@pytest.mark.parametrize(("name", "effect"), [("ring", EffectClass.UNTRACED), ("ring_bell", EffectClass.PATCH)])
def test_a_functions_spec_must_be_of_its_name_and_of_class_x(name: str, effect: EffectClass) -> None:
    with pytest.raises(UserError, match="effect X"):
        UntracedExecutor("ring_bell", ring, Spec(name, effect, "x", {}))


def test_a_function_that_returns_no_outcome_is_said_to() -> None:
    executor = UntracedExecutor("ring_bell", lambda action, kube: None)  # type: ignore[arg-type,return-value]  # the mistake under test
    with pytest.raises(TypeError, match="NoneType"):
        executor.execute(act("ring_bell", BELL), intent(), None)  # type: ignore[arg-type]  # not used


@pytest.mark.parametrize("known", [evidence(doubt=True), evidence(), evidence(None, doubt=True)])
def test_without_its_own_word_the_outcome_is_unknown_and_it_is_never_sent_again(known: Evidence) -> None:
    verdict = UntracedExecutor("ring_bell", ring).verdict(act("ring_bell", BELL), intent(), known)
    assert verdict.next is Next.SETTLE
    assert verdict.outcome is not None
    assert verdict.outcome.status is Status.UNKNOWN
