"""Which quotas count an object: by the resources that they name, and by their scopes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from backends.fake.quota.usage import CLAIMS, CLASS_SUFFIX, PODS, SERVICES, is_extended
from backends.fake.strategies.core import qos_class

Obj = dict[str, Any]

_COMPUTE = ("cpu", "memory", "ephemeral-storage")
_POD_NAMES = frozenset(
    {"count/pods", "pods", *_COMPUTE, *(f"requests.{one}" for one in _COMPUTE), *(f"limits.{one}" for one in _COMPUTE)}
)
_SERVICE_NAMES = frozenset({"count/services", "services", "services.nodeports", "services.loadbalancers"})
_CLAIM_NAMES = frozenset({"count/persistentvolumeclaims", "persistentvolumeclaims", "requests.storage"})


def names_counted(storage: tuple[str, str], names: Iterable[str]) -> list[str]:
    """Which of these resources objects of that kind count for (MatchingResources)."""
    return [name for name in names if _counts_for(storage, name)]


def _counts_for(storage: tuple[str, str], name: str) -> bool:
    group, plural = storage
    if storage == PODS:
        return (
            name in _POD_NAMES
            or name.startswith(("hugepages-", "requests.hugepages-"))
            or (name.startswith("requests.") and is_extended(name.removeprefix("requests.")))
        )
    if storage == SERVICES:
        return name in _SERVICE_NAMES
    if storage == CLAIMS:
        return name in _CLAIM_NAMES or name.endswith(
            (f"{CLASS_SUFFIX}persistentvolumeclaims", f"{CLASS_SUFFIX}requests.storage")
        )
    return name == (f"count/{plural}.{group}" if group else f"count/{plural}") or (not group and name == plural)


def matches(quota: Mapping[str, Any], hard: Iterable[str], storage: tuple[str, str], obj: Mapping[str, Any]) -> bool:
    """Whether a quota counts this object: one of its `hard` resources does, and all its scopes hold."""
    if not names_counted(storage, hard):
        return False
    return all(_in_scope(scope, storage, obj) for scope in scopes_of(quota))


def scopes_of(quota: Mapping[str, Any]) -> list[Obj]:
    """All scopes of a quota, as the expressions that they stand for."""
    spec = quota.get("spec") or {}
    plain = [{"scopeName": name, "operator": "Exists"} for name in spec.get("scopes") or []]
    return plain + list((spec.get("scopeSelector") or {}).get("matchExpressions") or [])


def _in_scope(scope: Obj, storage: tuple[str, str], obj: Mapping[str, Any]) -> bool:
    """podMatchesScopeFunc; nothing but a pod is ever in a scope."""
    if storage != PODS:
        return False
    spec, name = obj.get("spec") or {}, scope.get("scopeName")
    if name in ("Terminating", "NotTerminating"):
        deadline = spec.get("activeDeadlineSeconds")
        return (deadline is not None and deadline >= 0) is (name == "Terminating")
    if name in ("BestEffort", "NotBestEffort"):
        return (qos_class(spec) == "BestEffort") is (name == "BestEffort")
    if name == "PriorityClass":
        return _selects(scope, spec.get("priorityClassName") or "")
    return name == "CrossNamespacePodAffinity" and _reaches_other_namespaces(spec)


def _selects(scope: Obj, priority_class: str) -> bool:
    operator, values = scope.get("operator"), scope.get("values") or []
    if operator == "In":
        return priority_class in values if priority_class else False
    if operator == "NotIn":
        return priority_class not in values
    return bool(priority_class) is (operator == "Exists")


def _reaches_other_namespaces(spec: Mapping[str, Any]) -> bool:
    affinity = spec.get("affinity") or {}
    for member in ("podAffinity", "podAntiAffinity"):
        rules = affinity.get(member) or {}
        terms = list(rules.get("requiredDuringSchedulingIgnoredDuringExecution") or [])
        weighted = rules.get("preferredDuringSchedulingIgnoredDuringExecution") or []
        terms += [one.get("podAffinityTerm") or {} for one in weighted]
        if any(term.get("namespaces") or term.get("namespaceSelector") is not None for term in terms):
            return True
    return False
