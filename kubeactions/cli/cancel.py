"""`kubeactions cancel`: ask the leader to withdraw an action that is still pending. Writes a request, never the ledger.

What has begun cannot be withdrawn; the record says so, before the request as well as after it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kubeactions.cli.actions import who
from kubeactions.cli.cluster import cluster_options, load_settings, open_kube, settings_option
from kubeactions.cli.records import matching, named, stamp, state
from kubeactions.cli.seconds import Seconds
from kubeactions.clock import Clock, SystemClock
from kubeactions.model import Phase, Record

if TYPE_CHECKING:
    from kubeactions.kube import Kube
    from kubeactions.ledger import Reading
    from kubeactions.settings import Settings

_HELP = """Withdraw an action that has not begun.

ID is a metadata id, a key (`<id>:v<version>`, `<id>:v<version>#<index>`), a marker or an action_id; of a config with
several actions, all that are pending are withdrawn. The request is put beside the ledger, and the leader settles the
action as cancelled before it would begin the next one. What has begun is not stopped, and is not undone.

\b
Examples:
  kubeactions cancel cart-restart --reason "wrong cluster"
  kubeactions cancel cart-restart:v2#3 --wait 0

Exit code: 0 cancelled, or asked for and the leader has not answered yet; 1 it came too late for one of them, or the
ledger has no such action; 2 too many requests wait; 3 settings, 5 the cluster cannot be reached, 6 the ledger is
closed.
"""
_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is said of one action."""

    key: str
    done: bool
    """False: it came too late."""
    text: str


@click.command("cancel", help=_HELP)
@click.argument("wanted", metavar="ID")
@click.option("--reason", default="", help="Why; it is kept in the record and reported.")
@click.option("--requested-by", default="", help="Who is asking. Default: you, on this machine.")
@click.option(
    "--wait", "wait_s", type=Seconds(0, 3600), default=10.0, show_default=True, metavar="SECONDS",
    help="How long to wait for the leader's answer.",
)  # fmt: skip
@click.option("--json", "as_json_text", is_flag=True, help="A JSON list, one object an action.")
@cluster_options
@settings_option
def command(
    wanted: str,
    reason: str,
    requested_by: str,
    wait_s: float,
    as_json_text: bool,
    kubeconfig: Path | None,
    context: str | None,
    settings_file: Path | None,
) -> int:
    """Read the record, ask, and wait for the answer."""
    from kubeactions.ledger import Cancellation, Requests, read

    settings, clock = load_settings(settings_file), SystemClock()
    with open_kube(kubeconfig, context, settings) as kube:
        reading = read(kube, settings.ledger_namespace, about=wanted)
        records = _meant(reading, wanted)
        pending = {one.marker: one for one in records if one.phase is Phase.PENDING}
        by, now = requested_by or who(), clock.wall()
        if pending:
            asked = [Cancellation(name, str(one.key), by, now, reason) for name, one in pending.items()]
            Requests(kube, settings.ledger_namespace).ask(asked)
            answered = _wait(kube, settings, wanted, pending, clock, wait_s)
            records = [answered.get(one.marker, one) for one in records]
    answers = [_answer(one) for one in records]
    if as_json_text:
        click.echo(json.dumps([{"key": one.key, "done": one.done, "text": one.text} for one in answers]))
    else:
        _print(answers)
    if not answers:
        click.echo(f"kubeactions cancel: {_unknown(reading, wanted)}", err=True)
    return 0 if answers and all(one.done for one in answers) else 1


def _meant(reading: Reading, wanted: str) -> list[Record]:
    """The records that `wanted` names; of a config, those that ended only where all have: nobody asks about them.

    The name of a target is not enough here: that is too easily a mistake.
    """
    found = named(reading.records, wanted)
    return [one for one in found if one.open] or found


def _wait(
    kube: Kube, settings: Settings, wanted: str, pending: Mapping[str, Record], clock: Clock, seconds: float
) -> Mapping[str, Record]:
    """The records of `pending` when none of them is pending any more, or when the time is over."""
    from kubeactions.ledger import read

    ends_at = clock.monotonic() + seconds
    while True:
        found = read(kube, settings.ledger_namespace, about=wanted).records
        current = {one.marker: one for one in found if one.marker in pending}
        left = ends_at - clock.monotonic()
        if left <= 0 or all(one.phase is not Phase.PENDING for one in current.values()):
            return current
        clock.sleep(min(_POLL_S, left))


def _answer(record: Record) -> _Answer:
    key = str(record.key)
    if record.outcome is not None and record.outcome.reason == "Withdrawn":
        return _Answer(key, True, f"cancelled: {record.outcome.message}")
    if record.outcome is not None:
        return _Answer(key, False, f"too late: it is {state(record)} since {stamp(record.settled_at)}")
    if record.phase is Phase.INTENT:
        since = stamp(record.intent.at if record.intent else None)
        return _Answer(key, False, f"too late: it has begun at {since}; see: kubeactions why {key}")
    return _Answer(key, True, f"asked for; the leader has not answered yet; see: kubeactions why {key}")


def _print(answers: Iterable[_Answer]) -> None:
    for one in answers:
        click.echo(f"{one.key}  {one.text}", err=not one.done)


def _unknown(reading: Reading, wanted: str) -> str:
    """Why there is nothing to cancel."""
    waiting = reading.meta.waiting if reading.meta else ()
    for one in waiting:
        if one.id == wanted.partition(":v")[0]:
            return f"{one.id}:v{one.version} is not taken yet: take it out of its source"
    if keys := ", ".join(str(one.key) for one in matching(reading.records, wanted) if one.open):
        return f"no action is called {wanted!r}; these are about it: {keys}"
    return f"the ledger knows no action {wanted!r}"
