"""When actions may run: not_before, and windows across changes of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kubeactions import safety
from kubeactions.model import Status
from kubeactions.policy import Facts, Gate, Ruling, judge
from kubeactions.policy.timing import next_beginning, open_until
from kubeactions.safety import Safety, Window
from kubeactions.settings import Settings
from tests.unit.kubeactions.policy.orders import DELETE, NOW, READ, act


def ruling(settings: Settings | None = None, now: datetime = NOW, **order: Any) -> Ruling:
    return judge(act(**order), DELETE, Facts(now), settings or Settings())


def window(schedule: str, duration: str, zone: str = "UTC", **more: Any) -> Window:
    (found,) = safety.windows([{"schedule": schedule, "duration": duration, "time_zone": zone, **more}])
    return found


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# --- not_before ---


def test_an_action_waits_until_it_may_begin() -> None:
    later = NOW + timedelta(minutes=10)
    waits = ruling(not_before=later)
    assert (waits.gate, waits.reason, waits.retry_after_s) == (Gate.WAIT, "NotBefore", 60)
    assert ruling(not_before=later, now=later).gate is Gate.ALLOW


def test_expiry_counts_from_when_it_may_begin() -> None:
    later = NOW + timedelta(hours=5)
    assert ruling(not_before=later, now=later + timedelta(hours=1)).gate is Gate.ALLOW
    expired = ruling(not_before=later, now=later + timedelta(hours=1, seconds=1))
    assert (expired.reason, expired.status) == ("Expired", Status.EXPIRED)
    assert "wanted from" in expired.message


def test_a_time_before_the_stamp_delays_nothing_and_prolongs_nothing() -> None:
    earlier = NOW - timedelta(hours=9)
    assert ruling(not_before=earlier).gate is Gate.ALLOW
    assert ruling(not_before=earlier, age_s=3601).reason == "Expired"


def test_nobody_puts_an_action_off_for_longer_than_the_operator_lets_them() -> None:
    settings = Settings(safety=Safety(not_before_limit_s=60))
    assert ruling(settings, not_before=NOW + timedelta(seconds=60)).reason == "NotBefore"
    assert ruling(settings, not_before=NOW + timedelta(seconds=61)).reason == "NotBeforeTooFar"


def test_a_far_gate_is_asked_again_within_a_minute() -> None:
    assert ruling(not_before=NOW + timedelta(days=2)).retry_after_s == 60


# --- windows: open and closed ---


@pytest.mark.parametrize(
    ("now", "closes"),
    [
        ("2026-08-20T21:59:59", None),
        ("2026-08-20T22:00:00", "2026-08-21T02:00:00"),
        ("2026-08-20T22:00:00.5", "2026-08-21T02:00:00"),
        ("2026-08-21T01:59:59.999", "2026-08-21T02:00:00"),
        ("2026-08-21T02:00:00", None),
    ],
)
def test_a_window_is_open_from_its_beginning_until_before_its_end(now: str, closes: str | None) -> None:
    assert open_until(window("0 22 * * *", "4h"), utc(now)) == (utc(closes) if closes else None)


def test_a_window_that_begins_again_before_it_ends_stays_open() -> None:
    assert open_until(window("*/10 * * * *", "15m"), utc("2026-08-20T10:14:00")) == utc("2026-08-20T10:25:00")


def test_the_next_beginning_is_later_than_now() -> None:
    nightly = window("0 22 * * *", "1h")
    assert next_beginning(nightly, utc("2026-08-20T21:59:59")) == utc("2026-08-20T22:00:00")
    assert next_beginning(nightly, utc("2026-08-20T22:00:00")) == utc("2026-08-21T22:00:00")
    assert next_beginning(window("0 0 * * SAT#1", "1h"), NOW) == utc("2026-09-05T00:00:00")


# --- windows: time zones and daylight saving ---
# Europe/Berlin: 2026-03-29 02:00 CET -> 03:00 CEST (01:00 UTC), 2026-10-25 03:00 CEST -> 02:00 CET (01:00 UTC).


def test_a_window_follows_the_wall_clock_of_its_zone_through_the_year() -> None:
    berlin = window("0 9 * * *", "1h", "Europe/Berlin")
    assert next_beginning(berlin, utc("2026-01-15T00:00:00")) == utc("2026-01-15T08:00:00")
    assert next_beginning(berlin, utc("2026-07-15T00:00:00")) == utc("2026-07-15T07:00:00")


def test_a_window_in_the_missing_hour_begins_right_after_it() -> None:
    berlin = window("30 2 * * *", "1h", "Europe/Berlin")
    assert next_beginning(berlin, utc("2026-03-28T12:00:00")) == utc("2026-03-29T01:00:00")
    assert open_until(berlin, utc("2026-03-29T00:59:59")) is None
    assert open_until(berlin, utc("2026-03-29T01:00:00")) == utc("2026-03-29T02:00:00")
    assert open_until(berlin, utc("2026-03-29T02:00:00")) is None


def test_a_window_in_the_repeated_hour_opens_once() -> None:
    berlin = window("30 2 * * *", "30m", "Europe/Berlin")
    assert next_beginning(berlin, utc("2026-10-24T12:00:00")) == utc("2026-10-25T00:30:00")
    assert open_until(berlin, utc("2026-10-25T00:45:00")) == utc("2026-10-25T01:00:00")
    assert open_until(berlin, utc("2026-10-25T01:45:00")) is None, "02:45 for the second time"
    assert next_beginning(berlin, utc("2026-10-25T01:15:00")) == utc("2026-10-26T01:30:00")


def test_a_window_is_as_long_as_it_says_when_the_clocks_are_put_back_in_it() -> None:
    berlin = window("45 2 * * *", "1h", "Europe/Berlin")
    assert open_until(berlin, utc("2026-10-25T01:30:00")) == utc("2026-10-25T01:45:00")


def test_a_window_over_the_change_lasts_as_many_hours_as_it_says() -> None:
    berlin = window("0 1 * * *", "4h", "Europe/Berlin")
    assert open_until(berlin, utc("2026-03-29T03:59:59")) == utc("2026-03-29T04:00:00")
    assert open_until(berlin, utc("2026-10-25T02:59:59")) == utc("2026-10-25T03:00:00")


# --- windows: what they mean for an action ---


def in_windows(now: str, *windows: Window, spec: Any = DELETE) -> Ruling:
    action = act(age_s=(NOW - utc(now)).total_seconds())
    return judge(action, spec, Facts(utc(now)), Settings(safety=Safety(windows=windows)))


def test_outside_of_a_window_an_action_waits_for_it() -> None:
    nightly = window("0 22 * * *", "4h")
    waits = in_windows("2026-08-20T21:30:00", nightly)
    assert (waits.gate, waits.reason, waits.retry_after_s) == (Gate.WAIT, "OutsideWindow", 60)
    assert "2026-08-20T22:00:00Z" in waits.message
    assert in_windows("2026-08-20T23:00:00", nightly).gate is Gate.ALLOW


def test_one_open_window_is_enough() -> None:
    both = (window("0 1 * * *", "1h"), window("0 22 * * *", "1h"))
    assert in_windows("2026-08-20T22:30:00", *both).gate is Gate.ALLOW
    assert in_windows("2026-08-20T12:00:00", *both).reason == "OutsideWindow"


def test_a_denying_window_wins_over_one_that_allows() -> None:
    freeze = window("0 22 * * *", "30m", kind="deny")
    ruling = in_windows("2026-08-20T22:10:00", window("0 20 * * *", "6h"), freeze)
    assert (ruling.gate, ruling.reason, ruling.retry_after_s) == (Gate.WAIT, "WindowDenies", 60)
    assert in_windows("2026-08-20T22:30:00", freeze).gate is Gate.ALLOW, "nothing else is asked of it"


def test_a_window_is_about_the_types_and_namespaces_that_it_names() -> None:
    elsewhere = window("0 22 * * *", "1h", namespaces=["other"])
    other_type = window("0 22 * * *", "1h", actions=["drain_node"])
    ours = window("0 22 * * *", "1h", actions=["delete_pod"], namespaces=["shop"])
    assert in_windows("2026-08-20T12:00:00", elsewhere, other_type).gate is Gate.ALLOW
    assert in_windows("2026-08-20T12:00:00", ours).reason == "OutsideWindow"


def test_what_only_reads_needs_no_window() -> None:
    assert in_windows("2026-08-20T12:00:00", window("0 22 * * *", "1h"), spec=READ).gate is Gate.ALLOW
