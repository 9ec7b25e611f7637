"""What can be reached from an object and can change: for tests that two clusters share none of it."""

from __future__ import annotations

import dataclasses
import enum
import re
import types
from collections import deque
from collections.abc import Iterator
from datetime import date, time, timedelta, tzinfo
from functools import partial
from typing import Any

from backends.fake.catalogue import Catalogue
from backends.fake.forking import Immutable

_LEAVES = (
    str, bytes, int, float, complex, type(None), range, date, time, timedelta, tzinfo, re.Pattern, enum.Enum, type,
    types.ModuleType, types.BuiltinFunctionType, Immutable,
)  # fmt: skip


def changeable(root: object) -> dict[int, object]:
    """By id, every object below `root` that can change; what the recorded catalogue holds does not count."""
    known = _below(Catalogue.load(), {})
    return {at: one for at, one in _below(root, known).items() if at not in known}


def _below(root: object, known: dict[int, object]) -> dict[int, object]:
    found: dict[int, object] = {}
    waiting = [root]
    seen: dict[int, object] = {}
    while waiting:
        value = waiting.pop()
        if isinstance(value, _LEAVES) or id(value) in seen or id(value) in known:
            continue
        seen[id(value)] = value
        if not isinstance(value, (tuple, frozenset, types.FunctionType, types.MethodType, partial)):
            found[id(value)] = value
        waiting.extend(_parts(value))
    return found


def _parts(value: Any) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value.keys()
        yield from value.values()
    elif isinstance(value, (list, tuple, set, frozenset, deque)):
        yield from value
    elif isinstance(value, types.MethodType):
        yield value.__self__
    elif isinstance(value, partial):
        yield from (value.func, value.args, value.keywords)
    elif isinstance(value, types.FunctionType):
        yield from (cell.cell_contents for cell in value.__closure__ or ())
    else:
        yield from vars(value).values() if hasattr(value, "__dict__") else ()
        slots = (name for kind in type(value).__mro__ for name in kind.__dict__.get("__slots__", ()))
        yield from (getattr(value, name) for name in slots if hasattr(value, name))


def is_frozen(value: object) -> bool:
    """Whether it is a frozen dataclass, which nobody changes."""
    return dataclasses.is_dataclass(value) and bool(vars(type(value))["__dataclass_params__"].frozen)
