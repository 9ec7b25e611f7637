"""Job and CronJob: defaults and rules. Rules: pkg/apis/batch/v1/defaults.go and pkg/apis/batch/validation."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from backends.fake.schedules import schedule_error
from backends.fake.validation import causes, job_policies, label_selectors, pod_defaults, pods
from backends.fake.validation.causes import Cause

Obj = dict[str, Any]

MAX_CRON_JOB_NAME = 52
"""Characters; the Jobs made from it get eleven more."""

_MOST_RETRIES = 2**31 - 1
_COMPLETION_MODES = ("NonIndexed", "Indexed")
_CONCURRENCY = ("Allow", "Forbid", "Replace")
_COUNTS = (
    "parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished",
    "backoffLimitPerIndex", "maxFailedIndexes",
)  # fmt: skip


def job_defaults(obj: Obj) -> None:
    """One pod, one completion, six retries."""
    spec = obj["spec"]
    template = spec["template"]
    pod_defaults.template(template)
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", _MOST_RETRIES if "backoffLimitPerIndex" in spec else 6)
    labels = template["metadata"].get("labels")
    if labels and not obj["metadata"].get("labels"):
        obj["metadata"]["labels"] = dict(labels)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    for rule in (spec.get("podFailurePolicy") or {}).get("rules") or ():
        for pattern in rule.get("onPodConditions") or ():
            pattern["status"] = pattern.get("status") or "True"
    spec.setdefault("manualSelector", False)
    replacement = "Failed" if "podFailurePolicy" in spec else "TerminatingOrFailed"
    spec.setdefault("podReplacementPolicy", replacement)


def cron_job_defaults(obj: Obj) -> None:
    """Runs may overlap; three successes and one failure are kept."""
    spec = obj["spec"]
    pod_defaults.template(spec["jobTemplate"]["spec"]["template"])
    spec.setdefault("concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)


def job(obj: Obj) -> list[Cause]:
    """The spec of a Job."""
    selector, labels = obj["spec"].get("selector"), obj["spec"]["template"]["metadata"].get("labels")
    found = (
        _generated(obj, selector) + _job_spec(obj["spec"], "spec") + label_selectors.sound("spec.selector", selector)
    )
    if selector is not None and not label_selectors.selects(selector, labels):
        text = "`selector` does not match template `labels`"
        found.append(causes.invalid("spec.template.metadata.labels", labels, text))
    return found


def _generated(obj: Obj, selector: Obj | None) -> list[Cause]:
    """A selector that the server makes selects by the Job's own labels, and by nothing that was added."""
    if obj["spec"].get("manualSelector") or selector is None or "uid" not in obj["metadata"]:
        return []
    own = {"controller-uid": obj["metadata"]["uid"], "job-name": obj["metadata"].get("name", "")}
    own |= {f"batch.kubernetes.io/{name}": value for name, value in own.items()}
    if label_selectors.selects(selector, own):
        return []
    return [causes.invalid("spec.selector", selector, "`selector` not auto-generated")]


def _job_spec(spec: Obj, path: str) -> list[Cause]:
    found: list[Cause] = []
    for name in _COUNTS:
        found += causes.at_least_zero(f"{path}.{name}", spec.get(name))
    mode = spec.get("completionMode")
    if mode is not None and mode not in _COMPLETION_MODES:
        found.append(causes.not_supported(f"{path}.completionMode", mode, _COMPLETION_MODES))
    if mode == "Indexed" and spec.get("completions") is None:
        text = "when completion mode is Indexed"
        found.append(causes.required(f"{path}.completions", text))
    found += job_policies.before_template(spec, path) + pods.template(spec["template"], f"{path}.template")
    if spec["template"]["spec"].get("restartPolicy") == "Always":
        text = 'valid values: "OnFailure", "Never"'
        found.append(causes.required(f"{path}.template.spec.restartPolicy", text))
        return found
    return found + job_policies.after_template(spec, path)


