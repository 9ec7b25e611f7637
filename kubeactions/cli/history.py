"""`kubeactions history`: the ledger of a cluster as a table. Reads only."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from kubeactions.cli.cluster import cluster_options, load_settings, open_kube, settings_option
from kubeactions.cli.ledger import refuse_if_closed
from kubeactions.cli.records import COLOURS, as_json, stamp, state, what
from kubeactions.model import Phase, Record, Status

_HELP = """List the actions in a cluster's ledger, the latest last.

\b
Examples:
  kubeactions history
  kubeactions history --status failed --status unknown
  kubeactions history --json | jq '.[] | select(.reported | not)'

Exit code: 0 also when there is none yet, 3 settings, 5 the cluster cannot be reached, 6 the ledger is closed.
"""
_STATES = [*(str(phase) for phase in (Phase.PENDING, Phase.INTENT)), *(str(status) for status in Status)]
_COLUMNS = ("RECEIVED", "KEY", "ACTION", "STATE", "REASON", "BY", "REQUESTED BY")
_DISPENSABLE = ("REQUESTED BY", "BY", "REASON", "RECEIVED")


@click.command("history", help=_HELP)
@click.option("--status", "states", multiple=True, type=click.Choice(_STATES), help="Only these; repeatable.")
@click.option("--limit", type=click.IntRange(min=1), help="Only so many, the latest.")
@click.option("--json", "as_json_text", is_flag=True, help="A JSON list of whole records.")
@cluster_options
@settings_option
def command(
    states: tuple[str, ...],
    limit: int | None,
    as_json_text: bool,
    kubeconfig: Path | None,
    context: str | None,
    settings_file: Path | None,
) -> int:
    """Read the ledger and print it."""
    from kubeactions.ledger import read

    settings = load_settings(settings_file)
    with open_kube(kubeconfig, context, settings) as kube:
        reading = read(kube, settings.ledger_namespace)
        if reading.meta is None:
            refuse_if_closed(kube, settings)
    records = [record for record in reading.records if not states or state(record) in states]
    records = records[-limit:] if limit else records
    if as_json_text:
        click.echo(json.dumps([as_json(record) for record in records]))
    elif records:
        _print(records)
    else:
        where = f"namespace {settings.ledger_namespace}"
        none = "no ledger yet" if reading.meta is None else "the ledger holds no such action"
        click.echo(f"kubeactions history: {none} ({where})", err=True)
    return 0


def row_of(record: Record) -> tuple[str, ...]:
    """One line of the table: its cells, in the order of the columns."""
    return (
        stamp(record.received_at),
        str(record.key),
        what(record),
        state(record),
        f"{record.outcome.reason}{' (inferred)' * record.outcome.inferred}" if record.outcome else "",
        record.replica,
        record.action.requested_by if record.action else "",
    )


def _print(records: Sequence[Record]) -> None:
    rows = [row_of(record) for record in records]
    if sys.stdout.isatty():
        _print_table(rows)
        return
    widths = _widths(rows)
    for row in [_COLUMNS, *rows]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _widths(rows: Sequence[tuple[str, ...]]) -> list[int]:
    return [max(len(row[column]) for row in [_COLUMNS, *rows]) for column in range(len(_COLUMNS))]


def fitting(rows: Sequence[tuple[str, ...]], width: int) -> list[int]:
    """Which columns a terminal of `width` shows: the least needed go first, key, action and state always stay."""
    widths = _widths(rows)
    shown = list(range(len(_COLUMNS)))
    for dropped in _DISPENSABLE:
        if sum(widths[column] + 2 for column in shown) - 2 <= width:
            break
        shown.remove(_COLUMNS.index(dropped))
    return shown


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    shown = fitting(rows, console.width)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in shown:
        table.add_column(_COLUMNS[column], no_wrap=_COLUMNS[column] == "STATE", overflow="fold")
    for row in rows:
        table.add_row(*(Text(row[column], style=COLOURS.get(row[column], "")) for column in shown))
    console.print(table)
