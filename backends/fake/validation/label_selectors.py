"""`LabelSelector` objects inside specs: whether they are sound, and whether they select a template's labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backends.fake.validation import causes, metadata
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import label_key_errors, label_value_errors

_OPERATORS = ("DoesNotExist", "Exists", "In", "NotIn")


def sound(path: str, selector: Mapping[str, Any] | None) -> list[Cause]:
    """What is wrong with labels, keys, operators and values."""
    if selector is None:
        return []
    found = metadata.label_causes(selector.get("matchLabels") or {}, f"{path}.matchLabels")
    for number, expression in enumerate(selector.get("matchExpressions") or ()):
        found += _expression(f"{path}.matchExpressions[{number}]", expression)
    return found


def _expression(path: str, expression: Mapping[str, Any]) -> list[Cause]:
    found: list[Cause] = []
    operator, values = expression.get("operator", ""), expression.get("values") or []
    if operator in ("In", "NotIn") and not values:
        found.append(causes.required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'"))
    elif operator in ("Exists", "DoesNotExist") and values:
        text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        found.append(causes.forbidden(f"{path}.values", text))
    elif operator not in _OPERATORS:
        found.append(causes.invalid(f"{path}.operator", operator, "not a valid selector operator"))
    key = expression.get("key", "")
    found += [causes.invalid(f"{path}.key", key, text) for text in label_key_errors(key)]
    for number, value in enumerate(values):
        found += [causes.invalid(f"{path}.values[{number}]", value, text) for text in label_value_errors(value)]
    return found


def empty(selector: Mapping[str, Any]) -> bool:
    """Whether it selects everything."""
    return not selector.get("matchLabels") and not selector.get("matchExpressions")


def selects(selector: Mapping[str, Any] | None, labels: Mapping[str, str] | None) -> bool:
    """Whether it selects these labels. None selects nothing, an empty one everything."""
    if selector is None:
        return False
    have = labels or {}
    if any(have.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_holds(expression, have) for expression in selector.get("matchExpressions") or ())


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    operator, key = expression.get("operator"), expression.get("key", "")
    if operator in ("Exists", "DoesNotExist"):
        return (key in labels) is (operator == "Exists")
    inside = key in labels and labels[key] in (expression.get("values") or ())
    return inside if operator == "In" else not inside
