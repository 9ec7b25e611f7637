"""`kubeactions submit`: one action from flags into a source directory, whole or not at all. Talks to no cluster."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from kubeactions.cli.actions import examine, known_specs, who
from kubeactions.cli.cluster import load_settings, settings_option
from kubeactions.clock import SystemClock
from kubeactions.errors import Malformed, SourceError, UserError
from kubeactions.model import Config, JsonObject, Spec
from kubeactions.plugins import nearest
from kubeactions.sources.directory import check_directory, file_name

_HELP = """Order an action of TYPE on the object called NAME.

It is checked by the agent's own validator first, then written as one file into a source directory, atomically;
an existing file is never overwritten. The running leader takes it from there.

\b
Examples:
  kubeactions submit delete_pod my-pod -n default --source /tmp/actions
  kubeactions submit delete_pod my-pod -n default -p grace_period_seconds=0 --source /tmp/actions
  kubeactions submit restart_deployment cart -n shop --id cart-restart --version 2 --source /tmp/actions
  kubeactions submit get_resource web -n shop --kind services --api-version v1 --source /tmp/actions
  kubeactions submit drain_node node-3 --not-before 2026-12-01T02:00:00Z --source /tmp/actions

Exit code: 0 written, 1 the validator refuses it, 2 wrong usage, 4 the directory cannot be written or the file is
there.
"""

_OPTIONS = {
    "actions[0].resource.namespace": "-n",
    "actions[0].resource.kind": "--kind",
    "actions[0].resource.api_version": "--api-version",
}
"""The options that give what may be missing."""


@click.command("submit", help=_HELP)
@click.argument("action_type", metavar="TYPE")
@click.argument("name")
@click.option("-n", "--namespace", default="", help="The object's namespace.")
@click.option("--source", required=True, type=click.Path(path_type=Path), metavar="DIR", help="A source directory.")
@click.option("--id", "id_", default="", help="Metadata id. Default: made from type, name and a random part.")
@click.option("--version", default=1, show_default=True, help="Metadata version; a higher one runs again.")
@click.option("-p", "--param", "params", multiple=True, metavar="KEY=VALUE", help="A parameter; repeatable.")
@click.option("--uid", default="", help="Only act on the object with this UID.")
@click.option("--kind", default="", help="The object's kind, where the type takes several.")
@click.option("--api-version", default="", help="The object's apiVersion, where the type takes any.")
@click.option("--not-before", metavar="TIME", help="Begin no earlier (RFC 3339, with a time zone).")
@click.option("--rehearse", is_flag=True, help="Order a dry run: the API server says whether it would be done.")
@click.option("--requested-by", default="", help="Who is asking. Default: you, on this machine.")
@click.option("--dry-run", is_flag=True, help="Print the config, write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@settings_option
def command(
    action_type: str,
    name: str,
    namespace: str,
    source: Path,
    id_: str,
    version: int,
    params: tuple[str, ...],
    uid: str,
    kind: str,
    api_version: str,
    not_before: str | None,
    rehearse: bool,
    requested_by: str,
    dry_run: bool,
    as_json: bool,
    settings_file: Path | None,
) -> int:
    """Build, check and write one config."""
    settings = load_settings(settings_file)
    specs = known_specs()
    if action_type not in specs:
        raise UserError(f"unknown action type {action_type!r}{nearest(action_type, specs)}")
    resource = {"api_version": api_version, "kind": kind or _kind(specs[action_type]), "name": name}
    resource |= {"namespace": namespace, "resource_id": uid}
    now = SystemClock().wall()
    action: JsonObject = {
        action_type: _parameters(params),
        "resource": {key: value for key, value in resource.items() if value},
        "timestamp": _stamp(now),
        "action_id": secrets.token_hex(16),
        "requested_by": requested_by or who(),
    }
    action |= ({"not_before": not_before} if not_before else {}) | ({"dry_run": True} if rehearse else {})
    config = Config(id_ or _new_id(action_type, name), version, _payload(action), "submit")
    (finding,) = examine(config, specs, settings, now)
    if not finding.ok:
        raise Malformed("", _with_option(finding.text))
    path = source / _file_name(config)
    if not dry_run:
        write_new(path, config.payload)
    _print(config, path, finding.note, as_json=as_json, dry_run=dry_run)
    return 0


def _with_option(text: str) -> str:
    """What the validator says of a member that is missing, and the option that gives it."""
    member = next((one for one in _OPTIONS if text.startswith(f"{one}: missing")), None)
    return f"{text}; give it with {_OPTIONS[member]}" if member else text


def _kind(spec: Spec) -> str:
    """The kind when there is only one to choose from."""
    return next(iter(spec.kinds)) if len(spec.kinds) == 1 else ""


def _parameters(params: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for param in params:
        name, equals, value = param.partition("=")
        if not equals or not name:
            raise UserError(f"--param {param!r}: write it as KEY=VALUE")
        if name in found:
            raise UserError(f"--param {name} is given twice")
        found[name] = value
    return found


def _payload(action: Mapping[str, Any]) -> bytes:
    return json.dumps({"actions": [action]}, indent=2, ensure_ascii=False).encode(errors="backslashreplace") + b"\n"


def _stamp(now: datetime) -> str:
    return now.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _new_id(action_type: str, name: str) -> str:
    readable = re.sub(r"[^a-z0-9.-]+", "-", f"{action_type}-{name}".lower()).strip("-.")
    return f"{readable[:80]}-{secrets.token_hex(3)}"


def _file_name(config: Config) -> str:
    try:
        return file_name(config.id, config.version)
    except ValueError as error:
        raise UserError(f"--id: {error}") from error


def write_new(path: Path, payload: bytes) -> None:
    """Create `path` with this content, at once and durably; raises `SourceError` when it exists or cannot be written.

    A hidden file is written first and then linked to its name: `link` refuses an existing name, which `rename` does
    not, and no reader ever sees half of it. Where links are not possible the name is created exclusively; a reader
    that meets it half written waits for the rest (see sources/directory.py).
    """
    check_directory(path.parent)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        try:
            _write(draft, payload)
            try:
                os.link(draft, path)
            except FileExistsError:
                raise
            except OSError:
                _write(path, payload)
        finally:
            draft.unlink(missing_ok=True)
    except FileExistsError as error:
        raise SourceError(f"{path} is there already; give another --id, or a higher --version") from error
    except OSError as error:
        raise SourceError(f"{path}: cannot write: {error.strerror}") from error


def _write(path: Path, payload: bytes) -> None:
    with path.open("xb") as file:
        file.write(payload)
        file.flush()
        os.fsync(file.fileno())


def _print(config: Config, path: Path, note: str, *, as_json: bool, dry_run: bool) -> None:
    key = f"{config.id}:v{config.version}"
    if as_json:
        written = None if dry_run else str(path)
        found = {"id": config.id, "version": config.version, "key": key, "file": written, "note": note}
        click.echo(json.dumps(found | {"config": json.loads(config.payload)}))
        return
    if note:
        click.echo(f"kubeactions submit: it {note}", err=True)
    if dry_run:
        click.echo(config.payload.decode(), nl=False)
        return
    click.echo(f"{key} submitted: {path}")
    click.echo(f"What became of it: kubeactions why {config.id}")
