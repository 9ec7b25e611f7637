"""`kubeactions run`: one replica, until it is told to stop. One process, one replica; run several for failover."""

from __future__ import annotations

import itertools
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from kubeactions.cli.cluster import cluster_options, load_settings, settings_option
from kubeactions.cli.logs import set_up
from kubeactions.errors import SettingsError, SourceError
from kubeactions.plugins import nearest
from kubeactions.readers import address, split_address
from kubeactions.settings import KEYS, Plug, Settings

if TYPE_CHECKING:
    from kubeactions.agent import Agent
    from kubeactions.health import Route
    from kubeactions.metrics import Metrics

log = logging.getLogger("kubeactions.run")

_HELP = """Run one replica: take part in the election and, as the leader, take, execute and report actions.

With --settings, `kubeactions.enabled` in that file decides whether it runs at all. Without, running this command by
hand is the switch, unless DD_KUBEACTIONS_ENABLED says otherwise. --source and --report add to what the settings name.

\b
Examples:
  kubeactions run --kubeconfig /tmp/kubeconfig --source /tmp/actions
  kubeactions run --settings /etc/datadog-agent/datadog.yaml
  kubeactions run --backend fake --write-kubeconfig /tmp/kubeconfig --source /tmp/actions

In a pod it uses the pod's service account, POD_NAME, POD_UID and POD_NAMESPACE, and writes nothing to disk;
`kubeactions manifests` prints everything that it needs there. With --listen it answers /livez (and /healthz), /readyz
and /metrics.

SIGTERM and Ctrl-C: it takes nothing new, leaves what is begun in the ledger for the next leader, and hands the lease
over, within kubeactions.shutdown_timeout_s. A second Ctrl-C ends it at once; nothing is lost by that.

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
@click.option("--listen", metavar="HOST:PORT", help="Answer /livez, /readyz and /metrics here (:8080 is everywhere).")
@click.option(
    "--service-account",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where the pod's account is mounted: token and ca.crt. Default: where the kubelet mounts it.",
)
@click.option(
    "--log-format", type=click.Choice(["auto", "human", "json"]), help="Default: kubeactions.log_format, else auto."
)
@click.option("-v", "--verbose", is_flag=True, help="Log more.")
@cluster_options
@settings_option
def command(
    sources: tuple[str, ...],
    reports: tuple[str, ...],
    identity: str,
    backend: str,
    write_kubeconfig: Path | None,
    listen: str | None,
    service_account: Path | None,
    log_format: str | None,
    verbose: bool,
    kubeconfig: Path | None,
    context: str | None,
    settings_file: Path | None,
) -> int:
    """Build the agent and run it until a signal."""
    import backends

    settings = effective(load_settings(settings_file), sources, reports, by_hand=settings_file is None)
    if listen is not None:
        settings = replace(settings, listen=_address(listen))
    set_up(log_format or settings.log_format, verbose=verbose)
    for warning in settings.warnings:
        log.warning("%s", warning)
    if not settings.active:
        raise SettingsError(settings.why_inactive)
    if not settings.sources:
        raise SourceError("no source to read: give --source DIR, or set kubeactions.sources")
    options: dict[str, Any] = {"kubeconfig": kubeconfig, "context": context, "service_account": service_account}
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


def _address(listen: str) -> str:
    try:
        return address(listen)
    except ValueError as error:
        raise click.UsageError(f"--listen: {error}") from error


def _report_plug(report: str) -> Plug:
    name, _, path = report.partition(":")
    return Plug(name, {"path": path} if path else {})


def _run(settings: Settings, opened: Any, identity: str) -> int:
    from kubeactions.agent import Agent

    client = opened.client()
    metrics = _metrics(settings)
    name = settings.own.pod_name or socket.gethostname()
    agent = Agent(settings, client, name=name, identity=identity, meter=metrics)
    types = sorted(agent.executors)
    check_allowed(settings, types)
    _say_what_it_is(settings, agent.identity, client.configuration.host, types)
    with _answering(settings, agent, metrics), _stopped_by_signals(settings.shutdown_timeout_s) as (stop, received):
        agent.run(stop)
    log.info("stopped by %s", signal.Signals(received[0]).name if received else "itself")
    return 130 if received[:1] == [signal.SIGINT] else 0


def _metrics(settings: Settings) -> Metrics | None:
    """What counts; nobody asks when nothing listens, and then its library is not even imported."""
    if not settings.listen:
        return None
    from kubeactions.metrics import Metrics

    return Metrics()


@contextmanager
def _answering(settings: Settings, agent: Agent, metrics: Metrics | None) -> Iterator[None]:
    """Answer the kubelet and Prometheus meanwhile. Raises `SettingsError` when the address cannot be had."""
    if metrics is None:
        yield
        return
    from kubeactions.health import HealthServer

    metrics.watch(agent)
    answers = routes(agent, metrics)
    server = HealthServer(*split_address(settings.listen), answers)
    server.start()
    log.info("answers %s on port %d", ", ".join(answers), server.port)
    try:
        yield
    finally:
        server.close()


def routes(agent: Agent, metrics: Metrics) -> dict[str, Route]:
    """What the kubelet and Prometheus are told: `/livez` (which is `/healthz`), `/readyz`, `/metrics`."""
    from kubeactions.health import Answer, verdict

    def live(_headers: Mapping[str, str]) -> Answer:
        return verdict("; ".join(f"the {loop} has not ticked for a minute" for loop in agent.stalled()))

    def ready(_headers: Mapping[str, str]) -> Answer:
        return verdict(agent.why_not_ready())

    def measured(headers: Mapping[str, str]) -> Answer:
        return Answer(200, *metrics.render(headers.get("accept", "")))

    return {"/livez": live, "/healthz": live, "/readyz": ready, "/metrics": measured}


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
def _stopped_by_signals(within_s: float) -> Iterator[tuple[threading.Event, list[int]]]:
    """An event that SIGTERM and SIGINT set, and which of them came; a second SIGINT ends the process at once.

    `within_s` seconds after the first one the process ends, whatever still hangs: that is what the kubelet would do a
    little later, and it is as safe as any crash.
    """
    stop = threading.Event()
    received: list[int] = []
    so_many = itertools.count()
    bound = threading.Timer(within_s, lambda: _end_now(received[0]))
    bound.daemon = True

    def handle(number: int, _frame: FrameType | None) -> None:
        if received and number == signal.SIGINT:
            os._exit(130)  # Nothing needs to be tidied up: whatever is durable is in the ledger.
        received.append(number)
        if next(so_many) == 0:  # One step: the next signal may interrupt this very handler.
            bound.start()
        stop.set()

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop, received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        bound.cancel()
        sys.stderr.flush()


def _end_now(number: int) -> None:
    log.warning("the stop took too long: ending now; what is begun is in the ledger, the lease runs out by itself")
    sys.stderr.flush()
    os._exit(130 if number == signal.SIGINT else 0)
