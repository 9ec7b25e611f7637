"""The world of one scenario: a cluster, sources, destinations, replicas of the system, and the time in which they live.

The steps in given.py, when.py and then.py are thin: they find the words, the world does the deed. What is asserted is
the API server's audit trail, the objects in the cluster, the history that the agents keep, and what the witnesses at
the destinations counted; never what an object of the system under test believes of itself, but for who leads.
"""

from __future__ import annotations

import functools
import io
import json
import random
from collections.abc import Callable, Mapping
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import freezegun
import kubernetes.client  # noqa: F401  Before any freeze: its models cannot be built while datetime is a fake.
import pytest
from freezegun.api import FrozenDateTimeFactory

from backends.fake import FakeBackend
from backends.faults import Answer, Call, Crash, Fault, Faults, Late, Match, Pause, ReplicaDied, Rule, install
from kubeactions import registry
from kubeactions.agent import Agent
from kubeactions.cli import invoke
from kubeactions.errors import NotFound
from kubeactions.kube import Kube, path_of
from kubeactions.ledger.codec import decode_record
from kubeactions.model import MARKER_ANNOTATION, Executor, JsonObject, Record, Reporter, Target
from kubeactions.registry import UntracedExecutor
from kubeactions.reporters.jsonl import JsonLinesReporter
from kubeactions.reporters.kubernetes import KubernetesReporter
from kubeactions.settings import parse
from tests.plugin import backend_class
from tests.steps.bell import ACTION_TYPE, Bell
from tests.steps.clocks import START, ReplicaClock, ScenarioClock
from tests.steps.moments import HISTORY, LEASE_NAME, REPORTING, RINGING, Side, moment
from tests.steps.objects import RESTARTED_AT, Objects
from tests.steps.replicas import Replica, Turns
from tests.steps.sources import MAIN, Sources
from tests.steps.strangers import Strangers
from tests.steps.trail import Trail
from tests.steps.witnesses import Destination, Line

LONGEST_S = 60.0
"""How long `the system works` at most: a lease runs out, another replica takes over and finishes, and room to spare."""
REST_S = 8.0
"""How long nobody must have done anything for the system to be at rest: some readings of the sources."""

LEDGER = Target("v1", "ConfigMap", HISTORY, "default")
"""Where the history is kept."""
LEASE = Target("coordination.k8s.io/v1", "Lease", LEASE_NAME, "default")
"""What the replicas compete for."""


