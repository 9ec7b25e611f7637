"""`kubeactions validate`: what the validator says of config files. Reads files, talks to no cluster."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from kubeactions.cli.actions import Finding, examine, known_specs
from kubeactions.cli.cluster import load_settings, settings_option
from kubeactions.clock import SystemClock
from kubeactions.model import Config
from kubeactions.sources.directory import name_problem, read_config

_HELP = """Check config FILEs (`-` is standard input) and print each action, or the field that is wrong.

The same validator as in the agent; a note tells what the policy would refuse now (a protected namespace, an
action that has expired). Nothing is run and no cluster is asked.

\b
Examples:
  kubeactions validate actions/restart-cart@1.json
  kubectl get cm actions -o jsonpath='{.data.x@1\\.json}' | kubeactions validate -

Exit code: 0 every action is valid, 1 one is not, 3 settings, 4 a file cannot be read.
"""


@click.command("validate", help=_HELP)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True), metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file.")
@settings_option
def command(files: tuple[Path, ...], as_json: bool, settings_file: Path | None) -> int:
    """Examine each file; 1 when one holds an invalid action."""
    settings = load_settings(settings_file)
    specs = known_specs()
    now = SystemClock().wall()
    ok = True
    for file in files:
        config = read_one(file, settings.limits.config_bytes)
        findings = examine(config, specs, settings, now)
        misnamed = "" if str(file) == "-" else name_problem(file.name)
        ok = ok and all(finding.ok for finding in findings)
        if as_json:
            click.echo(
                json.dumps(
                    {"file": str(file), "note": misnamed, "actions": [finding.as_json() for finding in findings]}
                )
            )
        else:
            _print(file, findings, misnamed)
    return 0 if ok else 1


def read_one(file: Path, parse_bytes: int) -> Config:
    """The config in a file, or on standard input; raises `SourceError`."""
    if str(file) == "-":
        return Config("stdin", 1, sys.stdin.buffer.read(), "stdin")
    return read_config(file, parse_bytes=parse_bytes)


def _print(file: Path, findings: list[Finding], misnamed: str) -> None:
    good, bad, note = (click.style(text, fg=colour) for text, colour in _WORDS)
    for finding in findings:
        click.echo(f"{file}: {good if finding.ok else bad} {finding.key}: {finding.text}")
        if finding.note:
            click.echo(f"{file}: {note} {finding.key}: {finding.note}")
    if misnamed:
        click.echo(f"{file}: {note} a source directory would not read it under this name: {misnamed}")


_WORDS = (("valid  ", "green"), ("INVALID", "red"), ("note   ", "yellow"))
