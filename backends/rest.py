"""Plain requests through an official client: JSON in, JSON out, with the client's own credentials and connections.

Called by backends for what they need themselves (readiness, preflight, the built-in kubelet, sweeping up). It retries
nothing and interprets nothing but the difference between an answer, whatever it says, and none (`NoAnswer`).
"""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

REQUEST_S: Final = 10.0
"""How long one answer may take."""
_CHUNK = 64 * 1024


class NoAnswer(Exception):  # noqa: N818  what happened, not who is to blame
    """No status came back: refused, reset, too slow, a certificate that is not trusted. One line."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and what came with it."""

    status: int
    body: dict[str, Any]
    """The object; `{"message": text}` for an answer that is none."""

    @property
    def ok(self) -> bool:
        """Whether the request was granted."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    @property
    def why(self) -> str:
        """What a refusal says, on one line."""
        return " ".join(
            str(self.body.get("message") or self.body.get("reason") or HTTPStatus(self.status).phrase).split()
        )


class Rest:
    """One client's door. Thread-safe as far as the client is."""

    def __init__(self, client: ApiClient, timeout_s: float = REQUEST_S) -> None:
        self.client = client
        self._timeout_s = timeout_s

    def get(self, path: str, **query: str | int) -> Answer:
        """GET an object or a list. Raises `NoAnswer`."""
        return self.send("GET", path + (f"?{urlencode(query)}" if query else ""))

    def send(self, method: str, path: str, body: object = None, content_type: str = "application/json") -> Answer:
        """Send one request and read the whole answer. Raises `NoAnswer`."""
        try:
            response = self._open(method, path, body, content_type, self._timeout_s)
            data = response.read()
            response.release_conn()
        except _unanswered() as error:
            raise NoAnswer(_reason(error)) from error
        return Answer(int(response.status), _document(data))

    def watch(self, path: str, version: str, timeout_s: int) -> Watch:
        """Open a watch of a collection since `version`; the server ends it after `timeout_s`. Raises `NoAnswer`."""
        asked = {"watch": "1", "allowWatchBookmarks": "true", "resourceVersion": version, "timeoutSeconds": timeout_s}
        try:
            return Watch(self._open("GET", f"{path}?{urlencode(asked)}", None, "", timeout_s + self._timeout_s))
        except _unanswered() as error:
            raise NoAnswer(_reason(error)) from error

    def _open(self, method: str, path: str, body: object, content_type: str, timeout_s: float) -> Any:
        headers: dict[str, str] = {"Accept": "application/json", **self.client.default_headers}
        if body is not None:
            headers["Content-Type"] = content_type
        self.client.update_params_for_auth(headers, None, ["BearerToken"], "", "", None)
        url = self.client.configuration.host + path
        return self.client.call_api(method, url, headers, body, _request_timeout=timeout_s).response


class Watch:
    """A watch under way. One thread iterates, any other may close."""

    def __init__(self, response: Any) -> None:
        self._response = response
        self._socket = getattr(getattr(response, "connection", None), "sock", None)
        self._closed = False

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The events; what the server refuses is one of type ERROR. Raises `NoAnswer` when the stream breaks."""
        try:
            if self._response.status != HTTPStatus.OK:
                yield {"type": "ERROR", "object": {"code": self._response.status, **_document(self._response.read())}}
                return
            yield from self._events()
        except _unanswered() as error:
            if not self._closed:
                raise NoAnswer(_reason(error)) from error
        finally:
            self._response.close()

    def close(self) -> None:
        """End it: whoever iterates sees the end of the stream."""
        self._closed = True
        if self._socket is not None:
            with contextlib.suppress(OSError):  # it has ended by itself
                self._socket.shutdown(socket.SHUT_RDWR)

    def _events(self) -> Iterator[dict[str, Any]]:
        rest = b""
        while chunk := self._response.read1(_CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line.strip():
                    yield json.loads(line)


def path_of(group_version: str, plural: str, namespace: str = "", name: str = "", subresource: str = "") -> str:
    """The API path of a collection or object: `path_of("apps/v1", "deployments", "shop", "web")`."""
    root = f"/apis/{group_version}" if "/" in group_version else f"/api/{group_version}"
    parts = [*(("namespaces", namespace) if namespace else ()), plural, *(part for part in (name, subresource) if part)]
    return "/".join([root, *(quote(part, safe="") for part in parts)])


def _document(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"message": data[:500].decode("utf-8", "replace")}


def _unanswered() -> tuple[type[Exception], ...]:
    from kubernetes.client.exceptions import ApiException  # Loaded already, by whoever made the client.
    from urllib3.exceptions import HTTPError

    return (ApiException, HTTPError, OSError)


def _reason(error: BaseException) -> str:
    """The innermost reason on one line: urllib3 wraps it in the names of its pools."""
    from urllib3.exceptions import ProxyError

    found: Any = error
    while isinstance(getattr(found, "reason", None), Exception):
        found = found.reason
    if isinstance(found, ProxyError):
        return f"cannot connect to its proxy: {_reason(found.original_error)}"
    text = str(getattr(found, "reason", None) or found) or type(error).__name__
    return " ".join(text.rpartition(">: ")[2].rpartition("Failed to establish a new connection: ")[2].split())
