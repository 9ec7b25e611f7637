"""How functions are declared to the library, and how values that CEL has no type for travel through it.

Used by the modules with functions. The library picks an implementation by the kinds of its arguments alone (a list is a
list, whatever is in it), so a function has one overload for each combination of kinds.

A quantity, an address or a URL is a map with one entry, `{"kubernetes.Quantity": "1k"}`, whose text is canonical: equal
values are equal maps. An expression can look into it, which a real server would not let it do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Opaque = dict[str, str]
NO_OVERLOAD = "no such overload"


class Function(NamedTuple):
    """One overload: types as CEL writes them ("string", "list(dyn)"), the receiver first where it is a member."""

    name: str
    parameters: tuple[str, ...]
    result: str
    call: Callable[..., Any]
    member: bool = True


OPAQUE = "map(string, string)"
KINDS = ("int", "double", "bool", "string", "map(dyn, dyn)", "list(dyn)", "timestamp", "duration")
"""What may be in a list."""


def content(value: object, kind: str) -> str:
    """The text in an opaque value of this kind. Raises ValueError for any other value."""
    if isinstance(value, dict) and len(value) == 1 and isinstance(value.get(kind), str):
        text: str = value[kind]
        return text
    raise ValueError(NO_OVERLOAD)


def kind_of(value: object) -> str:
    """The kind of an opaque value; "" for any other."""
    return next(iter(value)) if isinstance(value, dict) and len(value) == 1 else ""
