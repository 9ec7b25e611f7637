"""An API server in memory that clients take for a Kubernetes cluster.

`FakeBackend` is the door for tests and the command line; `Cluster` is the cluster itself (see there how time passes and
how controllers take part). Requests go through `server`, from there to `reading`, `writing`, `deleting`, `streaming`
and `subresources`, and all that is stored goes through `registry` into `store`. Answers are held against recordings of
a real kube-apiserver, v1.34; where they differ from what you would expect, the recordings have it so.

NOT imitated. These are refused with 501, 406 or 415 and a Status that says so (`NOT_IMITATED` has a request for each):

- protobuf of CustomResourceDefinitions and APIServices
- aggregated API servers; conversion of custom resources by a webhook
- metrics
- SPDY (exec and attach speak WebSocket, as kubectl does since 1.31), watches over a WebSocket
- port forwarding, the pod proxy, the service proxy, the node proxy

No process runs in a container: exec, attach and logs do what is scripted (`programs`), and a command of which nobody
has said anything is one whose executable does not exist.

Stored like anything else and without effect, with a Warning header for whoever writes one (`NOT_ENFORCED`): roles and
bindings, unless the cluster is made with `authorization="rbac"` (else it does not enforce RBAC). And it does not scale
by metrics, bind claims to volumes, sign certificates, enforce priority and fairness or enforce network policies; a
server without kubelets, which runs no pods, says nothing of these.

Of admission there are not: in CEL the `authorizer`, the libraries `format`, `semver` and `image`, and comprehensions
over two variables (an expression with one is refused); the check of policies against schemas; quotas of devices.

And there are simply no rate limits. The Events of the cluster's own components are there, but their requests are not in
the audit trail. Of access control there are not: the Node authorizer's graph (a node may do what the role
`system:node` says), NodeRestriction, and tokens of Secrets (kubernetes.io/service-account-token).
"""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import orjson

from backends.base import BackendError
from backends.capabilities import Capabilities
from backends.clock import Clock, SystemClock
from backends.fake.authentication import ADMINISTRATOR, administrator, named, service_account_identity
from backends.fake.authorization import Mode
from backends.fake.cluster import Cluster
from backends.fake.imitation import NOT_IMITATED
from backends.fake.messages import Identity, Request
from backends.fake.transport import HOST, InProcessTransport

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

    from backends.fake.serving import Listener
    from backends.fake.tls import Tls
    from backends.faults import Faults

__all__ = ["NOT_IMITATED", "Cluster", "FakeBackend"]


class FakeBackend:
    """A `Backend` whose cluster is in this process.

    `clock`, `seed` and `authorization` are the cluster's (the machine's clock, 0, "always-allow"); `cluster` replaces
    them with one that is there already. With "always-allow" every identity may do everything; with "rbac" it may do
    what roles and bindings say, and a service account is an identity like any other
    (`system:serviceaccount:<namespace>:<name>`). `faults` strike all its clients, in process and over HTTP.
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
        scripted_programs=True,
        cluster_wide=True,
    )

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        seed: int = 0,
        authorization: Mode = "always-allow",
        cluster: Cluster | None = None,
        faults: Faults | None = None,
    ) -> None:
        self.cluster = cluster or Cluster(clock, seed=seed, authorization=authorization)
        self._faults = faults
        self._listener: Listener | None = None
        self._door: Listener | None = None
        """For the WebSockets of clients in process; opened by the first of them."""
        self._opening = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for listener in (self._listener, self._door):
            if listener is not None:
                listener.close()
        self._listener = self._door = None

    def fork(self) -> FakeBackend:
        """A backend of its own over a fork of the cluster (see `Cluster.fork`): it goes on from here by itself."""
        return FakeBackend(cluster=self.cluster.fork())

    def client(self, identity: str | None = None) -> ApiClient:
        """An official client of its own that acts as the user `identity`; None is the administrator.

        A user of the token table is in the groups that it says, any other in those that its name says. Raises
        `BackendError` for one that the table does not have where all are allowed everything.
        """
        known = self._identity(identity)
        return self._client(known, known.name)

    def _client(self, identity: Identity | None, name: str) -> ApiClient:
        from kubernetes.client import ApiClient, Configuration

        configuration = Configuration()
        configuration.host = HOST
        configuration.retries = False
        client = ApiClient(configuration)
        client.rest_client.pool_manager = InProcessTransport(self.cluster, identity, self._address)
        if self._faults is not None:
            from backends.faults import install

            install(client, self._faults, name)
        return client

    def _address(self) -> str:
        """Where clients in process open WebSockets; raises `BackendError` where the extra `serve` is missing."""
        with self._opening:
            if self._door is None:
                self._door = _listener(self.cluster, moves_time=True)
            return self._door.url

    def _identity(self, name: str | None) -> Identity:
        if name is None:
            return ADMINISTRATOR
        for known in (self.cluster.tokens or {}).values():
            if known.name == name:
                return known
        if self.cluster.authorization == "rbac":
            return named(name)
        if self.cluster.tokens is None:
            return administrator(name)
        raise BackendError(f"the cluster's token table has no user {name!r}")

    def pod_client(self, namespace: str, service_account: str, *, pod: str | None = None) -> ApiClient:
        """A client as a process in a pod has it: it shows a token of its service account, and is nobody without.

        With `pod` the token is bound to that pod and dies with it. It holds for an hour of the cluster's time and is
        not renewed. Raises `BackendError`: no such account or pod, or tokens cannot be signed (the extra `serve`).
        """
        client = self._client(None, service_account_identity(namespace, service_account).name)
        # Where the client's own load_incluster_config puts it.
        client.configuration.api_key["authorization"] = f"bearer {self._token(namespace, service_account, pod)}"
        return client

    def _token(self, namespace: str, service_account: str, pod: str | None) -> str:
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{service_account}/token"
        spec = {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": pod}} if pod is not None else {}
        body = orjson.dumps({"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "spec": spec})
        response = self.cluster.handle(Request("POST", path, {"content-type": "application/json"}, body, ADMINISTRATOR))
        answer: dict[str, Any] = orjson.loads(response.body)
        if response.status != 201:
            raise BackendError(f"no token for {namespace}/{service_account}: {answer['message']}")
        token: str = answer["status"]["token"]
        return token

    def kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig for this cluster and return `path`; the first call opens a listener on loopback.

        Where somebody has to say who he is, it speaks TLS: kubectl sends no token otherwise.

        Raises `BackendError` where the HTTP server is not installed (the extra `serve`).
        """
        if self._listener is None:
            self._listener = _listener(self.cluster, tls=self._tls(), faults=self._faults)
        self._listener.write_kubeconfig(path)
        return path

    def _tls(self) -> Tls | None:
        if self.cluster.authorization == "always-allow":
            return None
        from backends.fake.tls import own

        return own((), SystemClock().wall())


def _listener(cluster: Cluster, **options: Any) -> Listener:
    try:
        from backends.fake.serving import Listener
    except ImportError as error:
        what = "kubeconfigs and WebSockets need the HTTP server"
        raise BackendError(f"{what}: pip install 'kubeactions[serve]'") from error
    return Listener(cluster, **options)
