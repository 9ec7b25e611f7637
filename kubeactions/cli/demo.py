"""`kubeactions demo`: two actions, two replicas, one death, on a cluster in memory. Changes nothing outside its folder.

The real agents, the real ledger, the real requests; only the cluster and the time are simulated, so that a lease of
fifteen seconds runs out in none. The story is told by what the API server saw, not by what the agents say.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kubeactions.cli.seconds import Seconds
from kubeactions.clock import SystemClock
from kubeactions.errors import SourceError
from kubeactions.model import JsonObject, Record, Report

if TYPE_CHECKING:
    from backends.calls import Call
    from backends.clock import SimulatedClock
    from backends.fake import FakeBackend
    from backends.faults import Faults
    from kubeactions.kube import Kube
    from kubeactions.simulation import Replica, Turns

_HELP = """Watch actions arrive, run once, survive the death of the leader, and be reported.

A cluster in memory, with a deployment and a standalone pod; two replicas of the agent; a config that deletes the pod
and one that restarts the deployment. The leader is killed after the pod is deleted and before that is on record. The
other replica takes over and finds out. Then the same configs arrive again. About ten seconds; the time shown is
simulated.

At the end the cluster is saved, and two commands are printed that open it with kubectl.
"""
_POD, _DEPLOYMENT = "my-pod-xyz", "web"
_STYLES = {"source": "cyan", "replica-1": "green", "replica-2": "yellow", "cluster": "blue", "report": "magenta"}


@click.command("demo", help=_HELP)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    default=Path(".demo"),
    show_default=True,
    help="Where the cluster is saved.",
)
@click.option("--pace", type=Seconds(0, 5), help="Seconds between two lines. Default: 0.2 on a terminal, else 0.")
def command(folder: Path, pace: float | None) -> int:
    """Tell the story; exit code 1 when an action did not take effect exactly once."""
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True)
    with tempfile.TemporaryDirectory(prefix="kubeactions-demo-") as scratch:
        story = Story(console.print, 0.2 * console.is_terminal if pace is None else pace, Path(scratch))
        story.tell()
        rows = story.table()
        _print_table(rows, terminal=console.is_terminal)
        saved = story.save(folder)
    click.echo(f"\nThe cluster is saved. Open it with kubectl, in two terminals:\n  {_commands(saved)}")
    return 0 if all(row.times == 1 for row in rows) else 1


def _commands(saved: Path) -> str:
    config = saved.with_name("kubeconfig")
    return (
        f"{_program('kubeactions')} fake serve -f {saved} --kubeconfig {config}\n"
        f"  {_program('kubectl')} --kubeconfig {config} get pods,deployments,configmaps"
    )


def _program(name: str) -> str:
    """How to call a program from here: the one beside this interpreter, where there is one."""
    beside = Path(sys.executable).with_name(name)
    if not beside.exists():
        return name
    return str(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside)


@dataclass(frozen=True, slots=True)
class Row:
    """One action in the final table."""

    key: str
    action: str
    times: int
    """How often the API server applied it."""
    effect: str
    outcome: str
    reported: str


class Told:
    """A reporter that keeps what it was told: the destination of the story."""

    name = "demo"

    def __init__(self) -> None:
        self.reports: dict[str, Report] = {}
        self.fresh: list[Report] = []

    def deliver(self, reports: Sequence[Report]) -> None:
        """Keep each once."""
        for report in reports:
            if self.reports.setdefault(str(report.key), report) is report:
                self.fresh.append(report)


class Story:
    """The cluster, the replicas and whoever watches them."""

    def __init__(self, say: object, pace_s: float, scratch: Path) -> None:
        from backends.clock import SimulatedClock
        from backends.fake import FakeBackend
        from backends.faults import Faults
        from kubeactions.kube import Kube
        from kubeactions.simulation import Turns

        assert callable(say)
        self._say, self._pace_s, self._real = say, pace_s, SystemClock()
        self.clock: SimulatedClock = SimulatedClock(self._real.wall().replace(microsecond=0))
        self.backend: FakeBackend = FakeBackend(self.clock)
        self.source = scratch / "actions"
        self.source.mkdir()
        self.kube: Kube = Kube(self.backend.client("operator"), self.clock)
        self.faults: Faults = Faults(self.clock, watcher=self._before)
        self.turns: Turns[Replica] = Turns(self.clock)
        self.turns.bystanders.append(self._watch)
        self.told = Told()
        self._leader = ""
        self._phases: dict[str, str] = {}
        self._heard = 0
        self._asking = ""

    # ---- the story

    def tell(self) -> None:
        """Everything, in order."""
        from backends.faults import Crash, Match

        self._furnish()
        for name in ("replica-1", "replica-2"):
            self._start(name)
        self.turns.run(5)
        self.faults.add(Crash("after"), Match(verb="delete", resource="pods", identity="replica-1"))
        self._submit("cleanup", self._order("delete_pod", "v1", "Pod", _POD))
        self._submit("refresh", self._order("restart_deployment", "apps/v1", "Deployment", _DEPLOYMENT))
        self.turns.run(50)
        self.line("source", "the same two configs are delivered again, to whoever asks")
        self._start("replica-3")
        self.turns.run(20)
        self.line("cluster", "nothing more was done: both are on record")

    def _furnish(self) -> None:
        from kubeactions.kube import path_of

        labels = {"app": _DEPLOYMENT}
        spec = {"containers": [{"name": "app", "image": "example.com/web:1"}]}
        self.kube.create(
            path_of("apps/v1", "deployments", namespace="default"),
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": _DEPLOYMENT, "labels": labels},
                "spec": {
                    "replicas": 3,
                    "selector": {"matchLabels": labels},
                    "template": {"metadata": {"labels": labels}, "spec": spec},
                },
            },
        )
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": _POD}, "spec": spec}
        self.kube.create(path_of("v1", "pods", namespace="default"), pod)
        self.clock.advance(10)
        self.line("cluster", f"a deployment {_DEPLOYMENT} with 3 pods, and a standalone pod {_POD}, are running")

    def _start(self, name: str) -> None:
        from backends.faults import ReplicaDied, install
        from kubeactions.agent import Agent
        from kubeactions.kube import Kube
        from kubeactions.model import Target
        from kubeactions.reporters.kubernetes import KubernetesReporter
        from kubeactions.settings import parse
        from kubeactions.simulation import Replica
        from kubeactions.sources.directory import DirectorySource

        client = self.backend.client(name)
        install(client, self.faults, name)
        ledger = Target("v1", "ConfigMap", "datadog-kubeactions-state", "default")
        agent = Agent(
            parse("", {"DD_KUBEACTIONS_ENABLED": "true"}),
            client,
            clock=self.clock,
            identity=name,
            sources=[DirectorySource(self.source)],
            reporters=[self.told, KubernetesReporter(Kube(client, self.clock), ledger)],
        )
        self.turns.replicas.append(Replica(name, agent, ReplicaDied))
        self.line(name, "starts")

    def _order(self, action_type: str, api_version: str, kind: str, name: str) -> JsonObject:
        resource = {"api_version": api_version, "kind": kind, "namespace": "default", "name": name}
        stamp = {"seconds": int(self.clock.wall().timestamp()), "nanos": 0}
        return {"actions": [{"action_type": action_type, "resource": resource, "timestamp": stamp}]}

    def _submit(self, config_id: str, payload: JsonObject) -> None:
        text = json.dumps(payload)
        (self.source / f"{config_id}@1.json").write_text(text)
        self.line("source", f"{config_id} version 1: {text}")

    # ---- the witness

    def line(self, who: str, what: str) -> None:
        """One line of the story."""
        from rich.text import Text

        if self._pace_s:
            self._real.sleep(self._pace_s)
        text = Text(f"{_time(self.clock.wall())}  ")
        text.append(f"{who:<10} ", style=_STYLES.get(who, "white"))
        self._say(text.append(what))

    def _before(self, _call: Call) -> None:
        """A replica is about to send a request: tell what has become visible by the requests before it."""
        self._watch()

    def _watch(self) -> None:
        self._tell_deaths()
        self._tell_leader()
        self._tell_requests()
        self._tell_records()
        for report in self.told.fresh:
            self.line("report", f"{report.key} {report.outcome.status}: {report.outcome.message}")
        self.told.fresh.clear()

    def _tell_deaths(self) -> None:
        for replica in self.turns.replicas:
            if not replica.alive and self._phases.setdefault(replica.name, "alive") == "alive":
                self._phases[replica.name] = "dead"
                self._tell_requests()
                self.line(replica.name, "is killed: the pod is deleted, but no outcome is on record")

    def _tell_leader(self) -> None:
        leader = next((replica.name for replica in self.turns.replicas if replica.leads()), "")
        if leader and leader != self._leader:
            self._leader = leader
            self.line(leader, "holds the lease: it leads")

    def _tell_requests(self) -> None:
        audit = self.backend.cluster.audit
        events = list(audit)[self._heard - audit.dropped :] if self._heard < audit.recorded else []
        self._heard = audit.recorded
        for event in events:
            if event.changed and event.user in _STYLES and event.resource in ("pods", "deployments"):
                self.line("cluster", f"{event.method} {event.resource}/{event.name} by {event.user}: {event.code}")

    def _tell_records(self) -> None:
        for record in self.records():
            state = str(record.outcome.status if record.outcome else record.phase)
            recovered = bool(record.intent and record.intent.recovered)
            if self._phases.get(record.marker) == f"{state}{recovered}":
                continue
            self._phases[record.marker] = f"{state}{recovered}"
            if record.outcome is None:
                note = " (taken over: what became of it?)" if recovered else ""
                self.line(self._leader, f"records {record.key}: {state}{note}")
            else:
                self.line(record.replica, f"records {record.key}: {state}{' (inferred)' * record.outcome.inferred}")

    def records(self) -> tuple[Record, ...]:
        """The ledger, as anybody may read it."""
        from kubeactions.ledger import read

        return read(self.kube, "default").records

    # ---- the end

    def table(self) -> list[Row]:
        """One row an action: what the API server applied, by whom and when; what is on record; who was told."""
        return [self._row(record) for record in self.records() if record.action]

    def _row(self, record: Record) -> Row:
        assert record.action is not None
        assert record.outcome is not None, f"{record.key} is still open"
        target = record.action.target
        plural = {"Pod": "pods", "Deployment": "deployments"}[target.kind]
        applied = [
            event
            for event in self.backend.cluster.audit.find(resource=plural, name=target.name, changed=True)
            if event.user in _STYLES
        ]
        effect = ", ".join(f"{event.method} by {event.user} at {_time(event.at)}" for event in applied)
        return Row(
            str(record.key),
            f"{record.action.type} {target.namespace}/{target.name}",
            len(applied),
            effect,
            f"{record.outcome.status}{' (inferred)' * record.outcome.inferred} by {record.replica}"
            f" at {_time(record.settled_at)}",
            ", ".join(record.delivered) if record.reported else "not yet",
        )

    def save(self, folder: Path) -> Path:
        """Write the whole cluster where `fake serve -f` reads it. Raises `SourceError` when that cannot be."""
        from backends.fake.manifests import save

        path = folder / "cluster.yaml"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            save(path, self.backend.cluster.dump())
        except OSError as error:
            raise SourceError(f"{path}: cannot save the cluster: {error.strerror}") from error
        return path


def _time(at: datetime | None) -> str:
    return at.strftime("%H:%M:%S") if at else "-"


_COLUMNS = ("CONFIG", "ACTION", "TIMES", "ON THE API SERVER", "OUTCOME ON RECORD", "REPORTED TO")


def _cells(rows: Sequence[Row]) -> Iterator[tuple[str, ...]]:
    for row in rows:
        yield row.key, row.action, str(row.times), row.effect, row.outcome, row.reported


def _print_table(rows: Sequence[Row], *, terminal: bool) -> None:
    click.echo()
    if terminal:
        from rich.console import Console
        from rich.table import Table

        table = Table(*_COLUMNS, title="Each action, once", title_justify="left")
        for cells in _cells(rows):
            table.add_row(*cells)
        Console().print(table)
        return
    lines = [_COLUMNS, *_cells(rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_COLUMNS))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
