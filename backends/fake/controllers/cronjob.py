"""The CronJob controller: a Job at each time of the schedule, and no more finished ones than are to be kept.

Rules: pkg/controller/cronjob/cronjob_controllerv2.go and utils.go; kubernetes.io/docs/concepts/workloads/controllers/
cron-jobs. `decide` is the whole decision and pure. Of times that were missed only the latest counts; the Job's name is
made of its scheduled minute, so that no time is used twice. It refuses to act on what it cannot read: an unknown time
zone, which older objects may have, starts nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from backends.fake.controllers import pod_news
from backends.fake.controllers.client import Delete, Plan, Refused, Tell, UpdateStatus, Write
from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.kinds import CRON_JOBS, JOBS
from backends.fake.controllers.templates import controlled_by, owner_reference
from backends.fake.schedules import Schedule, ScheduleError, schedule
from backends.fake.store import StoreEvent
from backends.kubelet import pods
from backends.kubelet.news import News
from backends.kubelet.pods import Object
from backends.kubelet.rfc3339 import instant, stamp

SCHEDULED: Final = "batch.kubernetes.io/cronjob-scheduled-timestamp"
SKEW_S: Final = 0.1
"""`nextScheduleDelta`: how long after a scheduled time it looks."""
ALREADY_ACTIVE: Final = News(
    "JobAlreadyActive",
    "Not starting job because prior execution is running and concurrency policy is Forbid",
)
KEPT: Final = {"Complete": ("successfulJobsHistoryLimit", 3), "Failed": ("failedJobsHistoryLimit", 1)}


class CronJobs(Controller):
    """Looks at one CronJob at a time."""

    name = "cronjob-controller"
    kind = CRON_JOBS
    watches = (CRON_JOBS, JOBS)

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """The CronJob itself, and that of a Job."""
        if event.key.plural == CRON_JOBS.plural:
            return ((event.key.namespace, event.key.name),) if event.new is not None else ()
        return self.owners.owning(event, CRON_JOBS)

    def step(self, namespace: str, name: str, now: Now) -> float | None:
        """Start what is due, and tidy up."""
        cron_job = self.client.get(CRON_JOBS, namespace, name)
        if cron_job is None:
            return None
        uid = cron_job["metadata"]["uid"]
        dependents = [one for one in self.client.dependents(uid) if (one.key.group, one.key.plural) == JOBS.stored]
        jobs = [job for job in (entry.load() for entry in dependents) if controlled_by(job, uid)]
        decision = decide(cron_job, jobs, now.wall)
        self.client.apply([*(Tell(cron_job, one) for one in decision.news), *decision.plan.writes])
        status = decision.status
        if decision.start is not None:
            status = self._started(cron_job, decision.start, status, decision.due)
        if status != (cron_job.get("status") or {}):
            self.client.apply([UpdateStatus(CRON_JOBS, {**cron_job, "status": status})])
        return decision.plan.again_in_s

    def _started(self, cron_job: Object, job: Object, status: Object, due: datetime | None) -> Object:
        """Create the Job; what the status says then. One that is there already and is ours was started before."""
        metadata = job["metadata"]
        try:
            made = self.client.create(JOBS, job)
        except Refused as refused:
            held = self.client.get(JOBS, metadata["namespace"], metadata["name"])
            ours = held is not None and controlled_by(held, cron_job["metadata"]["uid"])
            if held is None or refused.reason != "AlreadyExists" or not ours:
                if not refused.namespace_terminating:
                    self.client.tell(cron_job, pod_news.not_created(cron_job, job, refused.message))
                raise
            made = held
        else:
            self.client.tell(cron_job, pod_news.created(cron_job, made))
        started: Object = {**status, "lastScheduleTime": stamp(due)} if due is not None else dict(status)
        if _ended(made) is None:
            started["active"] = [*status.get("active", ()), _reference(made)]
        return started


@dataclass(frozen=True, slots=True)
class Decision:
    """What one pass does: deletions, a Job to start for the time `due`, and the status before that."""

    plan: Plan
    status: Object
    start: Object | None = None
    due: datetime | None = None
    news: tuple[News, ...] = ()


def decide(cron_job: Object, jobs: Sequence[Object], now: datetime) -> Decision:
    """What is to be done about a CronJob that has `jobs`, at the time `now` (aware)."""
    status, news = _seen(cron_job, jobs)
    writes: list[Write] = [_deleted(cron_job, job) for job in _surplus(cron_job["spec"], jobs)]
    quiet = Decision(Plan(writes), status, news=news)
    spec = cron_job["spec"]
    if pods.is_terminating(cron_job) or spec.get("suspend"):
        return quiet
    try:
        when, zone = schedule(spec["schedule"]), _zone(spec.get("timeZone"))
    except (ScheduleError, ZoneInfoNotFoundError, ValueError):
        return quiet
    earliest = _earliest(cron_job, now)
    due = _latest_due(when, zone, earliest, now)
    following = when.after(due or earliest, zone)
    again_in_s = None if following is None else (following - now).total_seconds() + SKEW_S
    waiting = Decision(Plan(writes, again_in_s), status, news=news)
    if due is None:
        return waiting
    if _is_late(spec, due, now):
        return replace(waiting, news=(*news, _missed(due)))
    if _is_used(cron_job, status, due):
        return waiting
    active = status.get("active", ())
    if active and spec.get("concurrencyPolicy") == "Forbid":
        return replace(waiting, news=(*news, ALREADY_ACTIVE))
    if active and spec.get("concurrencyPolicy") == "Replace":
        running = {one["uid"] for one in active}
        writes += [_deleted(cron_job, job) for job in jobs if job["metadata"]["uid"] in running]
        status = {key: value for key, value in status.items() if key != "active"}
    return Decision(Plan(writes, again_in_s), status, _job(cron_job, due, zone), due, news)


def _deleted(cron_job: Object, job: Object) -> Delete:
    return Delete(JOBS, job, propagation="Background", owner=cron_job)


def _missed(due: datetime) -> News:
    when = due.astimezone(UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")
    return News("MissSchedule", f"Missed scheduled time to start a job: {when}", warning=True)


def _zone(name: str | None) -> tzinfo:
    return ZoneInfo(name) if name else UTC


def _earliest(cron_job: Object, now: datetime) -> datetime:
    """Times before it are not looked for: the last one used, the creation, or what the deadline leaves."""
    status = cron_job.get("status") or {}
    earliest = instant(status.get("lastScheduleTime") or cron_job["metadata"]["creationTimestamp"])
    deadline_s = cron_job["spec"].get("startingDeadlineSeconds")
    return earliest if deadline_s is None else max(earliest, now - timedelta(seconds=deadline_s))


def _latest_due(when: Schedule, zone: tzinfo, earliest: datetime, now: datetime) -> datetime | None:
    """The last time of the schedule that is over; None when there has been none since `earliest`.

    What lies far back is jumped over by the distance of the first two times, as `mostRecentScheduleTime` does it.
    """
    first = when.after(earliest, zone)
    if first is None or first > now:
        return None
    second = when.after(first, zone)
    if second is None or second > now:
        return first
    between_s = int((second - first).total_seconds())
    missed = int((now - first).total_seconds()) // between_s + 1
    at = first + timedelta(seconds=max(0, missed - 2) * between_s) - timedelta(seconds=1)
    due = first
    while (following := when.after(max(at, due), zone)) is not None and following <= now:
        due = following
    return due


def _is_late(spec: Object, due: datetime, now: datetime) -> bool:
    deadline_s = spec.get("startingDeadlineSeconds")
    return deadline_s is not None and due + timedelta(seconds=deadline_s) < now


def _is_used(cron_job: Object, status: Object, due: datetime) -> bool:
    """Whether the Job of this time has been started."""
    last = status.get("lastScheduleTime")
    name = _job_name(cron_job, due)
    return any(one["name"] == name for one in status.get("active", ())) or (last is not None and instant(last) == due)


def _job_name(cron_job: Object, due: datetime) -> str:
    return f"{cron_job['metadata']['name']}-{int(due.timestamp()) // 60}"


def _job(cron_job: Object, due: datetime, zone: tzinfo) -> Object:
    template = cron_job["spec"]["jobTemplate"]
    given = template.get("metadata") or {}
    local = due.astimezone(zone).isoformat(timespec="seconds").replace("+00:00", "Z")
    metadata: Object = {
        "name": _job_name(cron_job, due),
        "namespace": cron_job["metadata"]["namespace"],
        "annotations": {**(given.get("annotations") or {}), SCHEDULED: local},
        "ownerReferences": [owner_reference(CRON_JOBS, cron_job)],
    }
    if given.get("labels"):
        metadata["labels"] = dict(given["labels"])
    return {"metadata": metadata, "spec": dict(template["spec"])}


def _reference(job: Object) -> Object:
    metadata = job["metadata"]
    members = ("name", "namespace", "uid", "resourceVersion")
    return {"kind": "Job", "apiVersion": "batch/v1", **{member: metadata[member] for member in members}}


def _ended(job: Object) -> Object | None:
    """The condition with which the Job is over, or None."""
    conditions = (job.get("status") or {}).get("conditions") or ()
    return next((one for one in conditions if one["type"] in KEPT and one["status"] == "True"), None)


def _seen(cron_job: Object, jobs: Sequence[Object]) -> tuple[Object, tuple[News, ...]]:
    """The status, without those of its active Jobs that are over or gone; and what is told of these."""
    news: list[News] = []
    status: Object = dict(cron_job.get("status") or {})
    known = {job["metadata"]["uid"]: job for job in jobs}
    active = []
    for reference in status.get("active", ()):
        job = known.get(reference["uid"])
        ending = _ended(job) if job is not None else None
        if job is None:
            news.append(News("MissingJob", f"Active job went missing: {reference['name']}"))
            continue
        if ending is None:
            active.append(reference)
            continue
        text = f"Saw completed job: {reference['name']}, condition: {ending['type']}"
        news.append(News("SawCompletedJob", text))
        if ending["type"] == "Complete":
            completed = job["status"].get("completionTime")
            last = status.get("lastSuccessfulTime")
            if completed and (last is None or instant(completed) > instant(last)):
                status["lastSuccessfulTime"] = completed
    status.pop("active", None)
    return {**status, "active": active} if active else status, tuple(news)


def _surplus(spec: Object, jobs: Sequence[Object]) -> list[Object]:
    """Finished Jobs beyond what is to be kept of each kind, the oldest first."""
    found: list[Object] = []
    for ending, (member, default) in KEPT.items():
        limit: int = spec.get(member, default)
        over = [job for job in jobs if (_ended(job) or {}).get("type") == ending and not pods.is_terminating(job)]
        over.sort(key=lambda job: (job["status"].get("startTime", ""), job["metadata"]["name"]))
        found += over[: max(0, len(over) - limit)]
    return found
