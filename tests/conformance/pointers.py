"""JSON pointers (RFC 6901) as the cases use them: look up, put, drop, pick.

Used by the player (bodies of steps, conditions) and the normaliser (`omit`, `pick`, `sort`). One extension: `*` in
`drop` means every member. A pointer that leads nowhere is an answer (`MISSING`), not an error.
"""

from __future__ import annotations

import enum
import itertools
from typing import Any, Final


class Missing(enum.Enum):
    """The type of `MISSING`; an enum so that `is` narrows it."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "(absent)"


MISSING: Final = Missing.MISSING
"""What a pointer that leads nowhere finds; None is a value that JSON has."""


def split(pointer: str) -> list[str]:
    """The members that `pointer` names, unescaped; none for the empty pointer."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def escape(member: str) -> str:
    """`member` as one part of a pointer."""
    return member.replace("~", "~0").replace("/", "~1")


def get(document: Any, pointer: str) -> Any:
    """What `pointer` finds in `document`, `MISSING` when it leads nowhere."""
    for part in split(pointer):
        if isinstance(document, dict) and part in document:
            document = document[part]
        elif isinstance(document, list) and part.isdigit() and int(part) < len(document):
            document = document[int(part)]
        else:
            return MISSING
    return document


def put(document: Any, pointer: str, value: Any) -> None:
    """Set `value` at `pointer`, making the maps and lists on the way; `-` appends to a list."""
    parts = split(pointer)
    for part, following in itertools.pairwise(parts):
        if isinstance(document, list):
            document = document[int(part)]
        else:
            document = document.setdefault(part, [] if following == "-" else {})
    last = parts[-1]
    if not isinstance(document, list):
        document[last] = value
    elif last == "-":
        document.append(value)
    else:
        document[int(last)] = value


def drop(document: Any, pointer: str) -> None:
    """Remove what `pointer` finds, if anything; `*` stands for every member."""
    _drop(document, split(pointer))


def _drop(document: Any, parts: list[str]) -> None:
    if not parts or not isinstance(document, dict | list):
        return
    head, rest = parts[0], parts[1:]
    if head == "*":
        for value in list(document.values() if isinstance(document, dict) else document):
            _drop(value, rest)
        return
    found = get(document, "/" + escape(head))
    if found is MISSING:
        return
    if rest:
        _drop(found, rest)
    elif isinstance(document, dict):
        del document[head]
    else:
        del document[int(head)]


def pick(document: Any, pointers: list[str]) -> dict[str, Any]:
    """What each of `pointers` finds, by pointer; `<absent>` where there is nothing."""
    found = {pointer: get(document, pointer) for pointer in pointers}
    return {pointer: "<absent>" if value is MISSING else value for pointer, value in found.items()}
