"""What an admission plugin sees of a write, and how it refuses.

Made by the registry (and by the handlers of subresources) for each write that somebody asked for; what the server
writes for itself is not admitted. Mirrors `admission.Attributes` of k8s.io/apiserver/pkg/admission.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from backends.fake import statuses
from backends.fake.catalogue import Resource
from backends.fake.messages import Identity

Obj = dict[str, Any]

CREATE: Final = "CREATE"
UPDATE: Final = "UPDATE"
DELETE: Final = "DELETE"
CONNECT: Final = "CONNECT"


class Asking(Protocol):
    """Who asked for a write, and how he is told what is not in the answer. A server's `Call` is one."""

    @property
    def identity(self) -> Identity | None:
        """The user."""

    @property
    def options(self) -> dict[str, Any]:
        """The CreateOptions, UpdateOptions, PatchOptions or DeleteOptions of the request, as an object."""

    def warn(self, text: str) -> None:
        """Send a Warning header along."""

    def annotate(self, key: str, value: str) -> None:
        """Write down in the audit event of the request; the first value of a key counts."""

    def used(self, answer: str) -> None:
        """Note which answer of a webhook the request has read."""


class View(Protocol):
    """A subresource with a kind of its own."""

    @property
    def subresource(self) -> str:
        """Its name."""

    @property
    def of(self) -> Callable[[Obj], Obj]:
        """What it shows of an object."""


class Attributes:
    """One write. `new` is None when something is deleted, `old` when something is created."""

    __slots__ = (
        "asking", "changed_by_webhook", "doomed", "dry_run", "is_reinvocation", "named", "namespace", "new", "old",
        "operation", "resource", "subresource", "webhooks",
    )  # fmt: skip

    def __init__(
        self,
        operation: str,
        resource: Resource,
        namespace: str,
        new: Obj | None,
        old: Obj | None,
        asking: Asking,
        *,
        subresource: str = "",
        dry_run: bool = False,
    ) -> None:
        self.operation = operation
        self.resource = resource
        self.namespace = namespace
        self.new = new
        self.old = old
        self.asking = asking
        self.subresource = subresource
        self.dry_run = dry_run
        self.named = ""
        """The name of the path, for what is no object with a name (CONNECT)."""
        self.doomed = False
        """Whether it is known that storing will fail, so that nothing may be charged for it."""
        self.is_reinvocation = False
        """Whether the plugins see it for the second time, because a webhook has changed it."""
        self.changed_by_webhook = False
        self.webhooks: dict[tuple[str, str], bytes] = {}
        """The object as each webhook left it."""

    def seen(self, view: View | None) -> Attributes:
        """The same write as the subresource shows it."""
        if view is not None:
            self.subresource = view.subresource
            self.new = view.of(self.obj)
            self.old = view.of(self.old or {})
        return self

    @property
    def obj(self) -> Obj:
        """The new object. Only for creates and updates."""
        assert self.new is not None, "a deletion has no new object"
        return self.new

    @property
    def name(self) -> str:
        """The object's name; empty before a generated one has been drawn."""
        if self.named:
            return self.named
        metadata = (self.new or self.old or {}).get("metadata") or {}
        name: str = metadata.get("name") or ""
        return name

    def forbidden(self, why: str) -> statuses.ApiError:
        """admission.NewForbidden: 403, naming the object as far as it has a name."""
        metadata = (self.new or self.old or {}).get("metadata") or {}
        name = self.name or metadata.get("generateName") or "Unknown"
        return statuses.forbidden(self.resource.plural, name, self.resource.group, why)
