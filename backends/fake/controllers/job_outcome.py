"""How far a Job is, and whether and why it is over. Pure.

Used by the Job controller (job.py). `Tally.of` counts what its pods did. `outcome` gives the condition with which the
Job begins to end, before all pods are gone: `FailureTarget` or `SuccessCriteriaMet`; `Failed` or `Complete` follows.
Rules: `syncJob` of pkg/controller/job/job_controller.go, KEP-3329 (podFailurePolicy), KEP-3850 (backoffLimitPerIndex)
and KEP-3998 (successPolicy).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from backends.fake.controllers import indexes, job_pods
from backends.kubelet import pods
from backends.kubelet.pods import Object, condition
from backends.kubelet.rfc3339 import seconds_until

FAILURE_TARGET: Final = "FailureTarget"
SUCCESS_MET: Final = "SuccessCriteriaMet"
TERMINAL: Final = {FAILURE_TARGET: "Failed", SUCCESS_MET: "Complete"}


@dataclass(frozen=True, slots=True)
class Tally:
    """What has become of a Job's pods. Those whose end `status` has counted already carry no finalizer any more."""

    active: Sequence[Object]
    tracked: Sequence[Object]
    """Those whose end is still to be counted."""
    new_succeeded: Sequence[Object]
    new_failed: Sequence[Object]
    succeeded: int
    failed: int
    """All failures that count, the new ones included."""
    ending: int
    """Pods that are being deleted and still run."""
    done: frozenset[int]
    """Indexes that have succeeded; empty unless the Job is Indexed."""
    lost: frozenset[int]
    """Indexes that have failed for good; empty without `backoffLimitPerIndex`."""

    @classmethod
    def of(cls, job: Object, owned: Sequence[Object]) -> Tally:
        """Count `owned`, all the Job's pods."""
        status = job.get("status") or {}
        before = status.get("uncountedTerminatedPods") or {}
        succeeded_before, failed_before = set(before.get("succeeded") or ()), set(before.get("failed") or ())
        tracked = [pod for pod in owned if job_pods.is_tracked(pod)]
        new = [pod for pod in tracked if job_pods.uid(pod) not in succeeded_before | failed_before]
        new_succeeded = [pod for pod in new if pods.phase(pod) == "Succeeded"]
        new_failed = [pod for pod in new if job_pods.has_failed(job, pod)]
        done = _done(job, new_succeeded)
        counted = sum(job_pods.judged(job, pod).counts for pod in new_failed)
        return cls(
            active=[pod for pod in owned if pods.is_active(pod)],
            tracked=tracked,
            new_succeeded=new_succeeded,
            new_failed=new_failed,
            succeeded=len(done)
            if job_pods.is_indexed(job)
            else status.get("succeeded", 0) + len(new_succeeded) + len(succeeded_before),
            failed=status.get("failed", 0) + counted + len(failed_before),
            ending=sum(map(job_pods.is_ending, owned)),
            done=done,
            lost=_lost(job, tracked),
        )


def _done(job: Object, new_succeeded: Iterable[Object]) -> frozenset[int]:
    if not job_pods.is_indexed(job):
        return frozenset()
    completions = job["spec"]["completions"]
    new = {index for pod in new_succeeded if (index := job_pods.index_of(pod)) is not None and index < completions}
    return frozenset(indexes.parse((job.get("status") or {}).get("completedIndexes"), completions) | new)


def _lost(job: Object, tracked: Iterable[Object]) -> frozenset[int]:
    if not has_limit_per_index(job):
        return frozenset()
    completions = job["spec"]["completions"]
    found = indexes.parse((job.get("status") or {}).get("failedIndexes"), completions)
    for pod in tracked:
        index = job_pods.index_of(pod)
        if index is not None and index < completions and _loses_index(job, pod):
            found.add(index)
    return frozenset(found)


def _loses_index(job: Object, pod: Object) -> bool:
    if not job_pods.has_failed(job, pod):
        return False
    match = job_pods.judged(job, pod)
    if match.action == "FailIndex":
        return True
    earlier = int((pod["metadata"].get("annotations") or {}).get(job_pods.INDEX_FAILURES, "0"))
    return match.counts and earlier >= int(job["spec"]["backoffLimitPerIndex"])


def has_limit_per_index(job: Object) -> bool:
    """Whether each index has its own number of failures."""
    return job["spec"].get("backoffLimitPerIndex") is not None


