"""What keeps tests from harm: a client of a live cluster writes into the namespaces of its own run and nowhere else.

A run's namespaces are those with `LABEL`. A write elsewhere, or to what is in no namespace, is answered here with 403
and what would allow it; nothing is sent. With `i_know_this_is` (the cluster's name, repeated) it goes out, and what it
creates gets the label. Namespaces get it always, so all that a run makes can be found and removed (`leftovers`): what
is in a namespace goes with it.

Not for the system in production: what that may write, RBAC says.
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, Final, cast

from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError

from backends.calls import Call, read_call
from backends.faults import Connect, Transport, Wire, dial

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

LABEL: Final = "app.kubernetes.io/managed-by"
VALUE: Final = "kubeactions-scenarios"

_READS = frozenset({"get", "list", "watch"})
_QUESTIONS = frozenset({"authorization.k8s.io", "authentication.k8s.io"})
"""API groups whose objects are questions: a POST there stores nothing."""


class Guard:
    """A client's connections, which let through what may not hurt."""

    def __init__(self, inner: Transport, host: str, cluster: str, *, everywhere: bool) -> None:
        self._inner, self._host, self._cluster, self._everywhere = inner, host, cluster, everywhere
        self._own: set[str] = set()
        """Namespaces of this run. One never stops being one: names are not used twice."""

    def request(self, method: str, url: str, **options: Any) -> Wire:
        """Send it on, or answer 403."""
        call = read_call(method, url, body=options.get("body"))
        if call.verb in _READS or call.group in _QUESTIONS:
            return self._inner.request(method, url, **options)
        if call.namespace and self._is_own(call.namespace, options):
            return self._inner.request(method, url, **options)
        is_namespace = call.resource.partition("/")[0] == "namespaces"
        if is_namespace and (method == "POST" or self._is_own(call.name, options)):
            return self._inner.request(method, url, **_labelled(method, options))
        if not self._everywhere:
            return _refused(call, self._cluster)
        return self._inner.request(method, url, **_labelled(method, options))

    def dial(self, configuration: Any, target: str, connect: Connect) -> Any:
        """Let a WebSocket through to a pod of this run, or answer 403: a command in a container is no read."""
        call = read_call("GET", target)
        who = configuration.get_api_key_with_prefix("authorization")
        headers = {"authorization": who} if who else {}
        if self._everywhere or (call.namespace and self._is_own(call.namespace, {"headers": headers})):
            return dial(self._inner, configuration, target, connect)
        return _refused(call, self._cluster)

    def clear(self) -> None:
        """Drop idle connections."""
        self._inner.clear()

    def _is_own(self, namespace: str, options: dict[str, Any]) -> bool:
        """Whether the namespace has the label; asked of the server once, with the same credentials."""
        if namespace in self._own:
            return True
        headers = {**dict(options.get("headers") or {}), "Accept": "application/json"}
        headers.pop("Content-Type", None)
        try:
            url = f"{self._host}/api/v1/namespaces/{namespace}"
            answer = self._inner.request("GET", url, headers=headers, timeout=10.0)
            found = json.loads(answer.data) if answer.status == 200 else {}
        except (HTTPError, OSError, ValueError):
            return False
        if ((found.get("metadata") or {}).get("labels") or {}).get(LABEL) == VALUE:
            self._own.add(namespace)
        return namespace in self._own


def install(client: ApiClient, cluster: str, *, everywhere: bool) -> None:
    """Guard everything that the client sends."""
    inner = cast(Transport, client.rest_client.pool_manager)
    client.rest_client.pool_manager = Guard(inner, client.configuration.host, cluster, everywhere=everywhere)


def _labelled(method: str, options: dict[str, Any]) -> dict[str, Any]:
    """The same request; an object that it creates has the label."""
    try:
        body = json.loads(options.get("body") or "")
    except (TypeError, ValueError):
        return options
    if method != "POST" or not isinstance(body, dict) or not isinstance(body.get("metadata"), dict):
        return options
    body["metadata"]["labels"] = {**(body["metadata"].get("labels") or {}), LABEL: VALUE}
    return {**options, "body": json.dumps(body)}


def _refused(call: Call, cluster: str) -> HTTPResponse:
    """Forbidden, in the words of an API server."""
    what = f"{call.verb} {call.resource}" + (f" in namespace {call.namespace}" if call.namespace else "")
    message = (
        f"not sent: {what} is outside the namespaces of this run, on a live cluster; "
        f"to allow it, repeat the cluster's name: --i-know-this-is {cluster}"
    )
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
    body = json.dumps({**status, "reason": "Forbidden", "code": 403}).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    return HTTPResponse(io.BytesIO(body), headers=headers, status=403, preload_content=False)
