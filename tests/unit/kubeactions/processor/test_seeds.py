"""Random histories, by seed: replicas die, sleep and lose messages while strangers edit; then everybody gets well.

What must hold in every one of them: an action takes effect at most once; `failed` means that it did not, `succeeded`
that it did; nothing stays open; the first report of each action is its outcome. A failing seed is the test's id.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from backends.faults import Answer, Crash, Delay, Late, LoseAnswer, LoseRequest, Match, Pause, ReplicaDied
from kubeactions.agent import Agent
from kubeactions.model import Action, Cluster, Outcome, Status
from kubeactions.registry import UntracedExecutor
from tests.unit.kubeactions.bench import Bench

PLACES = (
    Match("patch", "configmaps", identity="replica-*"),
    Match("delete", "pods", identity="replica-*"),
    Match("patch", "deployments", identity="replica-*"),
    Match("update", "leases", identity="replica-*"),
    Match("get", identity="replica-*"),
    Match("create", identity="replica-*"),
    Match(identity="replica-*"),
)


@dataclass
class Replica:
    agent: Agent
    alive: bool = True
    busy: bool = False
    due: list[float] = field(default_factory=lambda: [0.0, 0.0])


class History:
    """One random history on one cluster."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.bench = Bench()
        self.replicas: list[Replica] = []
        self.rings: list[str] = []
        self.orders: dict[str, tuple[str, str]] = {}
        self.strangers = self.dice.random() < 0.5
        for index in range(self.dice.randint(2, 6)):
            self._order(index, self.dice.choice(["delete_pod", "restart_deployment", "restart_deployment", "ring"]))
        for _ in range(self.dice.randint(0, 6)):
            self._trouble()

    def _order(self, index: int, kind: str) -> None:
        name = f"t{index}"
        if kind == "delete_pod":
            self.bench.pod(name)
        elif kind == "restart_deployment":
            self.bench.deployment(name)
        self.bench.config(f"c{index}", 1, self.bench.order(kind, name))
        self.orders[f"c{index}:v1"] = (kind, name)

    def _trouble(self) -> None:
        dice = self.dice
        faults: list[Any] = [
            LoseRequest(),
            LoseAnswer(),
            Late(dice.choice([0.5, 3.0, 12.0, 40.0])),
            Delay(dice.choice([1.0, 6.0, 30.0])),
            Answer(dice.choice([429, 500, 503])),
        ]
        limits: dict[str, Any] = {"first": dice.randint(1, 6), "times": dice.randint(1, 3)}
        self.bench.faults.add(dice.choice(faults), dice.choice(PLACES), chance=dice.choice([1.0, 0.5]), **limits)

    def ring(self, action: Action, kube: Cluster) -> Outcome:
        """Leave no trace."""
        self.rings.append(str(action.key))
        kube.get("/api/v1/namespaces/shop")
        return Outcome(Status.SUCCEEDED, "Rung", "it rang")

    def start(self) -> None:
        name = f"replica-{len(self.replicas) + 1}"
        replica = Replica(self.bench.agent(name, executors={"ring": UntracedExecutor("ring", self.ring)}))
        self.replicas.append(replica)
        me = Match(identity=name)
        if self.dice.random() < 0.6:
            self.bench.faults.add(Crash(self.dice.choice(["before", "after"])), me, first=self.dice.randint(3, 40))
        if self.dice.random() < 0.4:
            nap = self.dice.choice([5.0, 20.0, 60.0])
            pause = Pause(lambda: self.work(nap), self.dice.choice(["before", "after"]))
            self.bench.faults.add(pause, me, first=self.dice.randint(3, 30), times=1)

    def work(self, seconds: float) -> None:
        clock = self.bench.clock
        until = clock.monotonic() + seconds
        while clock.monotonic() < until:
            for replica in self.replicas:
                self._step(replica)
            if self.strangers and self.dice.random() < 0.02:
                self._stranger()
            if sum(replica.alive for replica in self.replicas) < 2 and self.dice.random() < 0.1:
                self.start()
            due = [at for replica in self.replicas if replica.alive and not replica.busy for at in replica.due]
            now = clock.monotonic()
            clock.advance(max(0.0, min(max(min(due, default=now + 1) - now, 0.01), 0.5, until - now)))
            self.bench.faults.deliver_due()

    def _step(self, replica: Replica) -> None:
        loops: tuple[Callable[[], float], ...] = (replica.agent.elector.step, replica.agent.processor.step)
        for index, step in enumerate(loops):
            if not replica.alive or replica.busy or replica.due[index] > self.bench.clock.monotonic():
                continue
            replica.busy = True
            try:
                replica.due[index] = self.bench.clock.monotonic() + step()
            except ReplicaDied:
                replica.alive = False
            finally:
                replica.busy = False

    def _stranger(self) -> None:
        kind, name = self.dice.choice(list(self.orders.values()))
        if kind == "restart_deployment":
            strip = {"spec": {"template": {"metadata": {"annotations": None}}}}
            label = {"metadata": {"annotations": {"x": str(self.dice.random())}}}
            self.bench.edit(name, self.dice.choice([{"spec": {"replicas": self.dice.randint(1, 9)}}, strip, label]))
        elif kind == "delete_pod" and self.dice.random() < 0.3:
            if self.bench.get("Pod", name):
                self.bench.kube.delete(f"/api/v1/namespaces/shop/pods/{name}", grace_period_s=0)
            else:
                self.bench.pod(name)

    def get_well(self) -> None:
        self.bench.faults.clear()
        self.strangers = False
        if not any(replica.alive for replica in self.replicas):
            self.start()
            self.bench.faults.clear()
        self.work(150)

    def effects(self, key: str) -> int:
        kind, name = self.orders[key]
        if kind == "ring":
            return self.rings.count(key)
        return len(self.bench.effects("delete" if kind == "delete_pod" else "patch", name))


@pytest.mark.parametrize("seed", range(16))
def test_an_action_takes_effect_once_and_its_outcome_is_true(seed: int) -> None:
    history = History(seed)
    history.start()
    history.start()
    history.work(150)
    history.get_well()
    for key in history.orders:
        outcome = history.bench.record(key).outcome
        assert outcome is not None, f"{key} is still open"
        effects = history.effects(key)
        assert effects <= 1
        seen_only = outcome.inferred or outcome.reason == "AlreadyTerminating"
        assert outcome.status in {"succeeded", "failed", "unknown"}
        assert not (outcome.status == "failed" and effects)
        assert not (outcome.status == "succeeded" and not effects and not seen_only)
        assert history.bench.reporter.statuses()[key] == outcome.status
