"""One request on its way through the chain: what has been found out about it so far.

Made by the server, filled step by step, read by the handlers (`reading`, `writing`, `deleting`, `subresources`) and
finally by the audit. It decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from backends.fake.messages import Identity, Request
from backends.fake.routes import Route

if TYPE_CHECKING:
    from backends.fake.catalogue import Resource

NO_QUERY: Mapping[str, str] = {}


class Call:
    """One request, understood."""

    __slots__ = (
        "dry_run", "encoding", "headers", "identity", "path", "query", "request", "resource", "route", "uid", "verb",
        "warnings", "name",
    )  # fmt: skip

    def __init__(self, request: Request, path: str, query: Mapping[str, str]) -> None:
        self.request = request
        self.path = path
        self.query = query
        self.headers = request.headers
        self.identity: Identity | None = request.identity
        self.route: Route | None = None
        self.resource: Resource | None = None
        self.verb = ""
        self.name = ""
        """Of the object; a create knows it at its end."""
        self.uid = ""
        """Of the object that was answered with."""
        self.dry_run = False
        self.encoding = "json"
        self.warnings: list[str] = []

    def flag(self, name: str) -> bool:
        """A boolean query parameter, as Go's conversion reads it: present and not `0` or `false`."""
        value = self.query.get(name)
        return value is not None and value.lower() not in ("0", "false")


def parse_query(raw: str) -> Mapping[str, str]:
    """The query's parameters; of one that comes twice the first counts, as with Go's url.Values.Get."""
    query: dict[str, str] = {}
    for pair in raw.split("&"):
        if not pair:
            continue
        name, _, value = pair.partition("=")
        if "%" in pair or "+" in pair:
            name, value = unquote_plus(name), unquote_plus(value)
        query.setdefault(name, value)
    return query
