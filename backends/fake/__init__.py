"""An API server in memory that clients take for a Kubernetes cluster.

`FakeBackend` is the door for tests and the command line; `Cluster` is the cluster itself (see there how time passes and
how controllers take part). Requests go through `server`, from there to `reading`, `writing`, `deleting`, `streaming`
and `subresources`, and all that is stored goes through `registry` into `store`. Answers are held against recordings of
a real kube-apiserver, v1.34; where they differ from what you would expect, the recordings have it so.

NOT imitated. These are refused with 501, 406 or 415 and a Status that says so (`NOT_IMITATED` has a request for each):

- server-side apply
- Table output, PartialObjectMetadata, protobuf answers: a list of alternatives with JSON in it gets JSON
- protobuf bodies
- custom resources, aggregated API servers
- RBAC: every authenticated user may do everything, so SelfSubjectAccessReviews, SubjectAccessReviews,
  LocalSubjectAccessReviews and SelfSubjectRulesReviews are not answered
- token reviews, service account tokens
- component statuses, OpenAPI version 2, metrics
- pod logs, exec, attach, port forwarding, the pod proxy, the service proxy, the node proxy

These are stored like anything else and have no effect; whoever writes one gets a Warning header: RBAC objects,
ResourceQuotas, LimitRanges, admission webhooks and policies.

And these are simply not there: metadata.managedFields, rate limits, priority and fairness, and
the clean-up of Events after an hour.
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
from backends.fake.imitation import NOT_IMITATED
from backends.fake.messages import Identity
from backends.fake.transport import HOST, InProcessTransport

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

    from backends.fake.serving import Listener

__all__ = ["NOT_IMITATED", "Cluster", "FakeBackend"]


class FakeBackend:
    """A `Backend` whose cluster is in this process.

    `clock` and `seed` are the cluster's (the machine's clock, 0); `cluster` replaces them with one that is there
    already. Without a token table of the cluster every identity is an administrator of that name.
    """

    name = "fake"
    capabilities = Capabilities(
        virtual_time=True,
        wire_faults=True,
        pods_run=True,
        disposable=True,
        audit_trail=True,
        many_identities=True,
        controllers=True,
        cluster_wide=True,
    )

    def __init__(self, clock: Clock | None = None, *, seed: int = 0, cluster: Cluster | None = None) -> None:
        self.cluster = cluster or Cluster(clock, seed=seed)
        self._listener: Listener | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def client(self, identity: str | None = None) -> ApiClient:
        """An official client of its own that acts as the user `identity`; None is the administrator.

        Raises `BackendError` for a user that the cluster's token table does not have.
        """
        from kubernetes.client import ApiClient, Configuration

        configuration = Configuration()
        configuration.host = HOST
        configuration.retries = False
        client = ApiClient(configuration)
        client.rest_client.pool_manager = InProcessTransport(self.cluster, self._identity(identity))
        return client

    def _identity(self, name: str | None) -> Identity:
        if name is None:
            return ADMINISTRATOR
        if self.cluster.tokens is None:
            return administrator(name)
        for known in self.cluster.tokens.values():
            if known.name == name:
                return known
        raise BackendError(f"the cluster's token table has no user {name!r}")

    def kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig for this cluster and return `path`; the first call opens a listener on loopback.

        Raises `BackendError` where the HTTP server is not installed (the extra `serve`).
        """
        if self._listener is None:
            try:
                from backends.fake.serving import Listener
            except ImportError as error:
                raise BackendError("kubeconfig needs the HTTP server: pip install 'kubeactions[serve]'") from error
            self._listener = Listener(self.cluster)
        self._listener.write_kubeconfig(path)
        return path
