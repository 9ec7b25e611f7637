"""An API server in memory that clients take for a Kubernetes cluster.

`FakeBackend` is the door for tests and the command line; `Cluster` is the cluster itself.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from backends.base import BackendError
from backends.capabilities import Capabilities
from backends.clock import Clock
from backends.fake.authentication import ADMINISTRATOR, administrator
from backends.fake.cluster import Cluster
from backends.fake.transport import InProcessTransport

if TYPE_CHECKING:
    from kubernetes.client import ApiClient


class FakeBackend:
    """A `Backend` whose cluster is in this process."""

    name = "fake"
    capabilities = Capabilities(
        virtual_time=True,
        wire_faults=True,
        pods_run=True,
        disposable=True,
        audit_trail=True,
        many_identities=True,
    )

    def __init__(self, clock: Clock | None = None, *, seed: int = 0, cluster: Cluster | None = None) -> None:
        self.cluster = cluster or Cluster(clock, seed=seed)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def client(self, identity: str | None = None) -> ApiClient:
        """An official client that acts as the user `identity`; None is the administrator."""
        from kubernetes.client import ApiClient, Configuration

        who = ADMINISTRATOR if identity is None else administrator(identity)
        if self.cluster.tokens is not None and identity is not None:
            known = {user.name: user for user in self.cluster.tokens.values()}
            if identity not in known:
                raise BackendError(f"the cluster's token table has no user {identity!r}")
            who = known[identity]
        configuration = Configuration()
        configuration.host = "http://fake.invalid"
        configuration.retries = False
        client = ApiClient(configuration)
        client.rest_client.pool_manager = InProcessTransport(self.cluster, who)
        return client

    def kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig for a loopback listener."""
        raise BackendError(f"cannot write {path}: there is no HTTP listener")


__all__ = ["Cluster", "FakeBackend"]
