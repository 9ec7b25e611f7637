"""A cluster that exists: by a kubeconfig, or by the service account of the pod that we run in.

It changes nothing by itself and has one identity, the kubeconfig's. It refuses to act as another user, and every
capability flag is False: nothing in here may be tried out.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import yaml

from backends.base import BackendError
from backends.capabilities import Capabilities

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where the kubelet mounts a pod's account: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/."""
_PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
"""Keys of a kubeconfig whose values are files, relative to the kubeconfig's own directory."""


class LiveBackend:
    """A `Backend` over a kubeconfig file or, where there is none, the in-cluster account.

    Looked for in this order: `kubeconfig`, `$KUBECONFIG` (one file), in-cluster, `~/.kube/config`. `context` chooses
    one of the kubeconfig's contexts; the default is its current one. `service_account` is the directory in which a
    pod's account is mounted, and means that one.
    """

    name = "live"
    capabilities = Capabilities()

    def __init__(
        self,
        kubeconfig: Path | str | None = None,
        context: str | None = None,
        service_account: Path | None = None,
    ) -> None:
        self._context = context
        self._account = service_account or _ACCOUNT
        self._file = None if service_account else _find(kubeconfig, context)
        self._clients: list[ApiClient] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients:
            client.close()
        self._clients.clear()

    def client(self, identity: str | None = None) -> ApiClient:
        """A client with the kubeconfig's identity; raises `BackendError` for any other, or when it cannot be read."""
        if identity is not None:
            raise BackendError(f"a live cluster has the identity of its kubeconfig only, not {identity!r}")
        from kubernetes.client import ApiClient, Configuration

        configuration = Configuration()
        configuration.retries = False  # A mutation is never sent twice below its caller.
        self._load(configuration)
        client = ApiClient(configuration)
        self._clients.append(client)
        return client

    def kubeconfig(self, path: Path) -> Path:
        """Write the kubeconfig in use, with absolute paths and our context current, readable by its owner only."""
        if self._file is None:
            raise BackendError("in a cluster there is no kubeconfig to write: the account's token is used")
        document = _read(self._file)
        for section, inner in (("clusters", "cluster"), ("users", "user")):
            for entry in document.get(section) or []:
                for key in _PATHS:
                    if value := (entry.get(inner) or {}).get(key):
                        entry[inner][key] = str((self._file.parent / value).absolute())
        if self._context:
            document["current-context"] = self._context
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        return path

    def _load(self, configuration: Any) -> None:
        from kubernetes import config

        try:
            if self._file is None:
                token, authority = self._account / "token", self._account / "ca.crt"
                config.incluster_config.InClusterConfigLoader(str(token), str(authority)).load_and_set(configuration)
                return
            _read(self._file)
            config.load_kube_config(
                config_file=str(self._file),
                context=self._context,
                client_configuration=configuration,
                persist_config=False,
            )
        except (config.ConfigException, OSError) as error:
            raise BackendError(f"{self._file or f'service account {self._account}'}: {_one_line(error)}") from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            # The loader lets the errors of its own look-ups through when a kubeconfig has the wrong shape.
            raise BackendError(f"{self._file}: malformed kubeconfig ({_one_line(error)})") from error


def _find(given: Path | str | None, context: str | None) -> Path | None:
    """The kubeconfig to use; None is the in-cluster account. Raises `BackendError` when there is neither."""
    if given is not None:
        return Path(given)
    if from_environment := os.environ.get("KUBECONFIG"):
        return Path(from_environment)
    if "KUBERNETES_SERVICE_HOST" in os.environ and context is None:
        return None
    default = Path(os.path.expanduser("~/.kube/config"))  # As it is where there is no home.
    if default.exists():
        return default
    raise BackendError(
        "no cluster: give --kubeconfig FILE, set KUBECONFIG, or run in a pod (`kubeactions fake serve` makes one)"
    )


def _read(path: Path) -> dict[str, Any]:
    """The kubeconfig as data; raises `BackendError`, one line, when it cannot be read or is none."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BackendError(f"{path}: cannot read the kubeconfig: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BackendError(f"{path}: the kubeconfig is not UTF-8 (byte {error.start})") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BackendError(f"{path}: the kubeconfig is broken YAML: {_one_line(error)}") from error
    if not isinstance(document, dict) or not document.get("clusters"):
        raise BackendError(f"{path}: this is no kubeconfig: it names no clusters")
    return document


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
