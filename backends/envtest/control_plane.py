"""One etcd and one kube-apiserver: booted in order, watched while they boot, taken down with all that they left.

Called by the backend. Everything lives in one temporary folder. A port that somebody took between our looking and the
program's listening is tried again with another; any other death at the start is an error with what the program said.
"""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from backends.base import BackendError
from backends.clock import Clock
from backends.envtest import flags
from backends.envtest.assets import Assets
from backends.envtest.flags import HOST, Layout
from backends.envtest.processes import Keeper, Program, free_ports, has_flag
from backends.rest import NoAnswer, Rest

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

    from backends.certificates import CertificateAuthority, Pair

ADMINISTRATOR: Final = "kubernetes-admin"
MASTERS: Final = "system:masters"
POLL_S: Final = 0.05
ATTEMPTS: Final = 3
"""How often ports are chosen; each time, somebody else must have taken one within milliseconds."""

_TAKEN = "address already in use"
_SERVICE_ACCOUNT = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a control plane is to be: its programs, what is added to their flags, and how long it may take."""

    assets: Assets
    etcd_flags: Sequence[str]
    api_server_flags: Sequence[str]
    ready_within_s: float


class ControlPlane:
    """Boot it with `with`; leaving ends both programs and removes the folder."""

    def __init__(self, wanted: Wanted, clock: Clock) -> None:
        self._wanted = wanted
        self._clock = clock
        self._stack = ExitStack()
        self._programs: list[Program] = []
        self.phases: dict[str, float] = {}
        """Seconds that each phase of the boot took, in order; the last one is the teardown, once it is over."""

    def __enter__(self) -> Self:
        """Boot. Raises `BackendError`; then nothing is left."""
        with ExitStack() as stack:
            self._stack = stack
            with self._phase("certificates"):
                root = stack.enter_context(tempfile.TemporaryDirectory(prefix="kubeactions-envtest-"))
                self._layout = Layout(Path(root))
                self._authority = _make_keys(self._layout, self._clock)
                keeper = stack.enter_context(Keeper(self._layout.root))
            self._boot(stack, keeper)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._phase("teardown"):
            self._stack.close()

    @property
    def pids(self) -> list[int]:
        """The processes, etcd first."""
        return [program.pid for program in self._programs]

    def death(self) -> str:
        """Which program has ended, how, and its last words; "" while both run."""
        return next((death for program in self._programs if (death := program.death())), "")

    # --- who may come in ---

    def client(self, user: str, groups: Sequence[str] = ()) -> ApiClient:
        """An official client with a certificate of its own; closed with the control plane. Raises `BackendError`."""
        from kubernetes.client import ApiClient, Configuration

        pair = self._issue(user, groups)
        number = len(list(self._layout.pki("").glob("client-*.crt")))
        certificate = self._layout.pki(f"client-{number}.crt")
        key = self._layout.pki(f"client-{number}.key")
        _write(certificate, pair.certificate_pem)
        _write(key, pair.key_pem)
        configuration = Configuration()
        configuration.host = self.url
        configuration.proxy = None  # of the environment: what is on the loopback is on no proxy's side
        configuration.ssl_ca_cert = str(self._layout.pki("ca.crt"))
        configuration.cert_file, configuration.key_file = str(certificate), str(key)
        configuration.retries = False  # A mutation is never sent twice below its caller.
        client = ApiClient(configuration)
        self._stack.callback(client.close)
        return client

    def kubeconfig(self) -> dict[str, Any]:
        """An administrator's kubeconfig, complete in itself."""
        pair = self._issue(ADMINISTRATOR, [MASTERS])
        cluster = {"server": self.url, "certificate-authority-data": _encoded(self._authority.certificate_pem)}
        user = {
            "client-certificate-data": _encoded(pair.certificate_pem),
            "client-key-data": _encoded(pair.key_pem),
        }
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "envtest", "cluster": cluster}],
            "users": [{"name": ADMINISTRATOR, "user": user}],
            "contexts": [{"name": "envtest", "context": {"cluster": "envtest", "user": ADMINISTRATOR}}],
            "current-context": "envtest",
        }

    def _issue(self, user: str, groups: Sequence[str]) -> Pair:
        try:
            return self._authority.issue_client(user, [*groups, *groups_of(user)])
        except ValueError as error:
            raise BackendError(f"envtest: no certificate for {user!r}: {error}") from error

    # --- the boot ---

    def _boot(self, stack: ExitStack, keeper: Keeper) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            with ExitStack() as trial:
                try:
                    self._try(trial, keeper)
                except _PortTakenError:
                    if attempt == ATTEMPTS:
                        raise
                    continue
                stack.push(trial.pop_all())
                return

    def _try(self, stack: ExitStack, keeper: Keeper) -> None:
        etcd_port, self._port = free_ports(2)
        layout, wanted = self._layout, self._wanted
        self._programs = []
        with self._phase("etcd"):
            fsync = not has_flag(wanted.assets.etcd, "unsafe-no-fsync", os.environ)
            arguments = flags.etcd(layout, etcd_port, wanted.etcd_flags, fsync=fsync)
            self._start(stack, Program("etcd", wanted.assets.etcd, arguments, layout.log("etcd"), keeper))
            self._await("etcd", lambda: _etcd_health(etcd_port))
        with self._phase("kube-apiserver"):
            arguments = flags.api_server(layout, self._port, etcd_port, wanted.api_server_flags)
            binary, log = wanted.assets.api_server, layout.log("kube-apiserver")
            self._start(stack, Program("kube-apiserver", binary, arguments, log, keeper))
            administrator = Rest(self.client(ADMINISTRATOR, [MASTERS]))
            self._await("kube-apiserver", lambda: _refusal(administrator, "/readyz"))
        with self._phase("namespace default"):
            self._await("kube-apiserver", lambda: _refusal(administrator, "/api/v1/namespaces/default"))

    @property
    def url(self) -> str:
        """Where the API server is."""
        return f"https://{HOST}:{self._port}"

    def _start(self, stack: ExitStack, program: Program) -> None:
        self._programs.append(program)
        stack.callback(program.stop)

    def _await(self, name: str, trouble: Any) -> None:
        """Return when `trouble()` is "". Raises `BackendError` when a program dies, or when it takes too long."""
        ends_at = self._clock.monotonic() + self._wanted.ready_within_s
        while said := trouble():
            if death := self.death():
                raise (_PortTakenError if _TAKEN in death else BackendError)(f"envtest: {death}")
            if self._clock.monotonic() >= ends_at:
                program = next(each for each in self._programs if each.name == name)
                limit = f"{self._wanted.ready_within_s:g} s"
                raise BackendError(f"envtest: {name} is not ready within {limit} ({said}); {program.said()}")
            self._clock.sleep(POLL_S)

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        began = self._clock.monotonic()
        yield
        self.phases[name] = self._clock.monotonic() - began


