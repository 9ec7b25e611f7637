"""The one door to Kubernetes: JSON objects in and out through the official client's `ApiClient`.

Elector, ledger, executors and the Kubernetes reporter come through here, nothing else does. What this door promises:

- **One request a call.** The official client re-sends GET, DELETE and PUT up to four times by default; that is
  switched off here, for whoever forgot. A mutation is never repeated below the caller.
- **A deadline for all of it.** urllib3's timeout bounds the connection and each silence, but not a body that drips: the
  body is read piece by piece against the deadline, and against a size.
- **Errors by what the caller does next** (errors.py). A definite 4xx is `Refused`; everything else that is no 2xx is
  `Unavailable`, which means "it may have been applied". A 404, 409, 410 or 422 says something about an object, so it
  counts only with a Status object: the page of a proxy in between knows nothing of pods.
- **Attribution.** `Audit-ID` is kept by the API server as the ID of its audit event
  (https://kubernetes.io/docs/reference/access-authn-authz/webhook/, k8s.io/apiserver `audit.WithAuditID`), and every
  write has our `fieldManager`.

It refuses bytes where JSON is meant and an object where a JSON patch (a list) is meant: the official client would send
the first as a quoted string and the second as a strategic merge patch. It knows no typed models and no watch.

`exec` is a request of another kind: a WebSocket, on a connection of its own (channels.py).
"""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote, urlencode, urlsplit

import orjson
import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from kubeactions import channels
from kubeactions.clock import Clock
from kubeactions.errors import (
    BadRequest,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    KubeError,
    NotFound,
    Refused,
    TooLarge,
    TooManyRequests,
    Unauthorized,
    Unavailable,
    Unreachable,
)
from kubeactions.model import FIELD_MANAGER, Json, JsonObject

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

Observer: TypeAlias = Callable[[str, int, float], None]
"""Is told of each request that has ended: its method, the answer's status (0: none), and the seconds it took."""

DEFAULT_DEADLINE_S = 5.0
MAX_ANSWER_BYTES = 32 * 1024 * 1024
"""A longer answer than this is not read to its end."""
PAGE_SIZE = 500
"""Objects a page of a list, as kubectl's default chunk size."""
LONGEST_WAIT_S = 300.0
"""Who asks for a longer pause is asked again all the same: an action must be able to end."""
MAX_PAGES = 40
"""A list of more than 20,000 objects is not ours to read."""

_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
"""https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches"""
_CHUNK = 256 * 1024
_PATCH_TYPES = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}
_REFUSALS: Mapping[int, type[Refused]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    422: Invalid,
    429: TooManyRequests,
}
_ABOUT_AN_OBJECT = frozenset({404, 409, 410, 422})
"""Believed only from an API server: "gone" and "changed" decide what is put on record."""


def path_of(api_version: str, plural: str, *, namespace: str = "", name: str = "", subresource: str = "") -> str:
    """The API path of a collection or object; each segment is quoted, so no name can leave its place."""
    group, _, version = api_version.rpartition("/")
    parts = ["apis", group, version] if group else ["api", version]
    parts += ["namespaces", namespace] if namespace else []
    parts += [part for part in (plural, name, subresource) if part]
    return "/" + "/".join(quote(part, safe="") for part in parts)


