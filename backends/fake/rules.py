"""What the registry asks of the schema and the validation: defaults first, then what is wrong.

The one place where the registry's view of a kind (a `Resource`) meets theirs (group, version, kind).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import orjson

from backends.fake import validation
from backends.fake.catalogue import Resource
from backends.fake.schema import Schema
from backends.fake.strategies.extensions import CRDS
from backends.fake.validation import Cause, warnings

Obj = dict[str, Any]


class KindRules:
    """The rules of the built-in kinds; custom ones bring theirs."""

    def default(self, resource: Resource, obj: Obj) -> None:
        """Fill in what is missing."""
        if resource.custom is not None:
            resource.custom.default(obj)
            return
        validation.prepare_defaults(resource.gvk, obj)

    def empty_status(self, resource: Resource) -> Any:
        """The status of an object that nobody has reported on yet; None where the kind then writes none."""
        text = _empty_status(resource.gvk) if resource.custom is None else None
        return None if text is None else orjson.loads(text)

    def check_create(self, resource: Resource, obj: Obj) -> list[Cause]:
        """What is wrong with a new object."""
        if resource.custom is not None:
            return resource.custom.check_create(obj)
        return validation.validate_create(resource.gvk, obj)

    def check_update(self, resource: Resource, new: Obj, old: Obj, subresource: str) -> list[Cause]:
        """What is wrong with a change."""
        if resource.custom is not None:
            return resource.custom.check_update(new, old, subresource)
        return validation.validate_update(resource.gvk, new, old, subresource)

    def warnings(self, resource: Resource, new: Obj, old: Obj | None, subresource: str = "") -> Iterable[str]:
        """What is right and yet worth a warning."""
        if resource.custom is not None:
            return resource.custom.warned_of(new, old)
        if resource.storage == CRDS:
            from backends.fake.custom import rules as definitions  # only needed by whoever defines resources

            return definitions.warnings(new, old)
        if subresource:
            return ()
        return warnings.of_new(resource.gvk, new) if old is None else warnings.of_change(resource.gvk, new, old)


@functools.cache
def _empty_status(gvk: tuple[str, str, str]) -> bytes | None:
    kind = Schema.load().kind(*gvk)
    status = kind.decode({}).object.get("status") if kind is not None else None
    return None if status is None else orjson.dumps(status)
