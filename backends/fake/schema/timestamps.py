"""Times in objects as the API server reads and writes them, with the error texts of Go's `time.Parse`.

Rules: k8s.io/apimachinery/pkg/apis/meta/v1 Time (RFC 3339, written to the second) and MicroTime (exactly six digits of
fraction). Called by decoding. It never reads a clock.
"""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime, timedelta, timezone

SECONDS_LAYOUT = "2006-01-02T15:04:05Z07:00"
MICRO_LAYOUT = "2006-01-02T15:04:05.000000Z07:00"

_PIECES = (
    ("2006", re.compile(r"\d{4}"), (0, 9999), ""),
    ("-", re.compile("-"), None, ""),
    ("01", re.compile(r"\d{2}"), (1, 12), "month"),
    ("-", re.compile("-"), None, ""),
    ("02", re.compile(r"\d{2}"), (1, 31), "day"),
    ("T", re.compile("T"), None, ""),
    ("15", re.compile(r"\d{2}"), (0, 23), "hour"),
    (":", re.compile(":"), None, ""),
    ("04", re.compile(r"\d{2}"), (0, 59), "minute"),
    (":", re.compile(":"), None, ""),
    ("05", re.compile(r"\d{2}"), (0, 59), "second"),
)
_CANONICAL_SECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_CANONICAL_MICRO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_FRACTION = re.compile(r"[.,]\d+")
_MICRO_FRACTION = re.compile(r"\.\d{6}(?!\d)")
_ZONE = re.compile(r"Z|[+-]\d{2}:\d{2}")


class TimeError(ValueError):
    """The text is no time; the message is the server's."""


@functools.lru_cache(maxsize=1024)
def seconds(text: str) -> str:
    """An RFC 3339 time as the server writes it: UTC, whole seconds. Raises `TimeError`."""
    if _CANONICAL_SECONDS.fullmatch(text) and _is_real(text):
        return text
    return _parse(text, SECONDS_LAYOUT, micro=False).strftime("%Y-%m-%dT%H:%M:%SZ")


@functools.lru_cache(maxsize=1024)
def micro(text: str) -> str:
    """A time with six digits of fraction, in UTC. Raises `TimeError`."""
    if _CANONICAL_MICRO.fullmatch(text) and _is_real(text):
        return text
    return _parse(text, MICRO_LAYOUT, micro=True).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _is_real(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _parse(text: str, layout: str, *, micro: bool) -> datetime:
    rest, numbers = text, []
    for name, shape, span, what in _PIECES:
        match = shape.match(rest)
        if match is None:
            raise _error(text, layout, f'cannot parse "{rest}" as "{name}"')
        rest = rest[match.end() :]
        if span is None:
            continue
        number = int(match[0])
        if what and not span[0] <= number <= span[1]:
            raise TimeError(f'parsing time "{text}": {what} out of range')
        numbers.append(number)
    micros, rest = _fraction(text, rest, layout, micro=micro)
    offset, rest = _zone(text, rest, layout)
    if rest:
        raise TimeError(f'parsing time "{text}": extra text: "{rest}"')
    try:
        whole = datetime(*numbers, tzinfo=timezone(offset))  # type: ignore[arg-type,misc]  # six ints, then tzinfo
    except ValueError:
        raise TimeError(f'parsing time "{text}": day out of range') from None
    return (whole + timedelta(microseconds=micros)).astimezone(UTC)


def _fraction(text: str, rest: str, layout: str, *, micro: bool) -> tuple[int, str]:
    match = (_MICRO_FRACTION if micro else _FRACTION).match(rest)
    if match is None:
        if micro:
            raise _error(text, layout, f'cannot parse "{rest}" as ".000000"')
        return 0, rest
    return int(match[0][1:7].ljust(6, "0")), rest[match.end() :]


def _zone(text: str, rest: str, layout: str) -> tuple[timedelta, str]:
    match = _ZONE.match(rest)
    if match is None:
        raise _error(text, layout, f'cannot parse "{rest}" as "Z07:00"')
    if match[0] == "Z":
        return timedelta(0), rest[1:]
    hours, minutes = int(match[0][1:3]), int(match[0][4:6])
    if hours > 24 or minutes >= 60:
        raise TimeError(f'parsing time "{text}": time zone offset {"hour" if hours > 24 else "minute"} out of range')
    sign = -1 if match[0][0] == "-" else 1
    return sign * timedelta(hours=hours, minutes=minutes), rest[match.end() :]


def _error(text: str, layout: str, why: str) -> TimeError:
    return TimeError(f'parsing time "{text}" as "{layout}": {why}')