def job_update(new: Obj, old: Obj) -> list[Cause]:
    """A Job keeps its selector, its template and how it counts; a suspended one may change its template's placing."""
    found = job(new)
    want, have = new["spec"], old["spec"]
    found += _completions(want, have) + _immutable(want, have, "selector")
    waits = have.get("suspend") and "startTime" not in (old.get("status") or {})
    template = _placed_as(have["template"], want["template"]) if waits else have["template"]
    if want["template"] != template:
        found.append(causes.invalid("spec.template", want["template"], "field is immutable"))
    return found + _immutable(
        want, have, "completionMode", "podFailurePolicy", "backoffLimitPerIndex", "managedBy", "successPolicy"
    )


def _immutable(want: Obj, have: Obj, *names: str) -> list[Cause]:
    return [
        causes.invalid(f"spec.{name}", want.get(name), "field is immutable")
        for name in names
        if want.get(name) != have.get(name)
    ]


def _completions(want: Obj, have: Obj) -> list[Cause]:
    """How often a Job completes is fixed; one with indexes may grow and shrink, with as many pods at once."""
    if want.get("completionMode") != "Indexed":
        return _immutable(want, have, "completions")
    if want.get("completions") in (None, have.get("completions"), want.get("parallelism")):
        return []
    return [
        causes.invalid("spec.completions", want["completions"], "can only be modified in tandem with spec.parallelism")
    ]


def _placed_as(template: Obj, other: Obj) -> Obj:
    """A template with the labels, annotations and placing of another one."""
    metadata = {**template["metadata"]}
    spec = {**template["spec"]}
    for target, source, names in (
        (metadata, other["metadata"], ("labels", "annotations")),
        (spec, other["spec"], ("nodeSelector", "affinity", "tolerations", "schedulingGates")),
    ):
        for name in names:
            target.pop(name, None)
            if name in source:
                target[name] = source[name]
    return {**template, "metadata": metadata, "spec": spec}


def cron_job(obj: Obj) -> list[Cause]:
    """The name and spec of a CronJob."""
    found = _cron_job_spec(obj["spec"])
    if len(obj["metadata"].get("name", "")) > MAX_CRON_JOB_NAME:
        text = f"must be no more than {MAX_CRON_JOB_NAME} characters"
        found.append(causes.invalid("metadata.name", obj["metadata"]["name"], text))
    return found


def _cron_job_spec(spec: Obj) -> list[Cause]:
    found: list[Cause] = []
    schedule = spec.get("schedule", "")
    if not schedule:
        found.append(causes.required("spec.schedule"))
    elif "TZ" in schedule:
        text = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"
        found.append(causes.invalid("spec.schedule", schedule, text))
    else:
        error = schedule_error(schedule)
        found += [causes.invalid("spec.schedule", schedule, error)] if error else []
    found += causes.at_least_zero("spec.startingDeadlineSeconds", spec.get("startingDeadlineSeconds"))
    found += _time_zone(spec.get("timeZone"))
    policy = spec.get("concurrencyPolicy", "")
    if policy not in _CONCURRENCY:
        found.append(causes.not_supported("spec.concurrencyPolicy", policy, _CONCURRENCY))
    found += _template(spec["jobTemplate"]["spec"], "spec.jobTemplate.spec")
    for name in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        found += causes.at_least_zero(f"spec.{name}", spec.get(name))
    return found


def _template(spec: Obj, path: str) -> list[Cause]:
    """The spec of Jobs to be made, each of which gets a selector of its own."""
    found = _job_spec(spec, path)
    if spec.get("selector") is not None:
        found.append(causes.invalid(f"{path}.selector", spec["selector"], "`selector` will be auto-generated"))
    if spec.get("manualSelector"):
        found.append(causes.not_supported(f"{path}.manualSelector", True, ("nil", "false")))
    return found


def _time_zone(name: str | None) -> list[Cause]:
    if name is None:
        return []
    if not name:
        return [causes.invalid("spec.timeZone", name, "timeZone must be nil or non-empty string")]
    if name.lower() == "local":
        return [
            causes.invalid(
                "spec.timeZone",
                name,
                "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones",
            )
        ]
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return [causes.invalid("spec.timeZone", name, f"unknown time zone {name}")]
    return []


def cron_job_update(new: Obj, old: Obj) -> list[Cause]:
    """Everything may change; the name was checked when it was made."""
    del old
    return _cron_job_spec(new["spec"])
