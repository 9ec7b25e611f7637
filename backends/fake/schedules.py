"""A CronJob's schedule: read in the words of github.com/robfig/cron/v3 `ParseStandard`, and when it is due next.

Called by the validation of CronJobs (is it a schedule?) and by their controller (when?). Pure: the time is an argument.
A step is a whole minute, but for `@every`. Where a clock is put forward, what falls into the gap does not run; where it
is put back, the repeated hour counts twice, as in robfig/cron.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, NamedTuple, Protocol


class ScheduleError(ValueError):
    """The text is no schedule; the message is the library's."""


class Schedule(Protocol):
    """When something is due."""

    def after(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """The first due time after `moment` (aware), in UTC; None when there is none within five years."""
        ...


class _Bounds(NamedTuple):
    low: int
    high: int
    names: tuple[str, ...] = ()


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (_Bounds(0, 59), _Bounds(0, 23), _Bounds(1, 31), _Bounds(1, 12, _MONTHS), _Bounds(0, 6, _DAYS))
_DESCRIPTORS: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_DURATION = re.compile(r"([-+]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|\u00b5s|ms|s|m|h))+)")
_TERM = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|ms|s|m|h)")
_UNITS_S: Final = {"ns": 1e-9, "us": 1e-6, "\u00b5s": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_HORIZON = timedelta(days=5 * 366)


class _Field(NamedTuple):
    values: frozenset[int]
    star: bool
    """Whether it is every value: then the other day field decides alone."""


@dataclass(frozen=True, slots=True)
class _Calendar:
    """Five fields: minute, hour, day of month, month, day of week."""

    minutes: _Field
    hours: _Field
    days: _Field
    months: _Field
    weekdays: _Field

    def after(self, moment: datetime, zone: tzinfo) -> datetime | None:
        """The first matching minute after `moment`: fields are passed over from the largest to the smallest."""
        at = moment.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        limit = at + _HORIZON
        while at < limit:
            local = at.astimezone(zone)
            if local.month not in self.months.values:
                first = local.replace(day=1, hour=0, minute=0) + timedelta(days=32)
                at = _later(at, first.replace(day=1), zone)
            elif not self._day_fits(local):
                at = _later(at, local.replace(hour=0, minute=0) + timedelta(days=1), zone)
            elif local.hour not in self.hours.values:
                at += timedelta(minutes=60 - local.minute)
            elif local.minute not in self.minutes.values:
                at += timedelta(minutes=1)
            else:
                return at
        return None

    def _day_fits(self, local: datetime) -> bool:
        by_month = local.day in self.days.values
        by_week = local.isoweekday() % 7 in self.weekdays.values
        if self.days.star or self.weekdays.star:
            return by_month and by_week
        return by_month or by_week


def _later(at: datetime, local: datetime, zone: tzinfo) -> datetime:
    """`local` in UTC, which is after `at` whatever the clock of the zone does in between."""
    there = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return there if there > at else at + timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Every:
    """A constant delay of whole seconds, at least one."""

    seconds: int

    def after(self, moment: datetime, _zone: tzinfo) -> datetime:
        """`seconds` after the last whole second."""
        return moment.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=self.seconds)


def schedule_error(text: str) -> str | None:
    """What is wrong with a schedule; None when nothing is."""
    try:
        schedule(text)
    except ScheduleError as error:
        return str(error)
    return None


def schedule(text: str) -> Schedule:
    """The schedule that `text` describes. Raises `ScheduleError`."""
    if text.startswith("@"):
        return _described(text)
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise ScheduleError(f"expected exactly {len(_FIELDS)} fields, found {len(fields)}: [{' '.join(fields)}]")
    return _Calendar(*(_field(field, bounds) for field, bounds in zip(fields, _FIELDS, strict=True)))


def _described(text: str) -> Schedule:
    if text in _DESCRIPTORS:
        return schedule(_DESCRIPTORS[text])
    if text.startswith("@every "):
        duration = text.removeprefix("@every ")
        found = _DURATION.fullmatch(duration)
        if found is None:
            raise ScheduleError(f'failed to parse duration {text}: time: invalid duration "{duration}"')
        seconds = sum(float(number) * _UNITS_S[unit] for number, unit in _TERM.findall(found[2]))
        return _Every(max(1, int(-seconds if found[1] == "-" else seconds)))
    raise ScheduleError(f"unrecognized descriptor: {text}")


def _field(text: str, bounds: _Bounds) -> _Field:
    values: set[int] = set()
    star = False
    for part in text.split(","):
        found, every = _range(part, bounds)
        values.update(found)
        star = star or every
    return _Field(frozenset(values), star)


def _range(part: str, bounds: _Bounds) -> tuple[range, bool]:
    """getRange: `5`, `1-5`, `*`, `?`, each with an optional `/step`; and whether it is a star without a step."""
    body, *steps = part.split("/")
    ends = body.split("-")
    star = ends[0] in ("*", "?")
    start, end = (bounds.low, bounds.high) if star else _ends(ends, part, bounds)
    if len(steps) > 1:
        raise ScheduleError(f"too many slashes: {part}")
    step = _number(steps[0]) if steps else 1
    if steps and not star and len(ends) == 1:
        end = bounds.high
    if start < bounds.low:
        raise ScheduleError(f"beginning of range ({start}) below minimum ({bounds.low}): {part}")
    if end > bounds.high:
        raise ScheduleError(f"end of range ({end}) above maximum ({bounds.high}): {part}")
    if start > end:
        raise ScheduleError(f"beginning of range ({start}) beyond end of range ({end}): {part}")
    if step == 0:
        raise ScheduleError(f"step of range should be a positive number: {part}")
    return range(start, end + 1, step), star and step == 1


def _ends(ends: list[str], part: str, bounds: _Bounds) -> tuple[int, int]:
    start = _number_or_name(ends[0], bounds)
    if len(ends) == 1:
        return start, start
    if len(ends) == 2:
        return start, _number_or_name(ends[1], bounds)
    raise ScheduleError(f"too many hyphens: {part}")


def _number_or_name(text: str, bounds: _Bounds) -> int:
    name = text.lower()
    return bounds.names.index(name) + bounds.low if name in bounds.names else _number(text)


def _number(text: str) -> int:
    if not re.fullmatch(r"[-+]?\d+", text):
        raise ScheduleError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
    number = int(text)
    if number < 0:
        raise ScheduleError(f"negative number ({number}) not allowed: {text}")
    return number
