"""Deployment, ReplicaSet, StatefulSet, DaemonSet, Job and CronJob: defaults and causes as recorded."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.schema import Schema
from backends.fake.validation import Cause, prepare_defaults, validate_create, validate_update

APPS = {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"}
TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"app": "web"}},
    "spec": {"containers": [{"name": "c", "image": "i:1"}]},
}
EXPLICIT = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
SELECTOR = {"matchLabels": {"app": "web"}}
RUNS_ONCE: dict[str, Any] = {"spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}


def gvk(kind: str) -> tuple[str, str, str]:
    return ("apps" if kind in APPS else "batch", "v1", kind)


def made(kind: str, spec: dict[str, Any], name: str = "web") -> dict[str, Any]:
    schema = Schema.load().kind(*gvk(kind))
    assert schema is not None
    found = schema.decode({"metadata": {"name": name, "resourceVersion": "1"}, "spec": spec}).object
    prepare_defaults(gvk(kind), found)
    return found


def workload(kind: str, **spec: Any) -> dict[str, Any]:
    return made(kind, {"selector": SELECTOR, "template": TEMPLATE, **spec})


def causes(kind: str, obj: dict[str, Any]) -> list[tuple[str, str]]:
    return [(cause.field, cause.message) for cause in validate_create(gvk(kind), obj)]


def test_a_deployment_rolls_by_quarters() -> None:
    spec = workload("Deployment")["spec"]

    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}
    assert (spec["replicas"], spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (1, 10, 600)
    assert "enableServiceLinks" not in spec["template"]["spec"]


def test_no_replicas_is_a_number_of_replicas() -> None:
    assert workload("Deployment", replicas=0)["spec"]["replicas"] == 0


def test_a_recreating_deployment_gets_no_rolling_update() -> None:
    assert workload("Deployment", strategy={"type": "Recreate"})["spec"]["strategy"] == {"type": "Recreate"}


def test_a_stateful_set_and_a_daemon_set_get_their_strategies() -> None:
    stateful = workload("StatefulSet", serviceName="db")["spec"]

    assert stateful["updateStrategy"] == {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
    assert stateful["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    assert workload("DaemonSet")["spec"]["updateStrategy"] == {
        "type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0},
    }  # fmt: skip


@pytest.mark.parametrize("kind", sorted(APPS))
def test_a_selector_must_be_there_and_select_the_template(kind: str) -> None:
    unmatched = '{"app":"x"}: `selector` does not match template `labels`'
    other = {**TEMPLATE, "metadata": {"labels": {"app": "x"}}}

    assert causes(kind, workload(kind)) == []
    assert causes(kind, workload(kind, template=other)) == [
        ("spec.template.metadata.labels", f"Invalid value: {unmatched}")
    ]
    missing = causes(kind, made(kind, {"template": TEMPLATE}))
    assert missing[-1][0] == "spec.template.metadata.labels"
    assert missing[0] == ("spec.selector", "Required value") or kind == "DaemonSet"


@pytest.mark.parametrize("kind", sorted(APPS))
def test_pods_of_a_workload_restart_always(kind: str) -> None:
    template = {**TEMPLATE, "spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}

    assert causes(kind, workload(kind, template=template)) == [
        ("spec.template.spec.restartPolicy", 'Unsupported value: "Never": supported values: "Always"')
    ]


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        ({"replicas": -1}, "spec.replicas", "Invalid value: -1: must be greater than or equal to 0"),
        ({"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}},
         "spec.strategy.rollingUpdate.maxUnavailable", "Invalid value: 0: may not be 0 when `maxSurge` is 0"),
        ({"strategy": {"rollingUpdate": {"maxUnavailable": "101%"}}}, "spec.strategy.rollingUpdate.maxUnavailable",
         'Invalid value: "101%": must not be greater than 100%'),
        ({"strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}}, "spec.strategy.rollingUpdate",
         "Forbidden: may not be specified when strategy `type` is 'Recreate'"),
        ({"strategy": {"type": "Odd"}}, "spec.strategy",
         'Unsupported value: {"Type":"Odd","RollingUpdate":null}: supported values: "Recreate", "RollingUpdate"'),
        ({"minReadySeconds": 600}, "spec.progressDeadlineSeconds",
         "Invalid value: 600: must be greater than minReadySeconds"),
        ({"selector": {"matchExpressions": [{"key": "app", "operator": "In"}]}},
         "spec.selector.matchExpressions[0].values",
         "Required value: must be specified when `operator` is 'In' or 'NotIn'"),
    ],
)  # fmt: skip
def test_what_is_refused_in_a_deployment(spec: dict[str, Any], field: str, message: str) -> None:
    assert (field, message) in causes("Deployment", workload("Deployment", **spec))


@pytest.mark.parametrize(
    ("expression", "selected"),
    [
        ({"key": "app", "operator": "Exists"}, True),
        ({"key": "app", "operator": "DoesNotExist"}, False),
        ({"key": "app", "operator": "In", "values": ["web"]}, True),
        ({"key": "app", "operator": "In", "values": ["db"]}, False),
        ({"key": "app", "operator": "NotIn", "values": ["web"]}, False),
        ({"key": "none", "operator": "NotIn", "values": ["web"]}, True),
        ({"key": "none", "operator": "DoesNotExist"}, True),
    ],
)
def test_a_selector_may_select_by_expressions(expression: dict[str, Any], selected: bool) -> None:
    found = causes("Deployment", workload("Deployment", selector={"matchExpressions": [expression]}))

    assert ([] if selected else ["spec.template.metadata.labels"]) == [field for field, _ in found]


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet", "DaemonSet"])
def test_a_selector_cannot_change(kind: str) -> None:
    labels = {"app": "web", "x": "y"}
    new = workload(kind, selector={"matchLabels": labels}, template={**TEMPLATE, "metadata": {"labels": labels}})

    assert validate_update(gvk(kind), new, workload(kind)) == [
        Cause(
            "spec.selector", "FieldValueInvalid",
            'Invalid value: {"matchLabels":{"app":"web","x":"y"}}: field is immutable',
        )
    ]  # fmt: skip


def test_a_stateful_set_keeps_what_its_pods_identity_hangs_on() -> None:
    old = workload("StatefulSet", serviceName="db")

    (cause,) = validate_update(gvk("StatefulSet"), workload("StatefulSet", serviceName="other"), old)
    assert cause.field == "spec"
    assert "for fields other than 'replicas', 'ordinals', 'template'" in cause.message
    assert validate_update(gvk("StatefulSet"), workload("StatefulSet", serviceName="db", replicas=5), old) == []


def controller(**spec: Any) -> dict[str, Any]:
    schema = Schema.load().kind("", "v1", "ReplicationController")
    assert schema is not None
    found = schema.decode({"metadata": {"name": "web"}, "spec": {"template": TEMPLATE, **spec}}).object
    prepare_defaults(schema.gvk, found)
    return found


def test_a_replication_controller_selects_by_its_templates_labels() -> None:
    found = controller()

    assert found["spec"]["selector"] == found["metadata"]["labels"] == {"app": "web"}
    assert validate_create(("", "v1", "ReplicationController"), found) == []
    other = validate_create(("", "v1", "ReplicationController"), controller(selector={"app": "x"}))
    assert [cause.field for cause in other] == ["spec.template.metadata.labels"]


def test_a_job_runs_one_pod_to_completion_and_tries_six_times() -> None:
    spec = made("Job", {"template": RUNS_ONCE})["spec"]

    assert spec.items() >= {
        "completions": 1, "parallelism": 1, "backoffLimit": 6, "completionMode": "NonIndexed", "suspend": False,
        "manualSelector": False, "podReplacementPolicy": "TerminatingOrFailed",
    }.items()  # fmt: skip


def test_a_parallel_job_completes_when_its_pods_say_so() -> None:
    assert "completions" not in made("Job", {"template": RUNS_ONCE, "parallelism": 3})["spec"]


def test_a_jobs_pods_may_not_restart_always() -> None:
    assert causes("Job", made("Job", {"template": TEMPLATE})) == [
        ("spec.template.spec.restartPolicy", 'Required value: valid values: "OnFailure", "Never"')
    ]


def test_a_job_keeps_its_template_unless_it_is_suspended() -> None:
    other = {"spec": {**RUNS_ONCE["spec"], "nodeSelector": {"a": "b"}}}
    job, new = made("Job", {"template": RUNS_ONCE}), made("Job", {"template": other})
    suspended = made("Job", {"template": RUNS_ONCE, "suspend": True})

    assert [cause.field for cause in validate_update(gvk("Job"), new, job)] == ["spec.template"]
    assert validate_update(gvk("Job"), new, suspended) == []


def cron_job(**spec: Any) -> dict[str, Any]:
    return made("CronJob", {"schedule": "0 3 1 1 *", "jobTemplate": {"spec": {"template": RUNS_ONCE}}, **spec})


def test_a_cron_job_keeps_three_successes_and_one_failure() -> None:
    spec = cron_job()["spec"]

    assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (3, 1)
    assert (spec["concurrencyPolicy"], spec["suspend"]) == ("Allow", False)
    assert "backoffLimit" not in spec["jobTemplate"]["spec"]


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        ({"schedule": "not a schedule"}, "spec.schedule",
         'Invalid value: "not a schedule": expected exactly 5 fields, found 3: [not a schedule]'),
        ({"schedule": ""}, "spec.schedule", "Required value"),
        ({"timeZone": "Local"}, "spec.timeZone",
         f'Invalid value: "Local": {EXPLICIT}'),
        ({"timeZone": ""}, "spec.timeZone", 'Invalid value: "": timeZone must be nil or non-empty string'),
        ({"concurrencyPolicy": "Odd"}, "spec.concurrencyPolicy",
         'Unsupported value: "Odd": supported values: "Allow", "Forbid", "Replace"'),
        ({"failedJobsHistoryLimit": -1}, "spec.failedJobsHistoryLimit",
         "Invalid value: -1: must be greater than or equal to 0"),
        ({"jobTemplate": {"spec": {"template": TEMPLATE}}}, "spec.jobTemplate.spec.template.spec.restartPolicy",
         'Required value: valid values: "OnFailure", "Never"'),
    ],
)  # fmt: skip
def test_what_is_refused_in_a_cron_job(spec: dict[str, Any], field: str, message: str) -> None:
    assert causes("CronJob", cron_job(**spec)) == [(field, message)]


def test_a_cron_jobs_name_leaves_room_for_its_jobs_names() -> None:
    obj = cron_job()
    obj["metadata"]["name"] = "a" * 53

    (cause,) = validate_create(gvk("CronJob"), obj)
    assert cause.message.endswith("must be no more than 52 characters")


MOUNTS = {**TEMPLATE, "spec": {"containers": [{**TEMPLATE["spec"]["containers"][0], "volumeMounts": [
    {"name": "data", "mountPath": "/data"}]}]}}  # fmt: skip
CLAIM: dict[str, Any] = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


@pytest.mark.parametrize(
    ("spec", "fields"),
    [
        ({"template": MOUNTS, "volumeClaimTemplates": [CLAIM]}, []),
        ({"template": MOUNTS}, ["template.spec.containers[0].volumeMounts[0].name"]),
        ({"volumeClaimTemplates": [{**CLAIM, "spec": {}}]},
         ["volumeClaimTemplates[0].spec.accessModes", "volumeClaimTemplates[0].spec.resources[storage]"]),
        ({"template": {**TEMPLATE, **RUNS_ONCE}}, ["template.spec.restartPolicy"]),
        ({"serviceName": "a.b"}, ["serviceName"]),
        ({"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Odd"}},
         ["persistentVolumeClaimRetentionPolicy.whenScaled"]),
        ({"selector": {"matchExpressions": [{"key": "a", "operator": "Odd"}]}},
         ["selector.matchExpressions[0].operator", "selector"]),
    ],
)  # fmt: skip
def test_where_a_stateful_set_is_refused(spec: dict[str, Any], fields: list[str]) -> None:
    found = causes("StatefulSet", workload("StatefulSet", **spec))
    assert [field for field, _ in found] == [f"spec.{field}" for field in fields]


def test_a_stateful_set_that_was_wrong_before_may_stay_so() -> None:
    wrong, right = workload("StatefulSet", template=MOUNTS), workload("StatefulSet")
    assert validate_update(gvk("StatefulSet"), wrong, wrong) == []
    found = validate_update(gvk("StatefulSet"), wrong, right)
    assert [cause.field for cause in found] == ["spec.template.spec.containers[0].volumeMounts[0].name"]
    dotted = workload("StatefulSet", serviceName="a.b")
    assert validate_update(gvk("StatefulSet"), dotted, dotted) == []


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet"])
def test_behind_a_selector_that_nobody_can_use_a_template_is_not_looked_at(kind: str) -> None:
    selector = {"matchExpressions": [{"key": "app", "operator": "In"}]}
    found = causes(kind, workload(kind, selector=selector, template={"spec": {}}))
    assert found == [
        ("spec.selector.matchExpressions[0].values",
         "Required value: must be specified when `operator` is 'In' or 'NotIn'"),
        ("spec.selector",
         'Invalid value: {"matchExpressions":[{"key":"app","operator":"In"}]}: invalid label selector'),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "status", "fields"),
    [
        ("Deployment", {"replicas": 2, "readyReplicas": 2, "availableReplicas": 1, "unavailableReplicas": 1}, []),
        ("Deployment", {"readyReplicas": 1, "availableReplicas": 2},
         ["readyReplicas", "availableReplicas", "availableReplicas"]),
        ("Deployment", {"unavailableReplicas": -1}, ["unavailableReplicas", "collisionCount"]),
        ("ReplicaSet", {"replicas": 1, "fullyLabeledReplicas": 2}, ["fullyLabeledReplicas"]),
        ("StatefulSet", {"replicas": 1, "currentReplicas": 2, "updatedReplicas": 3},
         ["currentReplicas", "updatedReplicas"]),
        ("DaemonSet", {"numberReady": 5, "numberAvailable": -1}, ["numberAvailable"]),
    ],
)  # fmt: skip
def test_where_counts_of_a_status_are_refused(kind: str, status: dict[str, Any], fields: list[str]) -> None:
    before = {"collisionCount": 1} if "collisionCount" in fields else {}
    old, new = ({**workload(kind), "status": each} for each in (before, status))
    found = validate_update(gvk(kind), new, old, "status")
    assert [cause.field for cause in found] == [f"status.{field}" for field in fields]


JOB_UID = {"controller-uid": "u", "batch.kubernetes.io/controller-uid": "u"}


@pytest.mark.parametrize(
    ("old", "new", "fields"),
    [
        ({"suspend": True}, {"template": {"spec": {**RUNS_ONCE["spec"], "nodeSelector": {"a": "b"}}}}, []),
        ({}, {"template": {"spec": {**RUNS_ONCE["spec"], "nodeSelector": {"a": "b"}}}}, ["template"]),
        ({"suspend": True}, {"template": {"spec": {**RUNS_ONCE["spec"], "hostname": "h"}}}, ["template"]),
        ({"completions": 2}, {"completions": 3, "completionMode": "NonIndexed"}, ["completions"]),
        ({"completions": 2, "completionMode": "Indexed"}, {"completions": 3, "parallelism": 3}, []),
        ({"completions": 2, "completionMode": "Indexed"}, {"completions": 3, "parallelism": 2}, ["completions"]),
    ],
)
def test_what_may_change_in_a_job(old: dict[str, Any], new: dict[str, Any], fields: list[str]) -> None:
    base = {"template": RUNS_ONCE, "manualSelector": True, **old}
    before, after = made("Job", base), made("Job", {**base, **new})
    found = validate_update(gvk("Job"), after, before)
    assert [cause.field for cause in found] == [f"spec.{field}" for field in fields]


def test_a_selector_that_the_server_makes_selects_by_nothing_else() -> None:
    labels = {**JOB_UID, "app": "x"}
    template = {"metadata": {"labels": labels}, **RUNS_ONCE}
    obj = made("Job", {"template": template, "selector": {"matchLabels": labels}})
    obj["metadata"]["uid"] = "u"
    assert [cause.field for cause in validate_create(gvk("Job"), obj)] == ["spec.selector"]
    obj["spec"]["selector"]["matchLabels"].pop("app")
    assert validate_create(gvk("Job"), obj) == []


@pytest.mark.parametrize("kind", sorted(APPS))
def test_labels_and_annotations_of_a_template_are_named_without_their_metadata(kind: str) -> None:
    metadata = {"labels": {"app": "web", "long": "x" * 64}, "annotations": {"no key": ""}}
    found = causes(kind, workload(kind, template={**TEMPLATE, "metadata": metadata}))

    assert {field for field, _ in found} == {"spec.template.labels", "spec.template.annotations"}
