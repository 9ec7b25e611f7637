"""The booted API server, from this side: clients for it, and waiting until it and its node are ready.

Called by the boot. Waits poll; each ends at its deadline, or at once when the node's container has stopped.
"""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from backends.base import BackendError
from backends.clock import Clock
from backends.keys import KeyFiles

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

T = TypeVar("T")

POLL_S = 0.25
REQUEST_S = 10.0
CONNECT_S = 2.0
"""Short: one of two addresses may lead nowhere, and is asked in each round."""
TAINT = "node-role.kubernetes.io/control-plane"


def client(kubeconfig: dict[str, Any], identity: str | None = None) -> ApiClient:
    """An official client for a kubeconfig of one cluster and one user.

    With `identity` it asks to be taken for that user (impersonation).
    """
    from kubernetes import config
    from kubernetes.client import ApiClient, Configuration

    configuration = Configuration()
    configuration.retries = False  # A mutation is never sent twice below its caller.
    keys = KeyFiles()
    # Else the loader would write them into files that stay when we are killed.
    clusters = [{**each, "cluster": keys.named(each["cluster"], "cluster")} for each in kubeconfig["clusters"]]
    users = [{**each, "user": keys.named(each["user"], "user")} for each in kubeconfig["users"]]
    document = {**kubeconfig, "clusters": clusters, "users": users}
    config.load_kube_config_from_dict(document, client_configuration=configuration, persist_config=False)
    made = ApiClient(configuration)
    weakref.finalize(made, keys.close)
    if identity is not None:
        made.set_default_header("Impersonate-User", identity)
    return made


class Api:
    """Plain GET requests, answered by a status and a text or nothing at all."""

    def __init__(self, api_client: ApiClient) -> None:
        self._client = api_client

    def get(self, path: str) -> tuple[int, str]:
        """The answer's status and body; 0 and the reason when none came."""
        from urllib3 import Timeout
        from urllib3.exceptions import HTTPError

        pool, url = self._client.rest_client.pool_manager, f"{self._client.configuration.host}{path}"
        timeout = Timeout(connect=CONNECT_S, read=REQUEST_S)
        try:
            answer = pool.request("GET", url, headers=self._client.default_headers, timeout=timeout, retries=False)
        except (HTTPError, OSError) as error:
            return 0, " ".join(str(error).split())
        return int(answer.status), answer.data.decode(errors="replace")

    def read(self, path: str) -> dict[str, Any] | None:
        """The object at `path`; None when it is not there or no answer came."""
        status, body = self.get(path)
        if status != 200:
            return None
        found = json.loads(body)
        assert isinstance(found, dict)
        return found


def until(
    what: str, probe: Callable[[], T | None], *, clock: Clock, timeout_s: float, alive: Callable[[], str | None]
) -> T:
    """What `probe` returns, as soon as that is something.

    Raises `BackendError` after `timeout_s` seconds, or when `alive` gives a reason why it will never happen.
    """
    deadline = clock.monotonic() + timeout_s
    while True:
        if (found := probe()) is not None:
            return found
        if reason := alive():
            raise BackendError(f"{what}: {reason}")
        if clock.monotonic() >= deadline:
            raise BackendError(f"{what}: not within {timeout_s:.0f} s")
        clock.sleep(POLL_S)


def first_ready(apis: Sequence[Api]) -> Callable[[], Api | None]:
    """A probe: the first of `apis` whose `/readyz` says ok."""

    def probe() -> Api | None:
        return next((api for api in apis if api.get("/readyz")[0] == 200), None)

    return probe


def node_ready(node: dict[str, Any]) -> bool:
    """Whether a Node object's condition Ready is True. Pure."""
    conditions = (node.get("status") or {}).get("conditions") or []
    return any(condition.get("type") == "Ready" and condition.get("status") == "True" for condition in conditions)


def tainted(node: dict[str, Any]) -> bool:
    """Whether a Node still refuses pods because it is a control plane. Pure."""
    return any(taint.get("key") == TAINT for taint in (node.get("spec") or {}).get("taints") or [])
