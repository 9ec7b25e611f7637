"""How a cluster becomes two: a walk over its objects that copies what can change and shares what cannot.

Used by `Cluster.fork`. Everything that hangs on a cluster and is made of this package is copied, attribute by
attribute, so whatever a controller remembers is forked without being told; a class that knows better has a method
`forked(fork)` that says what some of the attributes become. Methods and partials are bound to the copies.

It refuses, with a TypeError that names the thing, what it cannot copy: a closure (it would go on with the old
cluster's objects) and objects of other packages that are not known to be immutable.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import re
import types
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from datetime import date, time, timedelta, tzinfo
from functools import partial
from typing import Any, Final, TypeVar, cast

T = TypeVar("T")

_HOME: Final = "backends."
_IMMUTABLE: Final = (
    str, bytes, int, float, complex, type(None), range, frozenset, date, time, timedelta, tzinfo, re.Pattern, enum.Enum,
    type, types.ModuleType,
)  # fmt: skip


class Immutable:
    """Base of classes whose objects never change once they are made: forks share them."""

    __slots__ = ()


class Fork:
    """One walk. `replaced` says what some objects become, where that is not their copy."""

    def __init__(self, replaced: list[tuple[object, object]]) -> None:
        self._made: dict[int, object] = {id(old): new for old, new in replaced}
        self._kept: list[object] = [old for old, _ in replaced]
        """Keeps the ids in `_made` from being given to something else meanwhile."""

    def __call__(self, value: T) -> T:
        """What stands for `value` in the fork. Raises TypeError for what cannot be copied."""
        if _shared(type(value)):
            return value
        known = self._made.get(id(value))
        return cast(T, known if known is not None else self._copied(value))

    def begin(self, old: object, new: T) -> T:
        """`new` stands for `old` from now on, also for what refers to it from inside."""
        self._made[id(old)] = new
        self._kept.append(old)
        return new

    def copies(self, items: dict[str, Any]) -> dict[str, Any]:
        """What stands for each value of `items`."""
        return {name: self(value) for name, value in items.items()}

    def _copied(self, value: Any) -> Any:
        copy = _COPIERS.get(type(value))
        if copy is not None:
            return self.begin(value, copy(self, value))
        if isinstance(value, tuple):  # a NamedTuple
            return _tuple(self, value)
        if not type(value).__module__.startswith(_HOME):
            raise TypeError(f"a cluster cannot be forked while it holds a {type(value).__qualname__}: {value!r:.200}")
        made = self.begin(value, object.__new__(type(value)))
        given = value.forked(self) if hasattr(value, "forked") else _NOTHING
        if hasattr(value, "__dict__"):
            own = made.__dict__
            for name, item in value.__dict__.items():
                own[name] = given[name] if name in given else item if _SHARED.get(type(item)) else self(item)
        for name in _slots(value.__class__):
            if hasattr(value, name):
                object.__setattr__(made, name, given[name] if name in given else self(getattr(value, name)))
        return made


# ---- containers


def _tuple(fork: Fork, value: tuple[Any, ...]) -> tuple[Any, ...]:
    if all(map(_shared, map(type, value))):
        return value
    new = [fork(item) for item in value]
    if all(ours is theirs for ours, theirs in zip(new, value, strict=True)):
        return value
    return type(value)(*new) if hasattr(value, "_fields") else tuple(new)


def _dict(fork: Fork, value: dict[Any, Any]) -> dict[Any, Any]:
    made = fork.begin(value, value.copy())
    if not all(map(_shared, set(map(type, value.values())))):
        for key, item in value.items():
            made[key] = fork(item)
    return made


def _list(fork: Fork, value: list[Any]) -> list[Any]:
    made = fork.begin(value, value.copy())
    made[:] = [fork(item) for item in value]
    return made


def _deque(fork: Fork, value: deque[Any]) -> deque[Any]:
    return deque((fork(item) for item in value), value.maxlen)


def _set(fork: Fork, value: set[Any]) -> set[Any]:
    return {fork(item) for item in value}


# ---- callables


def _method(fork: Fork, value: types.MethodType) -> types.MethodType:
    return types.MethodType(value.__func__, fork(value.__self__))


def _partial(fork: Fork, value: partial[Any]) -> partial[Any]:
    return partial(fork(value.func), *_tuple(fork, value.args), **fork.copies(value.keywords))


def _function(fork: Fork, value: types.FunctionType) -> types.FunctionType:
    del fork
    if value.__closure__ is not None:
        raise TypeError(
            f"a cluster cannot be forked while it holds the closure {value.__qualname__} of {value.__module__}: "
            "it would go on with the objects of the cluster that it was made for; use a method or a partial"
        )
    return value


def _builtin(fork: Fork, value: types.BuiltinFunctionType) -> types.BuiltinFunctionType:
    owner = value.__self__
    if owner is None or isinstance(owner, types.ModuleType | type):
        return value
    found: types.BuiltinFunctionType = getattr(fork(owner), value.__name__)
    return found


_COPIERS: Final[dict[type, Callable[[Fork, Any], Any]]] = {
    tuple: _tuple,
    dict: _dict,
    Counter: _dict,
    defaultdict: _dict,
    list: _list,
    deque: _deque,
    set: _set,
    types.MethodType: _method,
    partial: _partial,
    types.FunctionType: _function,
    types.BuiltinFunctionType: _builtin,
}

_SHARED: Final[dict[type, bool]] = {}
"""What is known of each class."""


def _shared(kind: type) -> bool:
    """Whether two clusters may both have an object of this class: it never changes."""
    known = _SHARED.get(kind)
    if known is None:
        frozen = dataclasses.is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
        known = _SHARED[kind] = frozen or issubclass(kind, (Immutable, *_IMMUTABLE))
    return known


_NOTHING: Final[Mapping[str, object]] = {}


@functools.cache
def _slots(kind: type) -> tuple[str, ...]:
    """The attributes that objects of a class keep in slots."""
    found: list[str] = []
    for one in kind.__mro__:
        slots = one.__dict__.get("__slots__", ())
        found += (slots,) if isinstance(slots, str) else slots
    return tuple(found)
