"""`kubeactions plan`: what would become of each action of a config, before it is submitted. Changes nothing."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kubeactions.cli.cluster import as_option, cluster_options, load_settings, open_kube, settings_option
from kubeactions.cli.validate import read_one
from kubeactions.clock import SystemClock
from kubeactions.model import JsonObject
from kubeactions.policy import Gate
from kubeactions.sources.directory import name_problem

if TYPE_CHECKING:
    from kubeactions.cli.forecast import Forecast, Request

_HELP = """Say what would become of each action in config FILE (`-` is standard input), here and now. Changes nothing.

The agent's own rules are asked: is it valid, is it on record already, how does each gate rule. Then its executor plans
on what the cluster shows, and what it would send is sent as a server-side dry run: you see the request, what it is
conditional on, and the target before and after. A safety hook of the agent's is not asked.

Dry runs need the same permissions as the real thing; --as asks with the agent's.

\b
Examples:
  kubeactions plan restart-cart@1.json
  kubeactions explain delete_pod --example | kubeactions plan - --settings datadog.yaml
  kubeactions plan --as system:serviceaccount:kubeactions:kubeactions restart-cart@1.json

Exit code: 0 every action would be executed, now or when it need not wait any more; 1 one would not; 3 settings, 4 the
file cannot be read, 5 the cluster cannot be reached, 6 the ledger is closed.
"""


@click.command("plan", help=_HELP)
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--json", "as_json_text", is_flag=True, help="Print it as JSON.")
@as_option
@cluster_options
@settings_option
def command(
    file: Path, as_json_text: bool, user: str, kubeconfig: Path | None, context: str | None, settings_file: Path | None
) -> int:
    """Read the file, the ledger and the cluster, and tell."""
    from kubeactions import registry
    from kubeactions.cli.forecast import Surroundings, forecast
    from kubeactions.cli.ledger import refuse_if_closed
    from kubeactions.ledger import Requests, read

    settings = load_settings(settings_file)
    config = read_one(file, settings.limits.config_bytes)
    executors = registry.load()
    with open_kube(kubeconfig, context, settings, user=user) as kube:
        reading = read(kube, settings.ledger_namespace)
        if reading.meta is None:
            refuse_if_closed(kube, settings)
        asked = Requests(kube, settings.ledger_namespace).read()
        around = Surroundings(kube, settings, executors, reading, asked, SystemClock().wall())
        found = list(forecast(config, around))
    misnamed = "" if str(file) == "-" else name_problem(file.name)
    if as_json_text:
        click.echo(json.dumps({"note": misnamed, "actions": [as_json(one) for one in found]}))
    else:
        for one in found:
            _print(one)
        if misnamed:
            click.echo(f"note: a source directory would not read {file} under this name: {misnamed}")
    return 0 if all(one.good for one in found) else 1


def as_json(one: Forecast) -> dict[str, Any]:
    """Everything that is known of it."""
    return {
        "key": one.key,
        "good": one.good,
        "says": one.says,
        "action": one.action.content() if one.action else None,
        "gates": [
            {"gate": name, "rules": str(ruling.gate), "reason": ruling.reason, "message": ruling.text}
            if ruling
            else {"gate": name, "rules": str(Gate.ALLOW)}
            for name, ruling in one.gates
        ],
        "plan": one.plan,
        "requests": [_request_as_json(request) for request in one.requests],
    }


def _request_as_json(one: Request) -> dict[str, Any]:
    found = {"method": one.method, "path": one.path, "format": one.format, "body": one.body}
    return found | {"only_if": list(one.only_if), "refusal": one.refusal, "diff": list(difference(one))}


def _print(one: Forecast) -> None:
    what = f"  {one.action.type} {one.action.target}" if one.action else ""
    click.echo(click.style(one.key, bold=True) + what)
    if one.gates:
        _line("gates", f"{len(one.gates) - len(one.objections)} of {len(one.gates)} let it pass")
    for name, ruling in one.objections:
        colour = "red" if ruling.gate is Gate.REJECT else "yellow"
        _line(str(ruling.gate), click.style(f"{name}: {ruling.reason}: {ruling.text}", fg=colour))
    if one.plan:
        _line("plan", one.plan)
    for request in one.requests:
        _print_request(request)
    _line("would", click.style(one.says, fg="green" if one.good else "red"))


def _print_request(one: Request) -> None:
    _line("request", f"{one.method} {one.path}" + (f" ({one.format} patch)" if one.format else ""))
    for text in one.only_if:
        _line("only if", text)
    for operation in one.body if isinstance(one.body, list) else [one.body]:
        if operation and operation.get("op") != "test":
            _line("body", json.dumps(operation, ensure_ascii=False))
    for line in difference(one):
        colour = {"+": "green", "-": "red"}.get(line[:1])
        _line("", click.style(line, fg=colour))


def _line(label: str, text: str) -> None:
    click.echo(f"  {label:<8} {text}".rstrip())


def difference(one: Request) -> Iterator[str]:
    """The object of a request before and after it, as a unified diff of its YAML; one line for one that goes."""
    if one.refusal:
        return
    if one.method == "DELETE":
        if one.before is not None:
            yield f"- the whole object {one.before.get('kind', '')} {one.before['metadata']['name']}"
        return
    if one.after is None:
        return
    before = _yaml(one.before).splitlines() if one.before is not None else []
    lines = difflib.unified_diff(before, _yaml(one.after).splitlines(), "now", "then", lineterm="", n=2)
    yield from lines


def _yaml(found: JsonObject) -> str:
    """As `kubectl diff` compares it: without the bookkeeping of field managers."""
    import yaml

    metadata = {name: value for name, value in found.get("metadata", {}).items() if name != "managedFields"}
    return yaml.safe_dump({**found, "metadata": metadata}, sort_keys=True)
