"""RBAC's roles and bindings: defaults and rules. Rules: pkg/apis/rbac/v1/defaults.go, pkg/apis/rbac/validation.

They are checked and stored here; whether anybody may do anything because of them is not decided here.
"""

from __future__ import annotations

from typing import Any

from backends.fake.validation import causes, label_selectors
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import path_segment_errors, subdomain_1123_errors

Obj = dict[str, Any]

_RBAC = "rbac.authorization.k8s.io"


def binding_defaults(obj: Obj) -> None:
    """RoleBinding and ClusterRoleBinding: roles, users and groups are RBAC's."""
    reference = obj["roleRef"]
    reference["apiGroup"] = reference.get("apiGroup") or _RBAC
    for subject in obj.get("subjects") or ():
        if subject.get("kind") in ("User", "Group"):
            subject["apiGroup"] = subject.get("apiGroup") or _RBAC


def binding(obj: Obj) -> list[Cause]:
    """A binding names a role of RBAC and subjects with names."""
    reference = obj["roleRef"]
    found: list[Cause] = []
    if reference.get("apiGroup") != _RBAC:
        found.append(causes.not_supported("roleRef.apiGroup", reference.get("apiGroup", ""), (_RBAC,)))
    allowed = ("Role", "ClusterRole") if obj["kind"] == "RoleBinding" else ("ClusterRole",)
    if reference.get("kind") not in allowed:
        found.append(causes.not_supported("roleRef.kind", reference.get("kind", ""), allowed))
    if not reference.get("name"):
        found.append(causes.required("roleRef.name"))
    else:
        texts = path_segment_errors(reference["name"])
        found += [causes.invalid("roleRef.name", reference["name"], text) for text in texts]
    for number, subject in enumerate(obj.get("subjects") or ()):
        found += _subject(f"subjects[{number}]", subject, namespaced=obj["kind"] == "RoleBinding")
    return found


def _subject(path: str, subject: Obj, *, namespaced: bool) -> list[Cause]:
    found: list[Cause] = []
    name, kind, group = subject.get("name", ""), subject.get("kind", ""), subject.get("apiGroup", "")
    if not name:
        found.append(causes.required(f"{path}.name"))
    if kind == "ServiceAccount":
        found += [causes.invalid(f"{path}.name", name, text) for text in (subdomain_1123_errors(name) if name else ())]
        if group:
            found.append(causes.not_supported(f"{path}.apiGroup", group, ("",)))
        if not namespaced and not subject.get("namespace"):
            found.append(causes.required(f"{path}.namespace"))
    elif kind in ("User", "Group"):
        if group != _RBAC:
            found.append(causes.not_supported(f"{path}.apiGroup", group, (_RBAC,)))
    else:
        found.append(causes.not_supported(f"{path}.kind", kind, ("ServiceAccount", "User", "Group")))
    return found


def binding_update(new: Obj, old: Obj) -> list[Cause]:
    """A binding keeps its role."""
    found = binding(new)
    if new["roleRef"] != old["roleRef"]:
        shown = {
            "APIGroup": new["roleRef"].get("apiGroup", ""),
            "Kind": new["roleRef"].get("kind", ""),
            "Name": new["roleRef"].get("name", ""),
        }
        found.append(causes.invalid("roleRef", shown, "cannot change roleRef"))
    return found


def role(obj: Obj) -> list[Cause]:
    """Each rule of a Role or ClusterRole has verbs, and either resources or (cluster-wide) URLs."""
    found: list[Cause] = []
    for number, rule in enumerate(obj.get("rules") or ()):
        path = f"rules[{number}]"
        if not rule.get("verbs"):
            found.append(causes.required(f"{path}.verbs", "verbs must contain at least one value"))
        if rule.get("nonResourceURLs"):
            if obj["kind"] == "Role":
                text = "namespaced rules cannot apply to non-resource URLs"
                found.append(causes.invalid(f"{path}.nonResourceURLs", rule["nonResourceURLs"], text))
            if any(rule.get(name) for name in ("apiGroups", "resources", "resourceNames")):
                text = "rules cannot apply to both regular resources and non-resource URLs"
                found.append(causes.invalid(f"{path}.nonResourceURLs", rule["nonResourceURLs"], text))
            continue
        if not rule.get("apiGroups"):
            found.append(causes.required(f"{path}.apiGroups", "resource rules must supply at least one api group"))
        if not rule.get("resources"):
            found.append(causes.required(f"{path}.resources", "resource rules must supply at least one resource"))
    if "aggregationRule" in obj:
        found += _aggregation(obj["aggregationRule"])
    return found


def _aggregation(rule: Obj) -> list[Cause]:
    """A ClusterRole that gathers others says which."""
    path = "aggregationRule.clusterRoleSelectors"
    selectors = rule.get("clusterRoleSelectors")
    if not selectors:
        return [causes.required(path, "at least one clusterRoleSelector required if aggregationRule is non-nil")]
    return [cause for number, one in enumerate(selectors) for cause in label_selectors.sound(f"{path}[{number}]", one)]


def role_update(new: Obj, old: Obj) -> list[Cause]:
    """A role may change its rules."""
    del old
    return role(new)
