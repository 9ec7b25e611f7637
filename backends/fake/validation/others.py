"""Defaults, and the few rules that clients meet, of kinds that the cluster stores without acting on them.

Rules: the `defaults.go` and `validation` packages of rbac, autoscaling, admissionregistration, scheduling and core
below pkg/apis.
"""

from __future__ import annotations

from typing import Any

from backends.fake.schema import quantity
from backends.fake.validation import causes, pod_defaults, pods
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import subdomain_1123_errors

Obj = dict[str, Any]

_RBAC = "rbac.authorization.k8s.io"
_HIGHEST_USER_PRIORITY = 1_000_000_000


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
    return found


def role_update(new: Obj, old: Obj) -> list[Cause]:
    """A role may change its rules."""
    del old
    return role(new)


def autoscaler_defaults(obj: Obj) -> None:
    """HorizontalPodAutoscaler (v2): at least one replica, 80 % of the requested CPU."""
    spec = obj["spec"]
    spec.setdefault("minReplicas", 1)
    if obj["apiVersion"] == "autoscaling/v2" and not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


def autoscaler(obj: Obj) -> list[Cause]:
    """An autoscaler has a target and bounds that leave room."""
    spec = obj["spec"]
    found: list[Cause] = []
    least, most = spec.get("minReplicas"), spec.get("maxReplicas", 0)
    if least is not None and least < 1:
        found.append(causes.invalid("spec.minReplicas", least, "must be greater than or equal to 1"))
    if most < 1:
        found.append(causes.invalid("spec.maxReplicas", most, "must be greater than 0"))
    if least is not None and most < least:
        found.append(causes.invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`"))
    target = spec["scaleTargetRef"]
    return found + [causes.required(f"spec.scaleTargetRef.{name}") for name in ("kind", "name") if not target.get(name)]


def autoscaler_update(new: Obj, old: Obj) -> list[Cause]:
    """An autoscaler may change everything."""
    del old
    return autoscaler(new)


def priority_class_defaults(obj: Obj) -> None:
    """PriorityClass: pods of it may evict others."""
    obj.setdefault("preemptionPolicy", "PreemptLowerPriority")


def priority_class(obj: Obj) -> list[Cause]:
    """Names that begin with `system-`, and the highest values, are the system's."""
    name, value = obj["metadata"].get("name", ""), obj.get("value", 0)
    if name.startswith("system-") and name not in ("system-node-critical", "system-cluster-critical"):
        text = "priority class names with 'system-' prefix are reserved for system use only"
        return [causes.forbidden("metadata.name", text)]
    if value > _HIGHEST_USER_PRIORITY and not name.startswith("system-"):
        text = f"maximum allowed value of a user defined priority is {_HIGHEST_USER_PRIORITY}"
        return [causes.forbidden("value", text)]
    return []


def priority_class_update(new: Obj, old: Obj) -> list[Cause]:
    """A PriorityClass keeps its value."""
    found: list[Cause] = []
    if new.get("value", 0) != old.get("value", 0):
        found.append(causes.forbidden("value", "may not be changed in an update."))
    if new.get("preemptionPolicy") != old.get("preemptionPolicy"):
        found.append(causes.invalid("preemptionPolicy", new.get("preemptionPolicy"), "field is immutable"))
    return found


def webhook_defaults(obj: Obj) -> None:
    """ValidatingWebhookConfiguration and MutatingWebhookConfiguration: everything, equivalents too, ten seconds."""
    for hook in obj.get("webhooks") or ():
        hook.setdefault("failurePolicy", "Fail")
        hook.setdefault("matchPolicy", "Equivalent")
        hook.setdefault("namespaceSelector", {})
        hook.setdefault("objectSelector", {})
        hook.setdefault("timeoutSeconds", 10)
        if obj["kind"] == "MutatingWebhookConfiguration":
            hook.setdefault("reinvocationPolicy", "Never")
        for rule in hook.get("rules") or ():
            rule.setdefault("scope", "*")
        service = hook["clientConfig"].get("service")
        if service is not None:
            service.setdefault("port", 443)


def pod_template_defaults(obj: Obj) -> None:
    """A PodTemplate's template gets the defaults of any."""
    pod_defaults.template(obj["template"])


def pod_template(obj: Obj) -> list[Cause]:
    """A PodTemplate's template is sound."""
    return pods.template(obj["template"], "template")


def pod_template_update(new: Obj, old: Obj) -> list[Cause]:
    """A PodTemplate may change its template."""
    del old
    return pod_template(new)


def quota(obj: Obj) -> list[Cause]:
    """A ResourceQuota names resources, and amounts that are not negative."""
    return [
        causes.invalid(f"spec.hard[{name}]", amount, "must be greater than or equal to 0")
        for name, amount in (obj["spec"].get("hard") or {}).items()
        if quantity.parse(amount)[0] < 0
    ]


def quota_update(new: Obj, old: Obj) -> list[Cause]:
    """A ResourceQuota keeps its scopes."""
    found = quota(new)
    want, have = new["spec"].get("scopes"), old["spec"].get("scopes")
    if sorted(want or ()) != sorted(have or ()):
        found.append(causes.invalid("spec.scopes", want, "field is immutable"))
    return found
