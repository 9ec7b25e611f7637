"""Which cluster a command talks to: the options, and the door that comes of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

    from kubeactions.kube import Kube
    from kubeactions.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


def cluster_options(command: F) -> F:
    """Add --kubeconfig and --context."""
    for option in (
        click.option("--context", metavar="NAME", help="Context of the kubeconfig; default: its current one."),
        click.option(
            "--kubeconfig",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="The cluster. Default: $KUBECONFIG, the pod's own account, ~/.kube/config.",
        ),
    ):
        command = option(command)
    return command


def settings_option(command: F) -> F:
    """Add --settings."""
    return click.option(
        "--settings",
        "settings_file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="datadog.yaml; DD_* variables override it. Default: the variables alone.",
    )(command)


def named_namespaces(text: str) -> tuple[str, ...]:
    """What --target-namespaces names, sorted, each once; raises `click.UsageError` for what is no namespace's name."""
    from kubeactions.readers import namespace

    try:
        return tuple(sorted({namespace(one) for one in re.split(r"[\s,]+", text) if one}))
    except ValueError as error:
        raise click.UsageError(f"--target-namespaces: {error}") from error


def load_settings(path: Path | None) -> Settings:
    """The settings of this process; raises `SettingsError`."""
    import os

    from kubeactions import settings

    return settings.load(path, os.environ)


@contextmanager
def open_kube(kubeconfig: Path | None, context: str | None, settings: Settings, *, user: str = "") -> Iterator[Kube]:
    """The one door to the cluster that the options name; raises `BackendError`. `user`: whom to impersonate."""
    import backends
    from kubeactions.clock import SystemClock
    from kubeactions.kube import Kube

    with backends.open("live", kubeconfig=kubeconfig, context=context) as backend:
        client = backend.client()
        if user:
            impersonate(client, user)
        yield Kube(client, SystemClock(), settings.request_timeout_s)


def impersonate(client: ApiClient, user: str) -> None:
    """Ask as this user from now on; groups of a service account follow from its name.

    https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/
    """
    client.set_default_header("Impersonate-User", user)


def as_option(command: F) -> F:
    """Add --as."""
    text = "Ask as this user, whom you must be allowed to impersonate."
    return click.option("--as", "user", default="", metavar="USER", help=text)(command)
