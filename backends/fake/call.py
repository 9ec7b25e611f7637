"""One request on its way through the chain: what has been found out about it so far.

Made by the server, filled step by step, read by the handlers (`reading`, `writing`, `deleting`, `subresources`) and
finally by the audit. It decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import unquote_plus

from backends.fake.catalogue import Resource
from backends.fake.messages import Identity, Request
from backends.fake.negotiation import Form
from backends.fake.registry import Guard
from backends.fake.routes import Route

_OPTIONS = {"POST": "CreateOptions", "PUT": "UpdateOptions", "PATCH": "PatchOptions"}
NO_QUERY: Mapping[str, str] = {}
NOWHERE = Route(None)
NO_RESOURCE = Resource("", "", "", "", "", namespaced=False, verbs=frozenset())


class Call:
    """One request, understood.

    The defaults are the class's: most requests leave most of them alone, and every one of them is made for each.
    """

    identity: Identity | None = None
    route: Route = NOWHERE
    served: Resource = NO_RESOURCE
    """The resource; only handlers of resources look."""
    verb: str = ""
    name: str = ""
    """Of the object; a create knows it at its end."""
    uid: str = ""
    """Of the object that was answered with."""
    dry_run: bool = False
    encoding: str = "json"
    form: Form | None = None
    """As what the client wants to see objects; None: as they are."""
    warnings: tuple[str, ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()
    """What admission wrote down for the audit."""
    answers: tuple[str, ...] = ()
    """Which answers of webhooks it has read."""
    delete_options: Mapping[str, object] | None = None
    """The DeleteOptions of the request, where it is a deletion."""
    guard: Guard | None = None
    """What looks at a write before it is validated, for the kinds that need it."""
    check_create: Callable[[], object] | None = None
    """Raises `ApiError` 403 unless the user may create what an update or apply finds missing."""

    def __init__(self, request: Request, path: str, query: Mapping[str, str]) -> None:
        self.request = request
        self.path = path
        self.query = query
        self.headers = request.headers

    def warn(self, text: str) -> None:
        """Send a Warning header along; each text once."""
        if text not in self.warnings:
            self.warnings = (*self.warnings, text)

    def annotate(self, key: str, value: str) -> None:
        """Write something down in the audit event of the request; the first value of a key counts."""
        if all(key != one for one, _ in self.annotations):
            self.annotations = (*self.annotations, (key, value))

    def used(self, answer: str) -> None:
        """Note which answer of a webhook the request has read; all are forgotten when it is done."""
        self.answers = (*self.answers, answer)

    @property
    def options(self) -> dict[str, object]:
        """The options of a write, as the object that admission shows of them."""
        kind = _OPTIONS.get(self.request.method, "DeleteOptions")
        found: dict[str, object] = {"kind": kind, "apiVersion": "meta.k8s.io/v1"}
        if kind == "DeleteOptions":
            return found | dict(self.delete_options or {})
        for name in ("fieldManager", "fieldValidation"):
            if self.query.get(name):
                found[name] = self.query[name]
        if self.dry_run:
            found["dryRun"] = ["All"]
        if kind == "PatchOptions" and "force" in self.query:
            found["force"] = self.flag("force")
        return found

    @property
    def user(self) -> str:
        """The name of who asks."""
        return self.identity.name if self.identity is not None else ""

    def every(self, name: str) -> list[str]:
        """All values of a query parameter that may come more than once."""
        if name not in self.query:
            return []
        raw = self.request.target.partition("?")[2]
        return [
            unquote_plus(value) for key, _, value in (pair.partition("=") for pair in raw.split("&")) if key == name
        ]

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
