"""A world in one thread: the fake cluster, agents that are stepped, and a clock that stands still until it is moved.

Everything that can go wrong is made to go wrong by wrapping what the agents are given: the transport under the official
client, the clock, the lines to the destinations. A scenario takes milliseconds, and clocks may jump and drift.
"""

from __future__ import annotations

import functools
import io
import logging
import random
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

import freezegun
import kubernetes.client  # noqa: F401  Before any freeze: its models cannot be built while datetime is a fake.
import pytest
from freezegun.api import FrozenDateTimeFactory

from backends.calls import Call
from backends.fake import FakeBackend
from backends.fake.programs import Invocation, Step
from backends.fake.programs.steps import Running
from backends.faults import Faults, Pause, ReplicaDied, install
from kubeactions import registry
from kubeactions.agent import Agent
from kubeactions.cli import invoke
from kubeactions.kube import Kube
from kubeactions.model import Executor, Reporter
from kubeactions.registry import UntracedExecutor
from kubeactions.reporters.jsonl import JsonLinesReporter
from kubeactions.reporters.kubernetes import KubernetesReporter
from kubeactions.settings import parse
from tests.plugin import backend_class
from tests.steps.bell import ACTION_TYPE, Bell
from tests.steps.clocks import START, ReplicaClock, ScenarioClock
from tests.steps.moments import LEASE_NAME, REPORTING, Side
from tests.steps.objects import MANAGER, Objects
from tests.steps.places import Places
from tests.steps.replicas import Replica, Turns
from tests.steps.shell import GuardingShell
from tests.steps.sources import Sources
from tests.steps.strangers import Strangers
from tests.steps.trail import Trail
from tests.steps.witnesses import Line
from tests.steps.world import LEDGER, World

LONGEST_S = 60.0
"""How long `the system works` at most: a lease runs out, another replica takes over and finishes, and room to spare."""
REST_S = 8.0
"""How long nobody must have done anything for the system to be at rest: some readings of the sources."""
TAKING_OFFICE_S = 5.0
"""How long the first replica of a story is given to take the lease and begin its history."""


