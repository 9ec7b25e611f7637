"""The cases on any backend: what a case needs of it, and a wire through the backend's own client.

Users are acted as by impersonation, since tokens cannot be handed to a cluster that exists; so a case in which a user
of its own impersonates is not for here. What is written stays within the rules of the backend: a live cluster's client
is guarded, and the label that it puts on namespaces is taken out of the answers again.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from urllib3 import HTTPHeaderDict
from urllib3.exceptions import HTTPError

from backends.base import Backend
from backends.capabilities import Capabilities
from backends.clock import SystemClock
from backends.live.guard import LABEL, VALUE
from tests.conformance.case import TOKEN_FILE, UNKNOWN_TOKEN, Case, Step
from tests.conformance.wire import ANSWER_LIMIT_S, Answer, EventLines, NoAnswerError, OpenWatch, request_headers

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

USERS = {
    user: (uid, tuple(groups.strip('"').split(",")) if groups else ())
    for _, user, uid, *rest in (line.split(",", 3) for line in TOKEN_FILE.splitlines())
    for groups in [rest[0] if rest else ""]
}
"""The cases' users: uid and groups."""

_CLUSTER_SCOPED = re.compile(
    r"\$\{(nodes|namespaces|crds)\}|/api/v1/(nodes|persistentvolumes)|/apis/[^$]*/v\d\w*/(?!namespaces/)\w+"
)
_CLUSTERWIDE_QUESTIONS = re.compile(r"\$\{auth[nz]\}|reviews\b")


def refusal(case: Case, capabilities: Capabilities) -> str:
    """Why the case cannot be played on a backend that has this; "" when it can."""
    if case.tags & {"controllers", "gc"} and not capabilities.controllers:
        return "needs controllers"
    if _writes_beyond_its_namespace(case) and not (capabilities.cluster_wide or capabilities.disposable):
        return "writes outside its own namespace"
    users = {step.get("as", "admin") for step in case.steps} - {"admin", "anonymous"}
    if users & USERS.keys() and not capabilities.many_identities:
        return "acts as several users"
    if any(step.get("as") in USERS and "Impersonate-User" in (step.get("headers") or {}) for step in case.steps):
        return "a user of the case impersonates, and so do we"
    if capabilities.pods_run and any(_touches_pods(step) for step in case.steps):
        return "was recorded without a kubelet, and here is one"
    return ""


def _writes_beyond_its_namespace(case: Case) -> bool:
    return not case.namespace or bool(case.cleanup) or any(_writes_cluster_scoped(step) for step in case.steps)


def _writes_cluster_scoped(step: Step) -> bool:
    method, _, target = step.get("do", "GET ").partition(" ")
    if method == "GET" or _CLUSTERWIDE_QUESTIONS.search(target):
        return False
    return bool(_CLUSTER_SCOPED.search(target))


def _touches_pods(step: Step) -> bool:
    method, _, target = step.get("do", "GET ").partition(" ")
    return "kubelet" in step or (method != "GET" and "${pods}" in target) or step.get("use") in ("pod", "pod2")


