"""What a pod may not ask for: security contexts, and the corners of containers and volumes that go with them.

Expectations from pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

from typing import Any

from backends.fake.validation import prepare_defaults, validate_create

POD = ("", "v1", "Pod")
IDS = "must be between 0 and 2147483647, inclusive"
ALLOWED = 'supported values: "Localhost", "RuntimeDefault", "Unconfined"'
Rows = list[tuple[dict[str, Any], str, str]]


def refused(spec: dict[str, Any]) -> list[tuple[str, str]]:
    obj = {"metadata": {"name": "p"}, "spec": spec}
    prepare_defaults(POD, obj)
    return [(cause.field, cause.message) for cause in validate_create(POD, obj)]


CONTAINERS: Rows = [
    ({"securityContext": {"procMount": "x"}}, "securityContext.procMount",
     'Unsupported value: "x": supported values: "Default", "Unmasked"'),
    ({"securityContext": {"seccompProfile": {"type": "Localhost"}}}, "securityContext.seccompProfile.localhostProfile",
     "Required value: must be set when seccomp type is Localhost"),
    ({"securityContext": {"seccompProfile": {"type": "x"}}}, "securityContext.seccompProfile.type",
     f'Unsupported value: "x": {ALLOWED}'),
    ({"securityContext": {"appArmorProfile": {}}}, "securityContext.appArmorProfile.type",
     "Required value: type is required when appArmorProfile is set"),
    ({"securityContext": {"appArmorProfile": {"type": "Unconfined", "localhostProfile": "x"}}},
     "securityContext.appArmorProfile.localhostProfile",
     'Invalid value: "x": can only be set when AppArmor type is Localhost'),
    ({"restartPolicy": "Always"}, "restartPolicy", "Forbidden: may not be set for non-init containers"),
    ({"resizePolicy": [{"resourceName": "foo", "restartPolicy": "NotRequired"}]}, "resizePolicy",
     'Unsupported value: "foo": supported values: "cpu", "memory"'),
    ({"envFrom": [{"prefix": "a=", "configMapRef": {"name": "x"}}]}, "envFrom[0].prefix",
     ('Invalid value: "a=": a valid environment variable name must consist only of printable ASCII characters other '
     "than '='")),
    ({"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "foo"}}}]},
     "env[0].valueFrom.resourceFieldRef.resource",
     ('Unsupported value: "foo": supported values: "limits.cpu", "limits.ephemeral-storage", "limits.memory", '
     '"requests.cpu", "requests.ephemeral-storage", "requests.memory"')),
]  # fmt: skip
PODS: Rows = [
    ({"securityContext": {"supplementalGroups": [-1]}}, "securityContext.supplementalGroups[0]",
     f"Invalid value: -1: {IDS}"),
    ({"securityContext": {"fsGroupChangePolicy": "x"}}, "securityContext.fsGroupChangePolicy",
     'Unsupported value: "x": supported values: "Always", "OnRootMismatch"'),
    ({"securityContext": {"sysctls": [{"name": "a.b"}, {"name": "a.b"}]}}, "securityContext.sysctls[1].name",
     'Duplicate value: "a.b"'),
    ({"hostPID": True, "shareProcessNamespace": True}, "securityContext.shareProcessNamespace",
     "Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled"),
    ({"os": {"name": "x"}}, "os", 'Unsupported value: "x": supported values: "linux", "windows"'),
    ({"nodeName": "n", "schedulingGates": [{"name": "a"}]}, "nodeName",
     "Forbidden: cannot be set until all schedulingGates have been cleared"),
    ({"ephemeralContainers": [{"name": "d", "image": "i"}]}, "ephemeralContainers",
     "Forbidden: cannot be set on create"),
    ({"volumes": [{"name": "v", "hostPath": {"path": "/a", "type": "Odd"}}]}, "volumes[0].hostPath.type",
     ('Unsupported value: "Odd": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", '
     '"File", "FileOrCreate", "Socket"')),
    ({"volumes": [{"name": "v", "emptyDir": {"sizeLimit": "-1"}}]}, "volumes[0].emptyDir.sizeLimit",
     "Forbidden: SizeLimit field must be a valid resource quantity"),
    ({"volumes": [{"name": "v", "nfs": {"server": "s", "path": "a"}}]}, "volumes[0].nfs.path",
     'Invalid value: "a": must be an absolute path'),
    ({"volumes": [{"name": "v", "ephemeral": {}}]}, "volumes[0].ephemeral.volumeClaimTemplate", "Required value"),
]  # fmt: skip


def test_what_is_refused_in_a_container() -> None:
    for change, field, message in CONTAINERS:
        found = refused({"containers": [{"name": "c", "image": "i", **change}]})
        assert found == [(f"spec.containers[0].{field}", message)], change


def test_what_is_refused_in_a_pod() -> None:
    for change, field, message in PODS:
        assert refused({"containers": [{"name": "c", "image": "i"}], **change}) == [(f"spec.{field}", message)], change


def test_who_may_not_gain_privileges_must_not_have_them() -> None:
    context = {"privileged": True, "allowPrivilegeEscalation": False, "capabilities": {"add": ["CAP_SYS_ADMIN"]}}
    found = refused({"containers": [{"name": "c", "image": "i", "securityContext": context}]})
    assert [field for field, _ in found] == ["spec.containers[0].securityContext"] * 2
    assert found[0][1].startswith(
        'Invalid value: {"Capabilities":{"Add":["CAP_SYS_ADMIN"],"Drop":null},"Privileged":true'
    )
    assert found[0][1].endswith("cannot set `allowPrivilegeEscalation` to false and `privileged` to true")
    assert found[1][1].endswith("cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN")
