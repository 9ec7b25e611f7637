"""How checks name what violates them: containers, the pod, lists of values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

Obj = dict[str, Any]


def containers(spec: Obj) -> Iterator[Obj]:
    """All containers of a pod, in the order of the checks."""
    for member in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(member) or []


def names(spec: Obj, is_bad: Callable[[Obj], bool]) -> list[str]:
    """The names of the containers that `is_bad` says of, which sees their security contexts."""
    return [one.get("name", "") for one in containers(spec) if is_bad(one.get("securityContext") or {})]


def plural(one: str, many: str, count: int) -> str:
    """The word for so many."""
    return one if count == 1 else many


def quoted(items: Iterable[str]) -> str:
    """`"a", "b"`."""
    return ", ".join(f'"{item}"' for item in items)


def named(found: list[str]) -> str:
    """`container "a"`, `containers "a", "b"`."""
    return f"{plural('container', 'containers', len(found))} {quoted(found)}"


def setters(pod: bool, found: list[str]) -> str:
    """`pod and container "a"`; empty when nobody is one."""
    return " and ".join([*(["pod"] if pod else []), *([named(found)] if found else [])])