def finished(job: Object) -> Object | None:
    """The terminal condition, or None."""
    found = [condition((job.get("status") or {}).get("conditions"), kind) for kind in TERMINAL.values()]
    return next((one for one in found if one is not None and one["status"] == "True"), None)


def begun(job: Object) -> Object | None:
    """The condition with which it began to end, or None."""
    found = [condition((job.get("status") or {}).get("conditions"), kind) for kind in (SUCCESS_MET, FAILURE_TARGET)]
    return next((one for one in found if one is not None and one["status"] == "True"), None)


def outcome(job: Object, tally: Tally, now: datetime) -> Object | None:
    """The condition with which the Job ends, without its times; None while it goes on.

    A Job that simply has all its completions is not asked for here: that depends on what is still active.
    """
    if (ending := begun(job)) is not None:
        return {member: ending.get(member, "") for member in ("type", "status", "reason", "message")}
    return (
        _by_policy(job, tally.tracked)
        or _by_limit(job, tally)
        or _by_deadline(job, now)
        or _by_indexes(job, tally)
        or _by_success_policy(job, tally)
    )


def completed(job: Object, succeeded: int, active: int) -> Object | None:
    """The condition of a Job that has what it wants; None while it has not."""
    completions = job["spec"].get("completions")
    enough = succeeded > 0 if completions is None else succeeded >= completions
    if not enough or active:
        return None
    return _condition(SUCCESS_MET, "CompletionsReached", "Reached expected number of succeeded pods")


def deadline_in_s(job: Object, now: datetime) -> float | None:
    """Seconds until `activeDeadlineSeconds` is over (0 or less: it is); None without one."""
    limit, started = job["spec"].get("activeDeadlineSeconds"), (job.get("status") or {}).get("startTime")
    if limit is None or not started or job_pods.is_suspended(job):
        return None
    return float(limit) + seconds_until(started, now)


def _condition(kind: str, reason: str, message: str) -> Object:
    return {"type": kind, "status": "True", "reason": reason, "message": message}


def _by_policy(job: Object, tracked: Iterable[Object]) -> Object | None:
    """A pod failed in a way that the pod failure policy does not bear."""
    if job["spec"].get("podFailurePolicy") is None:
        return None
    for pod in tracked:
        if job_pods.has_failed(job, pod) and (match := job_pods.judged(job, pod)).action == "FailJob":
            return _condition(FAILURE_TARGET, "PodFailurePolicy", match.message)
    return None


def _by_limit(job: Object, tally: Tally) -> Object | None:
    limit = job["spec"].get("backoffLimit", 6)
    exceeded = tally.failed > limit
    if not exceeded and job["spec"]["template"]["spec"].get("restartPolicy") == "OnFailure":
        count = sum(job_pods.restarts(pod) for pod in tally.active)
        exceeded = count > 0 and count >= limit
    if not exceeded:
        return None
    return _condition(FAILURE_TARGET, "BackoffLimitExceeded", "Job has reached the specified backoff limit")


def _by_deadline(job: Object, now: datetime) -> Object | None:
    left_s = deadline_in_s(job, now)
    if left_s is None or left_s > 0:
        return None
    return _condition(FAILURE_TARGET, "DeadlineExceeded", "Job was active longer than specified deadline")


def _by_indexes(job: Object, tally: Tally) -> Object | None:
    if not tally.lost:
        return None
    most = job["spec"].get("maxFailedIndexes")
    if most is not None and len(tally.lost) > most:
        words = "Job has exceeded the specified maximal number of failed indexes"
        return _condition(FAILURE_TARGET, "MaxFailedIndexesExceeded", words)
    if len(tally.lost) + len(tally.done) >= job["spec"]["completions"]:
        return _condition(FAILURE_TARGET, "FailedIndexes", "Job has failed indexes")
    return None


def _by_success_policy(job: Object, tally: Tally) -> Object | None:
    rules = (job["spec"].get("successPolicy") or {}).get("rules") or ()
    for number, rule in enumerate(rules):
        wanted = rule.get("succeededIndexes")
        counted = tally.done
        if wanted is not None:
            named = indexes.parse(wanted, job["spec"]["completions"])
            counted = tally.done & named
        least = rule.get("succeededCount", len(named) if wanted is not None else None)
        if least is not None and len(counted) >= least:
            return _condition(SUCCESS_MET, "SuccessPolicy", f"Matched rules at index {number}")
    return None
