"""LimitRange and ResourceQuota: defaults and rules.

Rules: `SetDefaults_LimitRangeItem` of pkg/apis/core/v1, `ValidateLimitRange` and `ValidateResourceQuotaSpec` of
pkg/apis/core/validation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from backends.fake.schema import quantity
from backends.fake.validation import causes, names
from backends.fake.validation.causes import Cause

Obj = dict[str, Any]

_BOUNDS = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
_CONTAINER_RESOURCES = ("cpu", "ephemeral-storage", "memory")
_STANDARD_QUOTAS = frozenset(
    {
        "cpu",
        "memory",
        "ephemeral-storage",
        "requests.cpu",
        "requests.memory",
        "requests.storage",
        "requests.ephemeral-storage",
        "limits.cpu",
        "limits.memory",
        "limits.ephemeral-storage",
        "pods",
        "resourcequotas",
        "services",
        "replicationcontrollers",
        "secrets",
        "persistentvolumeclaims",
        "configmaps",
        "services.nodeports",
        "services.loadbalancers",
    }
)
_WHOLE = frozenset(
    {
        "pods",
        "resourcequotas",
        "services",
        "replicationcontrollers",
        "secrets",
        "configmaps",
        "persistentvolumeclaims",
        "services.nodeports",
        "services.loadbalancers",
    }
)
"""What comes in whole numbers only."""
_COMPUTE = frozenset({"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"})
_SCOPES = ("Terminating", "NotTerminating", "BestEffort", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity")
_OPERATORS = ("DoesNotExist", "Exists", "In", "NotIn")
_EXISTS_ONLY = frozenset(_SCOPES) - {"PriorityClass"}


def limit_range_defaults(obj: Obj) -> None:
    """LimitRange: the most is the default limit, that is the default request, and then the least is."""
    for limit in (obj.get("spec") or {}).get("limits") or ():
        if limit.get("type") != "Container":
            continue
        default = {**(limit.get("max") or {}), **(limit.get("default") or {})}
        request = {**(limit.get("min") or {}), **default, **(limit.get("defaultRequest") or {})}
        for member, found in (("default", default), ("defaultRequest", request)):
            if found:
                limit[member] = {name: found[name] for name in sorted(found)}


def limit_range(obj: Obj) -> list[Cause]:
    """A LimitRange has each type once, and bounds that leave room."""
    found: list[Cause] = []
    types: set[str] = set()
    for index, limit in enumerate((obj.get("spec") or {}).get("limits") or ()):
        path, kind = f"spec.limits[{index}]", limit.get("type", "")
        found += _limit_type(f"{path}.type", kind)
        if kind in types:
            found.append(causes.duplicate(f"{path}.type", kind))
        types.add(kind)
        found += _limit_members(path, kind, limit)
        resources = sorted({name for member in _BOUNDS for name in limit.get(member) or {}})
        for name in resources:
            found += _consistent(path, name, limit)
    return found


def limit_range_update(new: Obj, old: Obj) -> list[Cause]:
    """A LimitRange may change everything."""
    del old
    return limit_range(new)


def _limit_type(path: str, kind: str) -> list[Cause]:
    texts = names.label_key_errors(kind)
    if texts:
        return [causes.invalid(path, kind, text) for text in texts]
    if "/" not in kind and kind not in ("Pod", "Container", "PersistentVolumeClaim"):
        return [causes.invalid(path, kind, "must be a standard limit type or fully qualified")]
    return []


def _limit_members(path: str, kind: str, limit: Obj) -> Iterator[Cause]:
    for member in _BOUNDS:
        for name in limit.get(member) or {}:
            where = f"{path}.{member}[{name}]"
            yield from (causes.invalid(where, name, text) for text in names.label_key_errors(name))
            if kind == "Container" and "/" not in name and not _is_container_resource(name):
                yield causes.invalid(where, name, "must be a standard resource for containers")
    if kind in ("Pod", "PersistentVolumeClaim"):
        for member in ("default", "defaultRequest"):
            if limit.get(member):
                yield causes.forbidden(f"{path}.{member}", f"may not be specified when `type` is '{kind}'")
    if kind == "PersistentVolumeClaim" and not any("storage" in (limit.get(one) or {}) for one in ("min", "max")):
        yield causes.required(path, "either minimum or maximum storage value is required, but neither was provided")


def _is_container_resource(name: str) -> bool:
    return name in _CONTAINER_RESOURCES or name.startswith("hugepages-")


def _consistent(path: str, name: str, limit: Obj) -> Iterator[Cause]:
    """The bounds of one resource against each other."""
    said = {member: limit[member][name] for member in _BOUNDS if name in (limit.get(member) or {})}
    value = {member: quantity.parse(amount)[0] for member, amount in said.items()}

    def above(one: str, other: str) -> bool:
        return one in value and other in value and value[one] > value[other]

    def wrong(member: str, shown: str, text: str) -> Cause:
        return causes.invalid(f"{path}.{member}[{name}]", said[shown], text)

    if above("min", "max"):
        yield wrong("min", "min", f"min value {said['min']} is greater than max value {said['max']}")
    if above("min", "defaultRequest"):
        text = f"min value {said['min']} is greater than default request value {said['defaultRequest']}"
        yield wrong("defaultRequest", "defaultRequest", text)
    if above("defaultRequest", "max"):
        text = f"default request value {said['defaultRequest']} is greater than max value {said['max']}"
        yield wrong("defaultRequest", "defaultRequest", text)
    if above("defaultRequest", "default"):
        text = f"default request value {said['defaultRequest']} is greater than default limit value {said['default']}"
        yield wrong("defaultRequest", "defaultRequest", text)
    if above("min", "default"):
        yield wrong("default", "min", f"min value {said['min']} is greater than default value {said['default']}")
    if above("default", "max"):
        yield wrong("default", "max", f"default value {said['default']} is greater than max value {said['max']}")
    ratio = "maxLimitRequestRatio"
    if ratio in value and value[ratio] < 1:
        yield wrong(ratio, ratio, f"ratio {said[ratio]} is less than 1")
    if ratio in value and value.get("min") and "max" in value and value[ratio] > value["max"] / value["min"]:
        text = f"ratio {said[ratio]} is greater than max/min = {float(value['max'] / value['min']):f}"
        yield wrong(ratio, ratio, text)
    differs = "default" in value and "defaultRequest" in value and value["default"] != value["defaultRequest"]
    if differs and not _overcommits(name):
        text = f"default value {said['default']} must equal to defaultRequest value {said['defaultRequest']} in {name}"
        yield wrong("default", "defaultRequest", text)


def _overcommits(name: str) -> bool:
    native = "/" not in name or name.partition("/")[0].endswith("kubernetes.io")
    return native and not name.startswith("hugepages-")


def quota(obj: Obj) -> list[Cause]:
    """A ResourceQuota names resources that there are, amounts that make sense, and scopes that fit."""
    spec = obj.get("spec") or {}
    hard = spec.get("hard") or {}
    found: list[Cause] = []
    for name, amount in hard.items():
        path = f"spec.hard[{name}]"
        texts = names.label_key_errors(name)
        found += [causes.invalid(path, name, text) for text in texts]
        if not texts and "/" not in name and not _is_quota_resource(name):
            found.append(causes.invalid(path, name, "must be a standard resource for quota"))
        value = quantity.parse(amount)[0]
        if value < 0:
            found.append(causes.invalid(path, amount, "must be greater than or equal to 0"))
        if name in _WHOLE and value != value.to_integral_value():
            found.append(causes.invalid(path, amount, "must be an integer"))
    return found + _scopes(spec, hard) + _scope_selector(spec.get("scopeSelector"), hard)


def quota_update(new: Obj, old: Obj) -> list[Cause]:
    """A ResourceQuota keeps its scopes."""
    found = quota(new)
    want, have = (new.get("spec") or {}).get("scopes"), (old.get("spec") or {}).get("scopes")
    if sorted(want or ()) != sorted(have or ()):
        found.append(causes.invalid("spec.scopes", want, "field is immutable"))
    return found


def _is_quota_resource(name: str) -> bool:
    return name in _STANDARD_QUOTAS or name.startswith(("hugepages-", "requests.hugepages-"))


def _scopes(spec: Obj, hard: Iterable[str]) -> list[Cause]:
    given = spec.get("scopes") or []
    found: list[Cause] = []
    for scope in given:
        if scope not in _SCOPES:
            found.append(causes.invalid("spec.scopes", given, "unsupported scope"))
        found += [
            causes.invalid("spec.scopes", given, "unsupported scope applied to resource")
            for name in hard
            if not _scope_fits(scope, name)
        ]
    for one, other in (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")):
        if one in given and other in given:
            found.append(causes.invalid("spec.scopes", given, "conflicting scopes"))
    return found


def _scope_fits(scope: str, name: str) -> bool:
    """IsResourceQuotaScopeValidForResource: best effort is about the number of pods alone."""
    if scope not in _SCOPES or not _is_quota_resource(name):
        return True
    return name == "pods" or (scope != "BestEffort" and name in _COMPUTE)


def _scope_selector(selector: Obj | None, hard: Iterable[str]) -> list[Cause]:
    path = "spec.scopeSelector.matchExpressions"
    found: list[Cause] = []
    for expression in (selector or {}).get("matchExpressions") or ():
        scope, operator = expression.get("scopeName", ""), expression.get("operator", "")
        values = expression.get("values") or []
        if not scope:
            found.append(causes.required(f"{path}.scopeName", "must be specified"))
        elif scope not in _SCOPES:
            found.append(causes.invalid(f"{path}.scopeName", scope, "unsupported scope"))
        found += [
            causes.invalid(path, selector, "unsupported scope applied to resource")
            for name in hard
            if not _scope_fits(scope, name)
        ]
        if scope in _EXISTS_ONLY and operator != "Exists":
            text = (
                "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, "
                "ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or "
                "ResourceQuotaScopeCrossNamespacePodAffinity"
            )
            found.append(causes.invalid(f"{path}.operator", operator, text))
        if operator in ("In", "NotIn") and not values:
            text = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
            found.append(causes.required(f"{path}.values", text))
        elif operator in ("Exists", "DoesNotExist") and values:
            text = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
            found.append(causes.invalid(f"{path}.values", values, text))
        elif operator not in _OPERATORS:
            found.append(causes.invalid(f"{path}.operator", operator, "not a valid selector operator"))
    return found
