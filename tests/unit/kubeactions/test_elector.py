"""The elector: its decisions as a table, its clocks, and what it does when requests fail."""

from __future__ import annotations

import random
from typing import Any

import pytest

from backends.clock import SimulatedClock
from backends.fake import Cluster, FakeBackend
from backends.faults import (
    Answer,
    Crash,
    Delay,
    Faults,
    Late,
    LoseAnswer,
    LoseRequest,
    Match,
    Pause,
    ReplicaDied,
    install,
)
from kubeactions.elector import (
    LEDGER_ANNOTATION,
    Elector,
    Move,
    Seen,
    Stamp,
    Timing,
    decide,
    micro_time,
    new_identity,
    next_spec,
    read_stamp,
)
from kubeactions.errors import Conflict
from kubeactions.kube import Kube

PATH = "/apis/coordination.k8s.io/v1/namespaces/default/leases/election"


def lease(holder: str, duration: int = 15, transitions: int = 3) -> dict[str, Any]:
    return {"spec": {"holderIdentity": holder, "leaseDurationSeconds": duration, "leaseTransitions": transitions}}


class Race:
    """Candidates for one Lease on one API server."""

    def __init__(self) -> None:
        self.clock = SimulatedClock()
        self.backend = FakeBackend(cluster=Cluster(self.clock, controllers=False))
        self.faults = Faults(self.clock)
        self.kube = Kube(self.backend.client("tester"), self.clock)

    def candidate(self, name: str, timing: Timing | None = None) -> Elector:
        client = self.backend.client(name)
        install(client, self.faults, name)
        return Elector(
            Kube(client, self.clock), self.clock, identity=name, namespace="default", name="election", timing=timing
        )

    def lease(self) -> dict[str, Any]:
        return self.kube.get(PATH)


@pytest.fixture
def race() -> Race:
    return Race()


@pytest.mark.parametrize(
    ("found", "age_s", "move"),
    [
        (None, 0.0, Move.CREATE),
        (lease("me"), 0.0, Move.RENEW),
        (lease("me"), 99.0, Move.RENEW),
        (lease(""), 0.0, Move.TAKE),
        ({}, 0.0, Move.TAKE),
        ({"spec": None}, 0.0, Move.TAKE),
        (lease("other"), 0.0, Move.WAIT),
        (lease("other"), 14.9, Move.WAIT),
        (lease("other"), 15.0, Move.TAKE),
        (lease("other", duration=60), 15.0, Move.WAIT),
        (lease("other", duration=1), 1.0, Move.TAKE),
    ],
)
def test_what_a_candidate_does_depends_on_the_holder_and_the_age_of_its_last_change(
    found: Any, age_s: float, move: Move
) -> None:
    assert decide(Seen(found, 100.0), "me", 100.0 + age_s) is move


@pytest.mark.parametrize(
    ("found", "transitions"), [(None, 0), (lease("me"), 3), (lease("other"), 4), (lease("", transitions=7), 8)]
)
def test_transitions_rise_when_the_holder_changes_and_only_then(found: Any, transitions: int) -> None:
    now = SimulatedClock().wall()
    assert next_spec(Seen(found, 0.0), "me", Timing(), now)["leaseTransitions"] == transitions


def test_times_have_exactly_six_fractional_digits() -> None:
    assert micro_time(SimulatedClock().wall()) == "2026-01-01T00:00:00.000000Z"


@pytest.mark.parametrize(
    "numbers",
    [
        {"lease_duration_s": 10.0, "renew_deadline_s": 10.0},
        {"lease_duration_s": 10.9, "renew_deadline_s": 10.5},
        {"renew_deadline_s": 2.0, "retry_period_s": 2.0},
        {"retry_period_s": 0.0},
        {"request_timeout_s": 0.0},
        {"request_timeout_s": 8.0},
        {"lease_duration_s": 0.5, "renew_deadline_s": 0.3, "retry_period_s": 0.1, "request_timeout_s": 0.1},
    ],
)
def test_numbers_that_cannot_be_safe_are_refused(numbers: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="unsafe election timing"):
        Timing(**numbers)


