"""The Job controller: pods until enough have succeeded, or too many have failed.

    what the pods did (Tally) -> is it over? (outcome) -> pods created or deleted -> ends counted -> status

Rules: pkg/controller/job/job_controller.go, kubernetes.io/docs/concepts/workloads/controllers/job. `decide` is the
whole decision and pure; job_outcome.py says when a Job is over, job_status.py how the ends of its pods are counted.
How often pods have failed in a row is remembered in memory alone, as in the real controller. No pods are adopted, and
Jobs with a foreign `managedBy` are left alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from backends.fake.controllers import downscale, job_outcome, job_pods, job_status
from backends.fake.controllers.claims import Claims
from backends.fake.controllers.client import Amend, Client, Create, Delete, Plan, Tell, UpdateStatus, Write
from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.job_outcome import Tally
from backends.fake.controllers.job_pods import Failures
from backends.fake.controllers.job_status import Ends
from backends.fake.controllers.kinds import JOBS, PODS
from backends.fake.controllers.owners import Owners
from backends.fake.controllers.templates import controller_of
from backends.fake.selectors import labels_of
from backends.fake.store import Entry, StoreEvent
from backends.kubelet import pods
from backends.kubelet.pods import Object
from backends.kubelet.rfc3339 import stamp
from backends.sharing import SharedDict

MOST_PODS: Final = 500
"""Pods created, deleted or counted in one pass, at most (`MaxPodCreateDeletePerSync`, `MaxUncountedPods`)."""
MANAGED_HERE: Final = "kubernetes.io/job-controller"


class Jobs(Controller):
    """Runs every Job to its end."""

    name = "job-controller"
    kind = JOBS
    watches = (JOBS, PODS)

    def __init__(self, client: Client, owners: Owners) -> None:
        super().__init__(client, owners)
        self._failures: SharedDict[str, Failures] = SharedDict()

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """The Job itself, that of a pod, and one that is gone and has left a finalizer on a pod."""
        if event.key.plural == JOBS.plural:
            if event.new is None:
                self._failures.pop(event.shown.uid, None)
            return ((event.key.namespace, event.key.name),)
        known = list(self.owners.interested(event, JOBS))
        if not known and event.new is not None and _mentions_tracking(event.new):
            owner = controller_of(event.new.load())
            return [(event.key.namespace, owner["name"])] if owner is not None and owner["kind"] == JOBS.kind else []
        return known

    def step(self, namespace: str, name: str, now: Now) -> float | None:
        """Bring the Job nearer to its end, and say how far it is."""
        job = self.client.get(JOBS, namespace, name)
        if job is not None and job["spec"].get("managedBy", MANAGED_HERE) != MANAGED_HERE:
            return None
        if job is None or job_outcome.finished(job) is not None:
            self.client.apply(self._release(namespace, name, job))
            return None
        selector = labels_of(job["spec"].get("selector"))
        owned = Claims(self.client, JOBS, PODS).claim(job, selector, adoptable=lambda _pod: False)
        uid = job["metadata"]["uid"]
        decision = decide(job, owned, now.wall, self._failures.get(uid, Failures()))
        self.client.apply(decision.plan.writes)
        self._failures[uid] = decision.failures
        return decision.plan.again_in_s

    def _release(self, namespace: str, name: str, job: Object | None) -> list[Write]:
        """Take the finalizer off pods whose Job is gone or has counted all that it wanted (`syncOrphanPod`)."""
        # A Job that is gone has left its name alone behind, so all pods of the namespace are looked at.
        entries = (
            self.client.entries(PODS, namespace) if job is None else self.client.dependents(job["metadata"]["uid"])
        )
        writes: list[Write] = []
        for entry in entries:
            if (entry.key.group, entry.key.plural) != PODS.stored or not _mentions_tracking(entry):
                continue
            pod = entry.load()
            owner = controller_of(pod)
            if owner is not None and (owner["kind"], owner["name"]) == (JOBS.kind, name) and job_pods.is_tracked(pod):
                writes.append(Amend(PODS, job_pods.untracked(pod)))
        return writes


def _mentions_tracking(entry: Entry) -> bool:
    """Whether the finalizer may be there: a look at the bytes, which spares a parse."""
    return job_pods.TRACKING.encode() in entry.tail


@dataclass(frozen=True, slots=True)
class Decision:
    """What one pass does, and the failures in a row that it leaves behind once it is done."""

    plan: Plan
    failures: Failures


@dataclass(slots=True)
class _Pass:
    """One pass over a Job: what it found, and what it does to pods."""

    job: Object
    tally: Tally
    now: datetime
    failures: Failures
    delete: list[Object] = field(default_factory=list)
    create: list[Object] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)

    @property
    def active(self) -> int:
        return len(self.tally.active) - len(self.delete) + len(self.create)


def decide(job: Object, owned: Sequence[Object], now: datetime, failures: Failures) -> Decision:
    """What one pass does: pods created, deleted and counted, and the status.

    `owned` are the Job's pods; `failures` those in a row before this pass. The Job is not finished.
    """
    tally, stored = Tally.of(job, owned), job.get("status") or {}
    job = {**job, "status": _started(job, now)}
    work = _Pass(job, tally, now, failures.after(tally.new_succeeded, tally.new_failed))
    ending = job_outcome.outcome(job, tally, now)
    managed = False
    if ending is not None:
        work.delete = list(tally.active)
    else:
        if not pods.is_terminating(job):
            _manage(work)
            managed = True
        ending = job_outcome.completed(job, tally.succeeded, work.active)
    writes: list[Write] = [Delete(PODS, pod, owner=job) for pod in work.delete]
    writes += [Create(PODS, pod, owner=job) for pod in work.create]
    writes += _counted(work, stored, ending, managed=managed)
    left_s = job_outcome.deadline_in_s(job, now)
    waits = [wait for wait in (*work.waits, left_s) if wait is not None and wait > 0]
    return Decision(Plan(writes, min(waits, default=None) if ending is None else None), work.failures)


# ---- pods


def _manage(work: _Pass) -> None:
    """Create pods, or delete some, but never both in one pass (`manageJob`)."""
    job, tally = work.job, work.tally
    if job_pods.is_suspended(job):
        work.delete = list(tally.active)
        return
    wanted = _wanted_active(job, tally)
    surplus = _surplus(work, len(tally.active) - wanted)
    if surplus:
        work.delete = surplus[:MOST_PODS]
        return
    held = tally.ending if job_pods.replaces_failed_only(job) else 0
    missing = min(wanted - held - len(tally.active), MOST_PODS)
    if missing <= 0:
        return
    if not job_outcome.has_limit_per_index(job) and (wait_s := work.failures.wait_s(work.now)):
        work.waits.append(wait_s)
    elif job_pods.is_indexed(job):
        work.create = _indexed(work, missing)
    else:
        work.create = [job_pods.pod_for(job) for _ in range(missing)]


def _wanted_active(job: Object, tally: Tally) -> int:
    """How many pods there may be at a time, as many as are still needed."""
    parallelism: int = job["spec"].get("parallelism", 1)
    completions = job["spec"].get("completions")
    if completions is None:
        return len(tally.active) if tally.succeeded else parallelism
    return max(0, min(int(completions) - tally.succeeded - len(tally.lost), parallelism))


def _surplus(work: _Pass, count: int) -> list[Object]:
    """The active pods that are to go: those whose index is taken or unknown, and others up to `count`."""
    ordered = downscale.order(work.tally.active, (), work.now)
    twice = _misplaced(work.job, ordered) if job_pods.is_indexed(work.job) else []
    left = [pod for pod in ordered if pod not in twice]
    return twice + left[: max(0, count - len(twice))]


def _misplaced(job: Object, ordered: Sequence[Object]) -> list[Object]:
    """Pods of an Indexed Job without an index of theirs alone; of several with one index the last in order stays."""
    found, taken = [], set[int]()
    for pod in reversed(ordered):
        index = job_pods.index_of(pod)
        if index is None or index >= job["spec"]["completions"] or index in taken:
            found.append(pod)
        else:
            taken.add(index)
    return found


def _indexed(work: _Pass, count: int) -> list[Object]:
    """Pods for the lowest indexes that have neither succeeded nor failed and have none."""
    job, tally = work.job, work.tally
    busy = {job_pods.index_of(pod) for pod in tally.active}
    if job_pods.replaces_failed_only(job):
        busy |= {job_pods.index_of(pod) for pod in tally.tracked if job_pods.is_ending(pod)}
    open_indexes = (one for one in range(job["spec"]["completions"]) if one not in tally.done | tally.lost | busy)
    if not job_outcome.has_limit_per_index(job):
        return [job_pods.pod_for(job, index) for index, _ in zip(open_indexes, range(count), strict=False)]
    last = _last_failed(work)
    made: list[Object] = []
    for index in open_indexes:
        failures = _index_failures(job, last.get(index))
        at = job_pods.ended_at(last[index]) if index in last else None
        if wait_s := Failures(sum(failures.values()), at).wait_s(work.now):
            work.waits.append(wait_s)
        elif len(made) < count:
            noted = {key: str(number) for key, number in failures.items() if number or key == job_pods.INDEX_FAILURES}
            made.append(job_pods.pod_for(job, index, noted))
    return made


def _last_failed(work: _Pass) -> dict[int, Object]:
    """By index, the failed pod without a successor: it keeps its finalizer, because it says how many failed before."""
    if not job_outcome.has_limit_per_index(work.job):
        return {}
    busy = {job_pods.index_of(pod) for pod in work.tally.active}
    found: dict[int, Object] = {}
    for pod in work.tally.tracked:
        index = job_pods.index_of(pod)
        if index is None or index in busy or index in work.tally.done | work.tally.lost:
            continue
        if job_pods.has_failed(work.job, pod):
            count = sum(_noted(pod).values())
            if index not in found or count >= sum(_noted(found[index]).values()):
                found[index] = pod
    return found


def _noted(pod: Object) -> Counter[str]:
    annotations = pod["metadata"].get("annotations") or {}
    return Counter({key: int(annotations.get(key, "0")) for key in (job_pods.INDEX_FAILURES, job_pods.INDEX_IGNORED)})


def _index_failures(job: Object, last: Object | None) -> Counter[str]:
    """The failures of an index before its next pod: those that count, and those that the policy ignores."""
    if last is None:
        return Counter({job_pods.INDEX_FAILURES: 0})
    counts = job_pods.judged(job, last).counts
    noted = _noted(last)
    noted[job_pods.INDEX_FAILURES if counts else job_pods.INDEX_IGNORED] += 1
    return noted


# ---- the status


def _started(job: Object, now: datetime) -> Object:
    """The status that the pass starts from: with a time of start, unless the Job is suspended."""
    status: Object = dict(job.get("status") or {})
    if not status.get("startTime") and not job_pods.is_suspended(job):
        status["startTime"] = stamp(now)
    return status


def _counted(work: _Pass, stored: Object, ending: Object | None, *, managed: bool) -> list[Write]:
    """The writes by which ends are counted and the status follows."""
    job, tally = work.job, work.tally
    deleted = {job_pods.uid(pod) for pod in work.delete}
    kept = deleted | {job_pods.uid(pod) for pod in _last_failed(work).values()} if ending is None else deleted
    ready = sum(pods.is_ready(pod) and job_pods.uid(pod) not in deleted for pod in tally.active)
    counts = job_status.Counts(work.active, ready, tally.ending + len(deleted))
    ends = Ends.of(job, tally, kept, ending)
    interim = job_status.interim(job, tally, counts, ends, ending, work.now, managed=managed)
    final = job_status.final(job, tally, interim, ends, ending, work.now)
    writes: list[Write] = []
    if interim != stored and (ends.released or interim != final):
        writes.append(UpdateStatus(JOBS, {**job, "status": interim}))
        stored = interim
    writes += [Amend(PODS, job_pods.untracked(pod)) for pod in ends.released]
    if final != stored:
        writes.append(UpdateStatus(JOBS, {**job, "status": final}))
    return [*writes, *(Tell(job, news) for news in job_status.news(work.job["status"], final))]
