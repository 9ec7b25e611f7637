"""Defaults of a schema, filled into an object.

Called when a body has been decoded and when an object is read from the store. From
k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting (algorithm.go). A null counts as missing unless the
schema allows it; what is filled in is looked into as well.
"""

from __future__ import annotations

import copy
from typing import Any

from backends.fake.custom.structural import ABSENT, Structural


def fill(value: Any, schema: Structural | None) -> None:
    """Fill in what is missing. Doing it twice changes nothing more."""
    if schema is None:
        return
    if isinstance(value, dict):
        for name, child in schema.properties.items():
            if child.default is not ABSENT and (name not in value or _is_unwanted_null(value[name], child)):
                value[name] = copy.deepcopy(child.default)
        for name in value:
            child_schema = schema.child(name)
            value[name] = _replaced(value[name], child_schema)
            fill(value[name], child_schema)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            value[number] = _replaced(item, schema.items)
            fill(value[number], schema.items)


def has_defaults(schema: Structural | None) -> bool:
    """Whether there is anything to fill in."""
    if schema is None:
        return False
    below = (*schema.properties.values(), schema.items, schema.additional)
    return schema.default is not ABSENT or any(has_defaults(one) for one in below)


def _replaced(value: Any, schema: Structural | None) -> Any:
    if schema is None or schema.default is ABSENT or not _is_unwanted_null(value, schema):
        return value
    return copy.deepcopy(schema.default)


def _is_unwanted_null(value: Any, schema: Structural) -> bool:
    return value is None and not schema.nullable
