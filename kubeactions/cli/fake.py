"""`kubeactions fake serve`: the in-memory Kubernetes API behind a real HTTP server, until Ctrl-C or SIGTERM.

Beside it stands `fake diff` (fake_diff.py), which compares what it has saved.

What cannot be used (a port that is taken, a manifest, a token table, a file that cannot be written) is found before the
first request is answered: one line, exit code 5. Nothing of the official client is imported here: serving starts in
a quarter of a second.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from kubeactions.cli.fake_diff import diff
from kubeactions.cli.seconds import Seconds

if TYPE_CHECKING:
    from backends.base import BackendError
    from backends.fake import Cluster
    from backends.fake.authorization import Mode
    from backends.fake.manifests import Manifests
    from backends.fake.messages import Identity
    from backends.fake.tls import Tls

REACTION_S = 0.002
"""How long after a write controllers act under the machine's clock: as quick as real ones."""
F = TypeVar("F", bound=Callable[..., Any])
_FILE = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """An in-memory Kubernetes API that kubectl takes for real."""


command.add_command(diff)


def _services(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    """`namespace/name=https://host:port` each. Raises `click.BadParameter`."""
    found = {}
    for text in given:
        service, _, url = text.partition("=")
        namespace, _, name = service.partition("/")
        if not (namespace and name and url.startswith("https://")):
            raise click.BadParameter(f"{text!r} is not NAMESPACE/NAME=https://HOST:PORT")
        found[service] = url
    return found


def _cluster_options(serve: F) -> F:
    """The options that say how the cluster behaves."""
    for option in (
        click.option("--seed", type=int, help="Makes uids and generated names repeatable. Default: by lot."),
        click.option(
            "--pod-ready-after", "ready_after_s", type=Seconds(0, 3600), default=1.0, show_default=True,
            metavar="SECONDS", help="How long a pod takes from scheduled to Ready.",
        ),
        click.option(
            "--programs", type=_FILE, metavar="FILE",
            help="What commands do in containers, and what these log (YAML): for kubectl exec, attach and logs.",
        ),
        click.option(
            "--pods", "lives", type=_FILE, metavar="FILE",
            help="How pods live (YAML): which are slow, crash, lose readiness, or have an image that does not come.",
        ),
        click.option(
            "--webhook-service", "webhook_services", multiple=True, metavar="NAMESPACE/NAME=URL", callback=_services,
            help="Where the Service of an admission webhook is (https://127.0.0.1:8443). May be repeated.",
        ),
        click.option("--heartbeats/--no-heartbeats", default=True, help="Do nodes renew their leases?"),
        click.option("--nodes", type=click.IntRange(0, 1000), default=1, show_default=True, help="Machines."),
        click.option("--kubelet/--no-kubelet", default=True, help="Do pods run?"),
        click.option("--scheduler/--no-scheduler", default=True, help="Do pods get a node?"),
        click.option(
            "--without", multiple=True, metavar="NAME",
            help="A controller that stands still, such as deployment-controller. May be repeated.",
        ),
        click.option("--controllers/--no-controllers", default=True, help="Do Deployments make pods, and so on?"),
    ):  # fmt: skip
        serve = option(serve)
    return serve


def _access_options(serve: F) -> F:
    """The options that say who may do what."""
    for option in (
        click.option(
            "--anonymous-auth/--no-anonymous-auth", "anonymous", default=None,
            help="May somebody come without credentials? Default: with RBAC, as system:anonymous.",
        ),
        click.option(
            "--authorization-mode", type=click.Choice(["AlwaysAllow", "RBAC"]),
            help="Default: RBAC where users can prove who they are (--tls, --token-auth-file, --client-ca-file), "
            "AlwaysAllow elsewhere; then all are in system:masters.",
        ),
        click.option(
            "--token-auth-file", type=_FILE, metavar="CSV",
            help='Tokens of users: token,user,uid,"group,group" lines. Those in system:masters may do everything.',
        ),
    ):  # fmt: skip
        serve = option(serve)
    return serve


def _tls_options(serve: F) -> F:
    """The options that say how the server proves itself, gathered into `secured`."""
    for option in (
        click.option("--client-ca-file", type=_FILE, metavar="PEM", help="Whose client certificates are believed."),
        click.option("--tls-private-key-file", type=_FILE, metavar="PEM", help="The certificate's key."),
        click.option("--tls-cert-file", type=_FILE, metavar="PEM", help="Serve HTTPS with this certificate."),
        click.option("--write-ca", type=_FILE, metavar="FILE", help="Write the certificate of --tls's authority here."),
        click.option(
            "--tls-san", "sans", multiple=True, metavar="NAME",
            help="Another host name or address in the certificate of --tls. May be repeated.",
        ),
        click.option(
            "--tls", is_flag=True,
            help="Serve HTTPS with an authority of its own, made now. The kubeconfig holds its certificate and an "
            "administrator's.",
        ),
    ):  # fmt: skip
        serve = option(serve)
    return serve


@command.command()
@click.option(
    "-f", "--filename", "--load", "filenames", multiple=True, type=_FILE, metavar="FILE",
    help="Manifests to start with, a file or a folder, YAML or JSON; or a saved cluster. May be repeated.",
)  # fmt: skip
@click.option(
    "--audit-log-path", "audit_log", type=_FILE, metavar="FILE",
    help="Write every request here at the end, an audit.k8s.io/v1 Event a line.",
)  # fmt: skip
@click.option("--save", type=_FILE, metavar="FILE", help="Save the whole cluster here at the end (.yaml, else JSON).")
@click.option("--kubeconfig", type=_FILE, metavar="FILE", help="Write a kubeconfig for this server here.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Default: any free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@_access_options
@_tls_options
@_cluster_options
def serve(
    filenames: tuple[Path, ...],
    audit_log: Path | None,
    save: Path | None,
    kubeconfig: Path | None,
    port: int,
    host: str,
    token_auth_file: Path | None,
    authorization_mode: str | None,
    tls: bool,
    sans: tuple[str, ...],
    write_ca: Path | None,
    tls_cert_file: Path | None,
    tls_private_key_file: Path | None,
    client_ca_file: Path | None,
    **behaviour: Any,
) -> None:
    """Serve until Ctrl-C or SIGTERM, then exit with 0.

    \b
      kubeactions fake serve --kubeconfig /tmp/kubeconfig &
      kubectl --kubeconfig /tmp/kubeconfig get namespaces

    Exit code 5: the port is taken, or a file cannot be read, understood or written.
    """  # noqa: D301  \b is click's
    from backends.fake import manifests, serving
    from backends.fake.seeding import seed

    files = tls_cert_file, tls_private_key_file
    _check_tls_options(own=tls, only_own=bool(sans) or write_ca is not None, files=files, clients=client_ca_file)
    given = manifests.read(filenames)
    tokens = _tokens(token_auth_file)
    written = {"--save": save, "--kubeconfig": kubeconfig, "--write-ca": write_ca, "--audit-log-path": audit_log}
    for what, path in written.items():
        if path is not None:
            _check_writable(path, what)
    listening = serving.listen(host, port)
    with listening:
        secured = _own_tls([*sans, host], write_ca) if tls else _given_tls(*files, client_ca_file)
        behaviour["authorization"] = _mode(
            authorization_mode, identified=bool(tls or tokens is not None or client_ca_file)
        )
        cluster = _cluster(given, tokens, secured, **behaviour)
        seed(cluster, given)
        url = serving.url_of(listening, secure=secured is not None)
        _announce(url, cluster, kubeconfig, secured, len(given.objects))
        try:
            serving.serve(cluster, listening, tls=secured)
        finally:
            if save is not None:
                _save(save, cluster)
            if audit_log is not None:
                _write_audit_log(audit_log, cluster)


def _tokens(path: Path | None) -> dict[str, Identity] | None:
    """The token table, None without one. Raises `BackendError`."""
    if path is None:
        return None
    from backends.fake.authentication import read_token_table

    try:
        return read_token_table(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # UnicodeDecodeError is a ValueError
        raise _error(path, "cannot be used as a token table", error) from error


def _check_tls_options(
    *, own: bool, only_own: bool, files: tuple[Path | None, Path | None], clients: Path | None
) -> None:
    """Raises `click.UsageError` for options that contradict each other."""
    if (files[0] is None) != (files[1] is None):
        raise click.UsageError("--tls-cert-file and --tls-private-key-file go together")
    if own and (files[0] or clients):
        raise click.UsageError("--tls makes its own certificates: leave --tls-cert-file and --client-ca-file out")
    if only_own and not own:
        raise click.UsageError("--tls-san and --write-ca go with --tls")
    if clients and not files[0]:
        raise click.UsageError("--client-ca-file goes with --tls-cert-file")


def _mode(asked: str | None, *, identified: bool) -> Mode:
    """The authorization mode; the default depends on whether users can prove who they are."""
    if asked is None:
        asked = "RBAC" if identified else "AlwaysAllow"
    return "rbac" if asked == "RBAC" else "always-allow"


def _own_tls(hosts: list[str], write_ca: Path | None) -> Tls:
    """An authority made now; its certificate is written where it is asked for. Raises `BackendError`."""
    from backends.clock import SystemClock
    from backends.fake.tls import own

    secured = own(hosts, SystemClock().wall())
    if write_ca is not None:
        try:
            write_ca.write_text(secured.authority_pem, encoding="ascii")
        except OSError as error:
            raise _error(write_ca, "cannot be written (--write-ca)", error) from error
    return secured


def _given_tls(certificate: Path | None, key: Path | None, clients: Path | None) -> Tls | None:
    """What the files say; None without any. Raises `BackendError`."""
    if certificate is None or key is None:
        return None
    from backends.fake.tls import from_files

    return from_files(certificate, key, clients)


def _cluster(
    given: Manifests, tokens: dict[str, Identity] | None, tls: Tls | None, *, seed: int | None, **behaviour: Any
) -> Cluster:
    """The cluster; a saved one brings its own machines and must not get the uids that it has a second time."""
    from backends.fake import Cluster

    saved = given.revision
    if saved is not None:
        behaviour["nodes"] = 0
    if seed is None:
        seed = secrets.randbits(63)
    elif saved is not None:
        seed ^= (saved + 1) << 64
    ready_after_s, programs, lives = (behaviour.pop(name) for name in ("ready_after_s", "programs", "lives"))
    without = behaviour.pop("without")
    if lives is not None:
        from backends.kubelet.lives import load as load_lives

        behaviour["pod_lives"] = load_lives(lives)
    if tls is not None:
        behaviour["root_certificate"] = tls.authority_pem
    cluster = Cluster(reaction_s=REACTION_S, seed=seed, tokens=tokens, pod_ready_after_s=ready_after_s, **behaviour)
    _stop(cluster, without)
    if programs is not None:
        from backends.fake.programs.files import load

        load(programs, cluster.programs)
    return cluster


def _stop(cluster: Cluster, names: tuple[str, ...]) -> None:
    """Let these controllers stand still. Raises `click.UsageError` for those that there are not."""
    if not names:
        return
    controllers = getattr(cluster, "controllers", None)
    if controllers is None:
        raise click.UsageError("--without names controllers, and --no-controllers leaves none")
    try:
        controllers.stop(*names)
    except ValueError as error:
        raise click.UsageError(f"--without: {error}") from error


def _check_writable(path: Path, option: str) -> None:
    from backends.fake.files import check_replaceable

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        check_replaceable(path)
    except FileExistsError as error:  # in place of a folder on the way
        raise _error(path, f"cannot be written ({option})", NotADirectoryError(errno.ENOTDIR, "")) from error
    except OSError as error:
        raise _error(path, f"cannot be written ({option})", error) from error


def _announce(url: str, cluster: Cluster, kubeconfig: Path | None, tls: Tls | None, loaded: int) -> None:
    """Say where the server is; write the kubeconfig, which is how scripts learn it."""
    from backends.fake import kubeconfig as writing
    from backends.fake.catalogue import KUBERNETES_VERSION

    if kubeconfig is not None:
        try:
            writing.write(kubeconfig, writing.kubeconfig(url, cluster.tokens, tls))
        except OSError as error:
            raise _error(kubeconfig, "cannot be written (--kubeconfig)", error) from error
        if cluster.tokens is not None and tls is None:
            note = "note: kubectl sends tokens over HTTPS only; add --tls"
            click.echo(note, err=True)
    objects = f", {loaded} objects loaded" if loaded else ""
    click.echo(f"In-memory Kubernetes {KUBERNETES_VERSION} on {url}{objects}. Ctrl-C ends it.")
    if kubeconfig is not None:
        click.echo(f"  kubectl --kubeconfig {kubeconfig} get pods -A")


def _save(path: Path, cluster: Cluster) -> None:
    from backends.fake.manifests import save

    objects = cluster.dump()
    try:
        save(path, objects)
    except OSError as error:
        raise _error(path, "the cluster cannot be saved", error) from error
    click.echo(f"{len(objects)} objects saved in {path}")


def _write_audit_log(path: Path, cluster: Cluster) -> None:
    import orjson

    from backends.fake.files import replace_file

    try:
        replace_file(path, (orjson.dumps(event.as_event()) + b"\n" for event in cluster.audit), mode=0o600)
    except OSError as error:
        raise _error(path, "the audit log cannot be written", error) from error


def _error(path: Path, what: str, error: Exception) -> BackendError:
    """One line about a file; the operating system's words without its number and path."""
    from backends.base import BackendError

    reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
    return BackendError(f"{path}: {what}: {reason[:1].lower()}{reason[1:]}")
