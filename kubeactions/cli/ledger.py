"""`kubeactions ledger check` and `ledger init`: is the history trusted, and a new beginning where it is not."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kubeactions.cli.cluster import cluster_options, load_settings, open_kube, settings_option
from kubeactions.clock import SystemClock
from kubeactions.errors import Conflict, LedgerClosed, NotFound
from kubeactions.model import JsonObject
from kubeactions.words import counted

if TYPE_CHECKING:
    from kubeactions.kube import Kube
    from kubeactions.ledger.head import Anchor
    from kubeactions.ledger.invariants import Checked
    from kubeactions.ledger.reset import Look
    from kubeactions.settings import Settings

_LEASE_TRIES = 5
"""A leader may renew the Lease between our reading and writing it."""

_CHECK_HELP = """Say whether the ledger can be trusted, and everything that is wrong with it. Reads only.

What the agents check before they act: that it is readable, of this cluster, the one that the Lease names, not older
than the Lease has seen it, and that every sealed part of it is there, unchanged. What they do not: its size, each
record by itself and beside the others, and parts that are listed nowhere.

Exit code: 0 nothing is wrong, 1 something is, and the agents work all the same, 3 settings, 5 the cluster cannot be
reached, 6 it cannot be trusted: nothing is executed.
"""

_INIT_HELP = """Begin a new ledger where the old one cannot be trusted. Nothing is executed until then.

Only for a ledger that `kubeactions ledger check` refuses, when its history cannot be brought back (from a backup, or by
undoing an edit). What it does: the old ConfigMap is copied aside and emptied, and the Lease names the new beginning.
Nothing that may have been done runs again: every action stamped before now is recorded as expired. What was begun and
not settled is named here and in the copy; look at it yourself. A replica that may be at work must be stopped first.

Exit code: 0 done, 1 it was not needed or not confirmed, 3 settings, 5 the cluster cannot be reached.
"""


@click.group("ledger", short_help="Check the history of what was done, or begin a new one.")
def command() -> None:
    """Check the ledger, or begin a new one where it cannot be trusted."""


@command.command("check", help=_CHECK_HELP)
@click.option("--json", "as_json_text", is_flag=True, help="Print it as JSON.")
@cluster_options
@settings_option
def check(as_json_text: bool, kubeconfig: Path | None, context: str | None, settings_file: Path | None) -> int:
    """Look at all of it."""
    from kubeactions.ledger import invariants

    settings = load_settings(settings_file)
    with open_kube(kubeconfig, context, settings) as kube:
        broken = _lease_fault(kube, settings)
        checked = invariants.check(kube, settings.ledger_namespace, None if broken else _anchor(kube, settings))
    findings = ([invariants.Finding(broken)] if broken else []) + list(checked.findings)
    closed = any(one.closing for one in findings)
    if as_json_text:
        found = [{"text": one.text, "closing": one.closing} for one in findings]
        size = {"records": checked.records, "segments": checked.segments, "head_bytes": checked.head_bytes}
        click.echo(json.dumps({"trusted": not closed, "findings": found, **size}))
    else:
        for one in findings:
            click.echo(f"{'CLOSED' if one.closing else 'wrong '} {one.text}", err=True)
        _say_verdict(closed, settings.ledger_namespace, checked)
    return 6 if closed else 1 if findings else 0


def _say_verdict(closed: bool, namespace: str, checked: Checked) -> None:
    if closed:
        click.echo(f"kubeactions: the ledger cannot be trusted; {LedgerClosed.REMEDY}", err=True)
        return
    size = f"{counted(checked.records, 'record')}, {counted(checked.segments, 'sealed segment')}, "
    size += f"{checked.head_bytes} bytes in the head"
    click.echo(f"the ledger in namespace {namespace} can be trusted ({size})")


@command.command("init", help=_INIT_HELP)
@click.option("--yes", is_flag=True, help="Do not ask.")
@cluster_options
@settings_option
def init(yes: bool, kubeconfig: Path | None, context: str | None, settings_file: Path | None) -> int:
    """Put the old one aside, make a new one, and let the Lease name it."""
    from kubeactions.ledger import reset

    settings, clock = load_settings(settings_file), SystemClock()
    with open_kube(kubeconfig, context, settings) as kube:
        fault, seen, anchor = _look(kube, settings)
        if not fault:
            return _refuse("the ledger can be trusted")
        click.echo(f"found: {fault}")
        if _holds(_lease(kube, settings)[1], seen.holder, clock.wall()):
            return _refuse(f"{seen.holder} leads and has opened this ledger before: it may be at work; stop it first")
        if seen.unsettled:
            click.echo(f"given up, look at them yourself: {', '.join(seen.unsettled)}")
        if not yes and not click.confirm("Begin a new ledger? Every action stamped before now will count as expired."):
            return _refuse("not confirmed")
        now = clock.wall()  # Not before the answer: what a leader has done meanwhile must not run again either.
        # A stamp may be ahead of the clock by the tolerance and may have been executed already.
        watermark = now + timedelta(seconds=settings.future_tolerance_s)
        made = reset.begin_anew(kube, settings.ledger_namespace, anchor, seen, watermark=watermark, now=now)
        _name_in_lease(kube, settings, made)
    click.echo(f"a new ledger begins with epoch {made.epoch + 1}; the old one is kept as {reset.BEFORE}<time>")
    click.echo(f"actions stamped until {watermark:%Y-%m-%dT%H:%M:%SZ} count as expired")
    return 0


def refuse_if_closed(kube: Kube, settings: Settings) -> None:
    """For who finds no ledger: raise `LedgerClosed` when there must be one, so that its loss is not taken for peace."""
    fault, _, _ = _look(kube, settings)
    if fault:
        raise LedgerClosed(fault)


def _refuse(why: str) -> int:
    click.echo(f"kubeactions ledger init: {why}; nothing was changed", err=True)
    return 1


def _look(kube: Kube, settings: Settings) -> tuple[str, Look, Anchor | None]:
    """What is wrong, if anything is; the ledger as it was then, and what the Lease says of it."""
    from kubeactions.ledger import reset

    broken = _lease_fault(kube, settings)
    anchor = None if broken else _anchor(kube, settings)
    seen = reset.look(kube, settings.ledger_namespace, anchor)
    return broken or seen.fault, seen, anchor


def _holds(lease: JsonObject | None, identity: str, now: datetime) -> bool:
    """Whether this replica's lease lasts, by our clock: then it may be at work. A lease that says nothing does not."""
    spec = (lease or {}).get("spec") or {}
    if not identity or spec.get("holderIdentity") != identity or not spec.get("renewTime"):
        return False
    lasts = timedelta(seconds=float(spec.get("leaseDurationSeconds") or 0))
    return now < datetime.fromisoformat(spec["renewTime"]) + lasts