class _PortTakenError(BackendError):
    """A program found its port in use."""


def groups_of(user: str) -> list[str]:
    """The groups that a user is in by its name: those of service accounts."""
    if not user.startswith(_SERVICE_ACCOUNT):
        return []
    namespace = user.removeprefix(_SERVICE_ACCOUNT).partition(":")[0]
    return ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"]


def _make_keys(layout: Layout, clock: Clock) -> CertificateAuthority:
    try:
        from backends.certificates import CertificateAuthority
    except ImportError as error:
        raise BackendError("envtest needs the library cryptography: pip install 'kubeactions[envtest]'") from error
    layout.pki("").mkdir(mode=0o700)
    layout.data.mkdir(mode=0o700)
    now = clock.wall()
    authority = CertificateAuthority.create("envtest-ca", now)
    server = authority.issue_server([HOST, "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"])
    accounts = CertificateAuthority.create("envtest-service-accounts", now)
    for name, pem in (
        ("ca.crt", authority.certificate_pem),
        ("apiserver.crt", server.certificate_pem),
        ("apiserver.key", server.key_pem),
        # As a certificate: kube-apiserver reads public elliptic keys from one, and not from a PKCS#8 private key.
        ("sa.crt", accounts.certificate_pem),
        ("sa.key", accounts.key_pem),
    ):
        _write(layout.pki(name), pem)
    return authority


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="ascii")


def _encoded(pem: str) -> str:
    return base64.b64encode(pem.encode()).decode()


def _etcd_health(port: int) -> str:
    """Why etcd is not healthy yet; "" when it is."""
    import urllib3

    try:
        with urllib3.PoolManager() as pool:
            answer = pool.request("GET", f"http://{HOST}:{port}/health", timeout=2.0, retries=False)
    except (urllib3.exceptions.HTTPError, OSError):
        return "no answer yet"
    healthy = answer.status == 200 and b'"true"' in answer.data
    return "" if healthy else f"/health: {answer.status} {answer.data[:200].decode(errors='replace')}"


def _refusal(rest: Rest, path: str) -> str:
    """Why a GET is not granted yet; "" when it is."""
    try:
        answer = rest.get(path)
    except NoAnswer:
        return "no answer yet"
    return "" if answer.ok else f"{path}: {answer.status} {answer.why}"
