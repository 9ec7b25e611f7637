"""`kubeactions manifests`: everything that the agent needs in a cluster, as YAML for kubectl. Talks to no cluster."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import click

from kubeactions import readers
from kubeactions import settings as reading
from kubeactions.cli.actions import known_specs
from kubeactions.cli.cluster import named_namespaces
from kubeactions.errors import SettingsError
from kubeactions.model import Rule, Spec
from kubeactions.plugins import nearest

T = TypeVar("T")

DEFAULT_ACTIONS = "delete_pod,restart_deployment"
_OWN_OPTION = {
    "kubeactions.allowed_actions": "--actions",
    "kubeactions.allowed_namespaces": "--target-namespaces",
    "kubeactions.enabled": "--actions",
}
"""Settings that follow from what the account may do."""
_HELP = """Print the objects that run the agent in a cluster, for `kubectl apply -f -`.

The list of actions both enables them in the settings and decides what the service account may do: nothing else. With
--target-namespaces that is granted in those namespaces only (they must be there). The same options print the same
text, so that it can be kept in git and compared.

\b
Examples:
  kubeactions manifests | kubectl apply -f -
  kubeactions manifests --actions delete_pod --target-namespaces shop,cart | kubectl diff -f -
  kubeactions manifests --actions delete_pod,get_resource --read pods,deployments.apps --set kubeactions.expiry_s=600
  kubeactions manifests | kubectl delete -f -

Exit code: 0 printed, 2 wrong usage or an unknown action type, 3 a setting that makes no sense.
"""


@click.command("manifests", help=_HELP)
@click.option("--namespace", default="kubeactions", show_default=True, help="Where the agent and its ledger live.")
@click.option("--image", help="Default: kubeactions and this version, as the Dockerfile's line builds it.")
@click.option(
    "--actions", default=DEFAULT_ACTIONS, show_default=True, metavar="TYPE,...", help="Action types to enable, or all."
)
@click.option(
    "--read", default="", metavar="RESOURCE[.GROUP],...", help="What get_resource may read; '*' is everything."
)
@click.option("--target-namespaces", default="", metavar="NAME,...", help="Where actions may act. Default: everywhere.")
@click.option("--replicas", default=2, show_default=True, type=click.IntRange(1, 9), help="One leads, the rest follow.")
@click.option("--set", "sets", multiple=True, metavar="KEY=VALUE", help="A further setting; repeatable.")
def command(
    namespace: str,
    image: str | None,
    actions: str,
    read: str,
    target_namespaces: str,
    replicas: int,
    sets: tuple[str, ...],
) -> int:
    """Choose, check by reading the settings back, print."""
    from kubeactions.installation import Choices, pieces, settings_of, stream

    specs = _chosen(actions, known_specs())
    choices = Choices(
        specs=specs,
        image=_value("--image", _image, f"kubeactions:{_version()}" if image is None else image),
        namespace=_value("--namespace", readers.namespace, namespace),
        targets=named_namespaces(target_namespaces),
        read=_readable(read, specs),
        replicas=replicas,
        more_settings=dict(_setting(one) for one in sets),
    )
    settings = reading.parse(settings_of(choices), {}, origin="--set")
    if not settings.active:
        raise SettingsError(settings.why_inactive)
    shown = " ".join(f"--set {one}" for one in sets)
    title = (
        f"kubeactions {_version()}: {', '.join(specs)} in {', '.join(choices.targets) or 'every namespace'}. {shown}"
    )
    click.echo(stream(pieces(choices, settings), title.rstrip()), nl=False)
    return 0


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("kubeactions")
    except PackageNotFoundError:  # A source tree that was never installed.
        return "latest"


def _value(option: str, read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except ValueError as error:
        raise click.UsageError(f"{option}: {error}") from error


def _listed(text: str) -> list[str]:
    return list(dict.fromkeys(one for one in re.split(r"[\s,]+", text) if one))


def _image(text: str) -> str:
    """A reference as the container runtimes take it; only what can never be one is refused."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,511}", text):
        raise ValueError(f"{text!r} is no image reference")
    return text


def _chosen(text: str, specs: Mapping[str, Spec]) -> dict[str, Spec]:
    """The specs of the listed types, by name. "all" is everything that needs no further list."""
    names = sorted(specs) if text.strip() == "all" else _listed(text)
    if not names:
        raise click.UsageError("--actions: at least one action type is needed")
    for name in names:
        if name not in specs:
            raise click.UsageError(f"--actions: unknown action type {name!r}{nearest(name, specs)}")
    return {name: specs[name] for name in sorted(names)}


def _readable(text: str, specs: Mapping[str, Spec]) -> tuple[Rule, ...]:
    """The rules of --read; wanted exactly when a type reads anything that it is told to."""
    readers = [name for name, spec in specs.items() if any(rule.resource == "*" for rule in spec.rules)]
    if readers and not text:
        raise click.UsageError(f"--read is needed: what {readers[0]} may read, such as pods,deployments.apps")
    if text and not readers:
        raise click.UsageError("--read is for get_resource, which is not among --actions")
    return tuple(Rule(group, resource, ("get",)) for group, resource in _resources(_listed(text)))


def _resources(names: Iterable[str]) -> Iterable[tuple[str, str]]:
    for name in names:
        resource, _, group = name.partition(".")
        if not re.fullmatch(r"\*|[a-z0-9-]+", resource) or (group and not re.fullmatch(r"[a-z0-9.-]+", group)):
            raise click.UsageError(f"--read: {name!r} is no resource; write its plural, and its group after a dot")
        if (resource, group) == ("secrets", ""):
            raise click.UsageError("--read: Secrets are not read by actions")
        yield ("*" if resource == "*" and not group else group), resource


def _setting(text: str) -> tuple[str, Any]:
    """A key and its value, which is what YAML takes it for. Whether it makes sense is the settings' reader's to say."""
    import yaml

    key, equals, value = text.partition("=")
    if not equals or not key:
        raise click.UsageError(f"--set {text!r}: write it as KEY=VALUE")
    if (option := _OWN_OPTION.get(key)) is not None:
        raise click.UsageError(f"--set {key}: this is what {option} is for")
    try:
        return key, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise click.UsageError(f"--set {key}: {' '.join(str(error).split())}") from error
