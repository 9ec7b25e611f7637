"""The rules of where a pod may run: tolerations, affinity, topology spread.

Rules: `ValidateTolerations`, `validateAffinity`, `validateTopologySpreadConstraints` in pkg/apis/core/validation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backends.fake.validation import causes, label_selectors
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import label_key_errors, label_value_errors, subdomain_1123_errors

Obj = Mapping[str, Any]

TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_NODE_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt")
_SPREAD_POLICIES = ("Honor", "Ignore")
_SPREAD_ACTIONS = ("DoNotSchedule", "ScheduleAnyway")


def tolerations(given: Sequence[Obj], path: str) -> list[Cause]:
    """What is wrong with a list of tolerations."""
    found: list[Cause] = []
    for number, toleration in enumerate(given):
        where = f"{path}[{number}]"
        key, operator = toleration.get("key", ""), toleration.get("operator", "")
        effect, value = toleration.get("effect", ""), toleration.get("value", "")
        found += [causes.invalid(f"{where}.key", key, text) for text in (label_key_errors(key) if key else ())]
        if not key and operator != "Exists":
            text = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
            found.append(causes.invalid(f"{where}.operator", operator, text))
        if "tolerationSeconds" in toleration and effect != "NoExecute":
            text = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            found.append(causes.invalid(f"{where}.effect", effect, text))
        found += _toleration_operator(f"{where}.operator", operator, value)
        if effect and effect not in TAINT_EFFECTS:
            found.append(causes.not_supported(f"{where}.effect", effect, TAINT_EFFECTS))
    return found


def _toleration_operator(path: str, operator: str, value: str) -> list[Cause]:
    if operator in ("Equal", ""):
        texts = label_value_errors(value)
        return [causes.invalid(path, value, ";".join(texts))] if texts else []
    if operator == "Exists":
        return [causes.invalid(path, value, "value must be empty when `operator` is 'Exists'")] if value else []
    return [causes.not_supported(path, operator, ("Equal", "Exists"))]


def affinity(given: Obj, path: str) -> list[Cause]:
    """What is wrong with a pod's affinity to nodes and to other pods."""
    found = _node_affinity(given.get("nodeAffinity") or {}, f"{path}.nodeAffinity")
    for name in ("podAffinity", "podAntiAffinity"):
        found += _pod_affinity(given.get(name) or {}, f"{path}.{name}")
    return found


def _node_affinity(given: Obj, path: str) -> list[Cause]:
    found: list[Cause] = []
    required = given.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required is not None:
        found += node_selector(required, f"{path}.requiredDuringSchedulingIgnoredDuringExecution")
    for number, preferred in enumerate(given.get("preferredDuringSchedulingIgnoredDuringExecution") or ()):
        where = f"{path}.preferredDuringSchedulingIgnoredDuringExecution[{number}]"
        found += _weight(preferred, where)
        found += _node_term(preferred.get("preference") or {}, f"{where}.preference")
    return found


def node_selector(given: Obj, path: str) -> list[Cause]:
    """What is wrong with the terms that nodes must match."""
    where, terms = f"{path}.nodeSelectorTerms", given.get("nodeSelectorTerms") or []
    if not terms:
        return [causes.required(where, "must have at least one node selector term")]
    return [
        cause
        for number, term in enumerate(terms)
        for cause in _node_term(term, f"{where}[{number}]") + _node_values(term, f"{where}[{number}]")
    ]


def _node_values(term: Obj, path: str) -> list[Cause]:
    """Values that are no labels'; what is only preferred may name them."""
    return [
        causes.invalid(f"{path}.matchExpressions[{number}].values[{place}]", value, text)
        for number, expression in enumerate(term.get("matchExpressions") or ())
        for place, value in enumerate(expression.get("values") or ())
        for text in label_value_errors(value)
    ]


