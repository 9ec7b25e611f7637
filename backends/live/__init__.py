"""A cluster that exists: by a kubeconfig, or by the service account of the pod that we run in.

`LiveBackend` is the door. `kubeconfig` finds and reads, `credentials` renews tokens, `impersonation` acts as others,
`guard` keeps tests from harm, `preflight` looks before anything is touched, `leftovers` finds what was left.

It starts and stops nothing, and is never disposable: a scenario that needs such a cluster is refused.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import urlsplit

from backends.base import BackendError
from backends.capabilities import Capabilities
from backends.clock import SystemClock
from backends.keys import KeyFiles
from backends.live import guard, impersonation, preflight
from backends.live import kubeconfig as reading
from backends.live import leftovers as remains
from backends.live.credentials import ExecPlugin, TokenFile
from backends.live.impersonation import Impersonation
from backends.live.kubeconfig import Context
from backends.rest import Rest

if TYPE_CHECKING:
    from kubernetes.client import ApiClient, Configuration

__all__ = ["LiveBackend"]

IN_CLUSTER: Final = "in-cluster"
ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where the kubelet mounts a pod's account: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/."""
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class LiveBackend:
    """A `Backend` over a kubeconfig or, where there is none, the in-cluster account.

    Looked for in this order: `kubeconfig` (a file), `$KUBECONFIG` (a list), in-cluster, `~/.kube/config`. `context`
    chooses one of its contexts; the default is the current one. `service_account` is the directory in which a pod's
    account is mounted, and means that one.

    Tests set `guarded`: then clients write into namespaces of the run only (`guard`), unless `i_know_this_is` repeats
    the name of the cluster.
    """

    name = "live"
    capabilities = Capabilities()

    def __init__(
        self,
        kubeconfig: Path | str | None = None,
        context: str | None = None,
        service_account: Path | None = None,
        *,
        guarded: bool = False,
        i_know_this_is: str | None = None,
    ) -> None:
        self._wanted = context
        self._account = service_account or ACCOUNT
        self._files = None if service_account else reading.find(kubeconfig, context, os.environ)
        self._guarded, self._known_as = guarded, i_know_this_is
        self._clock = SystemClock()
        self._stack = ExitStack()
        self._keys: KeyFiles | None = None

    def __enter__(self) -> Self:
        """Check `i_know_this_is`; nothing is asked of the cluster. Raises `BackendError`."""
        if self._known_as is not None and self._known_as != self.cluster_name:
            raise BackendError(f"--i-know-this-is {self._known_as}: this is not it, this is {self.cluster_name}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        self._keys = None

    @property
    def cluster_name(self) -> str:
        """What the kubeconfig calls the cluster; `in-cluster` for the account of a pod. Raises `BackendError`."""
        return IN_CLUSTER if self._files is None else self._resolved()[1].cluster_name

    def preflight(self) -> preflight.Preflight:
        """Look at the cluster and us in it, without a write; from then on `capabilities` say what was found.

        Raises `BackendError` when it does not answer, or does not know us.
        """
        client = self.client()
        where = f"{self.cluster_name} ({client.configuration.host})"
        found = preflight.look(Rest(client), where, cluster_wide=not self._guarded or self._known_as is not None)
        self.capabilities = found.capabilities
        return found

    def leftovers(self, older_than_s: float = 0.0) -> list[remains.Leftover]:
        """What runs have left here, by its label, and have made so long ago. Raises `BackendError`."""
        before = self._clock.wall() - timedelta(seconds=older_than_s)
        found = remains.find(Rest(self._make(None)))
        return [left for left in found if datetime.fromisoformat(left.since) <= before]

    def sweep(self, older_than_s: float = 0.0, *, dry_run: bool = False) -> list[remains.Leftover]:
        """Remove what runs have left here; returns what there was. Raises `BackendError`, also for a refusal."""
        found = self.leftovers(older_than_s)
        if dry_run:
            return found
        rest = Rest(self._make(None))
        refused = [f"{left.path}: {why}" for left in found if (why := remains.remove(rest, left))]
        if refused:
            raise BackendError(f"{len(refused)} leftovers cannot be removed: {'; '.join(refused[:3])}")
        return found

    def client(self, identity: str | None = None) -> ApiClient:
        """A client with the kubeconfig's credentials; for another `identity`, it asks to act as that user.

        Raises `BackendError` when the kubeconfig cannot be used. Whether we may impersonate, the server says: see
        `preflight`.
        """
        client = self._make(identity)
        if self._guarded:
            guard.install(client, self.cluster_name, everywhere=self._known_as is not None)
        return client

    def kubeconfig(self, path: Path) -> Path:
        """Write the kubeconfig in use, with absolute paths and our context current, readable by its owner only."""
        import yaml

        if self._files is None:
            raise BackendError("in a cluster there is no kubeconfig to write: the account's token is used")
        merged, context = self._resolved()
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(reading.portable(merged, context.name), sort_keys=False))
        return path

    def _resolved(self) -> tuple[dict[str, Any], Context]:
        assert self._files is not None, "the in-cluster account has no contexts"
        merged = reading.read(self._files)
        return merged, reading.resolve(merged, self._wanted, self._files)

    # --- the client ---

    def _make(self, identity: str | None) -> ApiClient:
        from kubernetes.client import ApiClient, Configuration

        configuration = Configuration()
        configuration.retries = False  # A mutation is never sent twice below its caller.
        acting, plugin = None, None
        if self._files is None:
            self._load_account(configuration)
        else:
            context = self._resolved()[1]
            plugin = self._load_context(configuration, context)
            acting = Impersonation.of(context.user)
        _choose_proxy(configuration)
        client = ApiClient(configuration)
        self._stack.callback(client.close)
        if plugin is not None:
            plugin.serve(client)
        if identity is not None:
            acting = Impersonation(identity)
        if acting is not None:
            impersonation.install(client, acting)
        return client

    def _load_account(self, configuration: Configuration) -> None:
        from kubernetes import config

        token, authority = self._account / "token", self._account / "ca.crt"
        try:
            loader = config.incluster_config.InClusterConfigLoader(str(token), str(authority), try_refresh_token=False)
            loader.load_and_set(configuration)
        except (config.ConfigException, OSError) as error:
            what = f"service account {self._account}: {_one_line(error).rstrip('.')}"
            raise BackendError(f"{what}; it is for a process in a pod: elsewhere give --kubeconfig FILE") from error
        TokenFile(token, self._clock).install(configuration)

    def _load_context(self, configuration: Configuration, context: Context) -> ExecPlugin | None:
        """Fill the configuration; returns the plugin that has the credentials, if one has."""
        from kubernetes import config

        # What changes while the client lives is ours; the rest is the official loader's.
        user = {key: value for key, value in context.user.items() if key not in ("exec", "tokenFile")}
        where = os.pathsep.join(map(str, self._files or ()))
        try:
            # The loader would write what is embedded into files that stay when we are killed.
            cluster, user = self._own().named(context.cluster, "cluster"), self._own().named(user, "user")
            document = {
                "current-context": context.name,
                "contexts": [{"name": context.name, "context": {"cluster": context.cluster_name, "user": "user"}}],
                "clusters": [{"name": context.cluster_name, "cluster": cluster}],
                "users": [{"name": "user", "user": user or {"token": ""}}],
            }
            config.load_kube_config_from_dict(document, client_configuration=configuration, persist_config=False)
        except (config.ConfigException, OSError) as error:
            raise BackendError(f"{where}: {_one_line(error)}") from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            # The loader lets the errors of its own look-ups through when a kubeconfig has the wrong shape.
            raise BackendError(f"{where}: malformed kubeconfig ({_one_line(error)})") from error
        if proxy := context.cluster.get("proxy-url"):
            configuration.proxy, configuration.no_proxy = str(proxy), None  # as client-go: NO_PROXY is for the others
        if path := context.user.get("tokenFile"):
            TokenFile(Path(path), self._clock).install(configuration)
        elif "exec" in context.user and not context.user.get("token"):
            plugin = ExecPlugin(context, self._own(), self._clock)
            plugin.install(configuration)
            return plugin
        return None

    def _own(self) -> KeyFiles:
        """For keys that must be files; they are gone when the backend is closed, or dead."""
        if self._keys is None:
            self._keys = self._stack.enter_context(KeyFiles())
        return self._keys


def _choose_proxy(configuration: Configuration) -> None:
    """Go's clients ask no proxy of the environment for what is on this machine; the official Python one does."""
    from_environment = getattr(configuration, "_proxy_from_env", False)
    if from_environment and urlsplit(configuration.host).hostname in _LOOPBACK:
        configuration.proxy = None


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
