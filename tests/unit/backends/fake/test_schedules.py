"""Schedules are read as robfig/cron reads them, and are due when it says so."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from backends.fake.schedules import schedule, schedule_error


@pytest.mark.parametrize(
    ("schedule", "error"),
    [
        ("*/5 * * * *", None), ("0 0 1 jan sun", None), ("@hourly", None), ("@every 1h30m", None),
        ("1-5/2,9 0 1 1 ?", None),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("5-3 * * * *", "beginning of range (5) beyond end of range (3): 5-3"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("1/2/3 * * * *", "too many slashes: 1/2/3"),
        ("@never", "unrecognized descriptor: @never"),
        ("@every soon", 'failed to parse duration @every soon: time: invalid duration "soon"'),
    ],
)  # fmt: skip
def test_schedules_are_read_as_cron_reads_them(schedule: str, error: str | None) -> None:
    assert schedule_error(schedule) == error


@pytest.mark.parametrize(
    ("text", "moment", "due"),
    [
        ("0 * * * *", "2026-01-01T10:00:00Z", "2026-01-01T11:00"),
        ("*/20 * * * *", "2026-01-01T10:59:59Z", "2026-01-01T11:00"),
        ("30 2 * * *", "2026-01-31T03:00:00Z", "2026-02-01T02:30"),
        ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00"),
        ("0 0 1 * 1", "2026-01-02T00:00:00Z", "2026-01-05T00:00"),  # either day field is enough: a Monday
        ("0 0 */2 * 1", "2026-01-01T00:00:00Z", "2026-01-03T00:00"),  # a star with a step is no star
        ("0 0 * * 1", "2026-01-01T00:00:00Z", "2026-01-05T00:00"),
        ("10/25 * * * *", "2026-01-01T00:11:00Z", "2026-01-01T00:35"),
        ("@monthly", "2026-01-01T00:00:00Z", "2026-02-01T00:00"),
        ("@every 1h30m", "2026-01-01T00:00:00Z", "2026-01-01T01:30"),
        ("0 0 31 2 *", "2026-01-01T00:00:00Z", None),
    ],
)
def test_it_is_due_when_cron_says_so(text: str, moment: str, due: str | None) -> None:
    expected = None if due is None else datetime.fromisoformat(due).replace(tzinfo=UTC)
    assert schedule(text).after(datetime.fromisoformat(moment), UTC) == expected


@pytest.mark.parametrize(
    ("text", "moment", "due"),
    [
        # 2012-03-11: New York goes from 02:00 to 03:00; what falls into the gap does not run that day.
        ("30 2 * * *", "2012-03-11T00:00:00-05:00", "2012-03-12T02:30:00-04:00"),
        ("0 * * * *", "2012-03-11T01:59:00-05:00", "2012-03-11T03:00:00-04:00"),
        # 2012-11-04: from 02:00 back to 01:00; the hour counts twice.
        ("30 1 * * *", "2012-11-04T01:30:00-04:00", "2012-11-04T01:30:00-05:00"),
        ("0 9 * * *", "2012-07-01T12:00:00-04:00", "2012-07-02T09:00:00-04:00"),
    ],
)
def test_a_time_zone_moves_it(text: str, moment: str, due: str) -> None:
    found = schedule(text).after(datetime.fromisoformat(moment), ZoneInfo("America/New_York"))
    assert found == datetime.fromisoformat(due)
