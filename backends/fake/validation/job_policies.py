"""What a Job says of failure, success and replacement of its pods: `validateJobSpec` in pkg/apis/batch/validation."""

from __future__ import annotations

from typing import Any

from backends.fake.validation import causes
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import domain_prefixed_path, label_key_errors

Obj = dict[str, Any]

_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_OPERATORS = ("In", "NotIn")
_STATUSES = ("False", "True", "Unknown")
_REPLACEMENTS = ("Failed", "TerminatingOrFailed")
_MOST_RULES, _MOST_VALUES, _MOST_PATTERNS, _LONGEST_MANAGER = 20, 255, 20, 63
_INDEXED = "requires indexed completion mode"


def before_template(spec: Obj, path: str) -> list[Cause]:
    """Who manages it, and what only Jobs with indexes may say."""
    found: list[Cause] = []
    manager = spec.get("managedBy")
    if manager is not None:
        where = f"{path}.managedBy"
        found += [causes.invalid(where, value, text) for value, text in domain_prefixed_path(manager)]
        if len(manager) > _LONGEST_MANAGER:
            found.append(causes.too_long(where, _LONGEST_MANAGER))
    if spec.get("completionMode") != "Indexed":
        found += [
            causes.invalid(f"{path}.{member}", spec[member], _INDEXED)
            for member in ("backoffLimitPerIndex", "maxFailedIndexes")
            if spec.get(member) is not None
        ]
    if spec.get("maxFailedIndexes") is not None and spec.get("backoffLimitPerIndex") is None:
        found.append(causes.required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified"))
    if spec.get("podFailurePolicy") is not None:
        found += _failure(spec, f"{path}.podFailurePolicy")
    if spec.get("successPolicy") is not None:
        found += _success(spec, f"{path}.successPolicy")
    return found + _replacement(spec, f"{path}.podReplacementPolicy")


def after_template(spec: Obj, path: str) -> list[Cause]:
    """Pods whose failures are looked at are not restarted."""
    policy = spec["template"]["spec"].get("restartPolicy", "")
    if spec.get("podFailurePolicy") is None or policy == "Never":
        return []
    text = 'only "Never" is supported when podFailurePolicy is specified'
    return [causes.invalid(f"{path}.template.spec.restartPolicy", policy, text)]


def _replacement(spec: Obj, path: str) -> list[Cause]:
    policy = spec.get("podReplacementPolicy")
    allowed = _REPLACEMENTS[:1] if spec.get("podFailurePolicy") is not None else _REPLACEMENTS
    return [] if policy is None or policy in allowed else [causes.not_supported(path, policy, allowed)]


def _failure(spec: Obj, path: str) -> list[Cause]:
    rules = spec["podFailurePolicy"].get("rules") or []
    found = [causes.too_many(f"{path}.rules", len(rules), _MOST_RULES)] if len(rules) > _MOST_RULES else []
    template = spec["template"]["spec"]
    names = {each.get("name") for kind in ("containers", "initContainers") for each in template.get(kind) or []}
    for number, rule in enumerate(rules):
        found += _rule(rule, f"{path}.rules[{number}]", spec, names)
    return found


def _rule(rule: Obj, path: str, spec: Obj, names: set[Any]) -> list[Cause]:
    action, codes, patterns = rule.get("action", ""), rule.get("onExitCodes"), rule.get("onPodConditions") or []
    found: list[Cause] = []
    if not action:
        supported = " ".join(f'"{each}"' for each in _ACTIONS)
        found.append(causes.required(f"{path}.action", f"valid values: [{supported}]"))
    elif action not in _ACTIONS:
        found.append(causes.not_supported(f"{path}.action", action, _ACTIONS))
    elif action == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
        found.append(causes.invalid(f"{path}.action", action, "requires the backoffLimitPerIndex to be set"))
    if codes is not None:
        found += _exit_codes(codes, f"{path}.onExitCodes", names)
    if len(patterns) > _MOST_PATTERNS:
        found.append(causes.too_many(f"{path}.onPodConditions", len(patterns), _MOST_PATTERNS))
    for number, pattern in enumerate(patterns):
        found += _condition(pattern, f"{path}.onPodConditions[{number}]")
    if codes is not None and patterns:
        found.append(_bare(path, "specifying both OnExitCodes and OnPodConditions is not supported"))
    if codes is None and not patterns:
        found.append(_bare(path, "specifying one of OnExitCodes and OnPodConditions is required"))
    return found


def _bare(path: str, text: str) -> Cause:
    """Invalid, without the value."""
    return Cause(path, "FieldValueInvalid", f"Invalid value: {text}")


def _exit_codes(given: Obj, path: str, names: set[Any]) -> list[Cause]:
    operator, values, container = given.get("operator", ""), given.get("values") or [], given.get("containerName")
    found: list[Cause] = []
    if not operator:
        supported = " ".join(f'"{each}"' for each in _OPERATORS)
        found.append(causes.required(f"{path}.operator", f"valid values: [{supported}]"))
    elif operator not in _OPERATORS:
        found.append(causes.not_supported(f"{path}.operator", operator, _OPERATORS))
    if container is not None and container not in names:
        text = "must be one of the container or initContainer names in the pod template"
        found.append(causes.invalid(f"{path}.containerName", container, text))
    where = f"{path}.values"
    if not values:
        found.append(causes.invalid(where, values, "at least one value is required"))
    elif len(values) > _MOST_VALUES:
        found.append(causes.too_many(where, len(values), _MOST_VALUES))
    for number, value in enumerate(values):
        if value in values[:number]:
            found.append(causes.duplicate(f"{where}[{number}]", value))
        elif operator == "In" and value == 0:
            found.append(causes.invalid(f"{where}[{number}]", value, "must not be 0 for the In operator"))
    if values != sorted(values):
        found.append(causes.invalid(where, values, "must be ordered"))
    return found


def _condition(pattern: Obj, path: str) -> list[Cause]:
    kind, status = pattern.get("type", ""), pattern.get("status", "")
    found = [causes.invalid(f"{path}.type", kind, text) for text in label_key_errors(kind)]
    if status not in _STATUSES:
        found.append(causes.not_supported(f"{path}.status", status, _STATUSES))
    return found


def _success(spec: Obj, path: str) -> list[Cause]:
    policy = spec["successPolicy"]
    rules = policy.get("rules") or []
    if spec.get("completionMode") != "Indexed":
        return [causes.invalid(path, {"Rules": rules}, _INDEXED)]
    if not rules:
        return [
            causes.required(f"{path}.rules", "at least one rules must be specified when the successPolicy is specified")
        ]
    found: list[Cause] = []
    for number, rule in enumerate(rules):
        if rule.get("succeededCount") is None and rule.get("succeededIndexes") is None:
            text = "at least one of succeededCount or succeededIndexes must be specified"
            found.append(causes.required(f"{path}.rules[{number}]", text))
        found += causes.at_least_zero(f"{path}.rules[{number}].succeededCount", rule.get("succeededCount"))
    return found
