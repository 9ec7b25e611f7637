"""Every point of one action's life at which something can go wrong between the leader and the API server.

The life of one action is run once without a fault, and every request that the leader sends is noted. Then, for each of
them, the story is told again: the leader dies just before it or just after it; its answer is lost; the leader stands
still there until another one has taken over, and wakes up. Whatever the point, the API server's audit trail must show
one effect, of the right author, at the right time; the outcome must be on record, must be `succeeded` (the protocol
knows) and must be counted once at the destination.

Then once more, one level deeper: the leader died in the middle, and its successor dies at each request of its takeover.

It is told for every action type (lives.py). Class U (a pod can be deleted only once), class P (the mark and the change
are one patch, with a generation or a resourceVersion as its pin) and the rest take different ways back: one of each is
told in the default suite, all of them with `-m ""`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from backends.calls import Call
from backends.faults import Crash, Fault, LoseAnswer, Match, Pause
from tests.acceptance.lives import LIVES, Life, deed_of
from tests.steps.clocks import START
from tests.steps.moments import Side
from tests.steps.simulated import SimulatedWorld as World
from tests.steps.trail import told

LEASE_S = 15.0
"""How long the standby must wait for the lease of a leader that is not heard of any more."""
RENEWED_EVERY_S = 2.0
"""How old the lease may have been when the leader was last heard of."""
RENEW_DEADLINE_S = 10.0
"""How long after its last renewal a leader may act."""
TWICE = "delete_pod"
"""Whose takeover is struck, too, in the default suite."""
TAKEOVER_S = 45.0
"""How long it may take the standby to finish what the leader began."""
ORDERED_AT = START + timedelta(seconds=10)
"""When the order arrives."""
LEADER, STANDBY, THIRD = "replica-1", "replica-2", "replica-3"
TAKING_THE_LEASE = Match(verb="update", resource="leases", identity=STANDBY)
"""Until then a standby only reads the lease."""


@dataclass(frozen=True)
class Point:
    """One request in a life, and on which side of it something happens."""

    kind: str
    index: int
    call: str
    side: Side
    leader_did_it: bool
    """Whether the effect has happened when it strikes."""
    strikes_its_life: bool = True
    """Whether an intent is on record when it strikes, and no outcome."""

    def __str__(self) -> str:
        return f"{self.kind}-{self.index:02}-{self.side}-{self.call.replace(' ', '-').replace('/', '.')}"


@contextmanager
def begin(directory: Path, life: Life) -> Iterator[World]:
    """A world in which a leader and a standby have settled and the target runs."""
    with World("fake", directory) as world:
        life.make(world)
        world.start(LEADER)
        world.work(4)
        world.start(STANDBY)
        world.work((ORDERED_AT - world.clock.wall()).total_seconds())
        assert world.leaders() == [LEADER]
        world.calls.clear()
        yield world


def order(world: World, life: Life) -> None:
    """Let the order arrive."""
    world.deliver("c1@1.json", life.payload(world.clock.wall()))


def kill_at_the_effect(world: World, life: Life, side: Side) -> None:
    """Arrange that the leader dies at the request that does it."""
    match = Match(verb=life.verb, resource=life.resource, identity=LEADER)
    world.faults.add(Crash(side), match, first=1 + life.rehearsals, times=1)


@cache
def calls_of(kind: str) -> list[Call]:
    """Every request that the leader sends from the arrival of the order until its round is over, without faults."""
    with tempfile.TemporaryDirectory() as directory, begin(Path(directory), LIVES[kind]) as world:
        order(world, LIVES[kind])
        world.work(4)
        return [call for call in world.calls if call.identity == LEADER]


@cache
def calls_of_takeover(kind: str, side: Side) -> list[Call]:
    """Every request that the successor of a leader which died at the effect sends, once it has taken the lease."""
    with tempfile.TemporaryDirectory() as directory, begin(Path(directory), LIVES[kind]) as world:
        kill_at_the_effect(world, LIVES[kind], side)
        order(world, LIVES[kind])
        world.work(TAKEOVER_S)
        calls = [call for call in world.calls if call.identity == STANDBY]
        taken = next(index for index, call in enumerate(calls) if call.verb == "update")
        last = max(index for index, call in enumerate(calls) if call.resource != "leases")
        return calls[taken + 1 : last + 1]


def points(kind: str, sides: tuple[Side, ...]) -> list[Point]:
    """Every point of a life."""
    calls = calls_of(kind)
    effect = next(index for index, call in enumerate(calls) if LIVES[kind].effect(call))
    notes = [index for index, call in enumerate(calls) if str(call).startswith("patch configmaps")]
    return [
        Point(
            kind,
            index,
            str(call),
            side,
            leader_did_it=index > effect or (index == effect and side == "after"),
            strikes_its_life=notes[1] <= index <= notes[2],
        )
        for index, call in enumerate(calls)
        for side in sides
    ]


def points_of_takeover(kind: str) -> list[tuple[Side, Point]]:
    """Every point of a takeover, after a leader that died on either side of the effect."""
    found: list[tuple[Side, Point]] = []
    sides: tuple[Side, ...] = ("before", "after")
    for died in sides:
        calls = calls_of_takeover(kind, died)
        for index, call in enumerate(calls):
            found += [(died, Point(kind, index, str(call), side, died == "after")) for side in sides]
    return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test the points that it asks for by the names of its arguments."""
    sides: dict[str, tuple[Side, ...]] = {"point": ("before", "after"), "lost": ("after",)}
    for name in sides.keys() & set(metafunc.fixturenames):
        found = [marked(point.kind, point) for kind in told_now(metafunc) for point in points(kind, sides[name])]
        metafunc.parametrize(name, found, ids=str)
    if "second" in metafunc.fixturenames:
        kinds = [kind for kind in told_now(metafunc) if everything(metafunc) or kind == TWICE]
        pairs = [pair for kind in kinds for pair in points_of_takeover(kind)]
        ids = [f"{died}-the-effect-{point}" for died, point in pairs]
        values = [
            pytest.param(died, point, marks=[] if point.kind == TWICE else [pytest.mark.slow]) for died, point in pairs
        ]
        metafunc.parametrize(("died", "second"), values, ids=ids)


