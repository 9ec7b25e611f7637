"""The security contexts of pods and containers: identities, profiles, capabilities, sysctls.

Rules: `ValidateSecurityContext`, `ValidatePodSecurityContext`, `validateSeccompProfileField` and
`ValidateAppArmorProfileField` in pkg/apis/core/validation/validation.go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from backends.fake.validation import causes, differences
from backends.fake.validation.causes import Cause

Obj = Mapping[str, Any]

_IDS = range(2**31)
_ID_TEXT = "must be between 0 and 2147483647, inclusive"
_PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
_PROC_MOUNTS = ("Default", "Unmasked")
_GROUP_POLICIES = ("Always", "OnRootMismatch")
_LONGEST_SYSCTL = 253
_SYSCTL_SEGMENT = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SYSCTL = rf"({_SYSCTL_SEGMENT}[\./])*{_SYSCTL_SEGMENT}"


def of_container(context: Obj, path: str) -> list[Cause]:
    """What is wrong with a container's security context."""
    found = identities(context, path, ("runAsUser", "runAsGroup"))
    mount = context.get("procMount")
    if mount is not None and mount not in _PROC_MOUNTS:
        found.append(causes.not_supported(f"{path}.procMount", mount, _PROC_MOUNTS))
    found += _profiles(context, path)
    return found + _escalation(context, path)


def of_pod(spec: Obj, path: str) -> list[Cause]:
    """What is wrong with a pod's security context; `path` is the spec's."""
    context, path = spec.get("securityContext") or {}, f"{path}.securityContext"
    found = identities(context, path, ("fsGroup", "runAsUser", "runAsGroup"))
    for number, group in enumerate(context.get("supplementalGroups") or ()):
        if group not in _IDS:
            found.append(causes.invalid(f"{path}.supplementalGroups[{number}]", group, _ID_TEXT))
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        text = "ShareProcessNamespace and HostPID cannot both be enabled"
        found.append(causes.invalid(f"{path}.shareProcessNamespace", True, text))
    found += _sysctls(context.get("sysctls") or [], f"{path}.sysctls")
    policy = context.get("fsGroupChangePolicy")
    if policy is not None and policy not in _GROUP_POLICIES:
        found.append(causes.not_supported(f"{path}.fsGroupChangePolicy", policy, _GROUP_POLICIES))
    return found + _profiles(context, path)


def host_users(spec: Obj, path: str) -> list[Cause]:
    """A pod with users of its own shares no other namespace of its host; two paths are written as the server does."""
    if spec.get("hostUsers") is not False:
        return []
    text = "when `pod.Spec.HostUsers` is false"
    shared = {"hostNetwork": "hostNetwork", "hostPID": "HostPID", "hostIPC": "HostIPC"}
    return [causes.forbidden(f"{path}.{shown}", text) for name, shown in shared.items() if spec.get(name)]


def identities(context: Obj, path: str, members: tuple[str, ...]) -> list[Cause]:
    """Numbers of users and groups."""
    return [
        causes.invalid(f"{path}.{member}", context[member], _ID_TEXT)
        for member in members
        if member in context and context[member] not in _IDS
    ]


def _escalation(context: Obj, path: str) -> list[Cause]:
    """Who may not gain privileges must not have them."""
    if context.get("allowPrivilegeEscalation") is not False:
        return []
    texts = {
        "cannot set `allowPrivilegeEscalation` to false and `privileged` to true": context.get("privileged"),
        "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN": (
            "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or ())
        ),
    }
    shown = differences.internal("core.v1.SecurityContext", context)
    return [causes.invalid(path, shown, text) for text, applies in texts.items() if applies]


def _profiles(context: Obj, path: str) -> list[Cause]:
    found: list[Cause] = []
    for member, system in (("seccompProfile", "seccomp"), ("appArmorProfile", "AppArmor")):
        profile = context.get(member)
        if profile is not None:
            found += _profile(profile, f"{path}.{member}", member, system)
    return found


def _profile(profile: Obj, path: str, member: str, system: str) -> list[Cause]:
    kind, own = profile.get("type", ""), profile.get("localhostProfile")
    if not kind:
        return [causes.required(f"{path}.type", f"type is required when {member} is set")]
    if kind not in _PROFILES:
        return [causes.not_supported(f"{path}.type", kind, _PROFILES)]
    where = f"{path}.localhostProfile"
    if kind == "Localhost":
        return [] if own else [causes.required(where, f"must be set when {system} type is Localhost")]
    if own is None:
        return []
    shown = differences.internal("core.v1.SeccompProfile", profile) if system == "seccomp" else own
    return [causes.invalid(where, shown, f"can only be set when {system} type is Localhost")]


def _sysctls(given: list[Obj], path: str) -> list[Cause]:
    found: list[Cause] = []
    names: set[str] = set()
    for number, sysctl in enumerate(given):
        where, name = f"{path}[{number}].name", sysctl.get("name", "")
        if not name:
            found.append(causes.required(where))
        elif len(name) > _LONGEST_SYSCTL or not re.fullmatch(_SYSCTL, name):
            text = f"must have at most {_LONGEST_SYSCTL} characters and match regex ^{_SYSCTL}$"
            found.append(causes.invalid(where, name, text))
        elif name in names:
            found.append(causes.duplicate(where, name))
        names.add(name.replace("/", "."))
    return found
