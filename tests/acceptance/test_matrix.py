"""Every action type meets everything that can go wrong, and the audit trail says once, or the outcome says why not.

One life of each type (lives.py) times one disturbance (disturbances.py). Whatever happens: `succeeded` means that the
API server saw each effect once, a refusal or failure that it saw none (a drain may end halfway), `unknown` at most one;
the outcome's reason is one that the type's page in kubeactions/docs has; and it is counted once at the destination.

The default suite tells cells in which each type and each disturbance is met; `-m slow` tells all. What goes wrong at
each single request of a life is test_crash_points.py's.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from kubeactions.model import Outcome, Status
from kubeactions.reasons import API_SERVER, EVERY
from tests.acceptance.disturbances import DISTURBANCES, LEADER, NOT_ALLOWED, STANDBY, Disturbance, expected
from tests.acceptance.lives import Life
from tests.handbook.matrix import TYPES
from tests.handbook.pages import SPECS
from tests.steps.simulated import SimulatedWorld as World
from tests.steps.trail import told


def cells() -> list[object]:
    """Every type times every disturbance; all but a diagonal are slow."""
    found: list[object] = []
    for row, action_type in enumerate(TYPES):
        for column, words in enumerate(DISTURBANCES):
            quick = row % len(DISTURBANCES) == column
            marks = [] if quick else [pytest.mark.slow]
            found.append(pytest.param(action_type, DISTURBANCES[words], id=f"{action_type}-{words}", marks=marks))
    return found


@pytest.mark.parametrize(("action_type", "disturbance"), cells())
def test_it_is_done_once_or_the_outcome_says_why_not(
    action_type: str, disturbance: Disturbance, tmp_path: Path
) -> None:
    life = TYPES[action_type]
    with World("fake", tmp_path) as world:
        life.make(world)
        if disturbance.words == NOT_ALLOWED:
            other = "evict_pod" if action_type == "delete_pod" else "delete_pod"
            world.environment["DD_KUBEACTIONS_ALLOWED_ACTIONS"] = other
        world.start(LEADER)
        world.work(4)
        if disturbance.standby:
            world.start(STANDBY)
            world.work(1)
        disturbance.arrange(world, life)
        world.deliver("c1@1.json", disturbance.order(world, life, world.clock.wall()))
        world.work(disturbance.seconds)
        assert_once_or_why_not(world, life, disturbance, action_type)


def assert_once_or_why_not(world: World, life: Life, disturbance: Disturbance, action_type: str) -> None:
    record = world.record("c1:v1")
    outcome = record.outcome
    assert outcome is not None, f"still {record.phase}: {record.why}"
    assert outcome.status == expected(action_type, disturbance), outcome
    assert_honest(world, life, outcome)
    assert outcome.reason in documented(action_type), outcome
    assert {key: one[1].outcome.status for key, one in world.destination().counted.items()} == {"c1:v1": outcome.status}
    if outcome.status is Status.SUCCEEDED and not disturbance.edits:
        life.proof(world)


def assert_honest(world: World, life: Life, outcome: Outcome) -> None:
    """What the outcome says is what the API server saw."""
    effects = world.trail.effects(world.agents)
    deeds = [(one.verb, one.resource, one.subresource, one.name) for one in effects]
    assert len(set(deeds)) == len(deeds), told(effects)
    if outcome.status is Status.SUCCEEDED:
        assert len(effects) == life.effects, told(effects)
    elif outcome.status is Status.UNKNOWN:
        assert len(effects) <= life.effects, told(effects)
    elif life.effects <= 1:
        assert effects == [], told(effects)


def documented(action_type: str) -> set[str]:
    """Every reason that the type's page and the index have."""
    spec = SPECS.get(action_type) or SPECS["restart_deployment"]
    return {one.reason for one in spec.endings} | EVERY.keys() | API_SERVER


def test_every_type_has_a_life() -> None:
    assert SPECS.keys() - TYPES.keys() == set()


def test_every_type_and_every_disturbance_is_met_in_the_default_suite() -> None:
    quick = [cell.values for cell in cells() if not cell.marks]  # type: ignore[attr-defined]  # pytest's ParameterSet
    assert {action_type for action_type, _ in quick} == set(TYPES)
    assert {disturbance.words for _, disturbance in quick} == set(DISTURBANCES)
