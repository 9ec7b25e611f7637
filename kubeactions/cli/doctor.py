"""`kubeactions doctor`: why the agent would not do its work here, asked of everything that it rests on. Reads only.

Each check is one line: ok, warning or problem, and what to do. What is asked is what the agent itself asks, with its
own code: its settings, its sources, the Lease, the ledger. Permissions are the API server's own answers
(SelfSubjectAccessReview, which stores nothing) about each rule that rbac.py makes of the enabled actions.

It mends nothing, and says nothing of a single action: `why` and `plan` do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kubeactions.cli.cluster import (
    as_option,
    cluster_options,
    impersonate,
    load_settings,
    named_namespaces,
    settings_option,
)
from kubeactions.clock import Clock, SystemClock
from kubeactions.errors import KubeError, LedgerError, UserError
from kubeactions.model import Spec
from kubeactions.words import counted

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

    from kubeactions import rbac
    from kubeactions.kube import Kube
    from kubeactions.settings import Settings

_HELP = """Check all that the agent needs: settings, sources, permissions, leader, ledger, clocks. Changes nothing.

One line a check: ok, a warning, or a problem and what to do about it. Permissions are asked for whoever the kubeconfig
says you are; --as asks for the agent's own account, which you must be allowed to impersonate.

\b
Examples:
  kubeactions doctor --settings datadog.yaml
  kubeactions doctor --source /tmp/actions --as system:serviceaccount:kubeactions:kubeactions
  kubeactions doctor --json | jq '.checks[] | select(.level != "ok")'

Exit code: 0 no problem (warnings there may be), 1 a problem, 2 wrong usage, 3 the settings cannot be read.
"""
SKEW_WARNING_S = 5.0
"""A clock that is off by more is not synchronised; one second of it may be the rounding of the Date header."""
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_WHOAMI = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


_COLOURS: Mapping[Level, str] = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "red"}


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the answer. `to_do` is set for everything that is not ok."""

    level: Level
    about: str
    text: str
    to_do: str = ""

    def as_json(self) -> dict[str, str]:
        """For --json."""
        return {"level": str(self.level), "about": self.about, "text": self.text, "to_do": self.to_do}


