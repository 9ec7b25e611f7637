"""What an action costs the API server: the counts that `scripts/bench requests` prints, held."""

from __future__ import annotations

from collections import Counter

import pytest

from scripts.benchmark.requests import LIMITS, count


@pytest.mark.parametrize("action_type", ["delete_pod", "restart_deployment"])
def test_a_batch_of_a_hundred_costs_no_more_than_its_limit(action_type: str) -> None:
    counted = count(action_type, 100)
    assert counted.each <= LIMITS[action_type, 100], counted
    assert counted.work["leases"] >= 1, "the renewals meanwhile are counted in"
    assert counted.reports == Counter(events=100, ledger=1)


@pytest.mark.parametrize(("action_type", "resource"), [("delete_pod", "pods"), ("restart_deployment", "deployments")])
def test_a_single_action_costs_six_requests_and_two_for_its_report(action_type: str, resource: str) -> None:
    """Pending, the pause switch, a look, the intent, the effect, the outcome; an Event, and that it was made."""
    counted = count(action_type, 1)
    assert counted.each <= LIMITS[action_type, 1]
    assert counted.work == Counter({resource: 2, "ledger": 3, "requests": 1})
    assert counted.reports == Counter(events=1, ledger=1)
