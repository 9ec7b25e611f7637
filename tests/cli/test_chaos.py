"""Two replicas that are killed and frozen at random while actions arrive: each action once, none lost, each reported.

Real processes and real signals on a served in-memory cluster; the seed is in the test's name.
"""

from __future__ import annotations

import json
import random
import signal
import time
from collections import Counter
from datetime import UTC, datetime

import pytest

from kubeactions.kube import Kube
from kubeactions.ledger import read
from kubeactions.model import Status
from tests.cli.terminals import PODS, Terminals, pod

pytestmark = [pytest.mark.http, pytest.mark.slow]

ACTIONS = 60
TROUBLE_S = 25.0
"""For how long replicas are killed and frozen."""


class Trouble:
    """Keeps two replicas running, and hurts one of them now and then."""

    def __init__(self, terminals: Terminals, dice: random.Random) -> None:
        self._terminals, self._dice = terminals, dice
        self._born = 0
        self.deaths = self.freezes = 0
        self._names = [self._start(), self._start()]

    def _start(self) -> str:
        self._born += 1
        name = f"replica-{self._born}"
        where = f"jsonl:{self._terminals.directory / 'reports.jsonl'}"
        self._terminals.replica(name, "--report", where)
        return name

    def strike(self) -> None:
        """Kill one replica and start another, or freeze one for as long as a lease or two."""
        slot = self._dice.randrange(2)
        process = self._terminals.processes[self._names[slot]]
        if self._dice.random() < 0.4:
            self.freezes += 1
            process.send_signal(signal.SIGSTOP)
            time.sleep(self._dice.uniform(0.5, 6))
            process.send_signal(signal.SIGCONT)
            return
        self.deaths += 1
        process.kill()
        process.wait()
        self._names[slot] = self._start()


def order(terminals: Terminals, number: int) -> None:
    """Deliver the config that deletes one pod, whole or not at all."""
    resource = {"api_version": "v1", "kind": "Pod", "namespace": "default", "name": f"pod-{number}"}
    action = {"resource": resource, "timestamp": datetime.now(UTC).isoformat(), "delete_pod": {}}
    draft = terminals.actions / f".{number}.tmp"
    draft.write_text(json.dumps({"actions": [action]}))
    draft.rename(terminals.actions / f"pod-{number}@1.json")


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_is_killed_or_frozen_each_action_takes_effect_once_and_is_reported_once(
    seed: int, terminals: Terminals, kube: Kube
) -> None:
    dice = random.Random(seed)
    uids = {pod(kube, f"pod-{number}") for number in range(ACTIONS)}
    trouble = Trouble(terminals, dice)
    begin, ordered = time.monotonic(), 0
    while time.monotonic() < begin + TROUBLE_S:
        for _ in range(dice.randrange(4)):
            if ordered < ACTIONS:
                order(terminals, ordered)
                ordered += 1
        time.sleep(dice.uniform(0.2, 1.5))
        trouble.strike()
    for number in range(ordered, ACTIONS):
        order(terminals, number)

    def all_told() -> bool:
        records = read(kube, "default").records
        return len(records) == ACTIONS and all(record.reported for record in records)

    terminals.until(all_told, "the end of every action")
    records = read(kube, "default").records
    assert {record.outcome.status for record in records if record.outcome} == {Status.SUCCEEDED}
    assert {record.intent.uid for record in records if record.intent} == uids
    terminals.until(lambda: not kube.list(PODS)["items"], "the end of every pod")
    lines = (terminals.directory / "reports.jsonl").read_text().splitlines()
    told = Counter(json.loads(line)["key"] for line in lines)
    assert len(told) == ACTIONS
    assert trouble.deaths >= 2
    assert trouble.freezes >= 1
