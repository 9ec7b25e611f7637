"""`kubeactions backend start|list|stop|load`: clusters in containers, for fast local loops and for looking around.

What `pytest --backend kind` and the tests start is listed and stopped here too. Nothing that was not made by the kind
backend is touched.
"""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from kubeactions.cli.seconds import Seconds

if TYPE_CHECKING:
    from backends.kind.leftovers import Found

_COLUMNS = ("NAME", "STATE", "PROCESS", "ADDRESS", "IMAGE")
_START_HELP = """Boot a cluster of one node in a container, and remove it again at Ctrl-C.

With --keep it stays, and is taken as it is by the next start with --keep.

\b
  kubeactions backend start --keep --kubeconfig /tmp/kubeconfig
  kubectl --kubeconfig /tmp/kubeconfig get nodes
  kubeactions backend stop

Exit code: 0, also after Ctrl-C; 5 no engine, no image, or it does not boot.
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Clusters in containers, and what tests leave on live ones."""


@command.command(help=_START_HELP)
@click.option("--image", metavar="IMAGE", help="Node image. Default: $KUBEACTIONS_NODE_IMAGE, else one of kind's.")
@click.option("--name", metavar="NAME", help="Name of the cluster. Default: kubeactions with --keep, else by lot.")
@click.option("--keep", is_flag=True, help="Leave it running, or take the one that runs.")
@click.option("--kubeconfig", type=click.Path(path_type=Path), metavar="FILE", help="Write its kubeconfig here.")
@click.option("--load", "images", multiple=True, metavar="IMAGE", help="Copy a local image into it; repeatable.")
@click.option("--logs", type=click.Path(path_type=Path), metavar="DIR", help="Where logs go if it does not boot.")
@click.option(
    "--timeout", "timeout_s", type=Seconds(1), default=300.0, show_default=True, metavar="SECONDS",
    help="Longest wait in each step.",
)  # fmt: skip
def start(
    image: str | None,
    name: str | None,
    keep: bool,
    kubeconfig: Path | None,
    images: tuple[str, ...],
    logs: Path | None,
    timeout_s: float,
) -> int:
    """Boot, and wait for the signal unless it is to be kept."""
    from backends.kind import KindBackend

    stop = threading.Event()
    try:
        with KindBackend(image, name=name, keep=keep, logs=logs, timeout_s=timeout_s) as backend:
            for each in images:
                backend.load(each)
            click.echo(f"Kubernetes {backend.kubernetes} runs as {backend.cluster_name}.")
            if kubeconfig is not None:
                backend.kubeconfig(kubeconfig)
                click.echo(f"  kubectl --kubeconfig {kubeconfig} get pods -A")
            if keep:
                click.echo(f"  kubeactions backend stop {backend.cluster_name}")
                return 0
            _wait(stop)
    except KeyboardInterrupt:
        return 0 if stop.is_set() else 130
    return 0


def _wait(stop: threading.Event) -> None:
    """Until Ctrl-C or SIGTERM."""

    def obey(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()

    before = {number: signal.signal(number, obey) for number in (signal.SIGINT, signal.SIGTERM)}
    click.echo("Ctrl-C ends it.")
    try:
        stop.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="A JSON list.")
def list_(as_json: bool) -> int:
    """List this machine's clusters in containers: in use, kept, left over.

    What is left over by a process that was killed is removed at the next start, or by `stop --left-over`.
    """
    rows = [_row(found) for found in _found()]
    if as_json:
        click.echo(json.dumps([dict(zip(map(str.lower, _COLUMNS), row, strict=True)) for row in rows]))
        return 0
    if not rows:
        click.echo("kubeactions backend: no cluster runs", err=True)
        return 0
    widths = [max(len(row[column]) for row in [_COLUMNS, *rows]) for column in range(len(_COLUMNS))]
    for row in [_COLUMNS, *rows]:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def _row(found: Found) -> tuple[str, ...]:
    from backends.kind.leftovers import address

    owner = str(found.labels.owner.pid) if found.state in ("starting", "in use") else "-"
    return found.labels.name, found.state, owner, address(found.container), found.labels.image


@command.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "everything", is_flag=True, help="Also what other processes use at this moment.")
@click.option("--left-over", is_flag=True, help="Only what nobody will come back for.")
def stop(names: Sequence[str], everything: bool, left_over: bool) -> int:
    """Remove clusters in containers, with all that is in them. Default: those that are kept or left over.

    Exit code: 1 when there is none of such a name.
    """
    found = _found()
    if unknown := sorted(set(names) - {each.labels.name for each in found}):
        click.echo(f"kubeactions backend stop: no cluster is called {unknown[0]}; {_known(found)}", err=True)
        return 1
    for each in found:
        if names and each.labels.name not in names:
            continue
        if not (names or everything or each.leftover or (each.labels.keep and not left_over)):
            continue
        each.remove()
        click.echo(f"removed {each.labels.name}")
    return 0


def _known(found: Sequence[Found]) -> str:
    names = ", ".join(sorted(each.labels.name for each in found))
    return f"there is {names}" if names else "there is none"


@command.command()
@click.argument("image")
@click.option("--name", metavar="NAME", default="kubeactions", show_default=True, help="The kept cluster to load into.")
def load(image: str, name: str) -> int:
    """Copy an image of this machine into a kept cluster, so that its pods need no registry."""
    from backends.clock import SystemClock
    from backends.kind.node import Node

    for each in _found():
        if each.labels.name == name:
            Node(each.container, SystemClock()).import_image(image)
            click.echo(f"loaded {image} into {name}")
            return 0
    click.echo(f"kubeactions backend load: no cluster is called {name}; {_known(_found())}", err=True)
    return 1


def _found() -> list[Found]:
    """Every node on the engine. Raises `BackendError` without an engine."""
    from backends.kind import engine, leftovers

    client = engine.connect()
    click.get_current_context().call_on_close(client.close)
    return leftovers.nodes(client)


def _live_options(function: Callable[..., object]) -> Callable[..., object]:
    """--kubeconfig and --context, for the commands about a cluster that exists."""
    from kubeactions.cli.cluster import cluster_options

    return cluster_options(function)


@command.command()
@_live_options
def check(kubeconfig: Path | None, context: str | None) -> int:
    """Look at a live cluster without a write: is it there, who are you, what may scenarios do.

    Exit code: 0 all that scenarios need is permitted; 1 something is not; 5 it cannot be reached.
    """
    from backends.live import LiveBackend

    with LiveBackend(kubeconfig, context, guarded=True) as backend:
        found = backend.preflight()
    click.echo("\n".join(found.lines()))
    return int(bool(found.refused))


@command.command()
@_live_options
@click.option(
    "--older-than", "minutes", type=Seconds(0), default=60.0, show_default=True, metavar="MINUTES",
    help="Leave younger things alone: somebody's run may still need them.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def sweep(kubeconfig: Path | None, context: str | None, minutes: float, dry_run: bool) -> None:
    """Remove from a live cluster what runs of the scenarios have left there, found by its label.

    Exit code: 0, also when there was nothing; 5 it cannot be reached, or a removal is refused.
    """
    from backends.live import LiveBackend

    with LiveBackend(kubeconfig, context) as backend:
        for left in backend.sweep(older_than_s=minutes * 60, dry_run=dry_run):
            click.echo(f"{'would remove' if dry_run else 'removed'} {left.path}")
