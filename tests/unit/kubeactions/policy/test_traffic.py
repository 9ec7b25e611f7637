"""Rates, actions in flight, blast radius: from what has begun to whether one more may."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeactions.policy import Beginning, Facts, Gate, Ruling, Tally, Traffic, judge
from kubeactions.policy.traffic import limit_of
from kubeactions.safety import BlastRadius, Rate, Safety
from kubeactions.settings import Settings
from tests.unit.kubeactions.policy.orders import DELETE, NODE, NOW, READ, act


def begun(ago_s: float = 0, **change: Any) -> Beginning:
    what: dict[str, Any] = {"type": "delete_pod", "kind": "Pod", "namespace": "shop", "target": f"pod-{ago_s}"}
    return Beginning(**{**what, **change}, at=NOW - timedelta(seconds=ago_s))


def rule(
    safety: Safety, *beginnings: Beginning, objects: int | None = None, spec: Any = DELETE, **traffic: Any
) -> Ruling:
    tally = Tally(safety)
    tally.fill(beginnings, NOW)
    about = tally.about(act(), NOW, traffic.get("in_flight", ()), objects)
    return judge(act(), spec, Facts(NOW, traffic=about), Settings(safety=safety))


# --- rates ---


def test_a_bucket_lets_so_many_through_at_once_and_then_one_by_one() -> None:
    safety = Safety(rate_per_type={"delete_pod": Rate(3, 60)})
    assert rule(safety, begun(), begun()).gate is Gate.ALLOW
    waits = rule(safety, begun(), begun(), begun())
    assert (waits.gate, waits.reason) == (Gate.WAIT, "RateLimited")
    assert waits.retry_after_s == pytest.approx(20)
    assert rule(safety, begun(20), begun(20), begun(20)).gate is Gate.ALLOW
    assert rule(safety, begun(19), begun(19), begun(19)).reason == "RateLimited"


def test_each_type_and_each_namespace_has_a_bucket_of_its_own() -> None:
    per_type = Safety(rate_per_type={"*": Rate(1, 60)})
    assert rule(per_type, begun(type="drain_node")).gate is Gate.ALLOW
    assert rule(per_type, begun()).reason == "RateLimited"
    per_namespace = Safety(rate_per_namespace={"*": Rate(1, 60)})
    assert rule(per_namespace, begun(namespace="other")).gate is Gate.ALLOW
    assert rule(per_namespace, begun(type="drain_node")).reason == "RateLimited"
    named = Safety(rate_per_namespace={"other": Rate(1, 60)})
    assert rule(named, begun(), begun()).gate is Gate.ALLOW


def test_a_stamp_from_a_clock_that_was_ahead_does_not_stop_the_rate_for_hours() -> None:
    safety = Safety(rate_per_type={"delete_pod": Rate(1, 60)})
    assert rule(safety, begun(-7200)).retry_after_s <= 60


def test_what_has_begun_before_is_not_held_back_by_rates() -> None:
    safety = Safety(rate_per_type={"delete_pod": Rate(1, 60)}, max_in_flight=1)
    tally = Tally(safety)
    tally.fill([begun()], NOW)
    facts = Facts(NOW, begun=True, traffic=tally.about(act(), NOW, ("a:v1",) * 5, None))
    assert judge(act(), DELETE, facts, Settings(safety=safety)).gate is Gate.ALLOW


@given(st.lists(st.floats(0, 300), max_size=60), st.integers(1, 8))
def test_no_stretch_of_time_ever_sees_more_than_the_bucket_and_its_refill(arrivals: list[float], count: int) -> None:
    """Whoever asks again when told to gets through, and never too many do."""
    safety = Safety(rate_per_type={"delete_pod": Rate(count, 60)})
    tally = Tally(safety)
    let_through: list[float] = []
    for second in sorted(arrivals):
        now = NOW + timedelta(seconds=second)
        (bucket,) = tally.about(act(), now, (), None).buckets
        if bucket.ready_at <= now:
            let_through.append(second)
            tally.add(Beginning("delete_pod", "Pod", "shop", "x", now), now)
    for index, first in enumerate(let_through):
        for number, last in enumerate(let_through[index:], 1):
            assert number <= count + (last - first) * count / 60 + 1e-6


# --- in flight ---


def test_so_many_actions_are_in_flight_at_most() -> None:
    safety = Safety(max_in_flight=2)
    two = ("a:v1", "b:v1")
    assert rule(safety, in_flight=two[:1]).gate is Gate.ALLOW
    assert rule(safety, in_flight=two).reason == "TooManyInFlight"
    assert rule(safety, in_flight=two, spec=READ).gate is Gate.ALLOW


# --- when the next one may ---


def test_each_says_when_the_next_one_may_begin() -> None:
    rate = Safety(rate_per_type={"delete_pod": Rate(3, 60)})
    assert rule(rate, begun(), begun(), begun()).text == (
        "rate of delete_pod: 3 in 60 s; the next may begin at 2026-08-20T10:15:20Z"
    )
    assert rule(radius(absolute=1), begun(59.5)).text.endswith("; the next may begin at 2026-08-20T10:24:01Z")


@pytest.mark.parametrize(
    ("keys", "words"),
    [("a", "a:v1"), ("ab", "one of a:v1, b:v1"), ("abcd", "one of a:v1, b:v1 or 2 more")],
)
def test_in_flight_names_what_is_waited_for(keys: str, words: str) -> None:
    ruling = rule(Safety(max_in_flight=1), in_flight=tuple(f"{key}:v1" for key in keys))
    assert ruling.text.endswith(f"; 1 may be at a time; the next may begin when {words} has ended")


# --- blast radius ---


@pytest.mark.parametrize(
    ("percent", "absolute", "objects", "limit"),
    [
        (0, 0, 100, None),
        (0, 5, None, 5),
        (10, 0, 100, 10),
        (10, 0, 19, 1),
        (10, 0, 1, 1),
        (1, 0, 3, 1),
        (50, 3, 100, 3),
        (2, 30, 100, 2),
        (50, 0, None, 1),
        (50, 7, None, 1),
        (100, 0, 4, 4),
    ],
)
def test_the_blast_radius_is_the_smaller_bound_and_never_below_one(
    percent: float, absolute: int, objects: int | None, limit: int | None
) -> None:
    assert limit_of(BlastRadius(percent, absolute), objects) == limit


def radius(**bounds: Any) -> Safety:
    return Safety(blast_radius=BlastRadius(**bounds))


def test_no_more_objects_are_touched_than_the_radius_within_its_time() -> None:
    safety = radius(absolute=2)
    assert rule(safety, begun(60)).gate is Gate.ALLOW
    waits = rule(safety, begun(60), begun(30))
    assert (waits.gate, waits.reason) == (Gate.WAIT, "BlastRadius")
    assert "2 objects of kind Pod in namespace shop" in waits.message
    assert rule(safety, begun(600), begun(30)).gate is Gate.ALLOW, "the first one counts no more"


def test_an_object_counts_once_and_touching_it_again_adds_nothing() -> None:
    safety = radius(absolute=1)
    assert rule(safety, begun(60, target="cart-0"), begun(30, target="cart-0")).gate is Gate.ALLOW
    assert rule(safety, begun(60, target="other")).reason == "BlastRadius"


def test_only_the_same_kind_in_the_same_namespace_counts_and_only_what_was_touched() -> None:
    safety = radius(absolute=1)
    assert rule(safety, begun(kind="Deployment"), begun(namespace="other"), begun(touched=False)).gate is Gate.ALLOW
    assert rule(safety, begun(kind="pod")).reason == "BlastRadius"
    assert rule(safety, begun(), spec=READ).gate is Gate.ALLOW


def test_a_share_is_of_the_objects_that_there_are() -> None:
    assert rule(radius(percent=50.0), begun(), objects=4).gate is Gate.ALLOW
    waits = rule(radius(percent=50.0), begun(), begun(5), objects=4)
    assert waits.reason == "BlastRadius"
    assert "2 of 4" in waits.message


def test_a_cluster_scoped_kind_has_the_cluster_for_its_namespace() -> None:
    traffic = Traffic(touched=1, free_at=NOW + timedelta(seconds=5))
    ruling = judge(act(NODE), DELETE, Facts(NOW, traffic=traffic), Settings(safety=radius(absolute=1)))
    assert "of the cluster" in ruling.message


def test_times_are_aware() -> None:
    assert isinstance(begun().at, datetime)
    assert begun().at.tzinfo is not None


# --- clocks that are set back ---


def test_a_clock_that_is_set_back_blocks_nothing_for_longer_than_its_bucket_takes_to_fill() -> None:
    safety = Safety(rate_per_type={"delete_pod": Rate(2, 60)}, blast_radius=BlastRadius(absolute=1, window_s=600))
    tally = Tally(safety)
    later = NOW + timedelta(days=5)
    for _ in range(2):
        tally.add(begun(-5 * 86400, target="other"), later)
    about = tally.about(act(), NOW, (), None)
    assert about.buckets[0].ready_at <= NOW + timedelta(seconds=60)
    assert (about.touched, about.free_at) == (1, NOW + timedelta(seconds=600))
    tally.add(begun(), NOW)
    after = NOW + timedelta(seconds=601)
    again = tally.about(act(), after, (), None)
    assert again.buckets[0].ready_at <= after
    assert again.touched == 0


def test_a_rate_that_was_made_smaller_counts_no_more_than_its_own_time() -> None:
    safety = Safety(rate_per_type={"delete_pod": Rate(1, 60)})
    tally = Tally(safety)
    tally.fill([begun(ago) for ago in range(500)], NOW)
    assert tally.about(act(), NOW, (), None).buckets[0].ready_at <= NOW + timedelta(seconds=60)