def told_now(metafunc: pytest.Metafunc) -> list[str]:
    """The lives to tell; those marked slow are left out with them, since finding their points takes a while."""
    return [kind for kind, life in LIVES.items() if everything(metafunc) or not life.slow]


def everything(metafunc: pytest.Metafunc) -> bool:
    """Whether slow tests are wanted."""
    return "not slow" not in str(metafunc.config.getoption("-m"))


def marked(kind: str, *values: object) -> object:
    """A row of parameters, marked slow when its life is."""
    return pytest.param(*values, marks=[pytest.mark.slow] if LIVES[kind].slow else [])


@pytest.fixture
def tell(tmp_path: Path) -> Iterator[Callable[[Point, Callable[[World], Fault]], World]]:
    """Tell the story of a life with a fault at one point of it, and let everybody finish."""
    with ExitStack() as stack:

        def story(point: Point, fault: Callable[[World], Fault]) -> World:
            life = LIVES[point.kind]
            world = stack.enter_context(begin(tmp_path, life))
            world.faults.add(fault(world), Match(identity=LEADER), first=point.index + 1, times=1)
            order(world, life)
            world.work()
            return world

        yield story


Tell = Callable[[Point, Callable[[World], Fault]], World]


def test_the_leader_dies_there_and_the_other_finishes(point: Point, tell: Tell) -> None:
    world = tell(point, lambda _: Crash(point.side))
    assert not world.replica(LEADER).alive, "the point was never reached"
    assert world.leaders() == [STANDBY]
    assert_done_once(world, point, by=LEADER if point.leader_did_it else STANDBY)


def test_the_leader_stands_still_there_and_wakes_up_when_another_leads(point: Point, tell: Tell) -> None:
    world = tell(point, lambda world: Pause(lambda: world.work(TAKEOVER_S), point.side))
    assert world.leaders() == [STANDBY]
    assert_done_once(world, point, by=LEADER if point.leader_did_it else STANDBY)


def test_an_answer_is_lost_there_and_the_leader_finds_out(lost: Point, tell: Tell) -> None:
    world = tell(lost, lambda _: LoseAnswer())
    assert world.leaders() == [LEADER]
    assert_done_once(world, lost, by=LEADER)


