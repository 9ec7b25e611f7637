"""The columns of each kind's Table, from `data/columns.json`; read when the first Table is asked for.

In the file a column is [name, type, format, priority, number of its description], since most descriptions come often.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

FILE = Path(__file__).parent.parent / "data" / "columns.json"

Columns = list[dict[str, Any]]


def columns_of(resource: str) -> Columns:
    """The columnDefinitions of a resource (`group/plural`, `/pods`), or of "scale"; the default ones without any."""
    known = _tables()
    return known.get(resource) or known["default"]


@functools.cache
def _tables() -> dict[str, Columns]:
    loaded = orjson.loads(FILE.read_bytes())
    texts = loaded["descriptions"]
    return {resource: [_column(column, texts) for column in table] for resource, table in loaded["tables"].items()}


def _column(column: Sequence[Any], texts: Sequence[str]) -> dict[str, Any]:
    name, kind, form, priority, number = column
    return {"name": name, "type": kind, "format": form, "description": texts[number], "priority": priority}
