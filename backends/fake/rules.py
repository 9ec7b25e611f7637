"""What the registry asks of the schema and the validation, put together: defaults first, then what is wrong.

The one place where the registry's view of a kind (a `Resource`) meets theirs (group, version, kind).
"""

from __future__ import annotations

from typing import Any

from backends.fake import metadata as meta
from backends.fake.catalogue import Resource
from backends.fake.metadata import Cause


class KindRules:
    """The rules of the built-in kinds."""

    def default(self, resource: Resource, obj: dict[str, Any]) -> None:
        """Fill in what is missing."""

    def check_create(self, resource: Resource, obj: dict[str, Any]) -> list[Cause]:
        """What is wrong with a new object."""
        del resource
        if not obj["metadata"].get("name"):
            return [Cause("metadata.name", "FieldValueRequired", "Required value: name or generateName is required")]
        return []

    def check_update(
        self, resource: Resource, new: dict[str, Any], old: dict[str, Any], subresource: str
    ) -> list[Cause]:
        """What is wrong with a change. Every kind checks metadata twice, as the real ones do (update.go, strategy)."""
        del resource, subresource
        return meta.validate_update(new["metadata"], old["metadata"]) * 2
