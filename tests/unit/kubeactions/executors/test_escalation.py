"""What a patch must not hand out, told from the object before and after it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from kubeactions.executors._escalation import PERMITS, escalations

BEFORE: dict[str, Any] = {
    "metadata": {"name": "cart"},
    "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "main", "image": "a:1"}], "volumes": []}}},
}


def after(path: str, value: Any) -> dict[str, Any]:
    found: Any = copy.deepcopy(BEFORE)
    inner: Any = found
    words: list[Any] = [int(word) if word.isdigit() else word for word in path.split(".")]
    *parents, last = words
    for word in parents:
        inner = inner[word] if isinstance(inner, list) else inner.setdefault(word, {})
    inner[last] = value
    return dict(found)


POD = "spec.template.spec"
UNCONFINED = {"annotations": {"container.apparmor.security.beta.kubernetes.io/main": "unconfined"}}


@pytest.mark.parametrize(
    ("path", "value", "permit"),
    [
        (f"{POD}.serviceAccountName", "admin", "patch_service_account"),
        (f"{POD}.automountServiceAccountToken", True, "patch_service_account"),
        (f"{POD}.volumes", [{"name": "h", "hostPath": {"path": "/"}}], "patch_host_path"),
        (f"{POD}.volumes", [{"name": "s", "secret": {"secretName": "x"}}], "patch_secrets"),
        (f"{POD}.containers.0.env", [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "x"}}}], "patch_secrets"),
        (f"{POD}.containers.0.envFrom", [{"secretRef": {"name": "x"}}], "patch_secrets"),
        (f"{POD}.volumes", [{"name": "c", "csi": {"nodePublishSecretRef": {"name": "x"}}}], "patch_secrets"),
        (f"{POD}.volumes", [{"name": "a", "azureFile": {"secretName": "x"}}], "patch_secrets"),
        (
            f"{POD}.volumes",
            [{"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}],
            "patch_service_account",
        ),
        (f"{POD}.containers.0.ports", [{"containerPort": 80, "hostPort": 80}], "patch_host_namespaces"),
        ("spec.template.metadata", {"finalizers": ["x"]}, "patch_finalizers"),
        ("spec.template.metadata", UNCONFINED, "patch_privileged"),
        (f"{POD}.runtimeClassName", "runc", "patch_privileged"),
        (f"{POD}.shareProcessNamespace", True, "patch_privileged"),
        (f"{POD}.volumes", [{"name": "i", "image": {"reference": "b:1"}}], "patch_image"),
        (f"{POD}.hostNetwork", True, "patch_host_namespaces"),
        (f"{POD}.hostPID", True, "patch_host_namespaces"),
        (f"{POD}.securityContext", {"runAsUser": 0}, "patch_privileged"),
        (f"{POD}.containers.0.securityContext", {"privileged": True}, "patch_privileged"),
        (f"{POD}.containers.0.image", "b:1", "patch_image"),
        (f"{POD}.initContainers", [{"name": "init", "image": "b:1"}], "patch_image"),
        ("metadata.finalizers", ["x"], "patch_finalizers"),
        ("metadata.ownerReferences", [{"uid": "x"}], "patch_owner_references"),
    ],
)
def test_each_sensitive_change_names_its_permit(path: str, value: Any, permit: str) -> None:
    assert {found for found, _ in escalations(BEFORE, after(path, value))} == {permit}
    assert permit in PERMITS


@pytest.mark.parametrize(
    ("volume", "permit"),
    [({"hostPath": {"path": "/run"}}, "patch_host_path"), ({"secret": {"secretName": "tls"}}, "patch_secrets")],
)
@pytest.mark.parametrize("more", [{}, {"subPath": "x"}])
def test_a_volume_that_is_there_may_not_be_given_to_another_container(volume: Any, permit: str, more: Any) -> None:
    before = copy.deepcopy(BEFORE)
    pod = before["spec"]["template"]["spec"]
    pod["volumes"] = [{"name": "v", **volume}]
    pod["containers"].append({"name": "agent", "image": "c:1", "volumeMounts": [{"name": "v", "mountPath": "/v"}]})
    changed = copy.deepcopy(before)
    changed["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = [{"name": "v", "mountPath": "/v", **more}]
    assert {found for found, _ in escalations(before, changed)} == {permit}


def test_a_mount_of_the_hosts_files_may_not_become_writable() -> None:
    before = copy.deepcopy(BEFORE)
    pod = before["spec"]["template"]["spec"]
    pod["volumes"] = [{"name": "v", "hostPath": {"path": "/"}}]
    pod["containers"][0]["volumeMounts"] = [{"name": "v", "mountPath": "/v", "readOnly": True}]
    changed = copy.deepcopy(before)
    del changed["spec"]["template"]["spec"]["containers"][0]["volumeMounts"][0]["readOnly"]
    assert {found for found, _ in escalations(before, changed)} == {"patch_host_path"}


@pytest.mark.parametrize(
    ("path", "value"),
    [("spec.replicas", 5), ("metadata.labels", {"a": "b"}), (f"{POD}.containers.0.env", [{"name": "A", "value": "b"}])],
)
def test_other_changes_need_none(path: str, value: Any) -> None:
    assert escalations(BEFORE, after(path, value)) == []
