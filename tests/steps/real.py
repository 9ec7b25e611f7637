"""A world of processes: replicas that are started, killed and stopped, each behind a proxy, before a real cluster.

Nothing of the system under test is replaced: a replica is `python -m kubeactions run` with a kubeconfig. Faults are
injected by its proxy (`backends/proxy.py`), whose record is also what the Then steps call the audit trail. The clock
is the machine's, so the system lives faster than the features tell: its lease lasts `LEASE_HERE_S` instead of 15
seconds, and every time in a feature is a third of what it says (`scaled`). Pauses of the system that no setting
shortens (a second before a retry, five before a closed ledger is looked at) stay as they are; what takes longer for
that is waited for by the Then steps (`eventually`).

On a machine that is slow, or busy with other things, processes get too little of it to hold leases that short. There
everything lasts `stretch` times as long (`pytest --stretch 2`): the lease, the times of the features, what is waited.
What is waited for and comes is not waited for any longer.

Each scenario has namespaces of its own, made when they are needed and deleted at its end (`places.OwnPlaces`).
"""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from backends.base import Backend
from backends.calls import Call
from backends.capabilities import Capabilities
from backends.clock import SystemClock
from backends.faults import Faults, Pause, ReplicaDied
from backends.keys import KeyFiles
from backends.proxy import Traffic
from kubeactions.errors import KubeError, NotFound
from kubeactions.kube import Kube, path_of
from kubeactions.model import JsonObject, Report
from tests.plugin import unwritten_kubeconfig
from tests.steps import witness_plugins
from tests.steps.listening import Listener
from tests.steps.moments import LEASE_NAME, REPORTING, Side
from tests.steps.objects import MANAGER, Objects
from tests.steps.places import OwnPlaces
from tests.steps.processes import PATIENCE_S, ROOT, Process, environment
from tests.steps.sources import NotedSources
from tests.steps.strangers import Strangers
from tests.steps.trail import Trail
from tests.steps.witnesses import Line
from tests.steps.world import LEASE_S, World

LEASE_HERE_S = 5
"""The lease of replicas, in whole seconds (at least 3), not stretched. Renewed every 0.7 s, trusted for 3.3 s."""
POLL_S = 0.25
"""How often replicas read their sources."""
REST_S = 1.5
"""How long nobody must have sent anything but renewals for the system to be at rest: some readings of the sources."""
LONGEST_S = 25.0
"""How long `the system works` at most."""
LONG_S = 30.0
"""Times in features from this on are "until it is over": they may end early, when the system is at rest."""
SOON_S = 60.0
"""How long a Then step may wait for what it asserts: retries back off for up to 16 s here."""
GLANCE_S = 0.2
"""How often is looked whether something has happened."""
PODS_S = 120.0
"""How long a pod may take to run, or a workload to have all of its pods."""


