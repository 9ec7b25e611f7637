"""Pods get the server's defaults and are refused with its causes."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from backends.fake.schema import Schema
from backends.fake.validation import Cause, prepare_defaults, validate_create, validate_update

GVK = ("", "v1", "Pod")
CONTAINER = {"name": "c", "image": "example.com/app:1"}
EXISTS = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
PRINTABLE = "a valid environment variable name must consist only of printable ASCII characters other than '='"


def pod(**spec: Any) -> dict[str, Any]:
    """A pod as the server has it after decoding and defaulting."""
    kind = Schema.load().kind(*GVK)
    assert kind is not None
    given = {"metadata": {"name": "p", "resourceVersion": "1"}, "spec": {"containers": [CONTAINER], **spec}}
    found = kind.decode(given).object
    prepare_defaults(GVK, found)
    return found


def container(**members: Any) -> dict[str, Any]:
    found: dict[str, Any] = pod(containers=[{**CONTAINER, **members}])["spec"]["containers"][0]
    return found


def test_a_minimal_pod_gets_the_servers_defaults() -> None:
    assert pod()["spec"] == {
        "containers": [
            {**CONTAINER, "resources": {}, "terminationMessagePath": "/dev/termination-log",
             "terminationMessagePolicy": "File", "imagePullPolicy": "IfNotPresent"}
        ],
        "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "securityContext": {}, "enableServiceLinks": True,
        "schedulerName": "default-scheduler", "terminationGracePeriodSeconds": 30,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("app", "Always"), ("app:latest", "Always"), ("app:1", "IfNotPresent"), ("host:5000/app", "Always"),
        ("host:5000/app:2", "IfNotPresent"), ("app@sha256:abc", "IfNotPresent"), ("app:1@sha256:abc", "IfNotPresent"),
    ],
)  # fmt: skip
def test_an_image_is_pulled_always_when_its_tag_can_move(image: str, policy: str) -> None:
    assert container(image=image)["imagePullPolicy"] == policy


def test_requests_follow_limits_that_were_given_alone() -> None:
    resources = container(resources={"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "1"}})["resources"]

    assert resources["requests"] == {"cpu": "1", "memory": "1Gi"}


def test_probes_ports_and_field_references_are_completed() -> None:
    found = container(
        readinessProbe={"httpGet": {"port": 80}},
        lifecycle={"preStop": {"httpGet": {"port": 80}}},
        ports=[{"containerPort": 80}],
        env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
    )

    http = {"path": "/", "port": 80, "scheme": "HTTP"}
    assert found["readinessProbe"] == {
        "httpGet": http, "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3,
    }  # fmt: skip
    assert found["lifecycle"]["preStop"]["httpGet"] == http
    assert found["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert found["env"][0]["valueFrom"]["fieldRef"]["apiVersion"] == "v1"


def test_volumes_get_modes_and_an_empty_directory_where_none_is_named() -> None:
    token = {"serviceAccountToken": {"path": "t"}}
    volumes = pod(
        volumes=[
            {"name": "e"},
            {"name": "c", "configMap": {"name": "a"}},
            {"name": "h", "hostPath": {"path": "/x"}},
            {"name": "p", "projected": {"sources": [token]}},
        ]
    )["spec"]["volumes"]

    assert volumes[0] == {"name": "e", "emptyDir": {}}
    assert volumes[1]["configMap"] == {"name": "a", "defaultMode": 420}
    assert volumes[2]["hostPath"] == {"path": "/x", "type": ""}
    assert volumes[3]["projected"]["sources"] == [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}]


def test_a_negative_grace_period_becomes_one_second() -> None:
    assert pod(terminationGracePeriodSeconds=-1)["spec"]["terminationGracePeriodSeconds"] == 1


def test_ports_of_the_hosts_network_are_the_hosts_ports() -> None:
    found = pod(hostNetwork=True, containers=[{**CONTAINER, "ports": [{"containerPort": 80}]}])

    assert found["spec"]["containers"][0]["ports"][0]["hostPort"] == 80


def test_defaulting_twice_changes_nothing_more() -> None:
    once = pod(volumes=[{"name": "e"}])
    twice = copy.deepcopy(once)
    prepare_defaults(GVK, twice)

    assert twice == once


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        ({"containers": []}, "spec.containers", "Required value"),
        ({"containers": [{"name": "c"}]}, "spec.containers[0].image", "Required value"),
        ({"containers": [{"image": "i"}]}, "spec.containers[0].name", "Required value"),
        ({"containers": [CONTAINER, CONTAINER]}, "spec.containers[1].name", 'Duplicate value: "c"'),
        ({"initContainers": [CONTAINER]}, "spec.initContainers[0].name", 'Duplicate value: "c"'),
        ({"restartPolicy": "Sometimes"}, "spec.restartPolicy",
         'Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"'),
        ({"dnsPolicy": "Wrong"}, "spec.dnsPolicy",
         'Unsupported value: "Wrong": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"'),
        ({"activeDeadlineSeconds": 0}, "spec.activeDeadlineSeconds",
         "Invalid value: 0: must be between 1 and 2147483647, inclusive"),
        ({"tolerations": [{"operator": "Equal", "value": "x"}]}, "spec.tolerations[0].operator",
         f'Invalid value: "Equal": {EXISTS}'),
        ({"tolerations": [{"key": "a", "effect": "Wrong"}]}, "spec.tolerations[0].effect",
         'Unsupported value: "Wrong": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"'),
        ({"hostNetwork": True, "containers": [{**CONTAINER, "ports": [{"containerPort": 1, "hostPort": 2}]}]},
         "spec.containers[0].ports[0].hostPort",
         "Invalid value: 2: must match `containerPort` when `hostNetwork` is true"),
        ({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{}]}}},
         "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey",
         "Required value: can not be empty"),
        ({"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "k"}]},
         "spec.topologySpreadConstraints[0].whenUnsatisfiable",
         'Unsupported value: "": supported values: "DoNotSchedule", "ScheduleAnyway"'),
        ({"dnsPolicy": "None"}, "spec.dnsConfig", "Required value: must provide `dnsConfig` when `dnsPolicy` is None"),
        ({"volumes": [{"name": "v", "secret": {}}]}, "spec.volumes[0].secret.secretName", "Required value"),
        ({"volumes": [{"name": "v", "projected": {"sources": [{"downwardAPI": {"items": [{"path": "x"}]}}]}}]},
         "spec.volumes[0].projected.sources[0].downwardAPI",
         "Required value: one of fieldRef and resourceFieldRef is required"),
        ({"volumes": [{"name": "v", "secret": {"secretName": "s", "items": [{"key": "k", "path": "../x"}]}}]},
         "spec.volumes[0].secret.items[0].path", "Invalid value: \"../x\": must not contain '..'"),
        ({"volumes": [{"name": "v", "projected": {"sources": [{"secret": {}}]}}]},
         "spec.volumes[0].projected.sources[0].secret.name", "Required value"),
        ({"volumes": [{"name": "v", "configMap": {"name": "a", "defaultMode": 512}}]},
         "spec.volumes[0].configMap.defaultMode",
         "Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive"),
        ({"volumes": [{"name": "v"}, {"name": "v"}]}, "spec.volumes[1].name", 'Duplicate value: "v"'),
        ({"volumes": [{"name": "v", "emptyDir": {}, "hostPath": {"path": "/x"}}]}, "spec.volumes[0].hostPath",
         "Forbidden: may not specify more than 1 volume type"),
    ],
)  # fmt: skip
def test_what_is_refused_in_a_spec(spec: dict[str, Any], field: str, message: str) -> None:
    causes = validate_create(GVK, pod(**spec))

    assert (causes[0].field, causes[0].message) == (field, message)
    assert {cause.field.split("[")[0] for cause in causes} == {field.split("[")[0]}


@pytest.mark.parametrize(
    ("members", "field", "message"),
    [
        ({"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}, "resources.requests",
         'Invalid value: "2": must be less than or equal to cpu limit of 1'),
        ({"resources": {"limits": {"cpu": "-1"}}}, "resources.limits[cpu]",
         'Invalid value: "-1": must be greater than or equal to 0'),
        ({"resources": {"limits": {"gpu": "1"}}}, "resources.limits[gpu]",
         'Invalid value: "gpu": must be a standard resource for containers'),
        ({"resources": {"requests": {"example.com/gpu": "1"}}}, "resources.limits",
         "Required value: Limit must be set for non overcommitable resources"),
        ({"resources": {"requests": {"example.com/gpu": "1"}, "limits": {"example.com/gpu": "2"}}},
         "resources.requests",
         'Invalid value: "1": must be equal to example.com/gpu limit of 2'),
        ({"resources": {"limits": {"example.com/gpu": "500m"}}}, "resources.limits[example.com/gpu]",
         'Invalid value: "500m": must be an integer'),
        ({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.hostname"}}}]},
         "env[0].valueFrom.fieldRef.fieldPath",
         'Invalid value: "spec.hostname": error converting fieldPath: field label not supported: spec.hostname'),
        ({"volumeMounts": [{"name": "none", "mountPath": "/x"}]}, "volumeMounts[0].name", 'Not found: "none"'),
        ({"ports": [{"containerPort": 70000}]}, "ports[0].containerPort",
         "Invalid value: 70000: must be between 1 and 65535, inclusive"),
        ({"ports": [{"containerPort": 1, "protocol": "X"}]}, "ports[0].protocol",
         'Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"'),
        ({"ports": [{"containerPort": 1, "name": "--"}]}, "ports[0].name",
         'Invalid value: "--": must contain at least one letter (a-z)'),
        ({"imagePullPolicy": "X"}, "imagePullPolicy",
         'Unsupported value: "X": supported values: "Always", "IfNotPresent", "Never"'),
        ({"env": [{"name": "A=B"}]}, "env[0].name",
         f'Invalid value: "A=B": {PRINTABLE}'),
        ({"env": [{"name": "A", "valueFrom": {}}]}, "env[0].valueFrom",
         'Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`'),
        ({"livenessProbe": {}}, "livenessProbe", "Required value: must specify a handler type"),
        ({"livenessProbe": {"tcpSocket": {"port": 1}, "successThreshold": 2}}, "livenessProbe.successThreshold",
         "Invalid value: 2: must be 1"),
        ({"image": " x"}, "image", 'Invalid value: " x": must not have leading or trailing whitespace'),
    ],
)  # fmt: skip
def test_what_is_refused_in_a_container(members: dict[str, Any], field: str, message: str) -> None:
    causes = validate_create(GVK, pod(containers=[{**CONTAINER, **members}]))

    assert (f"spec.containers[0].{field}", message) in [(cause.field, cause.message) for cause in causes]


def test_nothing_is_wrong_with_amounts_of_nothing_and_fields_of_labels() -> None:
    resources = {"limits": {"cpu": "0", "example.com/gpu": "1"}, "requests": {"example.com/gpu": "1"}}
    source = {"fieldRef": {"fieldPath": "metadata.labels['app']"}}
    given = {**CONTAINER, "resources": resources, "env": [{"name": "A", "valueFrom": source}]}

    assert validate_create(GVK, pod(containers=[given])) == []


def change(old: dict[str, Any], new: dict[str, Any], subresource: str = "") -> list[Cause]:
    return validate_update(GVK, pod(**new), pod(**old), subresource)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {"containers": [{**CONTAINER, "image": "other:2", "imagePullPolicy": "IfNotPresent"}]}),
        ({}, {"activeDeadlineSeconds": 5}),
        ({"activeDeadlineSeconds": 9}, {"activeDeadlineSeconds": 5}),
        ({"tolerations": [{"key": "a"}]}, {"tolerations": [{"key": "b"}, {"key": "a"}]}),
    ],
)
def test_what_may_change_in_a_running_pod(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert change(old, new) == []


@pytest.mark.parametrize(
    ("old", "new", "field", "message"),
    [
        ({"activeDeadlineSeconds": 5}, {"activeDeadlineSeconds": 9}, "spec.activeDeadlineSeconds",
         "Invalid value: 9: must be less than or equal to previous value"),
        ({"activeDeadlineSeconds": 5}, {}, "spec.activeDeadlineSeconds",
         "Invalid value: null: must not update from a positive integer to nil value"),
        ({}, {"containers": [CONTAINER, {**CONTAINER, "name": "d"}]}, "spec.containers",
         "Forbidden: pod updates may not add or remove containers"),
        ({"tolerations": [{"key": "a"}]}, {}, "spec.tolerations",
         "Forbidden: existing toleration can not be modified except its tolerationSeconds"),
    ],
)  # fmt: skip
def test_what_may_not_change(old: dict[str, Any], new: dict[str, Any], field: str, message: str) -> None:
    assert [(cause.field, cause.message) for cause in change(old, new)] == [(field, message)]


@pytest.mark.parametrize("new", [{"nodeName": "n"}, {"terminationGracePeriodSeconds": 1}, {"hostname": "h"}])
def test_any_other_change_of_the_spec_is_forbidden_and_says_which(new: dict[str, Any]) -> None:
    (cause,) = change({}, new)

    assert (cause.field, cause.reason) == ("spec", "FieldValueForbidden")
    assert cause.message.startswith(
        "Forbidden: pod updates may not change fields other than `spec.containers[*].image`"
    )
    member = next(iter(new))
    assert f'- "{member[:1].upper()}{member[1:]}": ' in cause.message.replace("-  ", "- ")


def test_a_status_update_cannot_bind_the_pod() -> None:
    assert [cause.field for cause in change({}, {"nodeName": "n"}, "status")] == ["status.nodeName"]


def causes_of(**spec: Any) -> list[tuple[str, str]]:
    return [(cause.field, cause.message.split(": ")[0]) for cause in validate_create(GVK, pod(**spec))]


SPREAD = {"name": "v", "mountPath": "/v"}
FILE = {"path": "f", "fieldRef": {"fieldPath": "metadata.name"}}


@pytest.mark.parametrize(
    ("members", "fields"),
    [
        ({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"key": "k"}}}]}, ["env[0].valueFrom.secretKeyRef.name"]),
        ({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels"}}}]},
         ["env[0].valueFrom.fieldRef.fieldPath"]),
        ({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName['x']"}}}]},
         ["env[0].valueFrom.fieldRef.fieldPath"]),
        ({"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1k"}}}]},
         ["env[0].valueFrom.resourceFieldRef.divisor"]),
        ({"envFrom": [{}]}, ["envFrom"]),
        ({"lifecycle": {"preStop": {"sleep": {"seconds": 31}}}}, ["lifecycle.preStop.sleep"]),
        ({"livenessProbe": {"httpGet": {"port": 1, "httpHeaders": [{"name": "a b"}]}}},
         ["livenessProbe.httpGet.httpHeaders"]),
        ({"volumeMounts": [{**SPREAD, "mountPropagation": "Bidirectional"}]}, ["volumeMounts.mountPropagation"]),
        ({"volumeMounts": [{**SPREAD, "recursiveReadOnly": "Enabled", "mountPropagation": "HostToContainer"}]},
         ["volumeMounts.recursiveReadOnly"] * 2),
        ({"image": " x", "imagePullPolicy": "Odd"}, ["imagePullPolicy", "image"]),
    ],
)  # fmt: skip
def test_where_a_container_is_refused(members: dict[str, Any], fields: list[str]) -> None:
    found = causes_of(containers=[{**CONTAINER, **members}], volumes=[{"name": "v", "emptyDir": {}}])
    assert [field for field, _ in found] == [f"spec.containers[0].{field}" for field in fields]


@pytest.mark.parametrize(
    ("source", "fields"),
    [
        ({"downwardAPI": {"items": [{**FILE, "fieldRef": {"fieldPath": "spec.nodeName"}}]}},
         ["downwardAPI.fieldRef.fieldPath"]),
        ({"downwardAPI": {"items": [{"path": "f", "resourceFieldRef": {"resource": "limits.cpu"}}]}},
         ["downwardAPI.resourceFieldRef.containerName"]),
        ({"projected": {"sources": [{"downwardAPI": {"items": [FILE, FILE]}}]}}, ["projected"]),
        ({"projected": {"sources": [{"serviceAccountToken": {"path": "", "expirationSeconds": 5}}]}},
         ["projected.sources[0].serviceAccountToken.expirationSeconds", "projected.path"]),
        ({"projected": {"sources": [{"secret": {"name": "s"}, "configMap": {"name": "c"}}]}}, ["projected.sources[0]"]),
        ({"configMap": {"name": "c", "items": [{"key": "k", "path": "..x"}]}}, ["configMap.items[0].path"]),
        ({"hostPath": {"path": "/a/..", "type": "Odd"}}, ["hostPath.path", "hostPath.type"]),
    ],
)  # fmt: skip
def test_where_a_volume_is_refused(source: dict[str, Any], fields: list[str]) -> None:
    found = causes_of(volumes=[{"name": "v", **source}], serviceAccountName="default")
    assert [field for field, _ in found] == [f"spec.volumes[0].{field}" for field in fields]


def test_a_spec_is_looked_at_in_the_servers_order() -> None:
    found = causes_of(
        affinity={"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{}]}},
        securityContext={"runAsUser": -1}, hostUsers=False, hostNetwork=True, nodeName="_",
        hostAliases=[{"ip": "x"}], tolerations=[{"operator": "Odd", "key": "k"}], priorityClassName="_",
        initContainers=[{"name": "i", "image": "i", "restartPolicy": "Odd"}, {"name": "i", "image": "i"}],
    )  # fmt: skip
    assert [field.removeprefix("spec.") for field, _ in found] == [
        "initContainers[0].restartPolicy", "initContainers[1].name", "securityContext.runAsUser",
        *["affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey"] * 3, "hostNetwork",
        "nodeName", "tolerations[0].operator", "hostAliases[0].ip", "priorityClassName",
    ]  # fmt: skip


GATES = [{"name": "a"}, {"name": "b"}]


@pytest.mark.parametrize(
    ("old", "new", "fields"),
    [
        ({"schedulingGates": GATES}, {"schedulingGates": GATES[:1]}, []),
        ({"schedulingGates": GATES[:1]}, {"schedulingGates": GATES}, ["spec.schedulingGates[1].name"]),
        ({"schedulingGates": GATES}, {"schedulingGates": GATES, "nodeSelector": {"a": "b"}}, []),
        ({"schedulingGates": GATES, "nodeSelector": {"a": "b"}}, {"schedulingGates": GATES}, ["spec.nodeSelector"]),
        ({}, {"activeDeadlineSeconds": -1}, ["spec.activeDeadlineSeconds"] * 2),
        ({}, {"tolerations": [{"key": "k", "operator": "Odd"}]}, ["spec.tolerations[0].operator"] * 2),
        ({}, {"containers": [{**CONTAINER, "image": " x ", "imagePullPolicy": "IfNotPresent"}]},
         ["spec.containers[0].image"] * 2),
    ],
)  # fmt: skip
def test_where_a_change_is_refused(old: dict[str, Any], new: dict[str, Any], fields: list[str]) -> None:
    assert [cause.field for cause in change(old, new)] == fields


def ended(code: int) -> dict[str, Any]:
    return {"qosClass": "BestEffort", "containerStatuses": [{"name": "c", "state": {"terminated": {"exitCode": code}}}]}


RUNS: dict[str, Any] = {"qosClass": "BestEffort", "containerStatuses": [{"name": "c", "state": {"running": {}}}]}


@pytest.mark.parametrize(
    ("policy", "old", "new", "fields"),
    [
        ("Always", ended(0), RUNS, []),
        ("OnFailure", ended(1), RUNS, []),
        ("OnFailure", ended(0), RUNS, ["status.containerStatuses[0].state"]),
        ("Never", ended(1), RUNS, ["status.containerStatuses[0].state"]),
        ("Always", RUNS, {**RUNS, "qosClass": "Burstable"}, ["status.qosClass"]),
        ("Always", RUNS, {**RUNS, "podIPs": [{"ip": "x"}]}, ["status.podIPs[0]"]),
        ("Always", RUNS, {**RUNS, "conditions": [{"type": "a b"}, {"type": "Ready"}]}, ["metadata.conditions[0].Type"]),
    ],
)  # fmt: skip
def test_where_a_status_is_refused(policy: str, old: dict[str, Any], new: dict[str, Any], fields: list[str]) -> None:
    before, after = ({**pod(restartPolicy=policy), "status": status} for status in (old, new))
    assert [cause.field for cause in validate_update(GVK, after, before, "status")] == fields


@pytest.mark.parametrize(
    ("annotations", "refused"),
    [
        ({"controller.kubernetes.io/pod-deletion-cost": "-10"}, False),
        ({"controller.kubernetes.io/pod-deletion-cost": "010"}, True),
        ({"controller.kubernetes.io/pod-deletion-cost": "2147483648"}, True),
        ({"kubernetes.io/config.mirror": "x"}, True),
    ],
)
def test_annotations_that_mean_something_are_looked_at(annotations: dict[str, str], refused: bool) -> None:
    given = pod()
    given["metadata"]["annotations"] = annotations
    assert bool(validate_create(GVK, given)) is refused


def test_a_spec_that_stays_is_still_looked_at_and_so_are_the_annotations() -> None:
    wrong, sound = pod(dnsPolicy="Nowhere"), pod(hostname="h")
    marked = copy.deepcopy(sound)
    marked["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    for _ in range(2):
        assert [cause.field for cause in validate_update(GVK, wrong, wrong)] == ["spec.dnsPolicy"]
        assert validate_update(GVK, sound, sound) == []
        fields = [cause.field for cause in validate_update(GVK, marked, sound)]
        assert fields == ["metadata.annotations[kubernetes.io/config.mirror]"] * 3