def test_the_first_candidate_creates_the_lease_and_leads(race: Race) -> None:
    elector = race.candidate("a")
    elector.step()
    assert elector.is_leader()
    assert race.lease()["spec"] == {
        "holderIdentity": "a",
        "leaseDurationSeconds": 15,
        "leaseTransitions": 0,
        "acquireTime": "2026-01-01T00:00:00.000000Z",
        "renewTime": "2026-01-01T00:00:00.000000Z",
    }


@pytest.mark.parametrize("verb", ["create", "update"])
def test_a_candidate_that_comes_second_in_a_race_follows_without_a_complaint(
    race: Race, caplog: pytest.LogCaptureFixture, verb: str
) -> None:
    first, second = race.candidate("a"), race.candidate("b")
    if verb == "update":
        for candidate in (race.candidate("before"), first, second):
            candidate.step()
        race.clock.advance(20)
    race.faults.add(Pause(first.step), Match(identity="b", verb=verb, resource="leases"), times=1)
    second.step()
    assert (first.is_leader(), second.is_leader()) == (True, False)
    assert (second.last_error, second.reached, second.holder()) == ("", True, "a")
    assert [one.message for one in caplog.records if one.levelname == "WARNING"] == []


def test_validity_counts_from_before_the_renewal_was_sent(race: Race) -> None:
    elector = race.candidate("a")
    race.faults.add(Delay(2.5), Match(verb="create", resource="leases"))
    elector.step()
    assert elector.leads(7.5)
    assert not elector.leads(7.6)


def test_a_leader_that_cannot_renew_stops_before_another_may_start(race: Race) -> None:
    first, second = race.candidate("a"), race.candidate("b")
    first.step()
    second.step()
    race.faults.partition("a")
    stopped_at = started_at = 0.0
    for _ in range(200):
        race.clock.advance(0.1)
        second.step()
        if not stopped_at and not first.is_leader():
            stopped_at = race.clock.monotonic()
        if not started_at and second.is_leader():
            started_at = race.clock.monotonic()
        assert not (first.is_leader() and second.is_leader())
    assert (round(stopped_at - 1000, 1), round(started_at - 1000, 1)) == (10.0, 15.0)
    assert race.lease()["spec"]["leaseTransitions"] == 1


def test_a_holder_with_a_jumping_wall_clock_keeps_its_lease(race: Race) -> None:
    first, second = race.candidate("a"), race.candidate("b")
    for _ in range(20):
        first.step()
        second.step()
        race.clock.jump_wall(-3600)
        race.clock.advance(2)
    assert first.is_leader()
    assert not second.is_leader()


def test_a_paused_leader_wakes_up_as_a_follower(race: Race) -> None:
    first, second = race.candidate("a"), race.candidate("b")
    first.step()
    second.step()
    race.clock.advance(20)
    second.step()
    assert not first.is_leader()
    first.step()
    assert not first.is_leader()
    assert first.holder() == "b"


def test_a_leader_that_nobody_replaced_leads_again_in_a_new_term(race: Race) -> None:
    elector = race.candidate("a")
    elector.step()
    race.clock.advance(60)
    assert not elector.is_leader()
    elector.step()
    assert elector.is_leader()
    assert elector.term() == 2
    assert race.lease()["spec"]["leaseTransitions"] == 0


@pytest.mark.parametrize("fault", [LoseRequest(), LoseAnswer(), Late(1), Answer(500), Answer(409), Answer(429)])
def test_one_failed_renewal_does_not_end_the_term(race: Race, fault: Any) -> None:
    elector = race.candidate("a")
    elector.step()
    race.faults.add(fault, Match(verb="update", resource="leases"), times=1)
    for _ in range(6):
        race.clock.advance(2)
        elector.step()
        assert elector.is_leader()
    assert elector.term() == 1


def test_a_creation_whose_answer_was_lost_is_found_at_the_next_step(race: Race) -> None:
    elector = race.candidate("a")
    race.faults.add(LoseAnswer(), Match(verb="create", resource="leases"), times=1)
    elector.step()
    assert not elector.is_leader()
    elector.step()
    assert elector.is_leader()


def test_a_leader_that_sees_another_holder_stops_at_once(race: Race) -> None:
    elector = race.candidate("a")
    elector.step()
    found = race.lease()
    found["spec"]["holderIdentity"] = "b"
    race.kube.replace(PATH, found)
    race.clock.advance(2)
    elector.step()
    assert not elector.is_leader()


