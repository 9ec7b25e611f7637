"""Pod security: what labels of a namespace forbid, and in which words."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.pod_security import LevelVersion, detail, policy_of, violations
from tests.unit.backends.fake.door import Door

LABEL = "pod-security.kubernetes.io/"
SAFE = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def spec(context: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    container: dict[str, Any] = {"name": "c", "image": "i"}
    if context is not None:
        container["securityContext"] = context
    return {"containers": [container], **more}


def labelled(door: Door, **labels: str) -> str:
    """A namespace with these labels; returns its path."""
    named = {LABEL + name.replace("_", "-"): value for name, value in labels.items()}
    door.made("/api/v1/namespaces", {"metadata": {"name": "n", "labels": named}})
    return "/api/v1/namespaces/n"


BASELINE: tuple[tuple[dict[str, Any], str], ...] = (
    (spec(), ""),
    (spec(hostNetwork=True, hostPID=True), "host namespaces (hostNetwork=true, hostPID=true)"),
    (spec({"privileged": True}), 'privileged (container "c" must not set securityContext.privileged=true)'),
    (spec({"capabilities": {"add": ["NET_ADMIN", "CHOWN"]}}),
     ('non-default capabilities (container "c" must not include '
     '"NET_ADMIN" in securityContext.capabilities.add)')),
    (spec(volumes=[{"name": "v", "hostPath": {"path": "/"}}]), 'hostPath volumes (volume "v")'),
    ({"containers": [{"name": "a", "ports": [{"hostPort": 80}]}, {"name": "b", "ports": [{"hostPort": 81}]}]},
     'hostPort (containers "a", "b" use hostPorts 80, 81)'),
    (spec({"procMount": "Unmasked"}), 'procMount (container "c" must not set securityContext.procMount to "Unmasked")'),
    (spec(securityContext={"sysctls": [{"name": "kernel.x", "value": "1"}]}), "forbidden sysctls (kernel.x)"),
    (spec({"seLinuxOptions": {"type": "x", "user": "u"}}, securityContext={"seLinuxOptions": {"role": "r"}}),
     ('seLinuxOptions (pod and container "c" set forbidden securityContext.seLinuxOptions: type "x"; '
     "user may not be set; role may not be set)")),
    (spec({"seccompProfile": {"type": "Unconfined"}}),
     'seccompProfile (container "c" must not set securityContext.seccompProfile.type to "Unconfined")'),
    (spec(securityContext={"windowsOptions": {"hostProcess": True}}),
     "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)"),
    (spec(securityContext={"appArmorProfile": {"type": "Unconfined"}}),
     'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")'),
    ({"containers": [{"name": "c", "livenessProbe": {"httpGet": {"host": "h", "port": 1}}}]},
     'probe or lifecycle host (container "c" uses probe or lifecycle host "h")'),
)  # fmt: skip

RESTRICTED: tuple[tuple[dict[str, Any], str], ...] = (
    (spec(SAFE), ""),
    (spec(),
     ('allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), '
     'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), '
     'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), '
     'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or '
     '"Localhost")')),
    (spec({**SAFE, "runAsNonRoot": False, "runAsUser": 0}),
     ('runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false), '
     'runAsUser=0 (container "c" must not set runAsUser=0)')),
    (spec({**SAFE, "capabilities": {"drop": ["ALL"], "add": ["KILL"]}}), ('unrestricted capabilities (container "c" '
     'must not include "KILL" in securityContext.capabilities.add)')),
    (spec({**SAFE, "seccompProfile": {"type": "Unconfined"}}),
     'seccompProfile (container "c" must not set securityContext.seccompProfile.type to "Unconfined")'),
    (spec(SAFE, volumes=[
        {"name": "v", "hostPath": {"path": "/"}}, {"name": "w", "nfs": {}}, {"name": "e", "emptyDir": {}}]),
     'restricted volume types (volumes "v", "w" use restricted volume types "hostPath", "nfs")'),
    (spec(SAFE, hostIPC=True), "host namespaces (hostIPC=true)"),
    (spec({"runAsNonRoot": True}, os={"name": "windows"}), ""),
)  # fmt: skip


@pytest.mark.parametrize(("pod", "text"), BASELINE, ids=range(len(BASELINE)))
def test_what_violates_the_baseline(pod: dict[str, Any], text: str) -> None:
    assert detail(violations(LevelVersion("baseline"), {}, pod)) == text
    assert violations(LevelVersion("privileged"), {}, pod) == []


@pytest.mark.parametrize(("pod", "text"), RESTRICTED, ids=range(len(RESTRICTED)))
def test_what_violates_the_restricted_level(pod: dict[str, Any], text: str) -> None:
    assert detail(violations(LevelVersion("restricted"), {}, pod)) == text


def test_a_version_has_the_checks_of_its_time() -> None:
    sysctl = spec(SAFE, securityContext={"sysctls": [{"name": "net.ipv4.tcp_rmem", "value": "1"}]})
    assert [bool(violations(LevelVersion("baseline", minor), {}, sysctl)) for minor in (31, 32, None)] == [
        True,
        False,
        False,
    ]
    plain = {"securityContext": {"runAsNonRoot": True}, **spec()}
    assert detail(violations(LevelVersion("restricted", 7), {}, plain)) == ""
    annotated = {"annotations": {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}}
    assert violations(LevelVersion("baseline", 18), annotated, spec())
    assert not violations(LevelVersion("baseline", 19), annotated, spec())


def test_what_labels_ask_for() -> None:
    policy, wrong = policy_of({f"{LABEL}enforce": "restricted", f"{LABEL}enforce-version": "v1.30"})
    assert ([str(one) for one in policy], wrong) == (["restricted:v1.30", "privileged:latest", "restricted:v1.30"], [])
    policy, wrong = policy_of({f"{LABEL}enforce": "none", f"{LABEL}warn": "none", f"{LABEL}audit-version": "1.2"})
    assert [str(one) for one in policy] == ["restricted:latest", "privileged:latest", "privileged:latest"]
    assert [cause.field.partition(LABEL)[2] for cause in wrong] == ["enforce]", "audit-version]", "warn]"]


def test_a_pod_that_violates_what_is_enforced_is_refused(door: Door) -> None:
    root = labelled(door, enforce="baseline", warn="restricted", audit="restricted")
    refused = door.post(f"{root}/pods", {"metadata": {"name": "p"}, "spec": spec(hostNetwork=True)})
    text = 'pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)'
    assert (refused.code, refused.body["message"]) == (403, text)
    assert "Warning" not in refused.headers
    told = door.post(f"{root}/pods", {"metadata": {"name": "p"}, "spec": spec()})
    assert told.code == 201
    assert told.headers["Warning"].startswith('299 - "would violate PodSecurity \\"restricted:latest\\": allowPriv')


def test_a_workload_is_only_warned_about(door: Door) -> None:
    labelled(door, enforce="baseline")
    template = {"metadata": {"labels": {"a": "b"}}, "spec": spec({"privileged": True})}
    job = {"spec": {"template": {**template, "spec": {**template["spec"], "restartPolicy": "Never"}}}}
    for path, body in (
        ("/apis/apps/v1/namespaces/n/deployments", {"selector": {"matchLabels": {"a": "b"}}, "template": template}),
        ("/apis/batch/v1/namespaces/n/cronjobs", {"schedule": "@daily", "jobTemplate": job}),
    ):
        told = door.post(path, {"metadata": {"name": "w"}, "spec": body})
        assert told.code == 201
        assert 'would violate PodSecurity \\"baseline:latest\\": privileged' in told.headers["Warning"]


def test_a_change_counts_when_it_changes_what_runs(door: Door) -> None:
    root = labelled(door)
    door.made(f"{root}/pods", {"metadata": {"name": "p"}, "spec": spec({"privileged": True})})
    door.patch(root, {"metadata": {"labels": {f"{LABEL}enforce": "baseline"}}})
    assert door.patch(f"{root}/pods/p", {"metadata": {"labels": {"a": "b"}}}).code == 200
    image = [{"op": "replace", "path": "/spec/containers/0/image", "value": "other"}]
    assert door.patch(f"{root}/pods/p", image, "application/json-patch+json").code == 403


def test_a_stricter_namespace_tells_of_the_pods_that_are_there(door: Door) -> None:
    root = labelled(door)
    for name in ("b", "a", "c"):
        door.made(f"{root}/pods", {"metadata": {"name": name}, "spec": spec({"privileged": True})})
    door.made(f"{root}/pods", {"metadata": {"name": "d"}, "spec": spec(hostPID=True)})
    told = door.patch(root, {"metadata": {"labels": {f"{LABEL}enforce": "baseline"}}})
    assert told.headers["Warning"] == (
        '299 - "existing pods in namespace \\"n\\" violate the new PodSecurity enforce level \\"baseline:latest\\"", '
        '299 - "a (and 2 other pods): privileged", 299 - "d: host namespaces"'
    )
    assert "Warning" not in door.patch(root, {"metadata": {"labels": {"x": "y"}}}).headers


def test_labels_that_mean_nothing_are_refused(door: Door) -> None:
    body = {"metadata": {"name": "n", "labels": {f"{LABEL}enforce": "tight"}}}
    refused = door.post("/api/v1/namespaces", body)
    text = 'Invalid value: "tight": must be one of privileged, baseline, restricted'
    assert (refused.code, refused.body["details"]["causes"][0]["message"]) == (422, text)
