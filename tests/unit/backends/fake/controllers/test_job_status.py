"""How ends get into the counts: noted, released, settled, and never counted twice."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from backends.fake.controllers import job_status
from backends.fake.controllers.job_outcome import Tally
from backends.fake.controllers.job_pods import uid
from backends.fake.controllers.job_status import MOST_ENDS, Counts, Ends
from tests.unit.backends.fake.controllers.test_job_outcome import job, pod

Obj = dict[str, Any]
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
FAILING = {"type": "FailureTarget", "status": "True", "reason": "BackoffLimitExceeded", "message": "m"}
SUCCEEDING = {"type": "SuccessCriteriaMet", "status": "True", "reason": "CompletionsReached", "message": "m"}


def ends(body: Obj, *owned: Obj, kept: tuple[str, ...] = (), ending: Obj | None = None) -> Ends:
    return Ends.of(body, Tally.of(body, owned), kept, ending)


def both(body: Obj, *owned: Obj, ending: Obj | None = None, active: int = 0, going: int = 0) -> tuple[Obj, Obj]:
    """The status before and after the finalizers go."""
    tally = Tally.of(body, owned)
    found = Ends.of(body, tally, (), ending)
    counts = Counts(active, active, going)
    before = job_status.interim(body, tally, counts, found, ending, NOW, managed=True)
    return before, job_status.final(body, tally, before, found, ending, NOW)


def test_ended_pods_are_noted_and_released_and_running_ones_are_not() -> None:
    found = ends(job(), pod("a", "Succeeded"), pod("b", "Failed"), pod("c", "Running"))
    assert found.noted == {"succeeded": ["a"], "failed": ["b"]}
    assert [uid(one) for one in found.released] == ["a", "b"]


def test_a_pod_that_is_kept_for_later_is_not_counted_now() -> None:
    assert ends(job(), pod("a", "Failed"), kept=("a",)).noted == {}


def test_a_pod_that_was_noted_before_is_released_without_being_noted_again() -> None:
    found = ends(job({"uncountedTerminatedPods": {"failed": ["a"]}}), pod("a", "Failed"))
    assert (found.noted, [uid(one) for one in found.released]) == ({"failed": ["a"]}, ["a"])


def test_a_job_that_fails_takes_its_running_pods_along_as_failures_and_one_that_succeeds_does_not() -> None:
    assert ends(job(), pod("a", "Running"), ending=FAILING).noted == {"failed": ["a"]}
    found = ends(job(), pod("a", "Running"), ending=SUCCEEDING)
    assert (found.noted, [uid(one) for one in found.released]) == ({}, ["a"])


def test_an_indexed_success_is_noted_by_its_index_alone() -> None:
    body = job(completionMode="Indexed", completions=2)
    before, after = both(body, pod("a", "Succeeded", index=1))
    assert (before["completedIndexes"], before["succeeded"], before["uncountedTerminatedPods"]) == ("1", 1, {})
    assert after["succeeded"] == 1


def test_a_failure_without_an_index_of_its_job_does_not_count() -> None:
    body = job(completionMode="Indexed", completions=2)
    assert ends(body, pod("a", "Failed"), pod("b", "Failed", index=2), pod("c", "Failed", index=1)).noted == {
        "failed": ["c"]
    }


def test_uids_become_numbers_when_the_finalizers_are_gone() -> None:
    before, after = both(job({"succeeded": 1}), pod("a", "Succeeded"), pod("b", "Failed"))
    assert (before["succeeded"], before["uncountedTerminatedPods"]) == (1, {"succeeded": ["a"], "failed": ["b"]})
    assert (after["succeeded"], after["failed"], after["uncountedTerminatedPods"]) == (2, 1, {})


def test_uids_of_pods_that_lost_their_finalizer_in_a_pass_that_broke_off_are_counted() -> None:
    body = job({"failed": 1, "uncountedTerminatedPods": {"failed": ["a"]}})
    _, after = both(body, pod("a", "Failed", tracked=False))
    assert (after["failed"], after["uncountedTerminatedPods"]) == (2, {})


def test_uids_of_pods_that_keep_their_finalizer_stay_noted() -> None:
    body = job({"uncountedTerminatedPods": {"failed": ["a"]}})
    tally = Tally.of(body, [pod("a", "Failed")])
    assert Ends.of(body, tally, ("a",), None).settled(tally).noted == {"failed": ["a"]}


def test_ends_beyond_the_limit_wait_and_so_does_the_end_of_the_job() -> None:
    owned = [pod(f"p{number}", "Failed") for number in range(MOST_ENDS + 1)]
    _, after = both(job(), *owned, ending=FAILING)
    assert after["failed"] == MOST_ENDS
    assert [one["type"] for one in after["conditions"]] == ["FailureTarget"]


def test_a_job_is_over_only_when_no_pod_is_left_ending() -> None:
    _, after = both(job(), ending=FAILING, going=1)
    assert [one["type"] for one in after["conditions"]] == ["FailureTarget"]
    _, after = both(job(), ending=FAILING)
    assert [one["type"] for one in after["conditions"]] == ["FailureTarget", "Failed"]
    assert "completionTime" not in after


def test_a_complete_job_says_when() -> None:
    _, after = both(job(), ending=SUCCEEDING)
    assert after["conditions"][-1]["type"] == "Complete"
    assert after["completionTime"] == after["conditions"][-1]["lastTransitionTime"] == "2026-01-01T12:00:00Z"


def test_numbers_of_nothing_are_left_out_but_for_ready_and_terminating() -> None:
    _, after = both(job())
    assert after == {"ready": 0, "terminating": 0, "uncountedTerminatedPods": {}}


def test_suspension_shows_once_it_happened_and_a_resumed_job_starts_anew() -> None:
    _, running = both(job({"startTime": "2026-01-01T11:00:00Z"}))
    assert "conditions" not in running
    _, suspended = both(job(running, suspend=True))
    assert [(one["status"], one["reason"]) for one in suspended["conditions"]] == [("True", "JobSuspended")]
    assert suspended["startTime"] == "2026-01-01T11:00:00Z"
    _, resumed = both(job(suspended))
    assert [(one["status"], one["reason"]) for one in resumed["conditions"]] == [("False", "JobResumed")]
    assert resumed["startTime"] == "2026-01-01T12:00:00Z"
