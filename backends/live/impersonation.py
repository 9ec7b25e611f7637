"""Acting as somebody else: what a kubeconfig's `as` keys say, and the users of a test.

The official client does not read `as`, `as-uid`, `as-groups` and `as-user-extra`. A group is a header of its own each,
so a dictionary of headers cannot say it: `ImpersonatingPool` stands in front of the client's connections and adds them.
Rules: kubernetes.io/docs/reference/access-authn-authz/authentication (user impersonation). Whether one may is the
server's to say.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self, cast
from urllib.parse import quote

from urllib3 import HTTPHeaderDict, HTTPResponse

from backends.base import BackendError
from backends.faults import Transport, Wire

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

_HEADER_MARKS = "!#$&'*+-.^_`|~"
"""What may stand in a header's name beside letters and digits (RFC 9110, 5.6.2), but for the percent sign."""


@dataclass(frozen=True, slots=True)
class Impersonation:
    """Whom requests act as."""

    user: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, user: Mapping[str, Any]) -> Self | None:
        """What a kubeconfig's user says, or None. Raises `BackendError` for a uid, groups or extra without a user."""
        uid, groups, extra = user.get("as-uid") or "", user.get("as-groups") or (), user.get("as-user-extra") or {}
        if not user.get("as"):
            if uid or groups or extra:
                raise BackendError("kubeconfig: as-uid, as-groups and as-user-extra need `as`, the user to impersonate")
            return None
        return cls(
            str(user["as"]), str(uid), tuple(groups), {key: tuple(values or ()) for key, values in extra.items()}
        )

    def headers(self) -> list[tuple[str, str]]:
        """The headers of a request, some of them several times."""
        pairs = [("Impersonate-User", self.user)]
        pairs += [("Impersonate-Uid", self.uid)] if self.uid else []
        pairs += [("Impersonate-Group", group) for group in self.groups]
        for key, values in self.extra.items():
            name = "Impersonate-Extra-" + quote(key, safe=_HEADER_MARKS)
            pairs += [(name, value) for value in values]
        return pairs


class ImpersonatingPool:
    """A client's connections, with whom it acts as on every request that does not say it itself."""

    def __init__(self, inner: Transport, impersonation: Impersonation) -> None:
        self._inner = inner
        self._headers = impersonation.headers()

    def request(self, method: str, url: str, **options: Any) -> Wire:
        """Send it on, with the headers."""
        headers = HTTPHeaderDict(options.pop("headers", None) or {})
        if "Impersonate-User" not in headers:
            for name, value in self._headers:
                headers.add(name, value)
        return self._inner.request(method, url, headers=headers, **options)

    def dial(self, configuration: Any, target: str, connect: object) -> HTTPResponse:
        """Refused: the official client's WebSocket sends no such headers, and would act as whoever impersonates."""
        del configuration, connect
        message = f"not sent: {target.partition('?')[0]} as {self._headers[0][1]}: a WebSocket cannot impersonate"
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message}
        body = json.dumps({**status, "reason": "Forbidden", "code": 403}).encode()
        return HTTPResponse(io.BytesIO(body), status=403, preload_content=False)

    def clear(self) -> None:
        """Drop idle connections."""
        self._inner.clear()


def install(client: ApiClient, impersonation: Impersonation) -> None:
    """Let everything that the client sends act as somebody else."""
    inner = cast(Transport, client.rest_client.pool_manager)
    client.rest_client.pool_manager = ImpersonatingPool(inner, impersonation)
