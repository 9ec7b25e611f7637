"""`kubeactions pause`: let nothing begin until somebody resumes. Writes a request, never the ledger."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from kubeactions.cli.actions import who
from kubeactions.cli.cluster import cluster_options, load_settings, open_kube, settings_option
from kubeactions.clock import SystemClock
from kubeactions.errors import UserError

_HELP = """Let nothing begin until somebody resumes.

The leader reads it before each effect; what has been sent already is not stopped, and is settled by what is seen.
Several pauses may stand beside each other: everything waits until the last one is gone. Without an argument it lists
those that stand.

\b
Examples:
  kubeactions pause --reason "incident 7: wrong images"
  kubeactions pause
  kubeactions resume

\b
Without this program, in the namespace of the ledger (default: default):
  kubectl create configmap datadog-kubeactions-requests --from-literal=pause.now="incident 7"
  kubectl patch configmap datadog-kubeactions-requests -p '{"data":{"pause.now":"incident 7"}}'   (if it is there)

Exit code: 0 paused (or listed), 1 nothing pauses it (list only), 2 wrong usage, 3 settings, 5 the cluster cannot be
reached or forbids it.
"""


@click.command("pause", help=_HELP)
@click.option("--reason", help="Why; everybody who waits is told.")
@click.option("--requested-by", default="", help="Who is asking. Default: you, on this machine.")
@cluster_options
@settings_option
def command(
    reason: str | None, requested_by: str, kubeconfig: Path | None, context: str | None, settings_file: Path | None
) -> int:
    """Write the reason, or read those that are there."""
    from kubeactions.ledger import Pause, Requests

    settings = load_settings(settings_file)
    if reason is not None and not reason.strip():
        raise UserError("--reason: say why; whoever finds everything standing still will ask")
    with open_kube(kubeconfig, context, settings) as kube:
        requests = Requests(kube, settings.ledger_namespace)
        if reason is None:
            return _list([str(one) for one in requests.read().pauses])
        pause = Pause(secrets.token_hex(3), " ".join(reason.split()), requested_by or who(), SystemClock().wall())
        requests.pause(pause)
    click.echo(f"paused: {pause}")
    click.echo(f"To go on: kubeactions resume {pause.name}")
    return 0


def _list(pauses: list[str]) -> int:
    for one in pauses:
        click.echo(f"paused: {one}")
    if not pauses:
        click.echo("nothing pauses it; to pause: kubeactions pause --reason TEXT", err=True)
    return 0 if pauses else 1