class SimulatedWorld(World):
    """Open it with `with`: it holds the machine's time while it is open."""

    clock: ScenarioClock

    def __init__(self, backend: str, directory: Path) -> None:
        super().__init__(directory)
        self._name = backend
        self._busy_at = 0.0
        self._said = _Ear()

    def __enter__(self) -> Self:
        frozen = self.stack.enter_context(freezegun.freeze_time(START, real_asyncio=True))
        assert isinstance(frozen, FrozenDateTimeFactory), "a frozen wall that does not tick by itself"
        self.clock = ScenarioClock(frozen)
        backend = self.stack.enter_context(backend_class(self._name)(clock=self.clock))
        assert isinstance(backend, FakeBackend), f"{self._name} has virtual time and no audit trail"
        self.backend = backend
        self.faults = Faults(self.clock, watcher=self._watch)
        self.turns = Turns(self.clock, self.faults)
        self.places = Places()
        # Once made, the cluster gives a namespace the service account that its pods need.
        hands = Kube(backend.client(), self.clock, field_manager=MANAGER)
        self.objects = Objects(hands, self.places, lambda _name: self.clock.sleep(0.1))
        self.strangers = Strangers(self.objects)
        self.turns.bystanders.append(self.strangers.pass_by)
        self.trail = Trail(self.backend.cluster.audit, self.places)
        self.sources = Sources(self.directory / "sources")
        self.add_destination("destination")
        self.stack.enter_context(self._said)
        return self

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

    def start(self, name: str) -> None:
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
        self.turns.replicas.append(Replica(name=name, agent=agent, clock=clock, lines=lines))

    def lead(self, name: str) -> None:
        """Start it and give it the time that it needs."""
        self.start(name)
        self.work(TAKING_OFFICE_S)
        assert self.leaders() == [name]

    def stand_by(self, name: str) -> None:
        """Start it and let it look around."""
        self.start(name)
        self.work(1)
        assert name not in self.leaders()

    def is_alive(self, name: str) -> bool:
        """Whether it is still stepped."""
        return self.replica(name).alive

    def die(self, name: str) -> None:
        """Never step it again."""
        self.replica(name).alive = False

    def freeze(self, name: str) -> None:
        """Do not step it."""
        self.replica(name).asleep = True

    def thaw(self, name: str) -> None:
        """Step it again."""
        self.replica(name).asleep = False

    def shut_down(self, name: str) -> None:
        """What the agent does at SIGTERM."""
        replica = self.replica(name)
        replica.agent.shut_down()
        replica.alive = False

    def leaders(self) -> list[str]:
        """The replicas that hold the lease, as they see it."""
        return [replica.name for replica in self.turns.replicas if replica.leads()]

    def holder(self) -> str:
        """Whose lease lasts, as the API server has it; "" for nobody's."""
        lease = self.objects.get("lease", f"default/{LEASE_NAME}")
        assert lease is not None, "there is no lease"
        ends_at = datetime.fromisoformat(lease["spec"]["renewTime"]) + timedelta(
            seconds=lease["spec"]["leaseDurationSeconds"]
        )
        return str(lease["spec"]["holderIdentity"]) if self.clock.wall() < ends_at else ""

    def distrust(self) -> str:
        """As `/readyz` says it."""
        return "; ".join(replica.agent.why_not_ready() for replica in self.turns.replicas if replica.leads())

    def log(self) -> str:
        """From this process's own logging."""
        return self._said.text()

    # --- time ---

    def work(self, seconds: float | None = None) -> None:
        """Step who is due and move the clock."""
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

    def script(self, command: str, steps: Sequence[Step], exit_code: int) -> None:
        """By the cluster's own table; each run is noted when it begins."""

        def program(call: Invocation) -> Running:
            self.ran.append(f"{call.command[0]} {call.manifest['metadata']['uid']}")
            yield from steps
            return exit_code

        self.backend.cluster.programs.run([command, "..."], program)

    def install_shell(self) -> None:
        """One whose directories live as long as its pod."""
        self.backend.cluster.programs.run(["sh", "-c", "..."], GuardingShell(self.backend.cluster.programs))

    def let_run(self, kind: str, place: str, seconds: float) -> None:
        """It takes exactly so long."""
        self.work(seconds)

    def eventually(self, assertion: Callable[[], object]) -> None:
        """Nothing happens while a step looks: it is so, or it is not."""
        assertion()

    def wait_hours(self, hours: int) -> None:
        """Move the clock."""
        running = [replica.name for replica in self.turns.replicas if replica.runs]
        assert not running, f"{running} would work for hours: say `the system works`"
        self.clock.advance(hours * 3600)

    def jump(self, name: str, seconds: float) -> None:
        """Its own clock only."""
        self.replica(name).clock.wrong_by_s += seconds

    def stretch(self, name: str, times: float) -> None:
        """Its own clock only."""
        self.replica(name).clock.slow_down(times)

    def scaled(self, seconds: float) -> float:
        """Nothing needs to be fast here."""
        return seconds

    def command(self, *arguments: str) -> int:
        """In this process, with the cluster of this world in the place of any other."""
        printed = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed), redirect_stderr(printed):
            patch.setattr("backends.open", lambda _name, **_options: self.backend)
            code = invoke(arguments)
        self.answer = printed.getvalue()
        return code

    # --- faults ---

    def line(self, name: str) -> Line:
        """The line that the replica was given when it started."""
        return self.replica(name).lines[0]

    def stand_still(self, name: str, side: Side, words: str, seconds: float) -> None:
        """It stands still on this thread's stack, and the others are stepped on top of it."""
        if words == REPORTING:
            self.line(name).arrange(side, lambda: self.work(seconds))
        else:
            self.do_meanwhile(name, side, words, lambda: self.work(seconds))

    def do_meanwhile(self, name: str, side: Side, words: str, what: Callable[[], object]) -> None:
        """In the middle of its request."""
        self.strike(name, words, Pause(what, side))

    def perish(self, name: str) -> ReplicaDied:
        """The exception is the death."""
        return ReplicaDied(f"{name} died on its way to a witness")

    def _executors(self, name: str) -> dict[str, Executor]:
        bell = {ACTION_TYPE: UntracedExecutor(ACTION_TYPE, self.bell.rope(name), Bell.spec)} if self.bell else {}
        return {**_installed(), **bell}

    def _files(self) -> list[Reporter]:
        return [JsonLinesReporter(self.directory / "results.jsonl")] if self.writes_file else []


class _Ear(logging.Handler):
    """Hears what the agents log while it is open."""

    def __init__(self) -> None:
        super().__init__()
        self._records: list[logging.LogRecord] = []

    def __enter__(self) -> Self:
        logging.getLogger("kubeactions").addHandler(self)
        return self

    def __exit__(self, *_error: object) -> None:
        logging.getLogger("kubeactions").removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self._records.append(record)

    def text(self) -> str:
        """Everything, one record a line."""
        return "\n".join(f"{record.getMessage()} {record.__dict__}" for record in self._records)


@functools.cache
def _installed() -> dict[str, Executor]:
    """The executors that every replica loads; they have no state, and looking for installed ones takes a while."""
    return registry.load()
