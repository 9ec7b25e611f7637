"""`kubeactions why`: one action's record, the decision at each step, and what to do. Reads only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kubeactions.cli.cluster import cluster_options, load_settings, open_kube, settings_option
from kubeactions.cli.ledger import refuse_if_closed
from kubeactions.cli.records import COLOURS, Leader, as_json, matching, state, story
from kubeactions.clock import SystemClock
from kubeactions.errors import NotFound
from kubeactions.model import Record

if TYPE_CHECKING:
    from kubeactions.kube import Kube
    from kubeactions.ledger import Reading
    from kubeactions.settings import Settings

_HELP = """Tell what became of an action: its record, each decision on the way, and what to do.

ID is a metadata id, a key (`<id>:v<version>`, `<id>:v<version>#<index>`), a marker, an action_id or the name of the
object. When the ledger has no such action, it says why that may be: who leads, and which configs are waiting.

\b
Examples:
  kubeactions why cart-restart
  kubeactions why cart-restart:v2 --json

Exit code: 0 found, 1 the ledger has no such action, 3 settings, 5 the cluster cannot be reached, 6 the ledger is
closed.
"""


@click.command("why", help=_HELP)
@click.argument("wanted", metavar="ID")
@click.option("--json", "as_json_text", is_flag=True, help="Print it as JSON.")
@cluster_options
@settings_option
def command(
    wanted: str, as_json_text: bool, kubeconfig: Path | None, context: str | None, settings_file: Path | None
) -> int:
    """Read the ledger and the Lease, and tell."""
    from kubeactions.ledger import read

    settings = load_settings(settings_file)
    now = SystemClock().wall()
    with open_kube(kubeconfig, context, settings) as kube:
        reading = read(kube, settings.ledger_namespace, about=wanted)
        if reading.meta is None:
            refuse_if_closed(kube, settings)
        leader = read_leader(kube, settings)
    records = matching(reading.records, wanted)
    notes = _notes(wanted, records, reading, leader, settings, now)
    if as_json_text:
        click.echo(json.dumps({"records": [as_json(record) for record in records], "notes": notes}))
    else:
        _print(records, notes)
    return 0 if records else 1


def read_leader(kube: Kube, settings: Settings) -> Leader:
    """What the Lease says now; raises a `KubeError` when it cannot be read."""
    from kubeactions.kube import path_of

    path = path_of(
        "coordination.k8s.io/v1", "leases", namespace=settings.ledger_namespace, name=settings.election.lease_name
    )
    try:
        spec: dict[str, Any] = kube.get(path).get("spec") or {}
    except NotFound:
        spec = {}
    acquired, renewed = spec.get("acquireTime"), spec.get("renewTime")
    return Leader(
        spec.get("holderIdentity") or "",
        datetime.fromisoformat(renewed) if renewed else None,
        float(spec.get("leaseDurationSeconds") or 0),
        datetime.fromisoformat(acquired) if acquired else None,
    )


def _notes(
    wanted: str, records: Sequence[Record], reading: Reading, leader: Leader, settings: Settings, now: datetime
) -> list[str]:
    """What stands around the records: needed when one is not there, or is not done."""
    waiting = [one for one in (reading.meta.waiting if reading.meta else ()) if one.id == wanted.partition(":v")[0]]
    notes = [f"{one.id}:v{one.version} is not taken yet: {one.reason}" for one in waiting]
    if records and not any(record.open for record in records):
        return notes
    notes.append(leader.describe(now))
    if records:
        return notes
    if reading.meta is None:
        notes.append(f"namespace {settings.ledger_namespace} has no ledger yet: no replica has ever led here")
    elif not waiting:
        notes.append(f"the ledger knows no {wanted!r}: it has not arrived, or was pruned; look at the source")
    return notes


def _print(records: Sequence[Record], notes: Sequence[str]) -> None:
    for record in records:
        click.echo(f"{record.key}  " + click.style(state(record), fg=COLOURS.get(state(record)), bold=True))
        for label, text in story(record):
            click.echo(f"  {label:<10} {text}")
    for note in notes:
        click.echo(note)
