"""Whether a CronJob's schedule can be read, in the words of github.com/robfig/cron/v3 `ParseStandard`.

It checks only; when a schedule is due is not computed here.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class _Bounds(NamedTuple):
    low: int
    high: int
    names: tuple[str, ...] = ()


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (_Bounds(0, 59), _Bounds(0, 23), _Bounds(1, 31), _Bounds(1, 12, _MONTHS), _Bounds(0, 6, _DAYS))
_DESCRIPTORS = {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
_DURATION = re.compile(r"[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|\u00b5s|ms|s|m|h))+")


def schedule_error(text: str) -> str | None:
    """What is wrong with a schedule; None when nothing is."""
    if text.startswith("@"):
        return _descriptor_error(text)
    fields = text.split()
    if len(fields) != len(_FIELDS):
        return f"expected exactly {len(_FIELDS)} fields, found {len(fields)}: [{' '.join(fields)}]"
    for field, bounds in zip(fields, _FIELDS, strict=True):
        for part in field.split(","):
            error = _range_error(part, bounds)
            if error:
                return error
    return None


def _descriptor_error(text: str) -> str | None:
    if text in _DESCRIPTORS:
        return None
    if text.startswith("@every "):
        duration = text.removeprefix("@every ")
        if _DURATION.fullmatch(duration):
            return None
        return f'failed to parse duration {text}: time: invalid duration "{duration}"'
    return f"unrecognized descriptor: {text}"


def _range_error(part: str, bounds: _Bounds) -> str | None:
    """getRange: `5`, `1-5`, `*`, `?`, each with an optional `/step`."""
    body, *steps = part.split("/")
    ends = body.split("-")
    star = ends[0] in ("*", "?")
    try:
        start, end = (bounds.low, bounds.high) if star else _ends(ends, part, bounds)
        if len(steps) > 1:
            return f"too many slashes: {part}"
        step = _number(steps[0]) if steps else 1
        if steps and not star and len(ends) == 1:
            end = bounds.high
    except ValueError as error:
        return str(error)
    if start < bounds.low:
        return f"beginning of range ({start}) below minimum ({bounds.low}): {part}"
    if end > bounds.high:
        return f"end of range ({end}) above maximum ({bounds.high}): {part}"
    if start > end:
        return f"beginning of range ({start}) beyond end of range ({end}): {part}"
    return None if step > 0 else f"step of range should be a positive number: {part}"


def _ends(ends: list[str], part: str, bounds: _Bounds) -> tuple[int, int]:
    start = _number_or_name(ends[0], bounds)
    if len(ends) == 1:
        return start, start
    if len(ends) == 2:
        return start, _number_or_name(ends[1], bounds)
    raise ValueError(f"too many hyphens: {part}")


def _number_or_name(text: str, bounds: _Bounds) -> int:
    name = text.lower()
    return bounds.names.index(name) + bounds.low if name in bounds.names else _number(text)


def _number(text: str) -> int:
    if not re.fullmatch(r"[-+]?\d+", text):
        raise ValueError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
    number = int(text)
    if number < 0:
        raise ValueError(f"negative number ({number}) not allowed: {text}")
    return number
