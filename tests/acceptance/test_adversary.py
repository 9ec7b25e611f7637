"""An adversary with a seed: every action type at once, while everything goes wrong, and then nothing any more.

Replicas die, stand still, run slow and tell the wrong time; the wall clock jumps; requests are lost, delayed, refused
and repeated late; strangers edit, strip, scale, delete and recreate the targets; people pause, resume and cancel. Then
everybody gets well. What must hold: each order is on record and has ended; the audit trail has its effects once, by the
`Audit-ID`; what the outcome says is true; every destination counted it once, with that outcome; the ledger is in order;
and no replica met an error of its own. The seed is the test's id.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from backends.fake.programs import Out
from backends.faults import Answer, Crash, Delay, Fault, Late, LoseAnswer, LoseRequest, Match, Pause
from kubeactions.errors import KubeError
from kubeactions.ledger import Cancellation, Requests, read
from kubeactions.ledger import Pause as SystemPause
from kubeactions.ledger.invariants import check
from kubeactions.model import MARKER_ANNOTATION, ActionKey, JsonObject, Outcome, Status
from tests.acceptance.disturbances import TEMPLATED
from tests.steps import payloads
from tests.steps.objects import RESTARTED_AT
from tests.steps.simulated import SimulatedWorld as World

TROUBLE_S, HEALING_S = 150.0, 900.0
"""What was accepted by a clock that was fast waits until the right one has come so far."""
CART, DB, LOGS, NIGHTLY = "shop/cart", "shop/db", "shop/logs", "shop/nightly"
GOLD: JsonObject = {"spec": {"template": {"metadata": {"labels": {"tier": "gold"}}}}}
JSON_GOLD = [{"op": "add", "path": "/spec/template/metadata/labels/tier", "value": "gold"}]
WAIT: JsonObject = {"wait": "rollout", "timeout_seconds": 60}
MENU: tuple[tuple[str, str, str, JsonObject], ...] = (
    ("restart the deployment", "deployment", CART, {}),
    ("restart the deployment", "deployment", CART, WAIT),
    ("restart the deployment", "deployment", CART, {"if_changed": "fail"}),
    ("pause the deployment", "deployment", CART, {}),
    ("resume the deployment", "deployment", CART, {}),
    ("scale the deployment", "deployment", CART, {"delta": 1}),
    ("scale the deployment", "deployment", CART, {"replicas": 2, **WAIT}),
    ("roll back the deployment", "deployment", CART, {}),
    ("patch the deployment", "deployment", CART, {"patch": GOLD}),
    ("patch the deployment", "deployment", CART, {"patch": JSON_GOLD, "patch_strategy": "json"}),
    ("restart the stateful set", "stateful set", DB, {}),
    ("scale the stateful set", "stateful set", DB, {"delta": 1}),
    ("roll back the stateful set", "stateful set", DB, {}),
    ("patch the stateful set", "stateful set", DB, {"patch": GOLD, "patch_strategy": "merge"}),
    ("restart the daemon set", "daemon set", LOGS, WAIT),
    ("roll back the daemon set", "daemon set", LOGS, {}),
    ("patch the daemon set", "daemon set", LOGS, {"patch": JSON_GOLD, "patch_strategy": "json"}),
    ("cordon the node", "node", "node-1", {}),
    ("uncordon the node", "node", "node-1", {}),
    ("drain the node", "node", "node-1", {"ignore_daemonsets": True, "force": True, "timeout_seconds": 60}),
    ("suspend the cron job", "cron job", NIGHTLY, {}),
    ("resume the cron job", "cron job", NIGHTLY, {}),
    ("trigger the cron job", "cron job", NIGHTLY, {}),
    ("delete the pod", "pod", "", {}),
    ("delete the pod", "pod", "", {}),
    ("evict the pod", "pod", "", {"timeout_seconds": 60}),
    ("run df in the pod", "pod", "", {"command": ["df"]}),
    ("run df in the pod", "pod", "", {"command": ["df"], "once": True}),
    ("delete the job", "job", "", {}),
    ("read the config map", "config map", "shop/settings", {}),
)
"""Orders, kinds of their targets, places ("": one of its own) and parameters."""
EFFECTS = [("patch", "deployments"), ("patch", "statefulsets"), ("patch", "nodes"), ("delete", "pods")]
EFFECTS += [("create", "pods/eviction"), ("create", "jobs"), ("get", "pods/exec"), ("patch", "cronjobs")]
ITSELF = [("patch", "configmaps"), ("create", "configmaps"), ("get", "configmaps"), ("update", "leases")]
DONE = {"RolloutFailed", "RolloutStillGoing", "RolloutCutShort", "ExitCode"}
"""Reasons of a failure of what was done nevertheless."""
UNDONE = {"NoChange", "AlreadyTerminating", "NotOurs", "Read"}
"""Reasons of a success without an effect of ours."""


class Adversary:
    """One world and what it is given to live through."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.dice = random.Random(seed)
        self.orders: dict[str, tuple[str, str, str]] = {}
        self.births = 0
        self.set_by_s = 0.0
        """How far the time of day was set, in all; it is set right in the end, since waits end by it."""
        world.environment["DD_KUBEACTIONS_EXEC_COMMAND_ALLOWED_COMMANDS"] = "df"
        world.environment["DD_KUBEACTIONS_BREAKER_FAILURES"] = "0"
        world.script("df", [Out("42 % used")], 0)
        world.install_shell()
        self._furnish()
        self.deeds: tuple[tuple[float, Callable[[], object]], ...] = (
            (0.30, self.break_something),
            (0.12, self.kill),
            (0.10, self.stand_still),
            (0.05, self.tell_the_wrong_time),
            (0.03, self.jump),
            (0.30, self.meddle),
            (0.10, self.ask),
        )

    def _furnish(self) -> None:
        objects = self.world.objects
        objects.deployment(CART, 2)
        objects.stateful_set(DB, 1)
        objects.daemon_set(LOGS)
        objects.cron_job(NIGHTLY)
        objects.create("config map", "shop/settings", {"data": {"colour": "blue"}})
        self.world.work(2)
        for kind, place in (("deployment", CART), ("stateful set", DB), ("daemon set", LOGS)):
            edited = {"metadata": {"annotations": {"example.org/edited": "yes"}}}
            objects.merge(kind, place, {"spec": {"template": edited}})
        self.world.work(3)

    # --- what is ordered ---

    def order(self) -> None:
        """One more order, or two in one config, on a target that others may be about."""
        config_id = f"c{len(self.orders)}"
        words, kind, place, parameters = self.dice.choice(MENU)
        if not place:
            place = f"shop/own-{config_id}"
            self.world.objects.job(place) if kind == "job" else self.world.objects.pod(place)
        stamp = self.world.clock.wall() - timedelta(seconds=self.dice.choice([0, 5, 30]))
        action = payloads.order(words, place, stamp)
        self.world.deliver(f"{config_id}@1.json", payloads.payload({**action, "parameters": parameters}))
        self.orders[f"{config_id}:v1"] = (words, kind, place)

    # --- what goes wrong ---

    def live(self) -> None:
        """The time of trouble, in which orders arrive all along."""
        self.birth()
        self.birth()
        until = self.world.clock.monotonic() + TROUBLE_S
        while self.world.clock.monotonic() < until:
            self.world.work(self.dice.choice([0.3, 1.0, 2.0, 5.0]))
            if len(self.orders) < 14 and self.dice.random() < 0.5:
                self.order()
            for chance, deed in self.deeds:
                if self.dice.random() < chance:
                    deed()
            if len(self._living()) < 2 and self.dice.random() < 0.4:
                self.birth()

    def heal(self) -> None:
        """Nothing goes wrong any more."""
        self.world.faults.clear()
        self.world.clock.jump_wall(-self.set_by_s)
        for replica in self.world.turns.replicas:
            replica.asleep, replica.clock.wrong_by_s = False, 0.0
            replica.clock.slow_down(1.0)
        Requests(self.world.objects.kube, "default").resume([SystemPause("freeze", "")], "ops", self.world.clock.wall())
        self.birth()
        self.world.work(HEALING_S)

    def _living(self) -> list[str]:
        return sorted(one.name for one in self.world.turns.replicas if one.alive)

    def _somebody(self) -> str:
        return self.dice.choice(self._living() or [""])

    def birth(self) -> None:
        """A new process."""
        self.births += 1
        self.world.start(f"replica-{self.births}")

    def break_something(self) -> None:
        """The next requests of a kind meet a fault."""
        dice = self.dice
        faults: list[Fault] = [
            LoseRequest(),
            LoseAnswer(),
            LoseAnswer(),
            Late(dice.choice([0.5, 3.0, 12.0, 40.0])),
            Delay(dice.choice([1.0, 6.0, 30.0])),
            Answer(dice.choice([409, 429, 500, 503, 403])),
        ]
        verb, resource = dice.choice([*EFFECTS, *EFFECTS, *ITSELF, ("get", "*")])
        match = Match(verb=verb, resource=resource, identity="replica-*")
        self.world.faults.add(dice.choice(faults), match, first=dice.randint(1, 3), times=dice.randint(1, 2))

    def kill(self) -> None:
        """A process dies, at once or in the middle of a request."""
        name = self._somebody()
        if not name:
            return
        if self.dice.random() < 0.3:
            self.world.die(name)
            return
        verb, resource = self.dice.choice([*EFFECTS, *ITSELF, ("*", "*")])
        crash = Crash(self.dice.choice(["before", "after"]))
        self.world.faults.add(crash, Match(verb=verb, resource=resource, identity=name), times=1)

    def stand_still(self) -> None:
        """A process stands still in a request, or between two, for longer than its lease or not."""
        name, seconds = self._somebody(), self.dice.choice([3.0, 12.0, 40.0])
        if not name:
            return
        verb, resource = self.dice.choice([*EFFECTS, *ITSELF, ("*", "*")])
        nap = Pause(lambda: self.world.work(seconds), self.dice.choice(["before", "after"]))
        self.world.faults.add(nap, Match(verb=verb, resource=resource, identity=name), times=1)

    def tell_the_wrong_time(self) -> None:
        """A replica's clock is wrong, or slow."""
        if name := self._somebody():
            self.world.jump(name, self.dice.choice([-600.0, -20.0, 5.0, 20.0, 600.0]))
            self.world.stretch(name, self.dice.choice([1.0, 1.2, 4.0]))

    def jump(self) -> None:
        """Everybody's time of day is set."""
        seconds = self.dice.choice([-300.0, -15.0, 15.0, 300.0])
        self.set_by_s += seconds
        self.world.clock.jump_wall(seconds)

    def meddle(self) -> None:
        """A stranger does something to a target."""
        if not self.orders:
            return
        _, kind, place = self.dice.choice(list(self.orders.values()))
        deeds = [self._edit, self._edit, self._strip, self._scale]
        if kind in ("pod", "job", "cron job"):
            deeds += [self._delete, self._replace]
        if kind in ("node", "deployment") and self.dice.random() < 0.1:
            deeds = [self._replace]
        try:
            self.dice.choice(deeds)(kind, place)
        except (KubeError, AssertionError):
            return  # It is not there.

    def _edit(self, kind: str, place: str) -> None:
        note: JsonObject = {"metadata": {"annotations": {"example.org/note": str(self.dice.random())}}}
        spec: JsonObject = {"spec": {"template": note}} if kind in TEMPLATED else note
        self.world.objects.merge(kind, place, self.dice.choice([note, spec]))

    def _strip(self, kind: str, place: str) -> None:
        bare: JsonObject = {"metadata": {"annotations": {MARKER_ANNOTATION: None, RESTARTED_AT: None}}}
        body = {**bare, "spec": {"template": bare}} if kind in TEMPLATED else bare
        self.world.objects.merge(kind, place, body)

    def _scale(self, kind: str, place: str) -> None:
        if kind in ("deployment", "stateful set"):
            change = {"replicas": self.dice.randint(1, 4)}
            self.world.objects.merge(kind, place, {"spec": change})
        elif kind == "node":
            self.world.objects.merge(kind, place, {"spec": {"unschedulable": self.dice.random() < 0.5}})

    def _delete(self, kind: str, place: str) -> None:
        self.world.strangers.remove(kind, place)

    def _replace(self, kind: str, place: str) -> None:
        self.world.strangers.replace(kind, place)

    def ask(self) -> None:
        """Somebody pauses, resumes, or cancels."""
        asked = Requests(self.world.objects.kube, "default")
        now = self.world.clock.wall()
        pause = SystemPause("freeze", "look at this first", "ops", now)
        what = self.dice.random()
        if what < 0.3:
            asked.pause(pause)
        elif what < 0.7:
            asked.resume([pause], "ops", now)
        elif self.orders:
            key = ActionKey(self.dice.choice(sorted(self.orders)).partition(":")[0], 1)
            asked.ask([Cancellation(key.marker, str(key), "ops", now)])

    # --- what must be so ---

    def judge(self) -> None:
        """Everything that the module's first lines say."""
        world = self.world
        found = {str(one.key): one for one in read(world.objects.kube, "default").records}
        assert found.keys() == self.orders.keys()
        effects = world.trail.effects(world.agents)
        by_marker: dict[str, list[Any]] = {}
        for event in effects:
            by_marker.setdefault(event.audit_id, []).append(event)
        for key, record in found.items():
            words, _, place = self.orders[key]
            assert record.outcome is not None, f"{key} is still open: {record.why}"
            mine = by_marker.pop(record.marker, [])
            if words == "run df in the pod":
                mine = [e for e in effects if e.subresource == "exec" and e.name == place.rpartition("/")[2]]
                assert_ran(key, record.outcome, len(mine))
            else:
                assert_true(key, words, record.outcome, mine)
            counted = world.destination().counted[key][1].outcome
            assert (counted.status, counted.reason) == (record.outcome.status, record.outcome.reason), key
        assert len(world.ran) <= sum(words == "run df in the pod" for words, _, _ in self.orders.values())
        left = [e for events in by_marker.values() for e in events if e.subresource != "exec"]
        assert left == [], f"effects of no order: {left}"
        findings = check(world.objects.kube, "default", None).findings
        assert [one.text for one in findings if "listed nowhere" not in one.text] == []
        said = world.log()
        assert "error of ours" not in said, said[-4000:]
        assert "the ledger is closed" not in said, said[-4000:]