class Kube:
    """One client's door. Thread-safe as far as the `ApiClient` is (its connection pool is).

    `deadline_s` (> 0) bounds each request as a whole. `audit_id` goes out with every request of this object,
    `field_manager` with every write; `observer` is told when each has ended.
    """

    def __init__(
        self,
        api_client: ApiClient,
        clock: Clock,
        deadline_s: float = DEFAULT_DEADLINE_S,
        *,
        audit_id: str = "",
        observer: Observer | None = None,
        field_manager: str = FIELD_MANAGER,
    ) -> None:
        if not deadline_s > 0:
            raise ValueError(f"deadline_s: {deadline_s} is no positive number of seconds")
        self._client = api_client
        self._clock = clock
        self._audit_id = audit_id
        self._observer = observer
        self._field_manager = field_manager
        self.deadline_s = deadline_s
        _switch_retries_off(api_client)

    def attributed(self, audit_id: str) -> Kube:
        """The same door, with every request attributed to `audit_id`."""
        return self._like(self.deadline_s, audit_id)

    def within(self, deadline_s: float) -> Kube:
        """The same door with another deadline."""
        return self._like(deadline_s, self._audit_id)

    def _like(self, deadline_s: float, audit_id: str) -> Kube:
        return Kube(
            self._client,
            self._clock,
            deadline_s,
            audit_id=audit_id,
            observer=self._observer,
            field_manager=self._field_manager,
        )

    def get(self, path: str, *, max_bytes: int = MAX_ANSWER_BYTES, **query: str | int) -> JsonObject:
        """GET one object. Raises `TooLarge` above `max_bytes`, and what errors.py says."""
        return self._call("GET", path, query=query, max_bytes=max_bytes)

    def list(self, path: str, **query: str | int) -> JsonObject:
        """GET a whole list, page by page on one revision; each page has its own deadline. Raises as `get`.

        A list whose continue token expired in the middle is a 410 `Gone`: the caller starts again.
        """
        return self._pages(path, query)

    def _pages(self, path: str, query: Mapping[str, str | int], accept: str = "application/json") -> JsonObject:
        query = {"limit": PAGE_SIZE, **query}
        found = self._call("GET", path, query=query, accept=accept)
        items = found.setdefault("items", [])
        for _ in range(MAX_PAGES):
            token = found.get("metadata", {}).pop("continue", "")
            if not token:
                return found
            page = self._call("GET", path, query={**query, "continue": token}, accept=accept)
            items.extend(page.get("items") or [])
            found["metadata"] = page.get("metadata", {})
        raise TooLarge(f"GET {path}: more than {MAX_PAGES * PAGE_SIZE} objects")

    def server_time(self) -> datetime | None:
        """The API server's clock, in whole seconds, by the Date header of its `/version`; None when it sends none.

        Raises as `get`. https://www.rfc-editor.org/rfc/rfc9110#name-date
        """
        _, headers = self._exchange("GET", "/version", None, None, "", MAX_ANSWER_BYTES)
        try:
            return parsedate_to_datetime(headers.get("Date") or "").astimezone(UTC)
        except ValueError:
            return None

    def metadata(self, path: str, **query: str | int) -> Sequence[JsonObject]:
        """The metadata of every object in a list, without their content, page by page. Raises as `list`."""
        found = self._pages(path, query, accept=_METADATA_ONLY)
        return [one["metadata"] for one in found["items"]]

    def create(self, path: str, body: JsonObject, *, dry_run: bool = False) -> JsonObject:
        """POST an object to its collection, or to a subresource."""
        return self._call("POST", path, query=self._write_query(dry_run), body=_object(body))

    def replace(self, path: str, body: JsonObject, *, dry_run: bool = False) -> JsonObject:
        """PUT an object; with `metadata.resourceVersion` it is a compare-and-set."""
        return self._call("PUT", path, query=self._write_query(dry_run), body=_object(body))

    def patch(self, path: str, body: Json, *, type: str = "json", dry_run: bool = False) -> JsonObject:  # noqa: A002
        """PATCH with a JSON patch (a list), or a "merge" or "strategic" merge patch (an object)."""
        return self._patch(path, body, type, self._write_query(dry_run))

    def rehearse(self, path: str, body: Json, *, type: str = "json") -> JsonObject:  # noqa: A002
        """What `patch` would make of the object: the same request as a dry run. Fields that nobody knows are refused.

        By default a server drops them, and says so in a warning header only; before v1.25 it always does.
        https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
        """
        return self._patch(path, body, type, {**self._write_query(True), "fieldValidation": "Strict"})

    def _patch(self, path: str, body: Json, type: str, query: Mapping[str, str | int]) -> JsonObject:  # noqa: A002
        if type not in _PATCH_TYPES:
            raise ValueError(f"type: {type!r} is no patch type of {', '.join(_PATCH_TYPES)}")
        if type == "json" and not isinstance(body, list):
            raise TypeError("a JSON patch is a list of operations (RFC 6902)")
        checked = body if type == "json" else _object(body)
        return self._call("PATCH", path, query=query, body=checked, content_type=_PATCH_TYPES[type])

    def delete(
        self,
        path: str,
        *,
        uid: str | None = None,
        grace_period_s: int | None = None,
        propagation: str | None = None,
        dry_run: bool = False,
    ) -> JsonObject:
        """DELETE an object, if `uid` is its UID (409 `Conflict` otherwise)."""
        options: JsonObject = {"apiVersion": "v1", "kind": "DeleteOptions"}
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        if grace_period_s is not None:
            options["gracePeriodSeconds"] = grace_period_s
        if propagation is not None:
            options["propagationPolicy"] = propagation
        if dry_run:
            options["dryRun"] = ["All"]
        return self._call("DELETE", path, body=options)

    def _write_query(self, dry_run: bool) -> dict[str, str | int]:
        query: dict[str, str | int] = {"fieldManager": self._field_manager}
        return query | {"dryRun": "All"} if dry_run else query

    def exec(
        self, path: str, command: Sequence[str], *, container: str, deadline_s: float, max_bytes: int
    ) -> JsonObject:
        """Run a command in a container, over a connection of its own; `path` is that of the pod's exec subresource.

        Returns what became of it: `exit_code` (null: it is not known to have ended, `error` says why), `stdout` and
        `stderr` (each the first `max_bytes` bytes, as text) and `cut`, the streams that were longer. Raises `Refused`
        and `Unreachable` when nothing was run, `Unavailable` when that cannot be told. The API server keeps no
        Audit-ID for this request.
        """
        what, began = f"exec in {path}", self._clock.monotonic()
        order = channels.Order(path, container, command, deadline_s, max_bytes)
        status = 0
        try:
            found = channels.run(self._client, self._clock, order)
            status = 101 if isinstance(found, channels.Ran) else int(found.status)
            if not isinstance(found, channels.Ran):  # A fault of a test answers in the server's place.
                return _checked(what, status, found.headers, found.data)
        except channels.HandshakeRefused as error:
            status = error.status
            return _checked(what, status, error.headers, error.body)
        except channels.NotConnected as error:
            raise Unreachable(f"{what}: cannot connect to {self._where()}: {error}") from error
        except channels.Broken as error:
            raise Unavailable(f"{what}: {error}") from error
        except HTTPError as error:
            raise _no_answer(what, error, self._where(), deadline_s) from error
        finally:
            if self._observer is not None:
                self._observer("GET", status, self._clock.monotonic() - began)
        return {
            "exit_code": found.exit_code,
            "error": found.error,
            "stdout": found.stdout.decode("utf-8", "replace"),
            "stderr": found.stderr.decode("utf-8", "replace"),
            "cut": sorted(found.cut),
        }

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Json = None,
        content_type: str = "application/json",
        accept: str = "application/json",
        max_bytes: int = MAX_ANSWER_BYTES,
    ) -> JsonObject:
        """One request and its answer, within the deadline."""
        return self._exchange(method, path, query, body, content_type, max_bytes, accept)[0]

    def _exchange(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int] | None,
        body: Json,
        content_type: str,
        max_bytes: int,
        accept: str = "application/json",
    ) -> tuple[JsonObject, Mapping[str, str]]:
        """The same, with the answer's headers."""
        began = self._clock.monotonic()
        ends_at = began + self.deadline_s
        what, status = f"{method} {path}", 0
        url = self._client.configuration.host + path + (f"?{urlencode(query)}" if query else "")
        try:
            answer = self._client.call_api(
                method,
                url,
                self._headers(content_type if body is not None else None, accept),
                body,
                _request_timeout=self.deadline_s,
            ).response
            status = int(answer.status)
            data = self._read(answer, ends_at, what, max_bytes)
        except KubeError:
            raise
        except Exception as error:
            raise _no_answer(what, error, self._where(), self.deadline_s) from error
        finally:
            if self._observer is not None:
                self._observer(method, status, self._clock.monotonic() - began)
        return _checked(what, status, answer.headers, data), answer.headers

    def _where(self) -> str:
        """Host and port of the API server, for people."""
        host = str(self._client.configuration.host)
        return urlsplit(host).netloc or host

    def _headers(self, content_type: str | None, accept: str) -> dict[str, str]:
        headers = {"Accept": accept, **self._client.default_headers}
        if content_type is not None:
            headers["Content-Type"] = content_type
        if self._audit_id:
            headers["Audit-ID"] = self._audit_id
        self._client.update_params_for_auth(headers, None, ["BearerToken"], "", "", None)
        return headers

    def _read(self, answer: Any, ends_at: float, what: str, max_bytes: int) -> bytes:
        """The whole body, piece by piece, or `Unavailable` when the deadline passes first."""
        pieces: list[bytes] = []
        size, complete = 0, False
        try:
            for piece in _pieces(answer, lambda: ends_at - self._clock.monotonic()):
                size += len(piece)
                if size > max_bytes:
                    raise TooLarge(f"{what}: the answer is longer than {max_bytes} bytes", status=int(answer.status))
                pieces.append(piece)
                if self._clock.monotonic() > ends_at:
                    break
            if self._clock.monotonic() > ends_at:
                raise Unavailable(f"{what}: no complete answer within {self.deadline_s:g} s")
            complete = True
        finally:
            if not complete:
                answer.close()  # Our socket only: half an answer must not stay in the pool.
        answer.release_conn()
        return b"".join(pieces)


