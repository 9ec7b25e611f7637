"""The model of the protocol keeps its promises in every state that can be reached, and needs each of its rules."""

from __future__ import annotations

import pytest

from tests.simulation.protocol import Effect, Model, Rules, shortcut

P, U, X = Effect.PINNED_PATCH, Effect.BY_UID, Effect.UNTRACED


@pytest.mark.parametrize("effect", Effect, ids=lambda effect: effect.name.lower())
def test_two_leaders_keep_every_promise(effect: Effect) -> None:
    found = Model(Rules(), effect, processes=2, strangers=1, requests=3).explore()
    assert found.broken == "", found.way
    assert found.states > 500, "the model hardly moved"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("effect", "processes", "strangers", "requests"),
    [(P, 2, 2, 4), (P, 3, 1, 3), (U, 3, 1, 3), (U, 2, 2, 4), (X, 3, 1, 4)],
)
def test_more_leaders_and_strangers_keep_every_promise(
    effect: Effect, processes: int, strangers: int, requests: int
) -> None:
    found = Model(Rules(), effect, processes, strangers, requests).explore()
    assert found.broken == "", found.way


@pytest.mark.parametrize(
    ("rules", "effect", "broken"),
    [
        pytest.param(shortcut(claims_first=False), U, "failure is on record", id="recover without a claim"),
        pytest.param(shortcut(replans_only_when_used_up=False), P, "2 times", id="always plan anew"),
        pytest.param(shortcut(intent_first=False), P, "failure is on record", id="execute first, record after"),
        pytest.param(shortcut(recovers=False), P, "the action is lost", id="claim, and never recover"),
        pytest.param(shortcut(pins_generation=False), P, "2 times", id="send again without a pin"),
        pytest.param(shortcut(pins_uid=False), U, "another object", id="look at the uid, delete by name"),
        pytest.param(shortcut(repeats_nothing_untraced=False), X, "2 times", id="repeat what leaves no trace"),
    ],
)
def test_each_shortcut_breaks_a_promise(rules: Rules, effect: Effect, broken: str) -> None:
    found = Model(rules, effect, processes=2, strangers=2 if effect is P else 1, requests=4).explore()
    assert broken in found.broken, f"{found.states} states: {found.broken or 'no promise broken'}"
    assert found.way, "a broken promise comes with the way to it"
