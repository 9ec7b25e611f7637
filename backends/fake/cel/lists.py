"""Lists and sets: what Kubernetes adds to CEL for them (apiserver/pkg/cel/library/lists.go, cel-go ext/sets.go)."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

from backends.fake.cel.declaring import KINDS, NO_OVERLOAD, Function

_LIST = "list(dyn)"


def _equal(left: Any, right: Any) -> bool:
    """CEL's equality: numbers of different types may be equal, a flag is no number."""
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    return bool(left == right)


def _position(items: list[Any], item: Any) -> int:
    return next((at for at, one in enumerate(items) if _equal(one, item)), -1)


def _last_position(items: list[Any], item: Any) -> int:
    return next((at for at in reversed(range(len(items))) if _equal(items[at], item)), -1)


def _ordered(left: Any, right: Any) -> bool:
    try:
        return bool(left <= right)
    except TypeError:
        raise ValueError(NO_OVERLOAD) from None


def _is_sorted(items: list[Any]) -> bool:
    return all(_ordered(*pair) for pair in pairwise(items))


def _sum(items: list[Any]) -> Any:
    if any(isinstance(one, bool) or not isinstance(one, int | float | timedelta) for one in items):
        raise ValueError(NO_OVERLOAD)
    return sum(items[1:], items[0]) if items else 0


def _min(items: list[Any]) -> Any:
    return _extreme(items, "min", least=True)


def _max(items: list[Any]) -> Any:
    return _extreme(items, "max", least=False)


def _extreme(items: list[Any], name: str, *, least: bool) -> Any:
    if not items:
        raise ValueError(f"{name} called on empty list")
    best = items[0]
    for one in items[1:]:
        if _ordered(best, one) is not least:
            best = one
    return best


def _contains(items: list[Any], others: list[Any]) -> bool:
    return all(_position(items, one) >= 0 for one in others)


def _equivalent(items: list[Any], others: list[Any]) -> bool:
    return _contains(items, others) and _contains(others, items)


def _intersects(items: list[Any], others: list[Any]) -> bool:
    return any(_position(items, one) >= 0 for one in others)


FUNCTIONS: tuple[Function, ...] = (
    Function("isSorted", (_LIST,), "bool", _is_sorted),
    Function("sum", (_LIST,), "dyn", _sum),
    Function("min", (_LIST,), "dyn", _min),
    Function("max", (_LIST,), "dyn", _max),
    *(Function("indexOf", (_LIST, kind), "int", _position) for kind in KINDS),
    *(Function("lastIndexOf", (_LIST, kind), "int", _last_position) for kind in KINDS),
    Function("sets.contains", (_LIST, _LIST), "bool", _contains, member=False),
    Function("sets.equivalent", (_LIST, _LIST), "bool", _equivalent, member=False),
    Function("sets.intersects", (_LIST, _LIST), "bool", _intersects, member=False),
)
