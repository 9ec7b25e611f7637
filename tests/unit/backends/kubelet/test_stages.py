"""The table of a pod's life: every situation has one answer, and the rows are reachable."""

from __future__ import annotations

from itertools import product

import pytest

from backends.kubelet.stages import LIFE, Containers, Effect, Situation, next_stage

SITUATIONS = [Situation(*one) for one in product((False, True), Containers, (False, True))]


@pytest.mark.parametrize("stage", LIFE, ids=lambda stage: stage.name)
def test_every_row_is_the_answer_to_some_situation(stage: object) -> None:
    assert any(next_stage(situation) is stage for situation in SITUATIONS)


@pytest.mark.parametrize("situation", [one for one in SITUATIONS if one.deleting], ids=str)
def test_whatever_is_deleted_comes_to_an_end(situation: Situation) -> None:
    stage = next_stage(situation)
    assert stage is not None
    assert stage.effect in (Effect.UNREADY, Effect.STOP, Effect.REMOVE)


def test_what_has_ended_is_left_alone_until_somebody_deletes_it() -> None:
    assert next_stage(Situation(deleting=False, containers=Containers.ENDED, ready=False)) is None
    assert next_stage(Situation(deleting=False, containers=Containers.ENDED, ready=True)) is None


def test_what_was_never_seen_goes_without_being_stopped() -> None:
    stage = next_stage(Situation(deleting=True, containers=Containers.NONE, ready=False))
    assert stage is not None
    assert stage.effect is Effect.REMOVE
