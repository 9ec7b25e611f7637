"""Two normalised recordings in, the differences out. Pure; used by the replay and its tests.

Two levels. By default what only a byte-for-byte twin would have (managedFields, column descriptions, some headers)
is not compared; steps marked `strict: true` (server-side apply) always compare managedFields.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tests.conformance.pointers import MISSING, escape

COMPARED_HEADERS: Final = ("Content-Type", "Warning", "Retry-After", "Audit-Id")
STRICT_HEADERS: Final = ("Cache-Control", "Allow", "Location", "Www-Authenticate", "Vary", "Etag")

ORDER: Final = "order"
"""The pseudo step that stands for the order of all writes of a case."""
WHOLE_CASE: Final = "case"
"""The pseudo step that stands for a case that could not be played to its end."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the answer is not the recorded one."""

    step: int | str
    """The number of the step, from 1; or `ORDER`; or `WHOLE_CASE`."""
    do: str
    path: str
    """A JSON pointer into the step's recording."""
    want: Any
    got: Any

    @property
    def text(self) -> str:
        """One line for a person."""
        return f"{self.path}: want {show(self.want)} got {show(self.got)}"


def show(value: Any, width: int = 300) -> str:
    """`value` on one line, cut at `width` characters."""
    if value is MISSING:
        return "(absent)"
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= width else f"{text[:width]}... ({len(text)} chars)"


def differences(want: Any, got: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every place where `got` is not `want`, as (pointer, wanted, got); `MISSING` where one has nothing."""
    if isinstance(want, dict) and isinstance(got, dict):
        keys = sorted(set(want) | set(got), key=str)
        pairs = [(key, want.get(key, MISSING), got.get(key, MISSING)) for key in keys]
    elif isinstance(want, list) and isinstance(got, list):
        longest = max(len(want), len(got))
        pairs = [(i, _at(want, i), _at(got, i)) for i in range(longest)]
    else:
        if want is not got and (want != got or type(want) is not type(got)):
            yield path, want, got
        return
    for key, wanted, found in pairs:
        yield from differences(wanted, found, f"{path}/{escape(str(key))}")


def _at(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else MISSING


def compare(want: dict[str, Any], got: dict[str, Any], *, strict: bool = False) -> list[Difference]:
    """The differences between two recordings of one case, step by step and in the order of writes."""
    if not strict:
        want, got = relax(want), relax(got)
    found: list[Difference] = []
    for i in range(max(len(want["steps"]), len(got["steps"]))):
        wanted, seen = _answer(want, i), _answer(got, i)
        step, do = (wanted or seen)["step"], (wanted or seen)["do"]
        found += [Difference(step, do, *where) for where in differences(wanted, seen)]
    if want.get(ORDER) != got.get(ORDER):
        found.append(Difference(ORDER, "order of writes", "/order", want.get(ORDER), got.get(ORDER)))
    return found


def _answer(recording: dict[str, Any], index: int) -> dict[str, Any]:
    steps = recording["steps"]
    return {k: v for k, v in steps[index].items() if k != "note"} if index < len(steps) else {}


def relax(recording: dict[str, Any]) -> dict[str, Any]:
    """A copy without what only the strict level compares."""
    relaxed = copy.deepcopy(recording)
    for step in relaxed["steps"]:
        headers = step.get("headers")
        if isinstance(headers, dict):
            for name in STRICT_HEADERS:
                headers.pop(name, None)
        if not step.get("strict"):
            _relax_value(step.get("body"))
            _relax_value(step.get("events"))
    return relaxed


def _relax_value(value: Any) -> None:
    if isinstance(value, dict):
        value.pop("managedFields", None)
        for column in value.get("columnDefinitions") or ():
            if isinstance(column, dict):
                column.pop("description", None)
        for member in value.values():
            _relax_value(member)
    elif isinstance(value, list):
        for member in value:
            _relax_value(member)


def failing_steps(found: list[Difference]) -> list[int | str]:
    """The steps that differ, each once, numbers first."""
    return sorted({difference.step for difference in found}, key=lambda step: (isinstance(step, str), step))
