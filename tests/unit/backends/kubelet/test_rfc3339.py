"""Times as Kubernetes writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from backends.kubelet.rfc3339 import instant, seconds_until, stamp


def test_a_stamp_is_in_utc_and_without_its_fraction() -> None:
    at = datetime(2026, 1, 1, 2, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert stamp(at) == "2026-01-01T00:00:00Z"


def test_both_forms_of_time_are_read() -> None:
    assert instant("2026-01-01T00:00:00Z") == datetime(2026, 1, 1, tzinfo=UTC)
    assert instant("2026-01-01T00:00:00.000001Z").microsecond == 1
    with pytest.raises(ValueError, match="soon"):
        instant("soon")


def test_what_is_over_is_negative() -> None:
    assert seconds_until("2026-01-01T00:00:00Z", datetime(2026, 1, 1, 0, 1, tzinfo=UTC)) == -60