class BackendWire:
    """Talks to a backend as its administrator, and through him as the cases' users."""

    def __init__(self, backend: Backend) -> None:
        self._client = backend.client()
        self._nobody = _without_credentials(self._client)
        self._clock = SystemClock()

    @property
    def version(self) -> dict[str, Any]:
        """The server's own words."""
        found: dict[str, Any] = self.send("GET", "/version").document()
        return found

    def send(
        self, method: str, target: str, user: str = "admin", headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Send one request as `user` and wait for the whole answer. Raises `NoAnswerError`."""
        response = self._open(method, target, user, headers, body)
        try:
            data = response.read()
        except (HTTPError, OSError) as error:
            raise NoAnswerError(f"{type(error).__name__}: {error}") from error
        response.release_conn()
        return Answer(int(response.status), dict(response.headers.items()), _unlabelled(data))

    def watch(self, target: str, user: str, headers: Mapping[str, str]) -> OpenWatch:
        """Open a watch that a thread of its own reads."""
        return _Watch(self._open("GET", target, user, headers, b""))

    def now(self) -> float:
        """The machine's monotonic seconds."""
        return self._clock.monotonic()

    def wall(self) -> datetime:
        """The machine's time of day."""
        return self._clock.wall()

    def sleep(self, seconds: float) -> None:
        """Really wait."""
        self._clock.sleep(seconds)

    def _open(self, method: str, target: str, user: str, headers: Mapping[str, str] | None, body: bytes) -> Any:
        sent = HTTPHeaderDict(request_headers("anonymous", headers, {}))
        says_who = any(name.lower() == "authorization" for name in headers or ())
        client = self._nobody if says_who or user not in USERS else self._client
        if client is self._client:
            authorization: dict[str, str] = {}
            client.update_params_for_auth(authorization, None, ["BearerToken"], "", "", None)
            sent.update(authorization)
            if user != "admin":
                _impersonate(sent, user)
        elif user not in {"anonymous", *USERS}:
            sent["Authorization"] = f"Bearer {UNKNOWN_TOKEN}"
        try:
            return client.rest_client.pool_manager.request(
                method,
                client.configuration.host + target.replace(" ", "%20"),
                body=body or None,
                headers=sent,
                timeout=ANSWER_LIMIT_S,
                preload_content=False,
                retries=False,
            )
        except (HTTPError, OSError) as error:
            raise NoAnswerError(f"{type(error).__name__}: {error}") from error


class _Watch:
    """A watch: a thread reads, `pull` takes what it has read."""

    def __init__(self, response: Any) -> None:
        self.status = int(response.status)
        self.headers = dict(response.headers.items())
        self.error: Any = None
        self.closed = False
        self._response = response
        self._socket = response.connection.sock if response.connection is not None else None
        self._arrived: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._reader = threading.Thread(target=self._read, name="watch", daemon=True)
        if self.status == 200:
            self._reader.start()
        else:
            self.error = json.loads(response.read())
            self.closed = True

    def pull(self) -> list[dict[str, Any]]:
        """What arrived since the last pull."""
        ended = self._ended.is_set()
        with self._lock:
            events, self._arrived = self._arrived, []
        self.closed = self.closed or ended
        return events

    def close(self) -> None:
        """Cut the connection and wait for the reader."""
        if self._reader.is_alive() and self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._reader.join(5.0)
        self._response.close()

    def _read(self) -> None:
        lines = EventLines()
        # A stream that is cut, by either side, is how a watch ends: not an error of the case.
        with contextlib.suppress(OSError, HTTPError, ValueError):
            while chunk := self._response.read1(65536):
                events = lines.feed(_unlabelled(chunk))
                with self._lock:
                    self._arrived.extend(events)
        self._ended.set()


def _impersonate(headers: HTTPHeaderDict, user: str) -> None:
    uid, groups = USERS[user]
    headers["Impersonate-User"] = user
    headers["Impersonate-Uid"] = uid
    for group in groups:
        headers.add("Impersonate-Group", group)


def _without_credentials(client: ApiClient) -> ApiClient:
    """A client for the same server that does not say who it is."""
    from kubernetes.client import ApiClient, Configuration

    known, bare = client.configuration, Configuration()
    bare.host, bare.retries = known.host, False
    bare.ssl_ca_cert, bare.verify_ssl = known.ssl_ca_cert, known.verify_ssl
    bare.tls_server_name, bare.proxy, bare.no_proxy = known.tls_server_name, known.proxy, known.no_proxy
    return ApiClient(bare)


def _unlabelled(data: bytes) -> bytes:
    """The answer as it would be without the guard's label: on namespaces, and on what is in none."""
    label = f'"{LABEL}":"{VALUE}"'.encode()
    if label not in data:
        return data
    alone = b'"labels":{%s}' % label
    for text in (alone + b",", b"," + alone, label + b",", b"," + label, label):
        data = data.replace(text, b"")
    return data
