"""trigger_cronjob: run a CronJob now, as `kubectl create job --from=cronjob/...` does. Class N.

The Job's name ends with the action's marker, so a second POST of it is AlreadyExists. A Job of that name with our mark
is ours: `succeeded`. If there is none while a try was in doubt, or the intent was recovered, it may have run and be
deleted already (history limits, `ttlSecondsAfterFinished`): `unknown`, and it is never created again.

Schedule, suspension and concurrency policy are not asked, as with kubectl: the order is to run it now.
"""

from __future__ import annotations

import orjson

from kubeactions.errors import Conflict, NotFound, TooManyRequests
from kubeactions.executors._endings import TARGET_LOST, failed, gone, refused, succeeded, uid_of, unknown
from kubeactions.executors._marks import object_has
from kubeactions.executors._targets import TERMINATING, look_at, objection, terminating
from kubeactions.kube import path_of
from kubeactions.model import (
    MARKER_ANNOTATION,
    Action,
    Circumstances,
    Cluster,
    EffectClass,
    Ending,
    Evidence,
    Intent,
    Json,
    JsonObject,
    Outcome,
    Plan,
    Reader,
    Rule,
    Seen,
    Spec,
    Verdict,
)

MAX_NAME = 63
"""Longest name of a Job whose pods can carry it as a label."""
MAX_JOB_BYTES = 48 * 1024
"""Longest Job that an intent takes into the ledger."""


class TriggerCronJob:
    """The executor. It has no state."""

    spec = Spec(
        type="trigger_cronjob",
        effect=EffectClass.NAMED,
        summary="Run a CronJob now: create one Job from its template.",
        kinds={"CronJob": ("batch/v1", "cronjobs")},
        rules=(Rule("batch", "cronjobs", ("get",)), Rule("batch", "jobs", ("get", "create"))),
        endings=(
            Ending("Created", "succeeded", "the Job was created, once"),
            *TARGET_LOST,
            TERMINATING,
            Ending("TooLarge", "failed", f"the Job would have more than {MAX_JOB_BYTES // 1024} KiB"),
            Ending("NameTaken", "failed", "a Job of the name that this action gives is there, without its mark"),
            Ending("JobNotSeen", "unknown", "a try was in doubt, and the Job is not there: perhaps deleted"),
            Ending("MarkerGone", "unknown", "a try was in doubt and the Job of that name bears no mark"),
        ),
        example={
            "action_type": "trigger_cronjob",
            "resource": {"api_version": "batch/v1", "kind": "CronJob", "namespace": "shop", "name": "nightly"},
        },
    )

    def look(self, action: Action, intent: Intent | None, kube: Reader) -> Seen:
        """The CronJob, and the Job of the name that only this action gives."""
        seen = look_at(action, self.spec, kube) if intent is None else Seen(None)
        try:
            job = kube.get(path_of("batch/v1", "jobs", namespace=action.target.namespace, name=job_name(action)))
        except NotFound:
            return seen
        return Seen(seen.target, (job,))

    def plan(self, action: Action, seen: Seen, circumstances: Circumstances) -> Plan | Outcome:
        """The Job's whole template; or why there is nothing to do."""
        if seen.related:
            return _found(action, seen.related[0], doubt=False)
        if (problem := objection(action, seen, circumstances)) is not None or seen.target is None:
            return problem or gone(action)
        if (problem := terminating(action, seen.target, "no Job is started")) is not None:
            return problem
        body = job_of(action, seen.target)
        if len(orjson.dumps(body)) > MAX_JOB_BYTES:
            return failed("TooLarge", f"the Job of {action.target} would have more than {MAX_JOB_BYTES} bytes")
        return Plan(
            uid=uid_of(seen.target),
            resolved={"job": job_name(action), "body": body},
            text=f"create Job {action.target.namespace}/{job_name(action)} from {action.target}",
        )

    def execute(self, action: Action, intent: Intent, kube: Cluster) -> Json:
        """One POST, under the name that the marker decides."""
        return kube.create(
            path_of("batch/v1", "jobs", namespace=action.target.namespace), dict(intent.resolved["body"])
        )

    def verdict(self, action: Action, intent: Intent, evidence: Evidence) -> Verdict:  # noqa: ARG002
        """The answer, or whether there is a Job of that name with our mark."""
        if evidence.answer is not None:
            return Verdict.settle(succeeded("Created", _done(action)))
        if evidence.seen is not None:
            return self._looked(action, evidence)
        error = evidence.refused
        if isinstance(error, TooManyRequests) and not evidence.doubt:
            return Verdict.send("TooManyRequests", "the API server asks to wait", after_s=error.retry_after_s or 0.0)
        if error is None or isinstance(error, Conflict) or evidence.doubt:
            return Verdict.look("InDoubt", "whether the Job is there is to be seen")
        return Verdict.settle(refused(action, error, doubt=False))

    def _looked(self, action: Action, evidence: Evidence) -> Verdict:
        if evidence.seen is not None and evidence.seen.related:
            return Verdict.settle(_found(action, evidence.seen.related[0], doubt=evidence.doubt))
        text = (
            f"Job {job_name(action)} is not there: it was never created, or has run and was deleted; it is not repeated"
        )
        if evidence.doubt:
            return Verdict.settle(unknown("JobNotSeen", text))
        if evidence.refused is not None:
            return Verdict.settle(refused(action, evidence.refused, doubt=False))
        return Verdict.settle(unknown("JobNotSeen", text))


def job_name(action: Action) -> str:
    """The name of the Job: the CronJob's, cut so that the marker fits."""
    stem = action.target.name[: MAX_NAME - len(action.key.marker) - 1].rstrip("-.")
    return f"{stem}-{action.key.marker}"


def job_of(action: Action, cron_job: JsonObject) -> JsonObject:
    """The Job, as `kubectl create job --from` makes it, with our mark."""
    template = cron_job["spec"]["jobTemplate"]
    metadata = template.get("metadata") or {}
    annotations = {
        **(metadata.get("annotations") or {}),
        "cronjob.kubernetes.io/instantiate": "manual",
        MARKER_ANNOTATION: action.key.marker,
    }
    owner = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": cron_job["metadata"]["name"],
        "uid": uid_of(cron_job),
        "controller": True,
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(action),
            "labels": dict(metadata.get("labels") or {}),
            "annotations": annotations,
            "ownerReferences": [owner],
        },
        "spec": template["spec"],
    }


def _found(action: Action, job: JsonObject, *, doubt: bool) -> Outcome:
    if object_has(job, action.key.marker):
        return succeeded("Created", f"{_done(action)} (seen by its marker)")
    text = f"there is a Job {job_name(action)} without our mark"
    return unknown("MarkerGone", text) if doubt else failed("NameTaken", text)


def _done(action: Action) -> str:
    return f"{action.target} triggered: Job {action.target.namespace}/{job_name(action)}"


EXECUTOR = TriggerCronJob()
