"""`kubeactions run`: one replica, until it is told to stop. One process, one replica; run several for failover."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import click

from kubeactions.cli.cluster import cluster_options, load_settings, settings_option
from kubeactions.cli.logs import set_up
from kubeactions.errors import SettingsError, SourceError
from kubeactions.plugins import nearest
from kubeactions.settings import KEYS, Plug, Settings

log = logging.getLogger("kubeactions.run")

_HELP = """Run one replica: take part in the election and, as the leader, take, execute and report actions.

With --settings, `kubeactions.enabled` in that file decides whether it runs at all. Without, running this command by
hand is the switch, unless DD_KUBEACTIONS_ENABLED says otherwise. --source and --report add to what the settings name.

\b
Examples:
  kubeactions run --kubeconfig /tmp/kubeconfig --source /tmp/actions
  kubeactions run --settings /etc/datadog-agent/datadog.yaml
  kubeactions run --backend fake --write-kubeconfig /tmp/kubeconfig --source /tmp/actions

SIGTERM and Ctrl-C: it takes nothing new, leaves what is begun in the ledger for the next leader, and hands the lease
over. A second Ctrl-C ends it at once; nothing is lost by that.

Exit code: 0 stopped by SIGTERM, 2 wrong usage, 3 settings or switched off, 4 no such source, 5 no cluster, 130 Ctrl-C.
"""


_SETTINGS = "\n".join(
    ["\b", "Settings (each also as a variable: DD_ and the key in capitals, dots as underscores):"]
    + [f"  {setting.key:<46} {setting.help}" for setting in KEYS]
)


@click.command("run", help=_HELP, epilog=_SETTINGS)
@click.option("--source", "sources", multiple=True, type=click.Path(), metavar="DIR", help="Read configs from DIR.")
@click.option("--report", "reports", multiple=True, metavar="NAME", help="Report to log, kubernetes or jsonl:FILE.")
@click.option(
    "--identity", default="", help="This replica's name in the lease. Default: pod or host name and a random part."
)
@click.option("--backend", default="live", show_default=True, metavar="NAME", help="live, or fake: in this process.")
@click.option(
    "--write-kubeconfig",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="So that kubectl reaches the same cluster.",
)
@click.option("--log-format", type=click.Choice(["auto", "human", "json"]), default="auto", show_default=True)
@click.option("-v", "--verbose", is_flag=True, help="Log more.")
@cluster_options
@settings_option
def command(
    sources: tuple[str, ...],
    reports: tuple[str, ...],
    identity: str,
    backend: str,
    write_kubeconfig: Path | None,
    log_format: str,
    verbose: bool,
    kubeconfig: Path | None,
    context: str | None,
    settings_file: Path | None,
) -> int:
    """Build the agent and run it until a signal."""
    import backends

    set_up(log_format, verbose=verbose)
    settings = effective(load_settings(settings_file), sources, reports, by_hand=settings_file is None)
    if not settings.active:
        raise SettingsError(settings.why_inactive)
    if not settings.sources:
        raise SourceError("no source to read: give --source DIR, or set kubeactions.sources")
    options: dict[str, Any] = {"kubeconfig": kubeconfig, "context": context}
    given = {name: value for name, value in options.items() if value is not None}
    with backends.open(backend, **given) as opened:
        if write_kubeconfig is not None:
            opened.kubeconfig(write_kubeconfig)
        return _run(settings, opened, identity)


def effective(settings: Settings, sources: Sequence[str], reports: Sequence[str], *, by_hand: bool) -> Settings:
    """The settings with the command's own flags laid over; pure but for asking which switch the environment sets."""
    if by_hand and "DD_KUBEACTIONS_ENABLED" not in os.environ:
        settings = replace(settings, enabled=True)
    directories = tuple(Plug("directory", {"path": path}) for path in sources)
    named = tuple(_report_plug(report) for report in reports)
    known = {(plug.type, str(plug.options)) for plug in settings.reporters}
    added = tuple(plug for plug in named if (plug.type, str(plug.options)) not in known)
    return replace(settings, sources=settings.sources + directories, reporters=settings.reporters + added)


def _report_plug(report: str) -> Plug:
    name, _, path = report.partition(":")
    return Plug(name, {"path": path} if path else {})


def _run(settings: Settings, opened: Any, identity: str) -> int:
    from kubeactions.agent import Agent

    client = opened.client()
    agent = Agent(settings, client, name=settings.own.pod_name or socket.gethostname(), identity=identity)
    types = sorted(agent.executors)
    check_allowed(settings, types)
    _say_what_it_is(settings, agent.identity, client.configuration.host, types)
    with _stopped_by_signals() as (stop, received):
        agent.run(stop)
    log.info("stopped by %s", signal.Signals(received[0]).name if received else "itself")
    return 130 if received[:1] == [signal.SIGINT] else 0


def check_allowed(settings: Settings, types: Sequence[str]) -> None:
    """Raise `SettingsError` when `allowed_actions` names a type that is not there: it would allow nothing, silently."""
    for name in sorted(settings.allowed_actions or ()):
        if name not in types:
            raise SettingsError(f"kubeactions.allowed_actions: unknown action type {name!r}{nearest(name, types)}")


def _say_what_it_is(settings: Settings, identity: str, host: str, types: list[str]) -> None:
    allowed = types if settings.allowed_actions is None else sorted(settings.allowed_actions)
    log.info("replica %s on %s", identity, host)
    log.info("actions: %s", ", ".join(allowed))
    for plug in settings.sources:
        log.info("watches %s %s", plug.type, plug.options.get("path", ""))
    log.info("reports to %s", ", ".join(plug.type for plug in settings.reporters) or "nobody")
    where = settings.ledger_namespace
    log.info("ledger %s/datadog-kubeactions-state, lease %s/%s", where, where, settings.election.lease_name)


@contextmanager
def _stopped_by_signals() -> Iterator[tuple[threading.Event, list[int]]]:
    """An event that SIGTERM and SIGINT set, and which of them came; a second SIGINT ends the process at once."""
    stop = threading.Event()
    received: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        if received and number == signal.SIGINT:
            os._exit(130)  # Nothing needs to be tidied up: whatever is durable is in the ledger.
        received.append(number)
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop, received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.stderr.flush()
