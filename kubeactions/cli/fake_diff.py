"""`kubeactions fake diff`: what differs between two clusters that were saved, or two sets of manifests.

The answer is a unified diff of YAML for each object, as `kubectl diff` prints it, and diff's own exit code: 0 for no
difference, 1 for some. Nothing of Kubernetes is asked: files in, text out.
"""

from __future__ import annotations

from pathlib import Path

import click

_GIVEN = click.Path(path_type=Path)


@click.command()
@click.argument("before", type=_GIVEN)
@click.argument("after", type=_GIVEN)
@click.option("--all", "noise", is_flag=True, help="Show Events, resourceVersion and managedFields too.")
@click.option("--name-only", is_flag=True, help="Say which objects differ, one a line, and not how.")
@click.pass_context
def diff(context: click.Context, before: Path, after: Path, noise: bool, name_only: bool) -> None:
    """Say what differs between two saved clusters.

    \b
      kubeactions fake serve --load before.yaml --save after.yaml
      kubeactions fake diff before.yaml after.yaml

    BEFORE and AFTER are files or folders: saved clusters, `kubectl get -o yaml`, manifests. Exit code 0: nothing
    differs; 1: something does; 5: a file cannot be read or understood.
    """  # noqa: D301  \b is click's
    from backends.fake.comparing import compare
    from backends.fake.manifests import read

    old, new = ([manifest.object for manifest in read([path]).objects] for path in (before, after))
    changes = compare(old, new, noise=noise)
    for change in changes:
        click.echo(f"{change.what:<8} {change.place}" if name_only else change.diff, nl=name_only)
    context.exit(1 if changes else 0)
