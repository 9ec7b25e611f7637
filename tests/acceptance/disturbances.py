"""What can go wrong in the life of any action, whatever its type: each is arranged here, and test_matrix.py tells it.

A disturbance says how it ends in words of the protocol: which outcomes are honest, by class of effect, and where it is
another story altogether (`reason`). What goes wrong at every single request is test_crash_points.py's.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from backends.faults import Answer, Crash, Fault, LoseAnswer, LoseRequest, Match, Pause
from kubeactions.kube import Kube
from kubeactions.model import MARKER_ANNOTATION, JsonObject
from kubeactions.policy import OPT_OUT
from tests.acceptance.lives import Life
from tests.steps.objects import RESTARTED_AT
from tests.steps.simulated import SimulatedWorld as World

LEADER, STANDBY = "replica-1", "replica-2"
TEMPLATED = {"deployment", "stateful set", "daemon set", "replica set"}
"""Kinds whose spec has a pod template."""
SLOW_CLOCK = 4.0
"""How much too long the seconds of a leader last that does not notice the end of its lease."""

NOT_ALLOWED = "refused: its type is not allowed here"
Arrange = Callable[[World, Life], object]


@dataclass(frozen=True)
class Disturbance:
    """One thing that goes wrong, or nothing."""

    words: str
    ends: str
    """The status it ends with, unless `otherwise` says so for an action type."""
    arrange: Arrange = lambda _world, _life: None
    otherwise: Mapping[str, str] = field(default_factory=dict)
    """Statuses of action types that end in another way: by their type."""
    order: Callable[[World, Life, datetime], bytes] = lambda _world, life, stamp: life.payload(stamp)
    standby: bool = False
    """Whether there is a second replica."""
    seconds: float = 40.0
    """How long it takes until everybody is done."""
    edits: bool = False
    """Whether strangers leave edits of their own on the target."""


# --- what is arranged ---


def at_the_effect(world: World, life: Life, fault: Fault, *, resource: str = "", times: int = 1) -> None:
    """Let a fault strike whoever sends the request that does it, the first time."""
    verb = "patch" if resource else life.verb
    match = Match(verb=verb, resource=resource or life.resource, name=_name(life))
    world.faults.add(fault, match, first=1 + life.rehearsals, times=times)


def _name(life: Life) -> str:
    """The name in the request: an eviction's is its pod's, and what is created has none yet."""
    return "*" if life.verb == "create" or life.effects > 1 else life.place.rpartition("/")[2]


def remove(world: World, life: Life) -> None:
    """Somebody deletes the target, and the cluster follows."""
    world.strangers.remove(life.kind, life.place)
    world.backend.cluster.catch_up()


def replace(world: World, life: Life) -> None:
    """Somebody puts another object in its place."""
    world.strangers.replace(life.kind, life.place)


_numbers = itertools.count(1)


def edit(world: World, life: Life) -> None:
    """Somebody changes the target, so that its generation moves where it has one."""
    number = next(_numbers)
    body: JsonObject = {"metadata": {"annotations": {"example.org/edited": str(number)}}}
    if life.kind in TEMPLATED:
        body = {"spec": {"template": body}}
    elif life.kind == "cron job":
        body = {"spec": {"successfulJobsHistoryLimit": number % 50 + 4}}
    world.objects.merge(life.kind, life.place, body)


def strip(world: World, life: Life) -> None:
    """Somebody takes every mark off what the action has changed or made."""
    marks: JsonObject = {"metadata": {"annotations": {MARKER_ANNOTATION: None, RESTARTED_AT: None}}}
    if life.resource == "jobs" and life.kind == "cron job":
        path = "/apis/batch/v1/namespaces/shop/jobs"
        for job in world.objects.kube.list(path)["items"]:
            world.objects.kube.patch(f"{path}/{job['metadata']['name']}", marks, type="merge")
    elif world.objects.get(life.kind, life.place) is not None:
        body = {**marks, "spec": {"template": marks}} if life.kind in TEMPLATED else marks
        world.objects.merge(life.kind, life.place, body)


def by_uid_of_the_old(world: World, life: Life, stamp: datetime) -> bytes:
    """The order names the object that was there before; now there is another one."""
    found = world.objects.get(life.kind, life.place)
    assert found is not None
    replace(world, life)
    payload: Any = json.loads(life.payload(stamp))
    payload["actions"][0]["resource"]["resource_id"] = found["metadata"]["uid"]
    return json.dumps(payload).encode()


def both_lead(world: World, _life: Life) -> None:
    """The leader's clock is slow, so it does not notice that its lease has run out."""
    world.forbid(LEADER, "update", "leases")
    world.stretch(LEADER, SLOW_CLOCK)
    world.work(20)
    assert set(world.leaders()) == {LEADER, STANDBY}


def opt_out(world: World, life: Life) -> None:
    """The object itself asks not to be touched."""
    world.objects.merge(life.kind, life.place, {"metadata": {"annotations": {OPT_OUT: "true"}}})


def used_up(times: int, *, in_doubt: bool) -> Arrange:
    """Others change the target so often just before the request arrives, which is lost if `in_doubt`."""

    def arrange(world: World, life: Life) -> None:
        def meanwhile() -> None:
            for _ in range(times):
                edit(world, life)

        at_the_effect(world, life, Pause(meanwhile), resource=life.pinned)
        if in_doubt:
            at_the_effect(world, life, LoseRequest(), resource=life.pinned)

    return arrange