def _lease(kube: Kube, settings: Settings) -> tuple[str, JsonObject | None]:
    from kubeactions.kube import path_of

    path = path_of(
        "coordination.k8s.io/v1", "leases", namespace=settings.ledger_namespace, name=settings.election.lease_name
    )
    try:
        return path, kube.get(path)
    except NotFound:
        return path, None


def _lease_fault(kube: Kube, settings: Settings) -> str:
    """Why the Lease does not tell which ledger it was; "" when it does, or says nothing."""
    from kubeactions.elector import read_stamp

    try:
        read_stamp(_lease(kube, settings)[1])
    except ValueError as error:
        return str(error)
    return ""


def _anchor(kube: Kube, settings: Settings) -> Anchor | None:
    """What the Lease says of the ledger."""
    from kubeactions.elector import read_stamp
    from kubeactions.ledger.head import Anchor

    stamp = read_stamp(_lease(kube, settings)[1])
    return Anchor(stamp.uid, stamp.epoch, stamp.seq, "the Lease") if stamp else None


def _name_in_lease(kube: Kube, settings: Settings, made: Anchor) -> None:
    """Write the new ledger's place into the Lease, whoever holds it. A Lease without a word of a ledger needs none."""
    from kubeactions.elector import LEDGER_ANNOTATION

    for tries_left in reversed(range(_LEASE_TRIES)):
        path, lease = _lease(kube, settings)
        if lease is None or LEDGER_ANNOTATION not in (lease["metadata"].get("annotations") or {}):
            return
        text = json.dumps({"uid": made.uid, "epoch": made.epoch, "seq": made.seq})
        lease["metadata"]["annotations"][LEDGER_ANNOTATION] = text
        try:
            kube.replace(path, lease)
        except Conflict:
            if not tries_left:
                raise
        else:
            return
