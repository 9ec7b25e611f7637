"""What a request wants to do, as far as its method, path and query say it: before anything is routed or decoded.

The rules of k8s.io/apiserver/pkg/endpoints/request/requestinfo.go. It does not know which resources exist, so that a
request for one that does not is still forbidden (403) to whoever may not ask for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote

from backends.fake.messages import Identity
from backends.fake.selectors import SelectorError, exact_field

_VERBS = {"POST": "create", "GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_PART_OF_NAMESPACE = frozenset({"status", "finalize"})
_IN_PATH = frozenset({"watch", "proxy"})


class Attributes(NamedTuple):
    """One thing that somebody wants to do: to a resource, or (with a `path`) to something that is none."""

    user: Identity
    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    """Empty for resources."""

    @property
    def combined(self) -> str:
        """`pods`, `pods/eviction`: how rules name it."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def requested(user: Identity, method: str, path: str, query: Mapping[str, str]) -> Attributes:
    """What a request wants; `path` as it came (escaped), `query` its parameters."""
    plain = unquote(path) if "%" in path else path
    parts = plain.strip("/").split("/")
    prefix = parts[0]
    if prefix == "api" and len(parts) >= 3:
        return _of_resource(user, method, "", parts[2:], query)
    if prefix == "apis" and len(parts) >= 4:
        return _of_resource(user, method, parts[1], parts[3:], query)
    return Attributes(user, method.lower(), path=plain)


def _of_resource(user: Identity, method: str, group: str, parts: list[str], query: Mapping[str, str]) -> Attributes:
    verb = _VERBS.get(method, "")
    if parts[0] in _IN_PATH and len(parts) > 1:
        verb, parts = parts[0], parts[1:]
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 1:
        namespace = parts[1]
        if len(parts) > 2 and parts[2] not in _PART_OF_NAMESPACE:
            parts = parts[2:]
    resource, name, subresource = (*parts, "", "")[:3]
    if verb == "proxy":
        subresource = ""
    if not name and verb == "get":
        verb = "watch" if _wants_watch(query) else "list"
        name = _named_by_selector(query)
    elif not name and verb == "delete":
        verb = "deletecollection"
    return Attributes(user, verb, group, resource, subresource, namespace, name)


def _wants_watch(query: Mapping[str, str]) -> bool:
    value = query.get("watch") if query else None
    return value is not None and value.lower() not in ("0", "false")


def _named_by_selector(query: Mapping[str, str]) -> str:
    """A list of exactly one name is asked for under that name: so `resourceNames` can allow it."""
    selector = query.get("fieldSelector") if query else None
    if not selector:
        return ""
    try:
        name = exact_field(selector, "metadata.name") or ""
    except SelectorError:
        return ""
    return "" if "/" in name or "%" in name or name in (".", "..") else name
