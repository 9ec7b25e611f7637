"""The circuit breaker counts failures in a window, and begins anew when somebody resumes."""

from __future__ import annotations

from datetime import timedelta

from kubeactions.policy import Failure, broken_by
from kubeactions.safety import Breaker
from tests.unit.kubeactions.policy.orders import NOW


def failed(ago_s: float) -> Failure:
    return Failure(f"c{ago_s}:v1", NOW - timedelta(seconds=ago_s), "Conflict")


def test_it_breaks_at_the_number_and_names_the_failures_in_their_order() -> None:
    breaker = Breaker(failures=3, window_s=60)
    assert broken_by([failed(1), failed(2)], NOW, breaker, None) == ()
    assert [one.key for one in broken_by([failed(1), failed(30), failed(2)], NOW, breaker, None)] == [
        "c30:v1",
        "c2:v1",
        "c1:v1",
    ]


def test_failures_outside_of_the_window_are_over() -> None:
    assert broken_by([failed(1), failed(2), failed(60)], NOW, Breaker(3, 60), None) == ()


def test_what_was_before_the_last_resumption_is_over() -> None:
    failures = [failed(1), failed(2), failed(3)]
    assert broken_by(failures, NOW, Breaker(3, 60), failed(3).at) == ()
    assert len(broken_by(failures, NOW, Breaker(2, 60), failed(3).at)) == 2


def test_it_can_be_switched_off() -> None:
    assert broken_by([failed(one) for one in range(50)], NOW, Breaker(failures=0), None) == ()