@click.command("doctor", help=_HELP)
@click.option(
    "--source", "sources", multiple=True, type=click.Path(), metavar="DIR", help="A source besides those set."
)
@as_option
@click.option(
    "--target-namespaces",
    default="",
    metavar="NAME,...",
    help="Where actions are to act. Default: kubeactions.allowed_namespaces, or everywhere.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@cluster_options
@settings_option
def command(
    sources: tuple[str, ...],
    user: str,
    target_namespaces: str,
    as_json: bool,
    kubeconfig: Path | None,
    context: str | None,
    settings_file: Path | None,
) -> int:
    """Ask everything, print each answer as it comes."""
    from kubeactions.cli.run import effective

    settings = effective(load_settings(settings_file), sources, (), by_hand=settings_file is None)
    targets = named_namespaces(target_namespaces) or tuple(sorted(settings.safety.namespaces or ()))
    found: list[Check] = []
    for check in _examine(settings, targets, kubeconfig, context, user):
        found.append(check)
        if not as_json:
            _print(check)
    problems = sum(check.level is Level.PROBLEM for check in found)
    if as_json:
        click.echo(json.dumps({"problems": problems, "checks": [check.as_json() for check in found]}))
    return 1 if problems else 0


def _print(check: Check) -> None:
    level = click.style(f"{check.level:<7}", fg=_COLOURS[check.level])
    click.echo(f"{level}  {check.about:<8}  {check.text}" + (f"; {check.to_do}" if check.to_do else ""))


def _examine(
    settings: Settings, targets: Sequence[str], kubeconfig: Path | None, context: str | None, user: str
) -> Iterator[Check]:
    """Every check, those that need no cluster first; a cluster that does not answer is asked nothing more."""
    import backends
    from backends.base import BackendError

    yield check_switches(settings)
    yield from check_names(settings)
    yield from check_sources(settings)
    try:
        with backends.open("live", kubeconfig=kubeconfig, context=context) as backend:
            client = backend.client()
            if user:
                impersonate(client, user)
            yield from examine_cluster(settings, targets, client, SystemClock())
    except BackendError as error:
        yield Check(Level.PROBLEM, "cluster", _one_line(error), "give --kubeconfig, and --context")


def examine_cluster(settings: Settings, targets: Sequence[str], client: ApiClient, clock: Clock) -> Iterator[Check]:
    """What needs an API server."""
    from kubeactions import registry
    from kubeactions.kube import Kube

    yield check_agent(settings, client)
    kube = Kube(client, clock, settings.request_timeout_s)
    reached = check_server(kube, clock, settings)
    yield from reached
    if reached[0].level is Level.PROBLEM:
        return
    specs = registry.specs(registry.load())
    yield from _guarded("access", lambda: check_access(kube, settings, _enabled(specs, settings), targets))
    yield from _guarded("leader", lambda: [check_leader(kube, clock, settings)])
    yield from _guarded("ledger", lambda: check_ledger(kube, settings))
    yield from _guarded("pause", lambda: check_pauses(kube, settings))


def _guarded(about: str, ask: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    """The answers, or why there is none."""
    try:
        yield from ask()
    except KubeError as error:
        yield Check(Level.PROBLEM, about, f"cannot be asked: {_one_line(error)}", "see to access and the API server")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


# --- what the agent is told ---


def check_names(settings: Settings) -> Iterator[Check]:
    """What was given and is ignored, and looks as if it was meant for us."""
    for warning in settings.warnings:
        text, _, meant = warning.partition("; ")
        yield Check(Level.WARNING, "settings", text, meant)


def check_switches(settings: Settings) -> Check:
    """Whether it is switched on."""
    if settings.active:
        return Check(Level.OK, "settings", "kubeactions is enabled" + (", for rehearsals" if _dry(settings) else ""))
    text, _, to_do = settings.why_inactive.partition(": ")
    return Check(Level.PROBLEM, "settings", text, to_do)


def _dry(settings: Settings) -> bool:
    return settings.safety.dry_run


def check_agent(settings: Settings, client: ApiClient) -> Check:
    """Whether an agent can be built of these settings: action types, permits, hooks, reporters, the lease's numbers."""
    from kubeactions.agent import Agent

    try:
        agent = Agent(settings, client, sources=())
    except UserError as error:
        return Check(Level.PROBLEM, "settings", f"the agent would not start: {_one_line(error)}", "mend that setting")
    if unknown := sorted((settings.allowed_actions or frozenset()) - agent.executors.keys()):
        text = f"kubeactions.allowed_actions names what is no action type: {', '.join(unknown)}"
        return Check(Level.WARNING, "settings", text, "see: kubeactions explain")
    enabled = len(_enabled({name: one.spec for name, one in agent.executors.items()}, settings))
    return Check(Level.OK, "settings", f"an agent can be built of them; {counted(enabled, 'action type')} enabled")


def _enabled(specs: Mapping[str, Spec], settings: Settings) -> dict[str, Spec]:
    allowed = settings.allowed_actions
    return {name: spec for name, spec in specs.items() if allowed is None or name in allowed}


def check_sources(settings: Settings) -> Iterator[Check]:
    """Each source, read once."""
    from kubeactions.sources import open_all

    if not settings.sources:
        yield Check(Level.PROBLEM, "source", "there is none to read", "set kubeactions.sources, or give --source DIR")
    for plug in settings.sources:
        try:
            (source,) = open_all([plug], settings.limits)
            pull = source.pull()
        except UserError as error:
            yield Check(Level.PROBLEM, "source", _one_line(error), "make it readable, or take it out of the settings")
            continue
        yield Check(Level.OK, "source", f"{source.name} is readable: {counted(len(pull.configs), 'config')}")
        for problem in pull.problems:
            text = f"{source.name}: {problem.item}: {problem.text}"
            yield Check(Level.WARNING, "source", text, "nothing of it is executed before it is mended")


# --- the API server ---


def check_server(kube: Kube, clock: Clock, settings: Settings) -> list[Check]:
    """Whether it answers, to whom, and how far its clock is from ours."""
    before = clock.wall()
    try:
        theirs = kube.server_time()
    except KubeError as error:
        return [Check(Level.PROBLEM, "cluster", _one_line(error), "see to address, credentials and network")]
    ours = before + (clock.wall() - before) / 2
    return [
        Check(Level.OK, "cluster", f"the API server answers {_whoami(kube)}"),
        _skew((theirs - ours).total_seconds(), settings)
        if theirs is not None
        else Check(Level.WARNING, "clock", "the API server's answer has no Date header", "compare the clocks yourself"),
    ]


def _whoami(kube: Kube) -> str:
    """Who asks, as the API server sees it; older ones than v1.28 cannot say."""
    try:
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        return str(kube.create(_WHOAMI, body)["status"]["userInfo"]["username"])
    except (KubeError, KeyError):
        return "(to whom, it does not say)"


def _skew(seconds: float, settings: Settings) -> Check:
    """The header has whole seconds: what it says is up to one second old."""
    off = 0.0 if -1 <= seconds <= 0 else seconds
    text = f"this machine's clock and the API server's differ by {abs(off):.0f} s"
    if abs(off) <= SKEW_WARNING_S:
        return Check(Level.OK, "clock", text)
    tolerance = max(settings.future_tolerance_s, SKEW_WARNING_S)
    level = Level.WARNING if abs(off) <= tolerance else Level.PROBLEM
    return Check(level, "clock", f"{text}: actions expire too {'late' if off > 0 else 'early'}", "synchronise it (NTP)")


# --- permissions ---


def check_access(kube: Kube, settings: Settings, specs: Mapping[str, Spec], targets: Sequence[str]) -> Iterator[Check]:
    """Every grant of every Role that the enabled actions need: a line for each Role, and for each grant that lacks."""
    from kubeactions import rbac

    own = settings.own.namespace or settings.ledger_namespace
    place = rbac.Place(rbac.NAME, own, settings.ledger_namespace, settings.election.lease_name, tuple(targets))
    for role in rbac.roles(specs, place):
        lacking = [(grant, verbs) for grant in role.grants if (verbs := _denied(kube, role.namespace, grant))]
        where = f"in namespace {role.namespace}" if role.namespace else "in the whole cluster"
        for grant, verbs in lacking:
            names = f" {', '.join(grant.names)}" if grant.names else ""
            text = f"may not {', '.join(verbs)} {_resource(grant)}{names} {where}, which is for: {grant.why}"
            yield Check(Level.PROBLEM, "access", text, "grant it: kubeactions manifests prints the roles")
        if not lacking and role.grants:
            yield Check(
                Level.OK,
                "access",
                f"{where}: what the {role.kind} {role.name} grants, {counted(len(role.grants), 'rule')}, is granted",
            )
    yield from _check_reads(kube, specs)


def _check_reads(kube: Kube, specs: Mapping[str, Spec]) -> Iterator[Check]:
    """What reads anything needs what it is to read, which only the operator knows."""
    for spec in specs.values():
        everything = {"group": "*", "resource": "*", "verb": "get"}
        if any(rule.resource == "*" for rule in spec.rules) and not _may(kube, everything):
            text = f"{spec.type} may not read everything, which is well"
            yield Check(Level.WARNING, "access", text, "what it is to read: kubeactions manifests --read")


def _resource(grant: rbac.Grant) -> str:
    return grant.rule.resource + (f".{grant.rule.group}" if grant.rule.group else "")


def _denied(kube: Kube, namespace: str, grant: rbac.Grant) -> list[str]:
    """The verbs that are not allowed, each asked for each name."""
    resource, _, subresource = grant.rule.resource.partition("/")
    about = {"namespace": namespace, "group": grant.rule.group, "resource": resource, "subresource": subresource}
    return [
        verb
        for verb in grant.rule.verbs
        if not all(_may(kube, {**about, "verb": verb, "name": name}) for name in grant.names or ("",))
    ]


def _may(kube: Kube, attributes: Mapping[str, str]) -> bool:
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {name: value for name, value in attributes.items() if value}},
    }
    return bool((kube.create(_REVIEWS, body).get("status") or {}).get("allowed"))