def _pieces(answer: Any, remaining_s: Callable[[], float]) -> Iterator[bytes]:
    """The body as it comes in. `read1` returns what is there; `stream` would wait for a full piece."""
    if not hasattr(answer, "read1"):
        yield from answer.stream(_CHUNK)
        return
    sock = getattr(getattr(answer, "connection", None), "sock", None)
    while True:
        if sock is not None:
            sock.settimeout(max(remaining_s(), 0.001))
        piece = answer.read1(_CHUNK)
        if not piece:
            return
        yield piece


def _checked(what: str, status: int, headers: Mapping[str, str], data: bytes) -> JsonObject:
    """The answer's object, or the error that its status stands for."""
    try:
        body = orjson.loads(data) if data else {}
    except orjson.JSONDecodeError:
        body = None
    if 200 <= status < 300:
        if isinstance(body, dict):
            return body
        raise Unavailable(f"{what}: answered {status} with something that is no JSON object", status=status)
    found: JsonObject = body if isinstance(body, dict) else {}
    said = found.get("message") or data[:200].decode("utf-8", "replace")
    message = f"{what}: {status} {found.get('reason') or ''}: {said}"
    if status == 408 or not 400 <= status < 500:
        raise Unavailable(message, status=status, body=found)
    if status in _ABOUT_AN_OBJECT and found.get("kind") != "Status":
        raise Unavailable(f"{what}: {status} without a Status object: no Kubernetes API server?", status=status)
    error = _REFUSALS.get(status, Refused)(message, status=status, body=found)
    if isinstance(error, TooManyRequests):
        error.retry_after_s = _retry_after_s(headers.get("Retry-After"))
    raise error


