"""The checks of the restricted level: how a pod shuts itself in.

As in `baseline`. Pods that say they are for Windows are spared what Linux alone has, since 1.25.
"""

from __future__ import annotations

from typing import Any

from backends.fake.pod_security.wording import containers, named, names, plural, quoted, setters

Obj = dict[str, Any]
Found = tuple[str, str] | None

_VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
        "image",
    }
)
_PROFILES = ("RuntimeDefault", "Localhost")


def _is_windows(spec: Obj, minor: int) -> bool:
    return minor >= 25 and (spec.get("os") or {}).get("name") == "windows"


def allow_privilege_escalation(_metadata: Obj, spec: Obj, minor: int) -> Found:
    """No process gains more than its parent has (since 1.8)."""
    if minor < 8 or _is_windows(spec, minor):
        return None
    found = names(spec, lambda context: context.get("allowPrivilegeEscalation") is not False)
    if not found:
        return None
    text = "must set securityContext.allowPrivilegeEscalation=false"
    return "allowPrivilegeEscalation != false", f"{named(found)} {text}"


def capabilities_restricted(_metadata: Obj, spec: Obj, minor: int) -> Found:
    """All capabilities dropped; one may come back (since 1.22)."""
    if minor < 22 or _is_windows(spec, minor):
        return None
    keeping, adding = [], []
    forbidden: set[str] = set()
    for one in containers(spec):
        capabilities = (one.get("securityContext") or {}).get("capabilities") or {}
        if "ALL" not in (capabilities.get("drop") or []):
            keeping.append(one.get("name", ""))
        bad = set(capabilities.get("add") or []) - {"NET_BIND_SERVICE"}
        if bad:
            adding.append(one.get("name", ""))
            forbidden |= bad
    parts = [f'{named(keeping)} must set securityContext.capabilities.drop=["ALL"]'] if keeping else []
    if adding:
        text = f"must not include {quoted(sorted(forbidden))} in securityContext.capabilities.add"
        parts.append(f"{named(adding)} {text}")
    return ("unrestricted capabilities", "; ".join(parts)) if parts else None


def restricted_volumes(_metadata: Obj, spec: Obj, _minor: int) -> Found:
    """Volumes that belong to the pod or the cluster."""
    found, kinds = [], set()
    for volume in spec.get("volumes") or []:
        used = volume.keys() - {"name"} - _VOLUMES
        if used:
            found.append(volume.get("name", ""))
            kinds |= {sorted(used)[0]}
    if not found:
        return None
    use = plural("uses", "use", len(found))
    what = plural("restricted volume type", "restricted volume types", len(kinds))
    text = f"{plural('volume', 'volumes', len(found))} {quoted(found)} {use} {what} {quoted(sorted(kinds))}"
    return "restricted volume types", text


def run_as_non_root(_metadata: Obj, spec: Obj, _minor: int) -> Found:
    """Says that it does not run as root."""
    pod = (spec.get("securityContext") or {}).get("runAsNonRoot")
    said = names(spec, lambda context: context.get("runAsNonRoot") is False)
    silent = names(spec, lambda context: context.get("runAsNonRoot") is None) if pod is not True else []
    who = setters(pod is False, said)
    if who:
        return "runAsNonRoot != true", f"{who} must not set securityContext.runAsNonRoot=false"
    if silent:
        return "runAsNonRoot != true", f"pod or {named(silent)} must set securityContext.runAsNonRoot=true"
    return None


def run_as_user(_metadata: Obj, spec: Obj, minor: int) -> Found:
    """Does not run as root (since 1.23)."""
    if minor < 23:
        return None

    def is_bad(context: Obj) -> bool:
        return context.get("runAsUser") == 0

    who = setters(is_bad(spec.get("securityContext") or {}), names(spec, is_bad))
    return ("runAsUser=0", f"{who} must not set runAsUser=0") if who else None


def seccomp_profile_restricted(_metadata: Obj, spec: Obj, minor: int) -> Found:
    """Names its seccomp profile (since 1.19)."""
    if minor < 19 or _is_windows(spec, minor):
        return None
    bad_values = set()

    def kind(context: Obj) -> Any:
        return (context.get("seccompProfile") or {}).get("type")

    def is_bad(context: Obj) -> bool:
        if kind(context) in (None, *_PROFILES):
            return False
        bad_values.add(kind(context))
        return True

    pod = spec.get("securityContext") or {}
    who = setters(is_bad(pod), names(spec, is_bad))
    if who:
        text = f"must not set securityContext.seccompProfile.type to {quoted(sorted(bad_values))}"
        return "seccompProfile", f"{who} {text}"
    silent = names(spec, lambda context: kind(context) is None) if kind(pod) is None else []
    if silent:
        text = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
        return "seccompProfile", f"pod or {named(silent)} {text}"
    return None
