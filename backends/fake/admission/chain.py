"""The plugins in the order of a real server, and which of them looks at what.

Which plugins want to see a kind of write is found out once; a write then costs those alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from backends.fake.admission.attributes import Attributes
from backends.fake.catalogue import Resource

Step = Callable[[Attributes], None]


class Plugin(Protocol):
    """One admission plugin. It says which kinds of writes it looks at, whatever is in them."""

    def mutates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """What changes such a write or refuses it, before it is validated; None: nothing."""

    def validates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """What refuses such a write, after everybody has changed it; None: nothing."""


class Chain:
    """All plugins of one cluster."""

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        self._plugins = plugins
        self._mutating: dict[tuple[Resource, str, str], list[Step]] = {}
        self._validating: dict[tuple[Resource, str, str], list[Step]] = {}

    def mutate(self, write: Attributes) -> None:
        """Let every plugin change the write. Raises `ApiError`."""
        key = (write.resource, write.subresource, write.operation)
        steps = self._mutating.get(key)
        if steps is None:
            found = (plugin.mutates(*key) for plugin in self._plugins)
            steps = self._mutating[key] = [step for step in found if step is not None]
        for step in steps:
            step(write)
        if write.changed_by_webhook and not write.is_reinvocation:
            # Once more, so that what a webhook has added is completed too (admission/reinvocation.go).
            write.is_reinvocation = True
            for step in steps:
                step(write)

    def validate(self, write: Attributes) -> None:
        """Let every plugin look at what is to be stored. Raises `ApiError`."""
        key = (write.resource, write.subresource, write.operation)
        steps = self._validating.get(key)
        if steps is None:
            found = (plugin.validates(*key) for plugin in self._plugins)
            steps = self._validating[key] = [step for step in found if step is not None]
        for step in steps:
            step(write)


class Base:
    """A plugin that looks at nothing; plugins change what is different."""

    def mutates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """Nothing."""
        del resource, subresource, operation
        return None

    def validates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """Nothing."""
        del resource, subresource, operation
        return None