def after_an_earlier_action(world: World, life: Life) -> None:
    """An action of ours was here before, and managedFields say so; then as with a pin that was used up twice."""
    ours = Kube(world.backend.client(), world.clock)
    mark = {"metadata": {"annotations": {MARKER_ANNOTATION: "of-an-earlier-action"}}}
    ours.patch(world.objects.path(life.kind, life.place), mark, type="merge")
    used_up(2, in_doubt=True)(world, life)


def forbid(world: World, life: Life) -> None:
    """The request that does it is forbidden to whoever sends it."""
    world.forbid(LEADER, life.verb, life.resource, _name(life))


def effect(fault: Callable[[World, Life], Fault]) -> Arrange:
    """A fault at the request that does it."""
    return lambda world, life: at_the_effect(world, life, fault(world, life))


def lost_and_stripped(world: World, life: Life) -> None:
    """The answer is lost, and when the leader looks somebody has taken the mark away."""

    def meanwhile() -> None:
        world.backend.cluster.catch_up()
        world.work(1)
        strip(world, life)

    at_the_effect(world, life, LoseAnswer())
    at_the_effect(world, life, Pause(meanwhile, "after"))


# --- the table ---

_UNTRACED = {"exec_command": "unknown"}
"""Class X: nothing tells whether it ran, and it is not run again."""
_AT_MOST_ONCE = {"trigger_cronjob": "unknown", **_UNTRACED}
"""Class N: what is not there may have been there, and is not created again."""
_BY_VERSION = ("cordon_node", "uncordon_node", "patch_deployment", "patch_statefulset", "drain_node")
"""Their pin is a resourceVersion, which does not say who used it up."""
_UNPINNED = dict.fromkeys(("delete_pod", "delete_job", "evict_pod", "get_resource"), "succeeded")
"""Nothing that others change keeps these from being done."""
_SNAPSHOT = {"trigger_cronjob": "succeeded"}
"""The plan holds the whole Job: what becomes of the CronJob afterwards does not matter."""


def _pause(what: Arrange) -> Arrange:
    return effect(lambda world, life: Pause(lambda: what(world, life)))


_ALL = (
    Disturbance("nothing goes wrong", "succeeded"),
    Disturbance("the target is gone", "failed", remove),
    Disturbance("the target is gone just before the effect", "failed", _pause(remove), _SNAPSHOT),
    Disturbance("the target was replaced since the order", "failed", order=by_uid_of_the_old),
    Disturbance(
        "the target is replaced just before the effect",
        "failed",
        _pause(replace),
        {**_SNAPSHOT, "get_resource": "succeeded"},
    ),
    Disturbance("forbidden by the API server", "failed", forbid),
    Disturbance(
        "a conflict (409), once",
        "succeeded",
        effect(lambda _world, _life: Answer(409)),
        dict.fromkeys(("trigger_cronjob", "exec_command"), "failed"),
    ),
    Disturbance("too many requests (429), once", "succeeded", effect(lambda _world, _life: Answer(429))),
    Disturbance("an internal error (500), once", "succeeded", effect(lambda _world, _life: Answer(500)), _AT_MOST_ONCE),
    Disturbance(NOT_ALLOWED, "rejected"),
    Disturbance("refused: the target asks not to be touched", "rejected", opt_out, {"get_resource": "succeeded"}),
    Disturbance(
        "the leader dies just before the effect",
        "succeeded",
        effect(lambda _world, _life: Crash()),
        _AT_MOST_ONCE,
        standby=True,
    ),
    Disturbance(
        "the leader dies just after the effect",
        "succeeded",
        effect(lambda _world, _life: Crash("after")),
        _UNTRACED,
        standby=True,
    ),
    Disturbance("two lead at once", "succeeded", both_lead, standby=True, seconds=60.0),
    Disturbance("the answer is lost", "succeeded", effect(lambda _world, _life: LoseAnswer()), _UNTRACED),
    Disturbance("the answer is lost, and the mark stripped", "succeeded", lost_and_stripped, _AT_MOST_ONCE, edits=True),
    Disturbance("the pin used up once", "succeeded", used_up(1, in_doubt=False), edits=True),
    Disturbance("the pin used up twice", "succeeded", used_up(2, in_doubt=False), edits=True),
    Disturbance(
        "the pin used up once, and the request lost",
        "succeeded",
        used_up(1, in_doubt=True),
        {**dict.fromkeys(_BY_VERSION, "unknown"), **_AT_MOST_ONCE},
        edits=True,
    ),
    Disturbance(
        "the pin used up twice, and the request lost", "unknown", used_up(2, in_doubt=True), _UNPINNED, edits=True
    ),
    Disturbance(
        "the same, on the mark of an earlier action", "unknown", after_an_earlier_action, _UNPINNED, edits=True
    ),
)
DISTURBANCES: Mapping[str, Disturbance] = {one.words: one for one in _ALL}
"""All of them, by their words."""


def expected(action_type: str, disturbance: Disturbance) -> str:
    """The status that a cell of the matrix ends with."""
    return disturbance.otherwise.get(action_type, disturbance.ends)