def _node_term(term: Obj, path: str) -> list[Cause]:
    found: list[Cause] = []
    for number, expression in enumerate(term.get("matchExpressions") or ()):
        where = f"{path}.matchExpressions[{number}]"
        operator, values = expression.get("operator", ""), expression.get("values") or []
        if operator in ("In", "NotIn") and not values:
            found.append(causes.required(f"{where}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
        elif operator in ("Exists", "DoesNotExist") and values:
            text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            found.append(causes.forbidden(f"{where}.values", text))
        elif operator in ("Gt", "Lt") and len(values) != 1:
            found.append(
                causes.required(f"{where}.values", "must be specified single value when `operator` is 'Lt' or 'Gt'")
            )
        elif operator not in _NODE_OPERATORS:
            found.append(causes.invalid(f"{where}.operator", operator, "not a valid selector operator"))
        key = expression.get("key", "")
        found += [causes.invalid(f"{where}.key", key, text) for text in label_key_errors(key)]
    return found


def _weight(preferred: Obj, path: str) -> list[Cause]:
    weight = preferred.get("weight", 0)
    return [] if 1 <= weight <= 100 else [causes.invalid(f"{path}.weight", weight, "must be in the range 1-100")]


def _pod_affinity(given: Obj, path: str) -> list[Cause]:
    found: list[Cause] = []
    for number, term in enumerate(given.get("requiredDuringSchedulingIgnoredDuringExecution") or ()):
        found += _pod_term(term, f"{path}.requiredDuringSchedulingIgnoredDuringExecution[{number}]")
    for number, preferred in enumerate(given.get("preferredDuringSchedulingIgnoredDuringExecution") or ()):
        where = f"{path}.preferredDuringSchedulingIgnoredDuringExecution[{number}]"
        found += _weight(preferred, where)
        found += _pod_term(preferred.get("podAffinityTerm") or {}, f"{where}.podAffinityTerm")
    return found


def _pod_term(term: Obj, path: str) -> list[Cause]:
    found = label_selectors.sound(f"{path}.labelSelector", term.get("labelSelector"))
    for namespace in term.get("namespaces") or ():
        found += [causes.invalid(f"{path}.namespace", namespace, text) for text in subdomain_1123_errors(namespace)]
    return found + _topology_key(term, path)


def _topology_key(term: Obj, path: str) -> list[Cause]:
    key = term.get("topologyKey", "")
    found = [] if key else [causes.required(f"{path}.topologyKey", "can not be empty")]
    return found + [causes.invalid(f"{path}.topologyKey", key, text) for text in label_key_errors(key)]


def topology_spread(given: Sequence[Obj], path: str) -> list[Cause]:
    """What is wrong with a list of topology spread constraints."""
    found: list[Cause] = []
    for number, constraint in enumerate(given):
        where = f"{path}[{number}]"
        skew, action = constraint.get("maxSkew", 0), constraint.get("whenUnsatisfiable", "")
        if skew <= 0:
            found.append(causes.invalid(f"{where}.maxSkew", skew, "must be greater than zero"))
        if not constraint.get("topologyKey"):
            found.append(causes.required(f"{where}.topologyKey", "can not be empty"))
        if action not in _SPREAD_ACTIONS:
            found.append(causes.not_supported(f"{where}.whenUnsatisfiable", action, _SPREAD_ACTIONS))
        pair = (constraint.get("topologyKey", ""), action)
        if any((one.get("topologyKey", ""), one.get("whenUnsatisfiable", "")) == pair for one in given[number + 1 :]):
            found.append(causes.duplicate(f"{where}.{{topologyKey, whenUnsatisfiable}}", f"{{{pair[0]}, {action}}}"))
        found += _spread_options(constraint, where, action)
        found += label_selectors.sound(f"{where}.labelSelector", constraint.get("labelSelector"))
    return found


def _spread_options(constraint: Obj, path: str, action: str) -> list[Cause]:
    found: list[Cause] = []
    least, selector = constraint.get("minDomains"), constraint.get("labelSelector")
    if least is not None and least <= 0:
        found.append(causes.invalid(f"{path}.minDomains", least, "must be greater than zero"))
    if least is not None and action != "DoNotSchedule":
        text = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
        found.append(causes.invalid(f"{path}.minDomains", least, text))
    for name in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
        policy = constraint.get(name)
        if policy is not None and policy not in _SPREAD_POLICIES:
            found.append(causes.not_supported(f"{path}.{name}", policy, _SPREAD_POLICIES))
    keys = constraint.get("matchLabelKeys") or []
    if keys and selector is None:
        found.append(causes.forbidden(f"{path}.matchLabelKeys", "must not be specified when labelSelector is not set"))
    named = {*((selector or {}).get("matchLabels") or {})}
    named |= {one.get("key") for one in (selector or {}).get("matchExpressions") or ()}
    for number, key in enumerate(keys):
        where = f"{path}.matchLabelKeys[{number}]"
        found += [causes.invalid(where, key, text) for text in label_key_errors(key)]
        if key in named:
            found.append(causes.invalid(where, key, "exists in both matchLabelKeys and labelSelector"))
    return found
