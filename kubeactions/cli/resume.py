"""`kubeactions resume`: take a pause out. Writes a request, never the ledger."""

from __future__ import annotations

from pathlib import Path

import click

from kubeactions.cli.actions import who
from kubeactions.cli.cluster import cluster_options, load_settings, open_kube, settings_option
from kubeactions.clock import SystemClock
from kubeactions.errors import UserError
from kubeactions.plugins import nearest

_HELP = """Take a pause out, so that actions begin again.

NAME is what `kubeactions pause` has printed; where only one pause stands it can be left out. Resuming after the
circuit breaker lets it count failures anew from there.

\b
Examples:
  kubeactions resume
  kubeactions resume a1b2c3
  kubeactions resume --all

Exit code: 0 done, 1 nothing pauses it, 2 wrong usage, no such pause, or several and no choice among them,
3 settings, 5 the cluster cannot be reached or forbids it.
"""


@click.command("resume", help=_HELP)
@click.argument("name", required=False)
@click.option("--all", "all_of_them", is_flag=True, help="Take every pause out.")
@click.option("--requested-by", default="", help="Who is asking. Default: you, on this machine.")
@cluster_options
@settings_option
def command(
    name: str | None,
    all_of_them: bool,
    requested_by: str,
    kubeconfig: Path | None,
    context: str | None,
    settings_file: Path | None,
) -> int:
    """Choose, and take out."""
    from kubeactions.ledger import Requests

    if name and all_of_them:
        raise UserError("give a NAME or --all, not both")
    settings = load_settings(settings_file)
    with open_kube(kubeconfig, context, settings) as kube:
        requests = Requests(kube, settings.ledger_namespace)
        pauses = requests.read().pauses
        if not pauses:
            click.echo("kubeactions resume: nothing pauses it", err=True)
            return 1
        names = {one.name: one for one in pauses}
        if name is not None and name not in names:
            raise UserError(f"no pause is called {name!r}{nearest(name, names)}; there are: {', '.join(names)}")
        if name is None and not all_of_them and len(pauses) > 1:
            several = "; ".join(str(one) for one in pauses)
            raise UserError(f"several pauses stand, give a NAME or --all: {several}")
        gone = [names[name]] if name is not None else list(pauses)
        requests.resume(gone, requested_by or who(), SystemClock().wall())
    for one in gone:
        click.echo(f"gone: {one}")
    if left := [str(one) for one in pauses if one not in gone]:
        click.echo(f"still paused: {'; '.join(left)}")
    return 0
