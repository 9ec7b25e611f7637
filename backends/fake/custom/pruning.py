"""What a schema does not know goes, and so do nulls where it allows none.

Called when a body is decoded and when an object is read from the store in another form than it was written in. From
k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning and .../defaulting (prune.go).
"""

from __future__ import annotations

from typing import Any

from backends.fake.custom.structural import ABSENT, META, Structural


def prune(obj: dict[str, Any], schema: Structural) -> list[str]:
    """Remove unknown members from a whole object; returns their paths (`spec.parts[0].color`), sorted.

    Kind, apiVersion and metadata stay, whatever the schema says of them.
    """
    gone: list[str] = []
    _Pruning(gone).resource(obj, schema, "")
    return sorted(gone)


def prune_value(value: Any, schema: Structural) -> list[str]:
    """`prune` for a value below the root: a default."""
    gone: list[str] = []
    _Pruning(gone).value(value, schema, "")
    return sorted(gone)


class _Pruning:
    """One walk; `gone` collects the paths of what is removed."""

    def __init__(self, gone: list[str]) -> None:
        self._gone = gone

    def resource(self, obj: dict[str, Any], schema: Structural, path: str) -> None:
        kept = {name: obj.pop(name) for name in META if name in obj}
        self.value(obj, schema, path)
        rest = dict(obj)
        obj.clear()
        obj.update(kept | rest)

    def value(self, value: Any, schema: Structural | None, path: str) -> None:
        if isinstance(value, dict):
            if schema is not None and schema.embedded and path:
                kept = {name: value.pop(name) for name in META if name in value}
                self._members(value, schema, path)
                value.update(kept)
            else:
                self._members(value, schema, path)
        elif isinstance(value, list):
            items = schema.items if schema is not None else None
            if schema is not None and schema.preserve and items is None:
                return
            for number, item in enumerate(value):
                self.value(item, items, f"{path}[{number}]")

    def _members(self, value: dict[str, Any], schema: Structural | None, path: str) -> None:
        for name in list(value):
            where = f"{path}.{name}" if path else name
            known = schema is not None and (name in schema.properties or schema.open)
            if known:
                assert schema is not None
                self.value(value[name], schema.child(name), where)
            elif schema is None or not schema.preserve:
                del value[name]
                self._gone.append(where)


def drop_nulls(value: Any, schema: Structural | None) -> None:
    """Remove nulls where the schema does not allow any and has no default that could take their place."""
    if schema is None:
        return
    if isinstance(value, dict):
        for name in list(value):
            child = schema.child(name)
            if value[name] is None and child is not None and not child.nullable and child.default is ABSENT:
                del value[name]
            else:
                drop_nulls(value[name], child)
    elif isinstance(value, list):
        for item in value:
            drop_nulls(item, schema.items)
