"""What the pods of a Job look like, and what their ends count as. Pure.

Used by the Job controller (job.py). Rules: pkg/controller/job/{job_controller,indexed_job_utils,backoff_utils,
pod_failure_policy}.go. Every pod carries a finalizer until its end has been counted (KEP-2307), so that none is
counted twice and none is missed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from backends.fake.controllers.kinds import JOBS
from backends.fake.controllers.templates import pod_from
from backends.kubelet import pods
from backends.kubelet.pods import Object
from backends.kubelet.rfc3339 import instant

TRACKING: Final = "batch.kubernetes.io/job-tracking"
INDEX: Final = "batch.kubernetes.io/job-completion-index"
INDEX_FAILURES: Final = "batch.kubernetes.io/job-index-failure-count"
INDEX_IGNORED: Final = "batch.kubernetes.io/job-index-ignored-failure-count"
FIRST_BACK_OFF_S: Final = 10.0
LAST_BACK_OFF_S: Final = 600.0


# ---- what the Job says


def is_indexed(job: Object) -> bool:
    """Whether each completion has a number of its own."""
    return bool(job["spec"].get("completionMode") == "Indexed")


def is_suspended(job: Object) -> bool:
    """Whether it is to have no pods for now."""
    return bool(job["spec"].get("suspend"))


def replaces_failed_only(job: Object) -> bool:
    """Whether a pod that is being deleted holds its place until it has ended (KEP-3939)."""
    policy = job["spec"].get("podReplacementPolicy")
    return policy == "Failed" if policy else job["spec"].get("podFailurePolicy") is not None


# ---- new pods


def pod_for(job: Object, index: int | None = None, annotations: Object | None = None) -> Object:
    """A new pod; with an `index`, for that completion of an Indexed Job."""
    pod = pod_from(job["spec"]["template"], JOBS, job)
    metadata, spec = pod["metadata"], pod["spec"]
    metadata["finalizers"] = [*(one for one in metadata.get("finalizers", ()) if one != TRACKING), TRACKING]
    if index is None:
        return pod
    name = job["metadata"]["name"]
    metadata["generateName"] = f"{name}-{index}-"
    metadata["labels"] = {**metadata.get("labels", {}), INDEX: str(index)}
    metadata["annotations"] = {**metadata.get("annotations", {}), INDEX: str(index), **(annotations or {})}
    spec["hostname"] = f"{name}-{index}"
    for member in ("initContainers", "containers"):
        if member in spec:
            spec[member] = [_with_index(container) for container in spec[member]]
    return pod


def _with_index(container: Object) -> Object:
    environment = list(container.get("env") or ())
    if any(variable["name"] == "JOB_COMPLETION_INDEX" for variable in environment):
        return container
    field = {"apiVersion": "v1", "fieldPath": f"metadata.labels['{INDEX}']"}
    return {**container, "env": [*environment, {"name": "JOB_COMPLETION_INDEX", "valueFrom": {"fieldRef": field}}]}


# ---- pods that are there


def uid(pod: Object) -> str:
    """Its uid."""
    found: str = pod["metadata"]["uid"]
    return found


def is_tracked(pod: Object) -> bool:
    """Whether its end is still to be counted."""
    return TRACKING in (pod["metadata"].get("finalizers") or ())


def untracked(pod: Object) -> Object:
    """The pod without the finalizer."""
    metadata = dict(pod["metadata"])
    left = [one for one in metadata.get("finalizers") or () if one != TRACKING]
    if left:
        metadata["finalizers"] = left
    else:
        metadata.pop("finalizers", None)
    return {**pod, "metadata": metadata}


def index_of(pod: Object) -> int | None:
    """Its completion index, or None."""
    text = (pod["metadata"].get("annotations") or {}).get(INDEX, "")
    return int(text) if text.isdigit() else None


def has_failed(job: Object, pod: Object) -> bool:
    """Whether it counts as a failure: it failed, or it is being deleted and nothing waits for how it ends."""
    if pods.phase(pod) == "Failed":
        return True
    if replaces_failed_only(job):
        return False
    return pods.is_terminating(pod) and pods.phase(pod) != "Succeeded"


def is_ending(pod: Object) -> bool:
    """Whether it is being deleted and still runs."""
    return pods.is_terminating(pod) and not pods.is_finished(pod)


def restarts(pod: Object) -> int:
    """How often its containers were restarted, all together."""
    status = pod.get("status", {})
    entries = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    return sum(entry.get("restartCount", 0) for entry in entries)


def ended_at(pod: Object) -> datetime:
    """When it ended: as its containers say, else when it was no longer Ready, else when its deletion began."""
    states = [
        entry.get("state", {}).get("terminated") or {} for entry in pod.get("status", {}).get("containerStatuses", ())
    ]
    times = [state.get("finishedAt") for state in states]
    if times and all(times):
        return max(instant(str(time)) for time in times)
    ready = pods.pod_condition(pod, "Ready")
    if ready is not None and ready.get("status") == "False" and ready.get("lastTransitionTime"):
        return instant(ready["lastTransitionTime"])
    metadata = pod["metadata"]
    if deleted := metadata.get("deletionTimestamp"):
        return instant(deleted) - timedelta(seconds=metadata.get("deletionGracePeriodSeconds", 0))
    return instant(metadata["creationTimestamp"])


# ---- the pod failure policy (KEP-3329)


class Match(NamedTuple):
    """What the policy says of a failed pod: whether it counts, and the rule's action with words for a failed Job."""

    counts: bool
    action: str | None = None
    message: str = ""


