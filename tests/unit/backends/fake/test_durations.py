"""Lengths of time, as Go writes them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backends.fake.durations import seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("10m", 600), ("1h30m", 5400), ("500ms", 0.5), ("1.5s", 1.5), (".5h", 1800), ("2us", 2e-6), (7, 7)],
)
def test_a_duration_is_read(text: str | float, seconds: float) -> None:
    assert seconds_of(text) == pytest.approx(seconds)
    assert seconds_of(timedelta(seconds=seconds)) == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize("text", ["", "10", "-1s", "1d", "1h 1m", "m", "1..5s", float("inf"), float("nan"), -1])
def test_what_is_no_duration_is_refused(text: str | float) -> None:
    with pytest.raises(ValueError, match="duration"):
        seconds_of(text)
