"""The seam between whoever needs a cluster and where that cluster is.

A backend is a context manager that hands out the official `kubernetes.client.ApiClient`, unmodified. It knows
Kubernetes and nothing of actions. Third parties register one under the entry point group `kubeactions.backends`.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, runtime_checkable

from backends.capabilities import Capabilities

if TYPE_CHECKING:
    from kubernetes.client import ApiClient


class BackendError(Exception):
    """The backend cannot be had: one line that says what is missing and what to do."""


class UnknownBackendError(BackendError):
    """There is no backend of that name."""


@runtime_checkable
class Backend(Protocol):
    """A cluster that can be talked to. Open it with `with`; leaving ends and removes whatever it started.

    `capabilities` is asked twice: of the class, before anything is opened, where a flag says what every cluster of this
    kind has; and of an open backend, which may have found more, or was told by an option to have less.
    """

    name: str
    capabilities: Capabilities

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def client(self, identity: str | None = None) -> ApiClient:
        """A client of its own for `identity` (a user name); None is the backend's administrator.

        Another identity may do what RBAC grants to it, which is nothing at first; on a cluster that evaluates no RBAC,
        everything. `system:serviceaccount:<namespace>:<name>` is in the groups of service accounts. Raises
        `BackendError` when the backend has no such identity.
        """
        ...

    def kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig with which kubectl reaches the same cluster, and return its path."""
        ...
