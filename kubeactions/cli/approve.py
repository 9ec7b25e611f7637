"""`kubeactions approve`: say yes to an action that waits for it. Writes a request, never the ledger."""

from __future__ import annotations

from pathlib import Path

import click

from kubeactions.cli.actions import who
from kubeactions.cli.cluster import cluster_options, load_settings, open_kube, settings_option
from kubeactions.cli.records import named, state, what
from kubeactions.clock import SystemClock
from kubeactions.errors import UserError
from kubeactions.model import Phase

_HELP = """Approve of an action that waits for approval.

ID is a metadata id, a key, a marker or an action_id. What is approved is the content as it is on record: the approval
is bound to its digest. How many people must approve is set by `kubeactions.approvals`; whoever ordered an action does
not count, nor does one person twice. A name is a claim: who may write it is said by RBAC on the ConfigMap
datadog-kubeactions-requests, who did by the cluster's audit log.

\b
Examples:
  kubeactions approve cart-restart
  kubeactions approve cart-restart:v2#3 --by anna@example.org

Exit code: 0 approved, 1 no such action waits, or only your own, 2 too many requests wait, 3 settings, 5 the
cluster cannot be reached or forbids it, 6 the ledger is closed.
"""


@click.command("approve", help=_HELP)
@click.argument("wanted", metavar="ID")
@click.option("--by", default="", help="Who approves. Default: you, on this machine.")
@cluster_options
@settings_option
def command(wanted: str, by: str, kubeconfig: Path | None, context: str | None, settings_file: Path | None) -> int:
    """Read the records, and approve of those that are pending."""
    from kubeactions.ledger import Approval, Requests, read
    from kubeactions.policy import names_of

    settings = load_settings(settings_file)
    approver = by.strip() or who()
    if not approver.isprintable():
        raise UserError("--by: one line of printable characters is expected")
    with open_kube(kubeconfig, context, settings) as kube:
        records = named(read(kube, settings.ledger_namespace, about=wanted).records, wanted)
        requests, now = Requests(kube, settings.ledger_namespace), SystemClock().wall()
        pending = [one for one in records if one.phase is Phase.PENDING]
        own = [one for one in pending if one.action and not names_of([approver], one.action.requested_by)]
        for one in [one for one in pending if one not in own]:
            new = requests.approve(Approval(one.marker, str(one.key), one.digest, approver, now))
            click.echo(f"{one.key}  {'approved' if new else 'approved already'} by {approver}: {what(one)}")
    for one in own:
        click.echo(f"{one.key}  not approved: {approver} has ordered it, and that does not count", err=True)
    for one in records:
        if one not in pending:
            click.echo(f"{one.key}  nothing to approve: it is {state(one)}", err=True)
    if not records:
        click.echo(f"kubeactions approve: the ledger knows no action {wanted!r}", err=True)
    return 0 if len(pending) > len(own) else 1
