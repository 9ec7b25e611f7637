"""The status of a Job: counts, conditions, and the ends of its pods on their way into the counts. Pure.

Used by the Job controller (job.py). An end is counted in three writes, so that it is neither lost nor counted twice
(KEP-2307): its uid is noted in `status.uncountedTerminatedPods`, the pod loses its finalizer, and the number takes
the uid's place. `Ends` says which pods these are; `interim` and `final` are the status before and after their
finalizers go. Rules: `trackJobStatusAndRemoveFinalizers` and `enactJobFinished` of
pkg/controller/job/job_controller.go.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from backends.fake.controllers import indexes, job_pods
from backends.fake.controllers.job_outcome import FAILURE_TARGET, SUCCESS_MET, TERMINAL, Tally, has_limit_per_index
from backends.kubelet import pods
from backends.kubelet.news import News
from backends.kubelet.pods import Object, condition
from backends.kubelet.rfc3339 import stamp

MOST_ENDS: Final = 500
"""Ends counted in one pass, at most (`MaxUncountedPods`)."""


@dataclass(frozen=True, slots=True)
class Ends:
    """The pods whose ends are counted now, and the uids that are noted meanwhile."""

    released: Sequence[Object]
    succeeded: Sequence[str]
    failed: Sequence[str]
    all_of_them: bool
    """Whether none had to wait for the next pass."""

    @classmethod
    def of(cls, job: Object, tally: Tally, kept: Collection[str], ending: Object | None) -> Ends:
        """Of all pods that are still tracked; those with uids in `kept` are left for later."""
        released = [pod for pod in tally.tracked if job_pods.uid(pod) not in kept and _has_ended(job, pod, ending)]
        before = job["status"].get("uncountedTerminatedPods") or {}
        succeeded = list(before.get("succeeded") or ())
        failed = list(before.get("failed") or ())
        for pod in released[:MOST_ENDS]:
            uid = job_pods.uid(pod)
            if pods.phase(pod) == "Succeeded" and uid not in failed:
                # The index alone keeps an Indexed Job from counting twice.
                if not job_pods.is_indexed(job) and uid not in succeeded:
                    succeeded.append(uid)
            elif uid not in failed and _counts_as_failure(job, pod, ending):
                failed.append(uid)
        return cls(released[:MOST_ENDS], succeeded, failed, len(released) <= MOST_ENDS)

    @property
    def noted(self) -> Object:
        """`status.uncountedTerminatedPods`."""
        members = {"succeeded": list(self.succeeded), "failed": list(self.failed)}
        return {member: uids for member, uids in members.items() if uids}

    def settled(self, tally: Tally) -> Ends:
        """What is still noted once the finalizers are gone."""
        gone = {job_pods.uid(pod) for pod in self.released}
        held = {job_pods.uid(pod) for pod in tally.tracked} - gone
        return Ends(
            (), [uid for uid in self.succeeded if uid in held], [uid for uid in self.failed if uid in held], True
        )


def _has_ended(job: Object, pod: Object, ending: Object | None) -> bool:
    if pods.is_terminating(job) or ending is not None or pods.phase(pod) == "Succeeded":
        return True
    return job_pods.has_failed(job, pod)


def _counts_as_failure(job: Object, pod: Object, ending: Object | None) -> bool:
    """It failed and the policy does not ignore that; or the Job fails, and takes it along."""
    over = ending is not None and ending["type"] == FAILURE_TARGET
    if not over and not job_pods.has_failed(job, pod):
        return False
    if job_pods.is_indexed(job):
        index = job_pods.index_of(pod)
        if index is None or index >= job["spec"]["completions"]:
            return False
    return job_pods.judged(job, pod).counts


@dataclass(frozen=True, slots=True)
class Counts:
    """What a pass leaves of active pods."""

    active: int
    ready: int
    ending: int


def interim(
    job: Object, tally: Tally, counts: Counts, ends: Ends, ending: Object | None, now: datetime, *, managed: bool
) -> Object:
    """The status before the finalizers go. `managed`: whether the pass looked after pods, and so after `suspend`."""
    status: Object = dict(job["status"])
    status.update(active=counts.active, ready=counts.ready, terminating=counts.ending)
    if job_pods.is_indexed(job):
        status.update(succeeded=len(tally.done), completedIndexes=indexes.text(tally.done))
        if has_limit_per_index(job):
            status["failedIndexes"] = indexes.text(tally.lost)
    conditions = list(status.get("conditions") or ())
    if managed and ending is None:
        changed = _with_suspension(conditions, job_pods.is_suspended(job), now)
        if changed != conditions and not job_pods.is_suspended(job):
            status["startTime"] = stamp(now)  # the deadline is counted anew
        conditions = changed
    if ending is not None and condition(conditions, ending["type"]) is None:
        conditions = [*conditions, _timed(ending, now)]
    status.update(conditions=conditions, uncountedTerminatedPods=ends.noted)
    return _tidy(status)


def final(job: Object, tally: Tally, before: Object, ends: Ends, ending: Object | None, now: datetime) -> Object:
    """The status after the finalizers are gone: uids have become numbers, and the Job is over if nothing is left."""
    left = ends.settled(tally)
    status: Object = {**before, "uncountedTerminatedPods": left.noted}
    if not job_pods.is_indexed(job):
        status["succeeded"] = before.get("succeeded", 0) + len(ends.succeeded) - len(left.succeeded)
    status["failed"] = before.get("failed", 0) + len(ends.failed) - len(left.failed)
    if ending is not None and ends.all_of_them and not left.noted and not status.get("terminating"):
        terminal = _timed({**ending, "type": TERMINAL[ending["type"]]}, now)
        status["conditions"] = [*status["conditions"], terminal]
        if terminal["type"] == "Complete":
            status["completionTime"] = terminal["lastTransitionTime"]
    return _tidy(status)


def news(before: Object, after: Object) -> list[News]:
    """What is told of the change from one status to another: suspended, resumed, over."""
    told: list[News] = []
    old, new = (condition(one.get("conditions"), "Suspended") for one in (before, after))
    if new is not None and new["status"] != (old or {}).get("status", "False"):
        told.append(News("Suspended" if new["status"] == "True" else "Resumed", new["message"]))
    if condition(after.get("conditions"), TERMINAL[SUCCESS_MET]) is not None:
        told.append(News("Completed", "Job completed"))
    elif (failed := condition(after.get("conditions"), TERMINAL[FAILURE_TARGET])) is not None:
        told.append(News(failed["reason"], failed["message"], warning=True))
    return told


def _timed(new: Object, now: datetime) -> Object:
    return {**new, "lastProbeTime": stamp(now), "lastTransitionTime": stamp(now)}


def _with_suspension(conditions: list[Object], suspended: bool, now: datetime) -> list[Object]:
    """Suspended appears with the first suspension, and is switched from then on."""
    words = ("True", "JobSuspended", "Job suspended") if suspended else ("False", "JobResumed", "Job resumed")
    new = dict(zip(("type", "status", "reason", "message"), ("Suspended", *words), strict=True))
    old = condition(conditions, "Suspended")
    if old is None:
        return [*conditions, _timed(new, now)] if suspended else conditions
    if old["status"] == new["status"]:
        return conditions
    return [_timed(new, now) if one is old else one for one in conditions]


def _tidy(status: Object) -> Object:
    """Without the members that are left out when they are nothing."""
    optional = ("active", "succeeded", "failed", "completedIndexes", "conditions")
    return {member: value for member, value in status.items() if value or member not in optional}
