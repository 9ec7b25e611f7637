"""The columns of a custom resource's Table, and what stands in them.

From k8s.io/apiextensions-apiserver/pkg/registry/customresource/tableconvertor. A definition without columns has one
for the age (apiserver/helpers, defaults of v1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from backends.fake.custom import jsonpath
from backends.fake.patching import go_format, shown_json
from backends.fake.printing.columns import columns_of
from backends.fake.printing.wording import age

Column = Mapping[str, Any]
Definitions = list[dict[str, Any]]

AGE: Column = {
    "name": "Age",
    "type": "date",
    "description": "CreationTimestamp is a timestamp representing the server time when this object was created. It is "
    "not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It "
    "is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
    "jsonPath": ".metadata.creationTimestamp",
}


class Columns:
    """The columns of one version."""

    def __init__(self, given: Sequence[Column]) -> None:
        self._given = list(given) or [AGE]
        if any(_unreadable(one["jsonPath"]) for one in self._given):
            self._given = []  # The real server then shows the name alone, too.

    def definitions(self) -> Definitions:
        """The columnDefinitions: the name's first."""
        return [columns_of("default")[0], *(_definition(one) for one in self._given)]

    def cells(self, obj: Mapping[str, Any], now: datetime) -> list[Any]:
        """What stands in an object's row."""
        return [obj["metadata"].get("name", ""), *(_cell(one, obj, now) for one in self._given)]


def _unreadable(path: str) -> bool:
    try:
        jsonpath.parse(path)
    except jsonpath.PathError:
        return True
    return False


def _definition(column: Column) -> dict[str, Any]:
    path = column["jsonPath"]
    return {
        "name": column["name"],
        "type": column["type"],
        "format": column.get("format") or "",
        "description": column.get("description") or f"Custom resource definition column (in JSONPath format): {path}",
        "priority": column.get("priority") or 0,
    }


def _cell(column: Column, obj: Mapping[str, Any], now: datetime) -> Any:
    found = jsonpath.find(column["jsonPath"], obj)
    if not found:
        return None
    value, kind = found[0], column["type"]
    if kind == "string":
        return _text(value)
    if value is None:
        return None
    if kind == "date":
        return _age(value, now) if isinstance(value, str) else None
    if isinstance(value, bool):
        return value if kind == "boolean" else None
    if kind in ("integer", "number") and isinstance(value, int | float):
        return int(value) if kind == "integer" else value
    return None


def _age(value: str, now: datetime) -> str:
    try:
        return age(value, now)
    except (TypeError, ValueError):
        return "<invalid>"


def _text(value: Any) -> str:
    """As JSONPath prints it: texts bare, maps and lists as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        return shown_json(value)
    return go_format(value)
