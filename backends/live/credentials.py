"""Credentials that change while a client lives: token files that are rotated, and exec plugins.

The official client reads a token file once, and logs what goes wrong with an exec plugin instead of saying so. Here a
token file is read again every minute (client-go: `tokenSource`), and a plugin's credentials until they expire; its
errors are a `BackendError` of one line. A plugin that is refused by the server (401) is not asked again before that.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from backends.base import BackendError
from backends.clock import Clock
from backends.keys import KeyFiles
from backends.live.kubeconfig import Context

if TYPE_CHECKING:
    from kubernetes.client import ApiClient, Configuration

REREAD_S: Final = 60.0
"""How long a token file is believed: the kubelet rotates a token when a fifth of its time is left."""


class TokenFile:
    """A bearer token in a file; hooked into a client's configuration."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path, self._clock = path, clock
        self._read_at = clock.monotonic()
        self._token = self._read()
        if not self._token:
            raise BackendError(f"{path}: the token file is empty")

    def install(self, configuration: Configuration) -> None:
        """Let every request carry the token as the file has it."""
        configuration.refresh_api_key_hook = self._refresh
        configuration.api_key["BearerToken"] = f"Bearer {self._token}"

    def _refresh(self, configuration: Configuration) -> None:
        if self._clock.monotonic() - self._read_at >= REREAD_S:
            self._read_at = self._clock.monotonic()
            try:
                self._token = self._read() or self._token
            except BackendError:
                return  # the one we have may hold yet; if not, the server says so
        configuration.api_key["BearerToken"] = f"Bearer {self._token}"

    def _read(self) -> str:
        try:
            return self._path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BackendError(f"{self._path}: cannot read the token file: {error}") from error


class ExecPlugin:
    """The credentials that a user's `exec` entry gives out."""

    def __init__(self, context: Context, keys: KeyFiles, clock: Clock) -> None:
        """Ask the plugin for the first time. `keys` is for a certificate. Raises `BackendError`."""
        self._context, self._keys, self._clock = context, keys, clock
        self._files: dict[str, str] = {}
        self._client: Callable[[], ApiClient | None] = lambda: None
        self._status: dict[str, Any] = {}
        self._ask()

    def install(self, configuration: Configuration) -> None:
        """Give the credentials to a client's configuration, and new ones whenever these expire."""
        configuration.refresh_api_key_hook = self._refresh
        if self._files:
            configuration.cert_file, configuration.key_file = self._files["exec.crt"], self._files["exec.key"]
        self._set(configuration)

    def serve(self, client: ApiClient) -> None:
        """The client whose connections begin anew when there is another certificate."""
        self._client = lambda: client

    def _refresh(self, configuration: Configuration) -> None:
        expires = self._status.get("expirationTimestamp")
        if expires and datetime.fromisoformat(str(expires)) <= self._clock.wall():
            self._ask()
            if "clientCertificateData" in self._status and (client := self._client()) is not None:
                client.rest_client.pool_manager.clear()
        self._set(configuration)

    def _set(self, configuration: Configuration) -> None:
        if token := self._status.get("token"):
            configuration.api_key["BearerToken"] = f"Bearer {token}"

    def _ask(self) -> None:
        from kubernetes.config import ConfigException
        from kubernetes.config.exec_provider import ExecProvider
        from kubernetes.config.kube_config import ConfigNode

        entry = self._context.user["exec"]
        command = entry.get("command") if isinstance(entry, dict) else None
        who = f"exec plugin {command!r} of context {self._context.name!r}"
        try:
            cluster = ConfigNode("cluster", self._context.cluster)
            status = ExecProvider(ConfigNode("exec", entry), str(self._context.folder), cluster).run()
        except FileNotFoundError as error:
            hint = " ".join(str(entry.get("installHint") or "").split())
            raise BackendError(f"{who}: there is no such command{f'; {hint}' if hint else ''}") from error
        except (ConfigException, OSError, KeyError, TypeError) as error:
            raise BackendError(f"{who}: {' '.join(str(error).split())}") from error
        if not isinstance(status, dict) or not (status.get("token") or status.get("clientCertificateData")):
            raise BackendError(f"{who}: it gave neither a token nor a certificate")
        self._keep(who, status)

    def _keep(self, who: str, status: dict[str, Any]) -> None:
        if certificate := status.get("clientCertificateData"):
            if not (key := status.get("clientKeyData")):
                raise BackendError(f"{who}: it gave a certificate without its key")
            for name, text in (("exec.crt", certificate), ("exec.key", key)):
                self._files[name] = self._keys.put(name, str(text).encode())
        self._status = status
