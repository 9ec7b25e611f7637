"""Paths into an object as printer columns, scales and selectable fields have them.

Columns are kubectl's JSONPath (k8s.io/client-go/util/jsonpath): members, indexes, slices, wildcards, recursive descent,
unions of indexes, and filters that compare one path with a literal or with another. The others are simple: names with
dots between them (apimachinery's unstructured.NestedFieldNoCopy).
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Callable, Iterator
from typing import Any

Step = Callable[[Any], Iterator[Any]]


class PathError(ValueError):
    """No path that can be had."""


@functools.lru_cache(maxsize=1024)
def parse(text: str) -> tuple[Step, ...]:
    """The steps of a path such as `.status.conditions[?(@.type=="Ready")].status`. Raises `PathError`."""
    rest, steps = text.strip().removeprefix("$"), list[Step]()
    while rest:
        step, rest = _next(rest, text)
        steps.append(step)
    return tuple(steps)


def find(text: str, value: Any) -> list[Any]:
    """Everything that a path leads to, in order. Raises `PathError`."""
    found = [value]
    for step in parse(text):
        found = [one for value in found for one in step(value)]
    return found


_NAME = re.compile(r"(?:\\.|[^.\[\]\\])+")


def _next(rest: str, text: str) -> tuple[Step, str]:
    if rest.startswith(".."):
        return _descend, rest[1:] if len(rest) > 2 and rest[2] != "[" else rest[2:]
    if rest.startswith("["):
        inside, after = _bracket(rest, text)
        return _bracketed(inside, text), after
    rest = rest.removeprefix(".")
    if not rest or rest.startswith("["):
        return _same, rest
    found = _NAME.match(rest)
    if found is None:
        raise PathError(f"unrecognized path {text!r}")
    name = re.sub(r"\\(.)", r"\1", found[0])
    return (_every if name == "*" else _member(name)), rest[found.end() :]


def _bracket(rest: str, text: str) -> tuple[str, str]:
    """What stands between a bracket and the one that closes it, and what follows."""
    depth, quote = 0, ""
    for place, char in enumerate(rest):
        if quote:
            quote = "" if char == quote and rest[place - 1] != "\\" else quote
        elif char in "'\"":
            quote = char
        elif char in "[]":
            depth += 1 if char == "[" else -1
            if depth == 0:
                return rest[1:place], rest[place + 1 :]
    raise PathError(f"unterminated array in {text!r}")


def _bracketed(inside: str, text: str) -> Step:
    inside = inside.strip()
    if inside == "*":
        return _every
    if inside.startswith("?(") and inside.endswith(")"):
        return _filter(inside[2:-1], text)
    if inside[:1] in ("'", '"') and inside[-1:] == inside[:1]:
        return _member(inside[1:-1])
    if "," in inside:
        return _union([_bracketed(part, text) for part in inside.split(",")])
    return _slice(inside, text)


def _same(value: Any) -> Iterator[Any]:
    yield value


def _member(name: str) -> Step:
    def step(value: Any) -> Iterator[Any]:
        if isinstance(value, dict) and name in value:
            yield value[name]

    return step


def _every(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        yield from value
    elif isinstance(value, dict):
        yield from value.values()


def _descend(value: Any) -> Iterator[Any]:
    yield value
    for member in _every(value):
        if isinstance(member, dict | list):
            yield from _descend(member)


def _union(steps: list[Step]) -> Step:
    def step(value: Any) -> Iterator[Any]:
        for one in steps:
            yield from one(value)

    return step


_SLICE = re.compile(r"(-?\d*)(?::(-?\d*))?(?::(-?\d*))?")


def _slice(inside: str, text: str) -> Step:
    found = _SLICE.fullmatch(inside)
    if found is None or not inside:
        raise PathError(f"invalid array index {inside!r} in {text!r}")
    if ":" not in inside:
        index = int(inside)
        return lambda value: iter(value[index : index + 1 or None] if isinstance(value, list) else ())
    first, last, by = (int(part) if part else None for part in found.groups(""))
    return lambda value: iter(value[first:last:by] if isinstance(value, list) else ())


_COMPARISONS: tuple[tuple[str, Callable[[Any, Any], bool]], ...] = (
    ("==", operator.eq), ("!=", operator.ne), ("<=", operator.le), (">=", operator.ge), ("<", operator.lt),
    (">", operator.gt),
)  # fmt: skip
_COMPARISON = re.compile(r"""((?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^=!<>'"])+)(==|!=|<=|>=|<|>)(.+)""")


def _filter(condition: str, text: str) -> Step:
    found = _COMPARISON.fullmatch(condition.strip())
    if found is None:
        path = _operand(condition, text)
        return lambda value: (item for item in _items(value) if path(item))
    left, compare, right = _operand(found[1], text), dict(_COMPARISONS)[found[2]], _operand(found[3], text)

    def holds(item: Any) -> bool:
        a, b = left(item), right(item)
        try:
            return bool(a) and bool(b) and compare(a[0], b[0])
        except TypeError:
            return False

    return lambda value: (item for item in _items(value) if holds(item))


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _operand(word: str, text: str) -> Callable[[Any], list[Any]]:
    """One side of a comparison: a path from the item (`@.type`), or a literal."""
    word = word.strip()
    if word.startswith("@"):
        path = word[1:]
        parse(path)
        return lambda item: find(path, item)
    if word[:1] in ("'", '"') and word[-1:] == word[:1] and len(word) > 1:
        literal: Any = word[1:-1]
    elif word in ("true", "false"):
        literal = word == "true"
    else:
        try:
            literal = float(word) if "." in word else int(word)
        except ValueError:
            raise PathError(f"unrecognized literal {word!r} in {text!r}") from None
    return lambda _: [literal]


def simple(path: str) -> tuple[str, ...]:
    """The names of a simple path: `.spec.replicas`."""
    return tuple(path.removeprefix(".").split("."))


def nested(obj: Any, names: tuple[str, ...]) -> tuple[Any, bool]:
    """The value at a simple path, and whether there is one. Raises `PathError` where something else is in the way."""
    value = obj
    for place, name in enumerate(names):
        if not isinstance(value, dict):
            where, kind = "." + ".".join(names[:place]), _GO_TYPES.get(type(value), "string")
            raise PathError(f"{where} accessor error: {value} is of the type {kind}, expected map[string]interface{{}}")
        if name not in value:
            return None, False
        value = value[name]
    return value, True


def typed(obj: Any, path: str, wanted: type, zero: Any) -> tuple[Any, bool]:
    """The value of a type at a simple path, `zero` where there is none. Raises `PathError` for another type."""
    names = simple(path)
    value, there = nested(obj, names)
    if not there:
        return zero, False
    if type(value) is not wanted:
        where, kind = "." + ".".join(names), _GO_TYPES.get(type(value), "<nil>")
        shown = "<nil>" if value is None else value
        raise PathError(f"{where} accessor error: {shown} is of the type {kind}, expected {_GO_TYPES[wanted]}")
    return value, True


_GO_TYPES: dict[type, str] = {
    bool: "bool", int: "int64", float: "float64", str: "string", list: "[]interface {}",
    dict: "map[string]interface {}",
}  # fmt: skip
