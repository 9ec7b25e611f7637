"""What a patch changes that hands out more rights than the workload has, by comparing before and after. Pure.

`after` is the API server's own dry run of the patch, so no way of writing a patch (`$patch`, `move`, a list replaced as
a whole) can hide what it does. Each finding names the permit under which an operator allows it (`kubeactions.permits`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kubeactions.model import JsonObject

SERVICE_ACCOUNT = "patch_service_account"
HOST_PATH = "patch_host_path"
PRIVILEGED = "patch_privileged"
HOST_NAMESPACES = "patch_host_namespaces"
IMAGE = "patch_image"
SECRETS = "patch_secrets"
FINALIZERS = "patch_finalizers"
OWNERS = "patch_owner_references"

PERMITS = {
    SERVICE_ACCOUNT: "let a patch change the service account of pods, or how its token is mounted",
    HOST_PATH: "let a patch add a hostPath volume, or change how one is mounted",
    PRIVILEGED: "let a patch change a securityContext, AppArmor's annotations, the runtime class or shared processes",
    HOST_NAMESPACES: "let a patch change hostNetwork, hostPID, hostIPC or hostUsers, or add a hostPort",
    IMAGE: "let a patch change an image, or add a container or an image volume",
    SECRETS: "let a patch add a reference to a Secret, or mount one in another container",
    FINALIZERS: "let a patch change finalizers",
    OWNERS: "let a patch change owner references",
}
_ACCOUNT_FIELDS = ("serviceAccountName", "serviceAccount", "automountServiceAccountToken")
_HOST_FIELDS = ("hostNetwork", "hostPID", "hostIPC", "hostUsers")
_ISOLATION_FIELDS = ("runtimeClassName", "shareProcessNamespace")
_APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
"""A profile by annotation of the template, which the API server still takes for the field
(https://kubernetes.io/docs/reference/labels-annotations-taints/)."""


def escalations(before: JsonObject, after: JsonObject) -> list[tuple[str, str]]:
    """Permit and field of everything sensitive that differs, each field once."""
    found = [*_of_object(before["metadata"], after["metadata"]), *_of_pods(_pods(before), _pods(after))]
    if (_template(before).get("finalizers") or []) != (_template(after).get("finalizers") or []):
        found.append((FINALIZERS, "finalizers of the pod template"))  # Each pod gets them.
    if _profiles(_template(before)) != _profiles(_template(after)):
        found.append((PRIVILEGED, "an AppArmor profile"))
    return sorted(set(found))


def _template(workload: JsonObject) -> JsonObject:
    template: JsonObject = workload["spec"].get("template") or {}
    return template.get("metadata") or {}


def _profiles(template: JsonObject) -> JsonObject:
    annotations = template.get("annotations") or {}
    return {name: value for name, value in annotations.items() if name.startswith(_APPARMOR)}


def _pods(workload: JsonObject) -> JsonObject:
    template: JsonObject = workload["spec"].get("template") or {}
    return template.get("spec") or {}


def _of_object(before: JsonObject, after: JsonObject) -> Iterator[tuple[str, str]]:
    for permit, name in ((FINALIZERS, "finalizers"), (OWNERS, "ownerReferences")):
        if (before.get(name) or []) != (after.get(name) or []):
            yield permit, f"metadata.{name}"


def _of_pods(before: JsonObject, after: JsonObject) -> Iterator[tuple[str, str]]:
    for permit, names in (
        (SERVICE_ACCOUNT, _ACCOUNT_FIELDS),
        (HOST_NAMESPACES, _HOST_FIELDS),
        (PRIVILEGED, _ISOLATION_FIELDS),
    ):
        for name in names:
            if before.get(name) != after.get(name):
                yield permit, name
    if (before.get("securityContext") or {}) != (after.get("securityContext") or {}):
        yield PRIVILEGED, "securityContext"
    yield from _of_volumes(before, after)
    if _references(after) - _references(before):
        yield SECRETS, "a reference to a Secret"
    yield from _anywhere(before, after)
    old, new = _containers(before), _containers(after)
    for name, container in new.items():
        known = old.get(name, {})
        if container.get("image") != known.get("image"):
            yield IMAGE, f"the image of container {name}"
        if (container.get("securityContext") or {}) != (known.get("securityContext") or {}):
            yield PRIVILEGED, f"the securityContext of container {name}"


def _of_volumes(before: JsonObject, after: JsonObject) -> Iterator[tuple[str, str]]:
    for permit, word, field in (
        (HOST_PATH, "hostPath", "hostPath"),
        (SECRETS, "secret", "a Secret"),
        (IMAGE, "image", "an image"),
    ):
        if _values(after, word) - _values(before, word):
            yield permit, f"a volume with {field}"
    if _mounts(after, "hostPath", whole=True) - _mounts(before, "hostPath", whole=True):
        yield HOST_PATH, "how a volume with hostPath is mounted"
    if _mounts(after, "secret", whole=False) - _mounts(before, "secret", whole=False):
        yield SECRETS, "which container mounts a Secret"


def _anywhere(before: JsonObject, after: JsonObject) -> Iterator[tuple[str, str]]:
    """What is sensitive wherever it lies in a pod."""
    for permit, word, field in (
        (SERVICE_ACCOUNT, "serviceAccountToken", "a volume with the token"),
        (HOST_NAMESPACES, "hostPort", "a hostPort"),
    ):
        if set(_members(after, word)) - set(_members(before, word)):
            yield permit, field


def _containers(pods: JsonObject) -> dict[str, JsonObject]:
    return {one["name"]: one for key in ("containers", "initContainers") for one in pods.get(key) or ()}


def _values(pods: JsonObject, word: str) -> set[str]:
    """The volumes of a kind, whole, as text."""
    return {repr(one[word]) for one in pods.get("volumes") or () if one.get(word)}


def _mounts(pods: JsonObject, word: str, *, whole: bool) -> set[tuple[str, str, str]]:
    """Containers and the volumes of a kind that they mount; `whole`: and how."""
    volumes = {one["name"] for one in pods.get("volumes") or () if one.get(word)}
    return {
        (name, mount["name"], repr(sorted(mount.items())) if whole else "")
        for name, container in _containers(pods).items()
        for mount in container.get("volumeMounts") or ()
        if mount["name"] in volumes
    }


def _references(pods: JsonObject) -> set[str]:
    """Names of Secrets that environment, pulls and projected volumes refer to."""
    return {f"{key}:{name}" for key, name in _walk(pods) if name}


def _walk(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, member in value.items():
            if isinstance(member, dict) and (key == "secret" or key.endswith(("ecretRef", "ecretKeyRef"))):
                yield key, str(member.get("name") or member.get("secretName") or "")
            if key == "secretName" and isinstance(member, str):
                yield key, member
            if key == "imagePullSecrets" and isinstance(member, list):
                yield from ((key, str(one.get("name") or "")) for one in member)
            yield from _walk(member)
    elif isinstance(value, list):
        for one in value:
            yield from _walk(one)


def _members(value: Any, word: str) -> Iterator[str]:
    """Every member of this name, wherever it lies, as text."""
    if isinstance(value, dict):
        for key, member in value.items():
            if key == word and member:
                yield repr(member)
            yield from _members(member, word)
    elif isinstance(value, list):
        for one in value:
            yield from _members(one, word)
