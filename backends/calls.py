"""One request to a Kubernetes API, read from what is on the wire: its verb, its resource, whose it is.

Used by `faults` and `proxy`, whose rules and records speak of verbs and resources. It reads what any client sends, and
knows no cluster: a subresource is part of the resource, and what is no resource has none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from urllib3 import Timeout


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read for matching. `verb` is Kubernetes' (get, list, watch, create, update, patch, ...)."""

    identity: str
    method: str
    target: str
    """Path and query as on the wire."""
    verb: str
    group: str
    resource: str
    """Plural, with its subresource: `pods`, `pods/eviction`; "" for what is no resource (`/version`)."""
    namespace: str
    name: str
    timeout_s: float | None = None
    """How long the caller will wait for the answer; None: for ever."""

    def __str__(self) -> str:
        place = f"{self.namespace}/{self.name}".strip("/")
        return f"{self.verb} {self.resource or self.target} {place}".strip()


def read_call(method: str, url: str, *, identity: str = "", body: object = None, timeout: object = None) -> Call:
    """Read one request as Kubernetes does: path, query, and the name in the body of a create."""
    split = urlsplit(url)
    group, resource, namespace, name = _read_path(split.path)
    verb = _verb(method.upper(), split.query, named=bool(name))
    if verb == "create" and not name:
        name = _name_in(body)
    target = split.path + (f"?{split.query}" if split.query else "")
    return Call(identity, method.upper(), target, verb, group, resource, namespace, name, _seconds(timeout))


def _read_path(path: str) -> tuple[str, str, str, str]:
    """Group, resource with subresource, namespace and name of a path; four "" for what is no resource.

    What comes before `api` and `apis` belongs to the server's address: gateways have a path for each cluster.
    """
    parts = [unquote(part) for part in path.strip("/").split("/")]
    while parts and parts[0] not in ("api", "apis"):
        parts = parts[1:]
    if parts[:1] == ["api"] and len(parts) > 2:
        group, rest = "", parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        group, rest = parts[1], parts[3:]
    else:
        return "", "", "", ""
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    resource = "/".join([rest[0], *rest[2:]])
    return group, resource, namespace, rest[1] if len(rest) > 1 else ""


def _verb(method: str, query: str, *, named: bool) -> str:
    """The request verb, as the API server's authorizer names it."""
    if method in ("GET", "HEAD"):
        if parse_qs(query).get("watch", ["0"])[-1] in ("1", "true"):
            return "watch"
        return "get" if named else "list"
    if method == "DELETE":
        return "delete" if named else "deletecollection"
    return {"POST": "create", "PUT": "update", "PATCH": "patch"}.get(method, method.lower())


def _name_in(body: object) -> str:
    """`metadata.name` of a JSON body, "" when there is none."""
    try:
        found = json.loads(body) if isinstance(body, (str, bytes)) else {}
        return str(found["metadata"]["name"])
    except (ValueError, TypeError, KeyError):
        return ""


def _seconds(timeout: object) -> float | None:
    """How long the caller waits for an answer, from urllib3's ways to say it."""
    if isinstance(timeout, Timeout):
        timeout = timeout.read_timeout if timeout.total is None else timeout.total
    return float(timeout) if isinstance(timeout, (int, float)) else None
