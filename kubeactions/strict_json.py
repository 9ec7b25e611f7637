"""JSON that means one thing only. Pure; called by the validator.

The standard decoder lets pass what two readers understand differently, or what breaks later: a name given twice, NaN,
integers of a million digits, half of a surrogate pair, lists nested as deep as the stack. `decode` reads all that
without choking and leaves a `Flaw` in its place, so that `check` can refuse it by its path and one bad action does not
take the others with it. Every refusal is a `Malformed` with the field's path; nothing else is raised.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kubeactions.errors import Malformed

_MAX_DIGITS = 20
"""No 64-bit integer has more; longer ones are not even converted (CVE-2020-10735)."""
_MAX_PATH = 300
"""Longest path that is shown, in characters."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Stands in the decoded tree where JSON said something that we do not take; `check` finds it and its path."""

    problem: str


def _number(text: str) -> int | Flaw:
    return int(text) if len(text) <= _MAX_DIGITS else Flaw(f"a number of {len(text)} digits; at most 64 bits")


def _fraction(text: str) -> float | Flaw:
    value = float(text)
    return value if math.isfinite(value) else Flaw(f"{show(text)} is beyond a 64-bit float")


def _constant(text: str) -> Flaw:
    return Flaw(f"{text} is no JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                found[name] = Flaw("given twice")
            seen.add(name)
    return found


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_number, parse_float=_fraction, parse_constant=_constant
)


def decode(payload: bytes, max_bytes: int) -> Any:
    """The document, with flaws in it; raises `Malformed` when it is too long, no UTF-8, no JSON or hopelessly deep."""
    if len(payload) > max_bytes:
        raise Malformed("payload", f"{len(payload)} bytes; the limit is {max_bytes}")
    try:
        text = payload.decode()
    except UnicodeDecodeError as error:
        raise Malformed("payload", f"not UTF-8: byte 0x{payload[error.start]:02x} at offset {error.start}") from error
    if text.startswith("\ufeff"):
        raise Malformed("payload", "it begins with a byte order mark: save it as UTF-8 without one")
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise Malformed("payload", f"not JSON: {error.msg} at {where}") from error
    except RecursionError as error:
        raise Malformed("payload", "nested far too deep") from error


def _walk(value: Any, path: str, depth: int) -> Iterator[tuple[str, Any, int]]:
    """Every value below, with its path and depth, without recursion: the depth is the sender's."""
    pending = [(path, value, depth)]
    while pending:
        path, value, depth = pending.pop()
        yield path, value, depth
        if isinstance(value, dict):
            pending.extend((f"{path}.{member_name(name)}", item, depth + 1) for name, item in reversed(value.items()))
        elif isinstance(value, list):
            pending.extend((f"{path}[{index}]", value[index], depth + 1) for index in reversed(range(len(value))))


def check(value: Any, path: str, max_depth: int, *, start: int = 1) -> None:
    """Refuse flaws, integers beyond 64 bits, text that is no Unicode and nesting over `max_depth` levels.

    `start` is the depth at which `value` itself lies. Raises `Malformed` for the first of them.
    """
    for where, found, depth in _walk(value, path, start):
        if isinstance(found, Flaw):
            raise Malformed(where, found.problem)
        if depth > max_depth:
            raise Malformed(where[:_MAX_PATH], f"nested deeper than {max_depth} levels")
        if isinstance(found, int) and not -(2**63) <= found < 2**64:
            raise Malformed(where, f"{show(found)} does not fit in 64 bits")
        if isinstance(found, str) and not is_unicode(found):
            raise Malformed(where, "half of a surrogate pair: not Unicode text")
        if isinstance(found, dict) and not all(map(is_unicode, found)):
            raise Malformed(where, "a member's name is half of a surrogate pair: not Unicode text")


def is_unicode(text: str) -> bool:
    """Whether no half of a surrogate pair is in it, so that it can be written."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def show(value: Any) -> str:
    """A short, one-line rendering of a value from the payload, safe in logs and terminals."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "null"
    text = ascii(value) if not isinstance(value, bool) else str(value).lower()
    return text if len(text) <= 80 else f"{text[:77]}..."


def member_name(name: str) -> str:
    """A member's name in a path: as it is when it is a plain word, else quoted and cut."""
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", name) else show(name)