class World:
    """Everything that a scenario acts on. Open it with `with`: it holds the machine's time while it is open."""

    def __init__(self, backend: str, directory: Path) -> None:
        self._name = backend
        self._stack = ExitStack()
        self.directory = directory
        self.environment: dict[str, str] = {"DD_KUBEACTIONS_ENABLED": "true"}
        self.calls: list[Call] = []
        """Every request that a replica sent or tried to send."""
        self._busy_at = 0.0
        self.bell: Bell | None = None
        """What a third party's action rings."""
        self.crowd: list[str] = []
        """Pods that a scenario speaks of as "them"."""
        self.backup: JsonObject = {}
        """The history at an earlier time."""
        self.writes_file = False
        """Whether replicas also report into a JSON lines file."""
        self.answer = ""
        """What the last command printed."""
        self._interruptions: dict[str, list[Rule]] = {}

    def __enter__(self) -> Self:
        frozen = self._stack.enter_context(freezegun.freeze_time(START))
        assert isinstance(frozen, FrozenDateTimeFactory), "a frozen wall that does not tick by itself"
        self.clock = ScenarioClock(frozen)
        backend = self._stack.enter_context(backend_class(self._name)(clock=self.clock))
        assert isinstance(backend, FakeBackend), f"the scenarios need the audit trail that {self._name} has not got"
        self.backend = backend
        self.faults = Faults(self.clock, watcher=self._watch)
        self.turns = Turns(self.clock, self.faults)
        self.objects = Objects(Kube(self.backend.client(), self.clock), self.clock)
        self.strangers = Strangers(self.objects)
        self.turns.bystanders.append(self.strangers.pass_by)
        self.trail = Trail(self.backend.cluster.audit)
        self.sources = Sources(self.directory / "sources")
        self.destinations = {"destination": Destination(self.clock, "destination")}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    # --- replicas ---

    @property
    def agents(self) -> set[str]:
        """The users that the replicas act as."""
        return {replica.name for replica in self.turns.replicas}

    def replica(self, name: str) -> Replica:
        """The latest process of this name."""
        for replica in reversed(self.turns.replicas):
            if replica.name == name:
                return replica
        raise KeyError(f"no replica {name} was ever started; there are {sorted(self.agents)}")

    def start(self, name: str) -> Replica:
        """Start a process of the system under test, as a user of its own."""
        client = self.backend.client(name)
        install(client, self.faults, name)
        clock = ReplicaClock(self.clock)
        lines = [Line(destination) for destination in self.destinations.values()]
        agent = Agent(
            parse("", self.environment),
            client,
            clock=clock,
            identity=name,
            sources=self.sources.open(name),
            executors=self._executors(name),
            dice=random.Random(f"{name} {len(self.turns.replicas)}"),
            reporters=[*lines, *self._files(), KubernetesReporter(Kube(client, clock), LEDGER)],
        )
        replica = Replica(name=name, agent=agent, clock=clock, lines=lines)
        self.turns.replicas.append(replica)
        return replica

    def install_bell(self) -> None:
        """Make a third party's action known to every replica that starts from now on."""
        self.bell = Bell()

    def leaders(self) -> list[str]:
        """The replicas that hold the lease, as they see it."""
        return [replica.name for replica in self.turns.replicas if replica.leads()]

    def holder(self) -> str:
        """Whose lease lasts, as the API server has it; "" for nobody's."""
        lease = self.objects.kube.get(path_of(LEASE.api_version, "leases", namespace=LEASE.namespace, name=LEASE.name))
        ends_at = datetime.fromisoformat(lease["spec"]["renewTime"]) + timedelta(
            seconds=lease["spec"]["leaseDurationSeconds"]
        )
        return str(lease["spec"]["holderIdentity"]) if self.clock.wall() < ends_at else ""

    def work(self, seconds: float | None = None) -> None:
        """Let everybody who is alive and awake do what they do: for so long, or until nothing is left to be done."""
        if seconds is not None:
            self.turns.run(seconds)
            return
        now = self._busy_at = self.clock.monotonic()
        ends_at = now + LONGEST_S
        leaders: list[str] = []
        while self.clock.monotonic() < min(ends_at, self._busy_at + REST_S):
            self.turns.run(1)
            if not leaders or leaders != self.leaders():  # An office that is vacant or new is not rest.
                leaders, self._busy_at = self.leaders(), self.clock.monotonic()

    def _watch(self, call: Call) -> None:
        self.calls.append(call)
        if call.resource != "leases":
            self._busy_at = self.clock.monotonic()

    def shut_down(self, name: str) -> None:
        """End a process as SIGTERM does: it stops taking work and gives up the lease."""
        replica = self.replica(name)
        replica.agent.shut_down()
        replica.alive = False

    def distrust(self) -> str:
        """Why the leading replicas are not ready, as `/readyz` says it; "" when they are."""
        return "; ".join(replica.agent.why_not_ready() for replica in self.turns.replicas if replica.leads())

    def deliver(self, file: str, content: bytes, source: str = MAIN) -> None:
        """Let a config arrive; it is seen when the leader looks the next time."""
        self.sources.deliver(file, content, source)

    def command(self, *arguments: str) -> int:
        """Somebody types a command of `kubeactions` that talks to this cluster; returns its exit code."""
        printed = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed), redirect_stderr(printed):
            patch.setattr("backends.open", lambda _name, **_options: self.backend)
            code = invoke(arguments)
        self.answer = printed.getvalue()
        return code

    # --- destinations ---

    def add_destination(self, name: str) -> None:
        """One more place where results go; replicas that start from now on know it."""
        self.destinations[name] = Destination(self.clock, name)

    def destination(self, name: str = "destination") -> Destination:
        """A place where results go."""
        return self.destinations[name]

    def line(self, name: str) -> Line:
        """A replica's way to the first destination."""
        return self.replica(name).lines[0]

    # --- faults ---

    def strike(self, replica: str, words: str, fault: Fault, first: int | None = None) -> None:
        """Let a fault strike once, in this moment of the replica's next action (or at the `first`-th such moment)."""
        at = moment(words, replica)
        self.faults.add(fault, at.match, first=first or at.first, times=1)

    def kill(self, name: str, side: Side, words: str, first: int | None = None) -> None:
        """Arrange that a replica dies in a moment."""
        if words == REPORTING:
            self.line(name).arrange(side, _die)
        elif words == RINGING and self.bell is not None:
            self.bell.afterwards = _die
        else:
            self.strike(name, words, Crash(side), first)

    def do_meanwhile(self, name: str, side: Side, words: str, what: Callable[[], object]) -> None:
        """Arrange that something happens while a replica stands still in a moment."""
        if words == REPORTING:
            self.line(name).arrange(side, what)
        else:
            self.strike(name, words, Pause(what, side))

    def hold_up(self, name: str, words: str, seconds: float) -> None:
        """Arrange that the network holds a replica's request up, and that the replica dies waiting for the answer."""
        self.strike(name, words, Crash("after"))
        self.strike(name, words, Late(seconds))

    def forbid(self, replica: str, verb: str, resource: str, name: str = "*") -> None:
        """Refuse something to a replica, in the words of the API server's authorizer."""
        text = f'{resource} is forbidden: User "{replica}" cannot {verb} resource "{resource}"'
        match = Match(verb=verb, resource=resource, name=name, identity=replica)
        self.interrupt("permission", Answer(403, text), match)

    def interrupt(self, what: str, fault: Fault, match: Match) -> None:
        """Let a fault strike every time, until `resume`."""
        self._interruptions.setdefault(what, []).append(self.faults.add(fault, match))

    def resume(self, what: str) -> None:
        """End an interruption."""
        for rule in self._interruptions.pop(what):
            self.faults.remove(rule)

    # --- history ---

    def history(self) -> JsonObject:
        """The ConfigMap that the agents keep their history in. AssertionError when there is none."""
        try:
            return self.objects.kube.get(path_of("v1", "configmaps", namespace="default", name=HISTORY))
        except NotFound:
            raise AssertionError(f"there is no ConfigMap default/{HISTORY}") from None

    def records(self) -> Mapping[str, Record]:
        """Every record of the history, by its key as people write it."""
        data = self.history().get("data") or {}
        found = [decode_record(name, text) for name, text in data.items() if name not in ("meta", "executed-actions")]
        return {str(record.key): record for record in found}

    def record(self, key: str) -> Record:
        """One record. AssertionError when there is none."""
        records = self.records()
        if key not in records:
            raise AssertionError(f"the history has no action {key}; it has {sorted(records)}")
        return records[key]

    def damage_history(self, part: str, damage: str) -> None:
        """Let a stranger write into the history: its description, its schema version, a record."""
        history = self.history()
        data = dict(history["data"])
        meta = json.loads(data["meta"])
        if part == "schema version":
            data["meta"] = json.dumps({**meta, "schema": int(damage)})
        elif part == "cluster UID":
            data["meta"] = json.dumps({**meta, "cluster_uid": damage})
        elif part == "description":
            data["meta"] = damage
        else:
            key = part.removeprefix('record of "').removesuffix('"')
            data[self.record(key).marker] = damage
        path = path_of("v1", "configmaps", namespace="default", name=HISTORY)
        self.objects.kube.replace(path, {**history, "data": data})

    def rollouts(self, place: str) -> set[str]:
        """The restarts that the deployment's replica sets bear witness of, by the marks of the actions."""
        marks = {self._mark(one) for one in self.objects.replica_sets_of(place)}
        return marks - {""}

    @staticmethod
    def _mark(replica_set: JsonObject) -> str:
        annotations = replica_set["spec"]["template"]["metadata"].get("annotations") or {}
        return str(annotations.get(RESTARTED_AT, "")) + str(annotations.get(MARKER_ANNOTATION, ""))

    def lines_of_file(self) -> list[JsonObject]:
        """What the JSON lines file holds."""
        text = (self.directory / "results.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def _executors(self, name: str) -> dict[str, Executor]:
        bell = {ACTION_TYPE: UntracedExecutor(ACTION_TYPE, self.bell.rope(name), Bell.spec)} if self.bell else {}
        return {**_installed(), **bell}

    def _files(self) -> list[Reporter]:
        return [JsonLinesReporter(self.directory / "results.jsonl")] if self.writes_file else []


@functools.cache
def _installed() -> dict[str, Executor]:
    """The executors that every replica loads; they have no state, and looking for installed ones takes a while."""
    return registry.load()


def _die() -> None:
    raise ReplicaDied("died on the way to the destination")
