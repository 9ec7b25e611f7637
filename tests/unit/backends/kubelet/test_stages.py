"""The table of a pod's life: every situation has its answers, and the rows are reachable."""

from __future__ import annotations

from itertools import product

import pytest

from backends.kubelet.stages import LIFE, Containers, Delay, Effect, Situation, Stage, fitting

SITUATIONS = [Situation(*one) for one in product((False, True), Containers, (False, True), (False, True))]


@pytest.mark.parametrize("stage", LIFE, ids=lambda stage: stage.name)
def test_every_row_may_come_in_some_situation(stage: Stage) -> None:
    assert any(stage in fitting(situation) for situation in SITUATIONS)


@pytest.mark.parametrize("situation", [one for one in SITUATIONS if one.deleting], ids=str)
def test_whatever_is_deleted_comes_to_an_end(situation: Situation) -> None:
    stages = fitting(situation)
    assert stages
    assert {stage.effect for stage in stages} <= {Effect.UNREADY, Effect.STOP, Effect.REMOVE}


@pytest.mark.parametrize("ready", [True, False])
def test_what_has_ended_is_left_alone_until_somebody_deletes_it(ready: bool) -> None:
    assert fitting(Situation(deleting=False, containers=Containers.ENDED, ready=ready)) == ()


def test_what_was_never_seen_goes_without_being_stopped() -> None:
    first, *_ = fitting(Situation(deleting=True, containers=Containers.NONE, ready=False))
    assert (first.effect, first.delay) == (Effect.REMOVE, Delay.NONE)