class RealWorld(World):
    """Open it with `with`; leaving ends every process and asks for the end of every namespace."""

    clock: SystemClock

    def __init__(self, backend: Backend, capabilities: Capabilities, directory: Path, stretch: float = 1.0) -> None:
        super().__init__(directory)
        self._stretch = stretch
        self._lease_s = round(LEASE_HERE_S * stretch)
        self._pace = self._lease_s / LEASE_S
        """Seconds here for each second that a feature tells of."""
        self._backend = backend
        self._has = capabilities
        self.has_controllers = capabilities.controllers
        self._processes: list[Process] = []
        self._lines: dict[str, Line] = {}
        self._paused = 0
        self._busy_at = 0.0
        self._lock = threading.Lock()
        self._keys = self.stack.enter_context(KeyFiles())

    def __enter__(self) -> Self:
        self.clock = SystemClock()
        self.started_at = self.clock.wall().replace(microsecond=0)
        self.places = OwnPlaces(f"ka-{secrets.token_hex(4)}", self.started_at)
        self.faults = Faults(self.clock, watcher=self._watch)
        self.traffic = Traffic(self.clock)
        hands = Kube(self._backend.client(), self.clock, 10.0, field_manager=MANAGER)
        self.objects = Objects(hands, self.places, self._await_account)
        self.stack.callback(self.objects.remove_all)
        self.objects.namespace("default")
        self.strangers = Strangers(self.objects)
        self.trail = Trail(self.traffic, self.places)
        self.sources = NotedSources(self.directory / "sources", self.directory / "acks.jsonl")
        self.add_destination("destination")
        self._listener = self.stack.enter_context(Listener(self._take, self._ring))
        self._plugins = witness_plugins.installed(self.directory / "plugins")
        self.stack.callback(self._end_processes)
        return self

    # --- replicas ---

    @property
    def agents(self) -> set[str]:
        """The identities of the processes."""
        return {process.name for process in self._processes}

    def process(self, name: str) -> Process:
        """The latest process of this name."""
        for process in reversed(self._processes):
            if process.name == name:
                return process
        raise KeyError(f"no replica {name} was ever started; there are {sorted(self.agents)}")

    def start(self, name: str) -> None:
        """Start it and wait until it has asked the API server for the first time."""
        directory = self.directory / "replicas" / f"{len(self._processes)}-{name}"
        client = self._backend.client()
        self._processes.append(Process(name, client, self.faults, self.traffic, directory, self._environment(name)))

    def _environment(self, name: str) -> dict[str, str]:
        notes = str(self.directory / "acks.jsonl")
        sources = [{"type": "witnessed", "path": str(path), "notes": notes} for path in self.sources.directories()]
        reporters: list[JsonObject] = [{"type": "witness", "destination": each} for each in self.destinations]
        if self.writes_file:
            reporters.append({"type": "jsonl", "path": str(self.directory / "results.jsonl")})
        settings = {
            "DD_LEADER_LEASE_DURATION": str(self._lease_s),
            "DD_KUBEACTIONS_POLL_INTERVAL_S": str(POLL_S),
            "DD_KUBEACTIONS_PERSISTENT_STORE_NAMESPACE": self.places.namespace("default"),
            "DD_KUBEACTIONS_SOURCES": json.dumps(sources),
            "DD_KUBEACTIONS_REPORTERS": json.dumps([*reporters, {"type": "kubernetes"}]),
            witness_plugins.URL: self._listener.url,
            witness_plugins.REPLICA: name,
            **self.places.settings(self.environment),
        }
        return environment(settings, self._plugins)

    def lead(self, name: str) -> None:
        """Start it and wait until the API server calls it the leader and its history is there."""
        self.start(name)
        self._await(lambda: self.leaders() == [name], f"{name} leads")
        self._await(lambda: '"leading"' in self.process(name).log() or bool(self.distrust()), f"{name} is at work")

    def stand_by(self, name: str) -> None:
        """Start it; whoever leads, goes on."""
        self.start(name)
        assert name not in self.leaders()

    def is_alive(self, name: str) -> bool:
        """As the operating system says."""
        return self.process(name).alive

    def die(self, name: str) -> None:
        """SIGKILL."""
        self.process(name).kill()

    def freeze(self, name: str) -> None:
        """SIGSTOP."""
        self.process(name).freeze()

    def thaw(self, name: str) -> None:
        """SIGCONT."""
        self.process(name).thaw()

    def shut_down(self, name: str) -> None:
        """SIGTERM, and wait until it is gone."""
        self.process(name).shut_down()

    def leaders(self) -> list[str]:
        """Who holds the lease, as the API server has it, if it lasts and the holder lives and is awake."""
        lease = self.objects.get("lease", f"default/{LEASE_NAME}")
        spec = (lease or {}).get("spec") or {}
        holder = str(spec.get("holderIdentity") or "")
        if not holder or holder not in self.agents:
            return []
        ends_at = datetime.fromisoformat(spec["renewTime"]) + timedelta(seconds=spec["leaseDurationSeconds"])
        process = self.process(holder)
        return [holder] if self.clock.wall() < ends_at and process.alive and not process.asleep else []

    def distrust(self) -> str:
        """What the leading replicas log when they close."""
        said = [closed_because(self.process(name).log()) for name in self.leaders()]
        return "; ".join(text for text in said if text)

    def log(self) -> str:
        """Of all processes."""
        return "\n".join(process.log() for process in self._processes)

    def _end_processes(self) -> None:
        for process in self._processes:
            process.close()

    # --- time ---

    def scaled(self, seconds: float) -> float:
        """Faster, by the ratio of the leases."""
        return seconds * self._pace

    def work(self, seconds: float | None = None) -> None:
        """Wait. Long times, and those without a number, end when the system is at rest."""
        now = self._busy_at = self.clock.monotonic()
        ends_at = now + (LONGEST_S * self._stretch if seconds is None else self.scaled(seconds))
        may_end = seconds is None or seconds >= LONG_S
        leaders: list[str] = []
        rest_s = REST_S * self._stretch
        while (now := self.clock.monotonic()) < ends_at and not (may_end and now >= self._busy_at + rest_s):
            self.faults.deliver_due()
            self.strangers.pass_by()
            self.clock.sleep(min(GLANCE_S, ends_at - now))
            if may_end and self._is_busy(leaders):
                leaders, self._busy_at = self.leaders(), self.clock.monotonic()
        self.faults.deliver_due()

    def _is_busy(self, leaders: list[str]) -> bool:
        """A request or a pause is under way, the network holds something, or the office is vacant or new."""
        if self._paused or self.traffic.under_way or self.faults.held:
            return True
        if not any(process.alive and not process.asleep for process in self._processes):
            return False
        return not leaders or leaders != self.leaders()

    def _watch(self, call: Call) -> None:
        self.calls.append(call)
        if call.resource != "leases":
            self._busy_at = self.clock.monotonic()

    def let_run(self, kind: str, place: str, seconds: float) -> None:
        """Wait until it is up, where anything comes up."""
        if self._has.pods_run and (kind == "pod" or self._has.controllers):
            self._await(lambda: self._is_up(kind, place), f"{kind} {place} runs", PODS_S)

    def _is_up(self, kind: str, place: str) -> bool:
        found = self.objects.get(kind, place) or {}
        status = found.get("status") or {}
        if kind == "pod":
            return status.get("phase") == "Running"
        wanted = found["spec"]["replicas"] if not found["spec"].get("paused") else 0
        return int(status.get("readyReplicas") or 0) >= wanted

    def eventually(self, assertion: Callable[[], object]) -> None:
        """Try again while it fails, for `SOON_S`."""
        ends_at = self.clock.monotonic() + SOON_S * self._stretch
        while True:
            try:
                assertion()
            except (AssertionError, KeyError, ValueError, FileNotFoundError, KubeError):
                if self.clock.monotonic() >= ends_at:
                    raise
            else:
                return
            self.work(GLANCE_S / self._pace)

    def _await(self, happened: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> None:
        patience_s *= self._stretch
        ends_at = self.clock.monotonic() + patience_s
        while not happened():
            assert self.clock.monotonic() < ends_at, (
                f"in {patience_s} s it has not come about that {what}\n{self.log()}"
            )
            self.clock.sleep(GLANCE_S)

    def _await_account(self, namespace: str) -> None:
        """Pods need the service account that the cluster makes; one without controllers asks for none."""
        path = path_of("v1", "serviceaccounts", namespace=namespace, name="default")
        for _ in range(int(PODS_S * self._stretch / GLANCE_S)):
            try:
                self.objects.kube.get(path)
            except NotFound:
                self.clock.sleep(GLANCE_S)
            else:
                return

    def wait_hours(self, hours: int) -> None:
        """Nobody waits so long."""
        raise AssertionError("hours pass in virtual time only: tag the scenario @virtual-time")

    def jump(self, name: str, seconds: float) -> None:
        """A process has the machine's clock."""
        raise AssertionError("a clock jumps in virtual time only: tag the scenario @virtual-time")

    def stretch(self, name: str, times: float) -> None:
        """A process has the machine's clock."""
        raise AssertionError("seconds have other lengths in virtual time only: tag the scenario @virtual-time")

    # --- people with a keyboard ---

    def command(self, *arguments: str) -> int:
        """In a process of its own, with the backend's own kubeconfig."""
        kubeconfig = unwritten_kubeconfig(self._backend, self._keys)
        where = {"DD_KUBEACTIONS_PERSISTENT_STORE_NAMESPACE": self.places.namespace("default")}
        done = subprocess.run(
            [sys.executable, "-m", "kubeactions", *arguments, "--kubeconfig", str(kubeconfig)],
            cwd=ROOT,
            env=environment({**self.places.settings(self.environment), **where}, self._plugins),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        self.answer = done.stdout
        return done.returncode

    # --- faults and witnesses ---

    def line(self, name: str) -> Line:
        """What is arranged for whatever process of this name reports next."""
        return self._lines.setdefault(name, Line(self.destination()))

    def stand_still(self, name: str, side: Side, words: str, seconds: float) -> None:
        """SIGSTOP in the middle of its request, and SIGCONT."""
        if words == REPORTING:
            self.line(name).arrange(side, lambda: self._hold(name, seconds))
        else:
            self.strike(name, words, Pause(lambda: self._hold(name, seconds), side))

    def _hold(self, name: str, seconds: float) -> None:
        process = self.process(name)
        with self._lock:
            self._paused += 1
        process.freeze()
        try:
            self.clock.sleep(self.scaled(seconds))
        finally:
            process.thaw()
            with self._lock:
                self._paused -= 1

    def do_meanwhile(self, name: str, side: Side, words: str, what: Callable[[], object]) -> None:
        """While its proxy holds its request, or the answer."""
        self.strike(name, words, Pause(what, side))

    def perish(self, name: str) -> ReplicaDied:
        """SIGKILL, while it waits for a witness."""
        self.process(name).kill()
        return ReplicaDied(f"{name} was killed on its way to a witness")

    def _take(self, replica: str, destination: str, reports: list[Report]) -> None:
        if destination == "destination":
            self.line(replica).deliver(reports)
        else:
            self.destination(destination).take(reports)

    def _ring(self, replica: str) -> None:
        assert self.bell is not None, "the scenario has no bell"
        self.bell.ring(replica)


def closed_because(log: str) -> str:
    """Why a replica has closed, from its log of JSON lines; "" when it is open."""
    why = ""
    for text in log.splitlines():
        try:
            message = str(json.loads(text).get("message", ""))
        except ValueError:
            continue
        if message.startswith("the ledger is closed, nothing is executed: "):
            why = message.partition(": ")[2]
        elif message.startswith(("the ledger is open again", "leading")):
            why = ""
    return why
