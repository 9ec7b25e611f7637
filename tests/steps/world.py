"""The world of one scenario: a cluster, sources, destinations, replicas of the system, and the time in which they live.

The steps in given.py, when.py and then.py are thin: they find the words, the world does the deed. There are two kinds:
`simulated.SimulatedWorld`, in which everything happens in one thread under a clock that is moved, and
`real.RealWorld`, in which replicas are processes before a real cluster, and waiting takes time. Steps know this class
only. Times in features are the system's with its default lease of 15 seconds; a world may live faster.

What is asserted is what the API server saw, the objects in the cluster, the history that the agents keep, and what the
witnesses at the destinations counted; never what an object of the system under test believes of itself, but for who
leads.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from backends.calls import Call
from backends.clock import Clock
from backends.fake.programs import Step
from backends.faults import Answer, Crash, Fault, Faults, Late, Match, ReplicaDied, Rule
from kubeactions.errors import NotFound
from kubeactions.ledger.codec import decode_record
from kubeactions.ledger.head import OWN_KEYS
from kubeactions.model import MARKER_ANNOTATION, JsonObject, Record, Target
from tests.steps.bell import Bell
from tests.steps.moments import HISTORY, LEASE_NAME, REPORTING, RINGING, Side, moment
from tests.steps.objects import RESTARTED_AT, Objects
from tests.steps.places import Places
from tests.steps.sources import MAIN, Sources
from tests.steps.strangers import Strangers
from tests.steps.trail import Trail
from tests.steps.witnesses import Destination, Line

LEDGER = Target("v1", "ConfigMap", HISTORY, "default")
"""Where the history is kept, as features call the place."""
LEASE = Target("coordination.k8s.io/v1", "Lease", LEASE_NAME, "default")
"""What the replicas compete for."""
LEASE_S = 15.0
"""The lease that the times in features are told for."""


class World(ABC):
    """Everything that a scenario acts on. Open it with `with`."""

    clock: Clock
    places: Places
    objects: Objects
    strangers: Strangers
    trail: Trail
    sources: Sources
    faults: Faults

    def __init__(self, directory: Path) -> None:
        self.stack = ExitStack()
        self.directory = directory
        self.environment: dict[str, str] = {"DD_KUBEACTIONS_ENABLED": "true"}
        self.calls: list[Call] = []
        """Every request that a replica sent or tried to send."""
        self.destinations: dict[str, Destination] = {}
        self.bell: Bell | None = None
        """What a third party's action rings."""
        self.ran: list[str] = []
        """The commands that ran, each with the UID of its pod: `df 5c1f...`."""
        self.crowd: list[str] = []
        """Pods that a scenario speaks of as "them"."""
        self.backup: JsonObject = {}
        """The history at an earlier time."""
        self.has_controllers = True
        """Whether anybody makes replica sets of deployments, and pods of those."""
        self.writes_file = False
        """Whether replicas also report into a JSON lines file."""
        self.answer = ""
        """What the last command printed."""
        self._interruptions: dict[str, list[Rule]] = {}

    @abstractmethod
    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stack.close()

    # --- replicas ---

    @property
    @abstractmethod
    def agents(self) -> set[str]:
        """The names of all replicas that there ever were: what they did is found under these."""

    @abstractmethod
    def start(self, name: str) -> None:
        """Start a process of the system under test; returns when it takes part."""

    @abstractmethod
    def lead(self, name: str) -> None:
        """Start a replica and let it take office. AssertionError when it does not."""

    @abstractmethod
    def stand_by(self, name: str) -> None:
        """Start a replica beside the one that leads."""

    @abstractmethod
    def is_alive(self, name: str) -> bool:
        """Whether the latest process of this name lives."""

    @abstractmethod
    def die(self, name: str) -> None:
        """End a process at once, as SIGKILL does."""

    @abstractmethod
    def freeze(self, name: str) -> None:
        """Let a process stand still, as SIGSTOP does, until `thaw`."""

    @abstractmethod
    def thaw(self, name: str) -> None:
        """Let it go on."""

    @abstractmethod
    def shut_down(self, name: str) -> None:
        """End a process as SIGTERM does: it stops taking work and gives up the lease."""

    @abstractmethod
    def leaders(self) -> list[str]:
        """The replicas that live and hold the lease."""

    @abstractmethod
    def distrust(self) -> str:
        """Why the leading replicas do not work, in their own words; "" when they do."""

    @abstractmethod
    def log(self) -> str:
        """What the replicas have logged, one record a line, with all its fields."""

    # --- time ---

    @abstractmethod
    def work(self, seconds: float | None = None) -> None:
        """Let everybody who is alive and awake do what they do: for so long, or until nothing is left to be done."""

    def script(self, command: str, steps: Sequence[Step], exit_code: int) -> None:
        """Say what a command does, in every container. Only where the backend has `scripted_programs`."""
        raise NotImplementedError(f"nobody can say what {command} does here")

    def install_shell(self) -> None:
        """Let `sh` in the containers understand the guard of commands. Only where `script` works."""
        raise NotImplementedError("nobody can say what a shell does here")

    @abstractmethod
    def let_run(self, kind: str, place: str, seconds: float) -> None:
        """Let the cluster bring an object up, which takes it up to `seconds`."""

    @abstractmethod
    def eventually(self, assertion: Callable[[], object]) -> None:
        """Raise what `assertion` raises, unless it is only a matter of time."""

    @abstractmethod
    def wait_hours(self, hours: int) -> None:
        """Let hours pass in which no replica runs."""

    @abstractmethod
    def jump(self, name: str, seconds: float) -> None:
        """Set a replica's clock wrong."""

    @abstractmethod
    def stretch(self, name: str, times: float) -> None:
        """Let each second of a replica last `times` seconds from now on."""

    # --- people with a keyboard ---

    @abstractmethod
    def command(self, *arguments: str) -> int:
        """Somebody types a command of `kubeactions` that talks to this cluster; returns its exit code."""

    def deliver(self, file: str, content: bytes, source: str = MAIN) -> None:
        """Let a config arrive; it is seen when the leader looks the next time."""
        self.sources.deliver(file, self.places.names_in(content), source)

    def deliver_text(self, file: str, content: bytes) -> None:
        """The same with a payload that is written out in the feature, whose times are the feature's."""
        self.deliver(file, self.places.times_in(content))

    # --- witnesses ---

    def install_bell(self) -> None:
        """Make a third party's action known to every replica that starts from now on."""
        self.bell = Bell()

    def add_destination(self, name: str) -> None:
        """One more place where results go; replicas that start from now on know it."""
        self.destinations[name] = Destination(self.clock, name)

    def destination(self, name: str = "destination") -> Destination:
        """A place where results go."""
        return self.destinations[name]

    @abstractmethod
    def line(self, name: str) -> Line:
        """A replica's way to the first destination."""

    # --- faults ---

    @abstractmethod
    def scaled(self, seconds: float) -> float:
        """How long a time in the feature's words is in this world."""

    @abstractmethod
    def stand_still(self, name: str, side: Side, words: str, seconds: float) -> None:
        """Arrange that a replica stands still in a moment while the others go on."""

    @abstractmethod
    def do_meanwhile(self, name: str, side: Side, words: str, what: Callable[[], object]) -> None:
        """Arrange that something happens while a replica waits in a moment on the wire."""

    @abstractmethod
    def perish(self, name: str) -> ReplicaDied:
        """Kill a replica from inside something that it does; what is returned is to be raised there."""

    def strike(self, replica: str, words: str, fault: Fault, first: int | None = None) -> None:
        """Let a fault strike once, in this moment of the replica's next action (or at the `first`-th such moment)."""
        at = moment(words, replica)
        self.faults.add(fault, at.match, first=first or at.first, times=1)

    def kill(self, name: str, side: Side, words: str, first: int | None = None) -> None:
        """Arrange that a replica dies in a moment."""

        def die() -> None:
            raise self.perish(name)

        if words == REPORTING:
            self.line(name).arrange(side, die)
        elif words == RINGING and self.bell is not None:
            self.bell.afterwards = die
        else:
            self.strike(name, words, Crash(side), first)

    def hold_up(self, name: str, words: str, seconds: float) -> None:
        """Arrange that the network holds a replica's request up, and that the replica dies waiting for the answer."""
        self.strike(name, words, Crash("after"))
        self.strike(name, words, Late(self.scaled(seconds)))

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
            return self.objects.kube.get(self.objects.path("config map", f"default/{HISTORY}"))
        except NotFound:
            raise AssertionError(f"there is no ConfigMap default/{HISTORY}") from None

    def records(self) -> Mapping[str, Record]:
        """Every record of the history, by its key as people write it."""
        data = self.history().get("data") or {}
        found = [decode_record(name, text) for name, text in data.items() if name not in OWN_KEYS]
        return {str(record.key): record for record in found}

    def record(self, key: str) -> Record:
        """One record. AssertionError when there is none."""
        records = self.records()
        if key not in records:
            raise AssertionError(f"the history has no action {key}; it has {sorted(records)}")
        return records[key]

    def damage_history(self, part: str, damage: str | None) -> None:
        """Let a stranger write into the history: its description, its schema version, a record (None: take it out)."""
        history = self.history()
        data = dict(history["data"])
        meta = json.loads(data["meta"])
        if damage is None:
            del data[self._record_of(part).marker]
        elif part == "schema version":
            data["meta"] = json.dumps({**meta, "schema": int(damage)})
        elif part == "cluster UID":
            data["meta"] = json.dumps({**meta, "cluster_uid": damage})
        elif part == "description":
            data["meta"] = damage
        else:
            data[self._record_of(part).marker] = damage
        self.objects.kube.replace(self.objects.path("config map", f"default/{HISTORY}"), {**history, "data": data})

    def _record_of(self, part: str) -> Record:
        return self.record(part.removeprefix('record of "').removesuffix('"'))

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
