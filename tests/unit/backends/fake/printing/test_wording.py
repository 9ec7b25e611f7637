"""Ages, selectors and lists as kubectl's users know them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from backends.fake.printing.wording import age, containers, human, is_true, labels, selector, shortened

MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-2, "<invalid>"),
        (-1, "0s"),
        (0.9, "0s"),
        (119, "119s"),
        (2 * MINUTE, "2m"),
        (9 * MINUTE + 59, "9m59s"),
        (10 * MINUTE + 59, "10m"),
        (179 * MINUTE, "179m"),
        (3 * HOUR, "3h"),
        (7 * HOUR + 59 * MINUTE + 59, "7h59m"),
        (8 * HOUR + 59 * MINUTE, "8h"),
        (47 * HOUR, "47h"),
        (2 * DAY, "2d"),
        (7 * DAY + 23 * HOUR, "7d23h"),
        (8 * DAY + HOUR, "8d"),
        (2 * YEAR - 1, "729d"),
        (2 * YEAR, "2y"),
        (8 * YEAR - 1, "7y364d"),
        (8 * YEAR + DAY, "8y"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float, text: str) -> None:
    assert human(seconds) == text


def test_an_age_is_counted_from_the_cluster_s_own_time() -> None:
    now = datetime(2026, 1, 1, 0, 3, 20, tzinfo=UTC)
    assert age("2026-01-01T00:00:00Z", now) == "3m20s"
    assert age("2026-01-01T00:03:19.500000Z", now) == "0s"
    assert age(None, now) == "<unknown>"


def test_labels_are_listed_by_name() -> None:
    assert labels({"b": "2", "a": "1", "c": ""}) == "a=1,b=2,c="
    assert labels(None) == labels({}) == "<none>"


@pytest.mark.parametrize(
    ("held", "text"),
    [
        (None, ""),
        ({}, ""),
        ({"matchLabels": {"b": "2", "a": "1"}}, "a=1,b=2"),
        ({"matchExpressions": [{"key": "k", "operator": "In", "values": ["y", "x"]}]}, "k in (x,y)"),
        (
            {
                "matchLabels": {"m": "1"},
                "matchExpressions": [
                    {"key": "z", "operator": "NotIn", "values": ["x"]},
                    {"key": "e", "operator": "Exists"},
                    {"key": "d", "operator": "DoesNotExist"},
                ],
            },
            "!d,e,m=1,z notin (x)",
        ),
    ],
)
def test_a_selector_is_told_as_kubectl_takes_it(held: dict[str, Any] | None, text: str) -> None:
    assert selector(held) == text


def test_a_long_list_is_cut_and_counted() -> None:
    assert shortened(["a", "b", "c"], 3) == "a,b,c"
    assert shortened(["a", "b", "c", "d", "e"], 3) == "a,b,c + 2 more..."
    assert shortened(["a", "b", "c"], 2, 9, between=", ") == "a, b + 7 more..."


def test_containers_are_told_by_names_and_images() -> None:
    assert containers({"containers": [{"name": "a", "image": "x:1"}, {"name": "b"}]}) == ("a,b", "x:1,")
    assert containers(None) == ("", "")


def test_a_condition_that_is_not_there_is_not_true() -> None:
    assert is_true({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}, "Ready")
    assert not is_true({"status": {"conditions": [{"type": "Ready", "status": "False"}]}}, "Ready")
    assert not is_true({}, "Ready")