def assert_true(key: str, words: str, outcome: Outcome, effects: list[Any]) -> None:
    """The effects are once, and the outcome is what the API server saw."""
    deeds = Counter((one.verb, one.resource, one.subresource, one.name) for one in effects)
    assert not deeds or max(deeds.values()) == 1, f"{key} {words}: {outcome}: {deeds}"
    if words == "drain the node":
        return
    assert len(effects) <= 1, f"{key} {words}: {outcome}: {deeds}"
    if outcome.status is Status.SUCCEEDED and not outcome.inferred and outcome.reason not in UNDONE:
        assert len(effects) == 1, f"{key} {words}: {outcome}, and nothing was done"
    if outcome.status not in (Status.SUCCEEDED, Status.UNKNOWN) and outcome.reason not in DONE:
        assert not effects, f"{key} {words}: {outcome}: {deeds}"


def assert_ran(key: str, outcome: Outcome, connections: int) -> None:
    """A command that was never begun was not begun; one that ended was; a guard is asked so, too."""
    if outcome.status in (Status.REJECTED, Status.EXPIRED, Status.CANCELLED):
        assert connections == 0, f"{key}: {outcome}"
    if outcome.status is Status.SUCCEEDED and not outcome.inferred:
        assert connections >= 1, f"{key}: {outcome}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(16))
def test_each_order_takes_effect_once_and_its_outcome_is_true(seed: int, tmp_path: Path) -> None:
    with World("fake", tmp_path) as world:
        adversary = Adversary(world, seed)
        adversary.live()
        adversary.heal()
        adversary.judge()