def test_its_successor_dies_too_and_the_third_finishes(died: Side, second: Point, tmp_path: Path) -> None:
    life = LIVES[second.kind]
    with begin(tmp_path, life) as world:
        kill_at_the_effect(world, life, died)
        order(world, life)
        world.work(1)
        assert not world.replica(LEADER).alive
        world.faults.add(Pause(lambda: arrange_death(world, second)), TAKING_THE_LEASE, times=1)
        world.work()
        assert not world.replica(STANDBY).alive, "the point was never reached"
        assert world.leaders() == [THIRD]
        effects = world.trail.effects(world.agents)
        if life.untraced:
            assert len(effects) == len(world.ran) == second.leader_did_it
            assert_known_and_counted(world, "unknown")
            return
        if life.may_be_unknown and not effects:
            assert not second.leader_did_it
            assert_known_and_counted(world, "unknown")
            return
        if life.effects > 1:
            assert len({event.name for event in effects}) == len(effects) == life.effects, told(effects)
            life.proof(world)
            assert_known_and_counted(world)
            return
        assert len(effects) == 1, told(effects)
        assert second.leader_did_it == (effects[0].user == LEADER), told(effects)
        life.proof(world)
        assert_known_and_counted(world)


def arrange_death(world: World, point: Point) -> None:
    """Called when the successor takes the lease: its calls count from the next one, and a third replica starts."""
    world.faults.add(Crash(point.side), Match(identity=STANDBY), first=point.index + 1, times=1)
    world.start(THIRD)


def test_the_enumeration_covers_the_whole_life() -> None:
    for kind, life in LIVES.items():
        if life.slow:
            continue
        calls = [str(call) for call in calls_of(kind)]
        notes = [index for index, text in enumerate(calls) if text.startswith("patch configmaps")]
        effect = next(index for index, call in enumerate(calls_of(kind)) if life.effect(call))
        assert len(notes) >= 3, calls
        assert notes[1] < effect < notes[2], calls


def assert_done_once(world: World, point: Point, by: str) -> None:
    """One effect on the audit trail, by whom and when; the outcome known, recorded and counted once."""
    life = LIVES[point.kind]
    effects = world.trail.effects(world.agents)
    if life.untraced:
        assert len(effects) == len(world.ran) <= 1, told(effects)
        if point.strikes_its_life and is_unknown(world):
            assert_known_and_counted(world, "unknown")
            return
    if life.may_be_unknown and not point.leader_did_it and is_unknown(world):
        assert len(effects) <= 1, told(effects)  # A leader that stood still may do it late: nothing refuses that.
        assert_known_and_counted(world, "unknown")
        return
    if life.effects > 1:
        assert len({event.name for event in effects}) == len(effects) == life.effects, told(effects)
        life.proof(world)
        assert_known_and_counted(world)
        return
    assert [deed_of(event) for event in effects] == [(life.verb, life.resource)], told(effects)
    assert effects[0].name.startswith(life.place.rpartition("/")[2]), told(effects)
    assert effects[0].user == by, told(effects)
    assert_in_time(effects[0].at, by)
    life.proof(world)
    assert_known_and_counted(world)


def is_unknown(world: World) -> bool:
    """Whether what is on record is that nobody knows."""
    outcome = world.record("c1:v1").outcome
    return outcome is not None and outcome.status == "unknown"


def assert_known_and_counted(world: World, status: str = "succeeded") -> None:
    """The outcome is on record as `succeeded`, unless told otherwise, and counted once at the destination."""
    record = world.record("c1:v1")
    assert record.outcome is not None, f"still {record.phase}: {record.why}"
    assert record.outcome.status == status, record.outcome
    counted = world.destination().counted
    assert list(counted) == ["c1:v1"]
    assert counted["c1:v1"][1].outcome.status == status


def assert_in_time(at: datetime, by: str) -> None:
    """The leader acts at once; the standby when the lease has run out: not before, and not much later."""
    waited = (at - ORDERED_AT).total_seconds()
    if by == LEADER:
        assert 0 <= waited < RENEW_DEADLINE_S
    else:
        assert LEASE_S - RENEWED_EVERY_S <= waited < TAKEOVER_S