def _retry_after_s(value: str | None) -> float | None:
    """Retry-After in seconds, at most `LONGEST_WAIT_S`; Kubernetes never sends the date form (RFC 9110, 10.2.3)."""
    digits = (value or "").strip()
    return min(float(digits), LONGEST_WAIT_S) if digits.isascii() and digits.isdigit() else None


def _no_answer(what: str, error: Exception, where: str, deadline_s: float) -> KubeError:
    """No status came back: nothing sent if no connection came about, doubt in every other case."""
    from kubernetes.client.exceptions import ApiException  # The client is loaded already, but maybe not by us.

    root: BaseException = error.reason if isinstance(error, MaxRetryError) and error.reason else error
    if isinstance(root, ApiException) and isinstance(root.__context__, SSLError):
        root = root.__context__  # The official client wraps this one only.
    text = f"{what}: {_said_plainly(root, where, deadline_s)}"
    if isinstance(
        root, (NewConnectionError, ConnectTimeoutError, ProxyError)
    ):  # no proxy let us through: nobody heard us
        return Unreachable(text)
    if isinstance(root, (HTTPError, OSError, http.client.HTTPException, ApiException)):
        return Unavailable(text)
    raise error  # A programming error is not the network's.


def _said_plainly(error: BaseException, where: str, deadline_s: float) -> str:
    """What a network error means, in words; an unusual one keeps its own."""
    if isinstance(error, ProxyError):
        return f"cannot connect to {where} through its proxy: {_system_error(error.original_error)}"
    if isinstance(error, NameResolutionError):
        return f"cannot connect: the host name of {where} cannot be resolved"
    if isinstance(error, NewConnectionError):
        return f"cannot connect to {where}: {_system_error(error)}"
    if isinstance(error, ConnectTimeoutError):
        return f"cannot connect to {where}: nothing answers within {deadline_s:g} s"
    if isinstance(error, ReadTimeoutError):
        return f"{where} did not answer within {deadline_s:g} s"
    if isinstance(error, SSLError):
        return f"TLS with {where} failed: {error}"
    if isinstance(error, ProtocolError):
        return f"{where} broke the connection off ({error})"
    return f"{type(error).__name__}: {error}"


def _system_error(error: BaseException) -> str:
    """What the operating system said about a connection; else what the error says, without the name of its pool."""
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror.lower()
    return str(error).rpartition("Failed to establish a new connection: ")[2]


def _object(body: Json) -> JsonObject:
    if not isinstance(body, dict):
        raise TypeError(f"a JSON object is expected, not {type(body).__name__}")
    return body


def _switch_retries_off(api_client: ApiClient) -> None:
    """No request is sent twice. `configuration.retries` counts only while the client is built, so do both."""
    api_client.configuration.retries = False
    sender = api_client.rest_client.pool_manager
    if isinstance(sender, urllib3.PoolManager) and sender.connection_pool_kw.get("retries") is not False:
        sender.connection_pool_kw["retries"] = False
        sender.clear()