def judged(job: Object, pod: Object) -> Match:
    """The first rule of `spec.podFailurePolicy` that fits a failed pod; without one it counts."""
    policy = job["spec"].get("podFailurePolicy") or {}
    for number, rule in enumerate(policy.get("rules") or ()):
        words = _exit_code(rule.get("onExitCodes"), pod) or _condition(rule.get("onPodConditions"), pod)
        if words:
            action = rule["action"]
            return Match(action != "Ignore", action, f"{words} matching {action} rule at index {number}")
    return Match(counts=True)


def _place(pod: Object) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def _exit_code(rule: Object | None, pod: Object) -> str:
    """The words for the container whose exit code fits the rule, or none."""
    if rule is None:
        return ""
    status = pod.get("status", {})
    for entry in [*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())]:
        code = (entry.get("state", {}).get("terminated") or {}).get("exitCode", 0)
        if code == 0 or rule.get("containerName") not in (None, entry["name"]):
            continue
        if (code in rule["values"]) == (rule["operator"] == "In"):
            return f"Container {entry['name']} for pod {_place(pod)} failed with exit code {code}"
    return ""


def _condition(patterns: Iterable[Object] | None, pod: Object) -> str:
    """The words for the condition that fits one of the patterns, or none."""
    for pattern in patterns or ():
        found = pods.pod_condition(pod, pattern["type"])
        if found is not None and found.get("status") == pattern.get("status", "True"):
            return f"Pod {_place(pod)} has condition {pattern['type']}"
    return ""


# ---- waiting after failures


class Failures(NamedTuple):
    """How many pods have failed since one succeeded, and when the last did."""

    number: int = 0
    last: datetime | None = None

    def after(self, succeeded: Sequence[Object], failed: Sequence[Object]) -> Failures:
        """With these ends, which have not been counted before."""
        if not succeeded and not failed:
            return self
        ends = sorted(map(ended_at, failed))
        if not succeeded:
            return Failures(self.number + len(ends), ends[-1])
        last_success = max(map(ended_at, succeeded))
        since = [end for end in ends if end > last_success]
        return Failures(len(since), since[-1] if since else None)

    def wait_s(self, now: datetime) -> float:
        """How many seconds have to pass before another pod is made; 0 for none."""
        if not self.number or self.last is None:
            return 0.0
        back_off_s = min(LAST_BACK_OFF_S, FIRST_BACK_OFF_S * 2.0 ** min(self.number - 1, 10))
        return max(0.0, back_off_s - (now - self.last).total_seconds())