def test_a_hanging_api_server_is_noticed_by_the_requests_deadline(race: Race) -> None:
    elector = race.candidate("a")
    elector.step()
    race.faults.add(Delay(1000), Match(resource="leases"))
    before = race.clock.monotonic()
    elector.step()
    assert race.clock.monotonic() - before <= 2 * Timing().request_timeout_s


def test_a_dying_process_is_not_caught(race: Race) -> None:
    elector = race.candidate("a")
    race.faults.add(Crash(), Match(resource="leases"))
    with pytest.raises(ReplicaDied):
        elector.step()


def test_release_hands_over_without_waiting(race: Race) -> None:
    first, second = race.candidate("a"), race.candidate("b")
    first.step()
    second.step()
    first.release()
    assert not first.is_leader()
    assert race.lease()["spec"]["leaseDurationSeconds"] == 1
    second.step()
    assert second.is_leader()
    assert race.lease()["spec"]["leaseTransitions"] == 1


def test_a_follower_releases_nothing(race: Race) -> None:
    first, second = race.candidate("a"), race.candidate("b")
    first.step()
    second.step()
    second.release()
    assert race.lease()["spec"]["holderIdentity"] == "a"


def test_a_release_that_fails_is_said_and_not_raised(race: Race) -> None:
    elector = race.candidate("a")
    elector.step()
    race.faults.partition("a")
    elector.release()
    assert not elector.is_leader()
    assert elector.last_error


def test_renewals_keep_the_ledgers_stamp_and_a_promotion_rewrites_it(race: Race) -> None:
    first, second = race.candidate("a"), race.candidate("b")
    first.step()
    first.stamp(Stamp("uid-1", 1, 1))
    for _ in range(3):
        race.clock.advance(2)
        first.step()
    first.release()
    second.step()
    assert second.known_stamp() == Stamp("uid-1", 1, 1)
    second.stamp(Stamp("uid-1", 2, 9))
    assert read_stamp(race.lease()) == Stamp("uid-1", 2, 9)


@pytest.mark.parametrize("name", ["a", "b"], ids=["the leader", "a follower"])
def test_a_lease_that_is_made_anew_names_the_ledger_that_was_seen(race: Race, name: str) -> None:
    candidates = {"a": race.candidate("a"), "b": race.candidate("b")}
    candidates["a"].step()
    candidates["a"].stamp(Stamp("u", 7, 9))
    candidates["b"].step()
    race.kube.delete(PATH)
    race.clock.advance(60)
    candidates[name].step()
    assert race.lease()["spec"]["holderIdentity"] == name
    assert read_stamp(race.lease()) == Stamp("u", 7, 9)
    assert candidates[name].known_stamp() == Stamp("u", 7, 9)


def test_who_does_not_lead_cannot_stamp(race: Race) -> None:
    with pytest.raises(Conflict):
        race.candidate("a").stamp(Stamp("uid-1", 1, 1))


@pytest.mark.parametrize("text", ["{", "[]", '{"uid": "x"}', '{"uid": "x", "epoch": "many", "seq": 1}'])
def test_an_unreadable_stamp_is_an_error_and_not_a_first_start(text: str) -> None:
    with pytest.raises(ValueError, match="unreadable"):
        read_stamp({"metadata": {"annotations": {LEDGER_ANNOTATION: text}}})


def test_candidates_do_not_march_in_step(race: Race) -> None:
    race.candidate("leader").step()
    pauses = {race.candidate(name).step() for name in "abcdef"}
    assert len(pauses) > 3
    assert all(2.0 <= pause <= 2.0 * 2.2 for pause in pauses)


def test_a_restarted_container_of_the_same_pod_is_somebody_else() -> None:
    dice = random.Random(1)
    first, second = new_identity("agent-0", "uid-0", dice), new_identity("agent-0", "uid-0", dice)
    assert first != second
    assert first.startswith("agent-0_uid-0_")


def test_a_candidate_needs_a_name() -> None:
    clock = SimulatedClock()
    kube = Kube(FakeBackend(cluster=Cluster(clock, controllers=False)).client(), clock)
    with pytest.raises(ValueError, match="identity"):
        Elector(kube, clock, identity="", namespace="default", name="x")
