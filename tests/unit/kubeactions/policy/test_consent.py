"""Pauses and approvals."""

from __future__ import annotations

import pytest

from kubeactions.policy import Facts, Gate, Ruling, judge, names_of
from kubeactions.safety import Safety
from kubeactions.settings import Settings
from tests.unit.kubeactions.policy.orders import DELETE, NOW, READ, act


def needing(number: int, *approved_by: str, begun: bool = False, name: str = "delete_pod") -> Ruling:
    settings = Settings(safety=Safety(approvals={name: number}))
    return judge(act(), DELETE, Facts(NOW, approved_by=approved_by, begun=begun), settings)


def test_a_pause_makes_everything_wait_and_says_every_reason() -> None:
    ruling = judge(act(), DELETE, Facts(NOW, pauses=("incident 7", "by anna")), Settings())
    assert (ruling.gate, ruling.reason) == (Gate.WAIT, "Paused")
    assert "incident 7; by anna" in ruling.message


def test_a_pause_keeps_nobody_waiting_for_a_no() -> None:
    ruling = judge(act(age_s=9999), DELETE, Facts(NOW, pauses=("incident 7",)), Settings())
    assert ruling.reason == "Expired"


def test_an_action_waits_for_so_many_approvals() -> None:
    assert needing(2).reason == "NeedsApproval"
    waits = needing(2, "anna")
    assert (waits.gate, waits.reason) == (Gate.WAIT, "NeedsApproval")
    assert "1 of 2" in waits.message
    assert "anna" in waits.message
    assert needing(2, "anna", "ben").gate is Gate.ALLOW


def test_an_action_that_has_begun_is_not_asked_for_approvals_again() -> None:
    assert needing(2, begun=True).gate is Gate.ALLOW


def test_every_other_type_is_written_with_a_star_and_reads_need_naming() -> None:
    assert needing(1, name="*").reason == "NeedsApproval"
    settings = Settings(safety=Safety(approvals={"*": 1}))
    assert judge(act(), READ, Facts(NOW), settings).gate is Gate.ALLOW
    named = Settings(safety=Safety(approvals={"get_resource": 1}))
    assert judge(act(), READ, Facts(NOW), named).reason == "NeedsApproval"
    exempt = Settings(safety=Safety(approvals={"*": 1, "delete_pod": 0}))
    assert judge(act(), DELETE, Facts(NOW), exempt).gate is Gate.ALLOW


@pytest.mark.parametrize(
    ("given", "requested_by", "expected"),
    [
        (["anna", "ben"], "", ("anna", "ben")),
        (["anna", "Anna ", "ANNA"], "", ("ANNA",)),
        (["anna", "ben"], "Anna", ("ben",)),
        (["", "  "], "", ()),
        (["\uff41nna", "anna"], "", ("anna",)),
    ],
)
def test_one_person_counts_once_and_nobody_approves_their_own_order(
    given: list[str], requested_by: str, expected: tuple[str, ...]
) -> None:
    assert names_of(given, requested_by) == expected