# --- the agents at work ---


def check_leader(kube: Kube, clock: Clock, settings: Settings) -> Check:
    """Who holds the Lease, and for how long."""
    from kubeactions.cli.why import read_leader

    leader, now = read_leader(kube, settings), clock.wall()
    text = leader.describe(now)
    if leader.leads(now):
        since = f", acquired {_span(now - leader.acquired_at)} ago" if leader.acquired_at else ""
        return Check(Level.OK, "leader", text + since)
    if leader.renewed_at is None:
        return Check(Level.WARNING, "leader", "no replica has led here yet", "start one: kubeactions run")
    return Check(Level.PROBLEM, "leader", text.partition(";")[0], "see that a replica runs, and what its log says")


def _span(length: timedelta) -> str:
    seconds = max(int(length.total_seconds()), 0)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def check_ledger(kube: Kube, settings: Settings) -> Iterator[Check]:
    """Whether it can be read and trusted, and what waits for room in it."""
    from kubeactions.cli.ledger import refuse_if_closed
    from kubeactions.ledger import read

    try:
        refuse_if_closed(kube, settings)
        reading = read(kube, settings.ledger_namespace)
    except LedgerError as error:
        yield Check(Level.PROBLEM, "ledger", _one_line(error), "see: kubeactions ledger check")
        return
    where = f"namespace {settings.ledger_namespace}"
    if reading.meta is None:
        yield Check(Level.WARNING, "ledger", f"{where} has none yet", "the first leader makes it")
        return
    open_ = sum(record.open for record in reading.records)
    yield Check(
        Level.OK, "ledger", f"in {where}, trusted: {counted(len(reading.records), 'record')}, {open_} of them open"
    )
    for one in reading.meta.waiting:
        text = f"{one.id}:v{one.version} is not taken yet: {one.reason}"
        yield Check(Level.WARNING, "ledger", text, f"see: kubeactions why {one.id}")


def check_pauses(kube: Kube, settings: Settings) -> list[Check]:
    """Whether somebody, or the circuit breaker, holds everything back."""
    from kubeactions.ledger import Requests

    pauses = Requests(kube, settings.ledger_namespace).read().pauses
    if not pauses:
        return [Check(Level.OK, "pause", "nothing is held back")]
    return [
        Check(Level.WARNING, "pause", f"nothing is begun: {one}", "at its end: kubeactions resume") for one in pauses
    ]
