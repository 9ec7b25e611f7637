"""Sets of fields, in the form in which managedFields writes them (FieldsV1).

A set is a tree of dicts. A member of a dict is a path element (`f:name` a field, `k:{...}` an element of a list by its
keys, `v:...` an element by its value) with what lies below it. A node that is empty, or that has a member `.`, is in
the set itself; any other is only on the way to one that is. No operation changes its arguments, no set holds a node
that leads nowhere, and every level stands in the order in which a real server writes it.
From sigs.k8s.io/structured-merge-diff/v6/fieldpath (set.go, serialize.go, serialize-pe.go).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

Fields = dict[str, Any]
"""A set of fields; `Any` is `Fields` again."""

SELF = "."


def union(a: Fields, b: Fields) -> Fields:
    """What is in `a` or in `b`."""
    if not a or not b:
        return b or a
    found = dict(a)
    for element, right in b.items():
        left = found.get(element)
        if left is None:
            found[element] = right
        elif left != right:
            found[element] = _node(_is_in(left) or _is_in(right), union(_below(left), _below(right)))
    return found if len(found) == len(a) else {element: found[element] for element in in_order(found)}


def intersection(a: Fields, b: Fields) -> Fields:
    """What is in `a` and in `b`."""
    found: Fields = {}
    for element, left in a.items():
        right = b.get(element)
        if right is None:
            continue
        member, below = _is_in(left) and _is_in(right), intersection(_below(left), _below(right))
        if member or below:
            found[element] = _node(member, below)
    return found


def difference(a: Fields, b: Fields) -> Fields:
    """What is in `a` and not in `b`. A field stays though one above or below it goes."""
    if not b:
        return a
    found: Fields = {}
    for element, left in a.items():
        right = b.get(element)
        if right is None:
            found[element] = left
            continue
        member, below = _is_in(left) and not _is_in(right), difference(_below(left), _below(right))
        if member or below:
            found[element] = _node(member, below)
    return found


def without(a: Fields, b: Fields) -> Fields:
    """What is in `a` and neither in `b` nor below something in `b` (RecursiveDifference)."""
    found: Fields = {}
    for element, left in a.items():
        right = b.get(element)
        if right is None:
            found[element] = left
        elif not _is_in(right):
            below = without(_below(left), _below(right))
            if _is_in(left) or below:
                found[element] = _node(_is_in(left), below)
    return found


def leaves(a: Fields) -> Fields:
    """The members of `a` that have no member below them."""
    return {element: leaves(_below(node)) for element, node in a.items()}


def members(a: Fields, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every member, those of one level first, each level in order."""
    for element, node in a.items():
        if element != SELF and _is_in(node):
            yield (*path, element)
    for element, node in a.items():
        if element != SELF:
            yield from members(_below(node), (*path, element))


def is_in(a: Fields, element: str) -> bool:
    """Whether this element of the first level is a member."""
    node = a.get(element)
    return node is not None and _is_in(node)


def below(a: Fields, element: str) -> Fields:
    """The set below an element of the first level."""
    node = a.get(element)
    return {} if node is None else _below(node)


def ordered(a: Fields) -> Fields:
    """The same set with every level in order, for one that a client wrote."""
    return {element: ordered(a[element]) for element in in_order(a)} if a else a


def in_order(elements: Iterable[str]) -> list[str]:
    """Path elements of one level in order: fields by name, list elements by their keys or values."""
    found = sorted(elements)
    if len(found) > 1 and found[-1][0] in "kvi":
        found.sort(key=_rank)
    return found


def readable(a: object) -> bool:
    """Whether `a`, from a client, is a set: a tree of dicts whose members are path elements."""
    if not isinstance(a, dict):
        return False
    return all(_is_element(element) and readable(node) for element, node in a.items())


def shown(path: tuple[str, ...]) -> str:
    """A path as people read it: `.spec.containers[name="c"].image`."""
    return "".join(shown_element(element) for element in path)


def shown_element(element: str) -> str:
    """A path element as people read it."""
    kind, text = element[0], element[2:]
    if kind == "f":
        return f".{text}"
    if kind == "i":
        return f"[{text}]"
    if kind == "v":
        return f"[={text}]"
    keys = ",".join(f"{name}={orjson.dumps(value).decode()}" for name, value in orjson.loads(text).items())
    return f"[{keys}]"


def _is_in(node: Fields) -> bool:
    return not node or SELF in node


def _below(node: Fields) -> Fields:
    if SELF not in node:
        return node
    return {element: child for element, child in node.items() if element != SELF}


def _node(member: bool, below: Fields) -> Fields:
    return {SELF: {}, **below} if member and below else below


def _is_element(element: object) -> bool:
    if element == SELF:
        return True
    if not isinstance(element, str) or element[1:2] != ":" or element[0] not in "fkvi":
        return False
    if element[0] == "f":
        return True
    try:
        value = orjson.loads(element[2:])
    except orjson.JSONDecodeError:
        return False
    return isinstance(value, dict) if element[0] == "k" else element[0] == "v" or isinstance(value, int)


_KINDS = {".": 0, "f": 1, "k": 2, "v": 3, "i": 4}


@functools.lru_cache(maxsize=4096)
def _rank(element: str) -> tuple[int, tuple[tuple[int, Any], ...]]:
    """Fields before keys before values before indices; numbers by size, not by spelling."""
    kind = element[0]
    if kind in ".f":
        return _KINDS[kind], ((0, element),)
    value = orjson.loads(element[2:])
    values = [part for pair in value.items() for part in pair] if kind == "k" else [value]
    return _KINDS[kind], tuple(_comparable(part) for part in values)


def _comparable(value: Any) -> tuple[int, Any]:
    if isinstance(value, bool):
        return 3, value
    if isinstance(value, int | float):
        return 1, value
    return (2, value) if isinstance(value, str) else (4, orjson.dumps(value))
