"""Numbers with units in objects: resource lists, ports, and values that are a count or a percentage."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from backends.fake.schema import quantity
from backends.fake.validation import causes
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import label_key_errors

_PERCENT = re.compile(r"[0-9]+%")
_PERCENT_TEXT = (
    "a valid percent string must be a numeric string followed by an ending '%' "
    "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
)
_WHOLE = frozenset({"pods"})
_STANDARD_RESOURCES = {"cpu", "memory", "ephemeral-storage"}


def port_errors(number: int) -> list[str]:
    """A port number is 1 to 65535."""
    return [] if 1 <= number <= 65535 else ["must be between 1 and 65535, inclusive"]


def port_name_errors(name: str) -> list[str]:
    """An IANA service name."""
    errors = ["must be no more than 15 characters"] if len(name) > 15 else []
    if not re.fullmatch(r"[-a-z0-9]+", name):
        errors.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search(r"[a-z]", name):
        errors.append("must contain at least one letter (a-z)")
    if "--" in name:
        errors.append("must not contain consecutive hyphens")
    if name[:1] == "-" or name[-1:] == "-":
        errors.append("must not begin or end with a hyphen")
    return errors


def port_or_name(path: str, value: int | str) -> list[Cause]:
    """A port number, or the name of a port."""
    texts = port_errors(value) if isinstance(value, int) else port_name_errors(value)
    return [causes.invalid(path, value, text) for text in texts]


def count_or_percent(path: str, value: int | str | None) -> list[Cause]:
    """At least 0, or a percentage; None passes."""
    if isinstance(value, str):
        return [] if _PERCENT.fullmatch(value) else [causes.invalid(path, value, _PERCENT_TEXT)]
    return causes.at_least_zero(path, value)


def at_most_all(path: str, value: int | str | None) -> list[Cause]:
    """A percentage is at most 100 %."""
    if isinstance(value, str) and _PERCENT.fullmatch(value) and int(value[:-1]) > 100:
        return [causes.invalid(path, value, "must not be greater than 100%")]
    return []


def share(value: int | str | None) -> int:
    """The bare number of a count or percentage; 0 for anything else."""
    if isinstance(value, str):
        return int(value[:-1]) if _PERCENT.fullmatch(value) else 0
    return value or 0


def resources(path: str, given: Mapping[str, Any]) -> list[Cause]:
    """A container's limits and requests."""
    found: list[Cause] = []
    limits, requests = given.get("limits") or {}, given.get("requests") or {}
    for member, amounts in (("limits", limits), ("requests", requests)):
        for name, amount in amounts.items():
            for value, text in _amount_errors(name, amount):
                found.append(causes.invalid(f"{path}.{member}[{name}]", value, text))
            if member == "requests":
                found += _within_limit(path, name, amount, limits.get(name))
    asked = {*limits, *requests}
    if any(name.startswith("hugepages-") for name in asked) and asked.isdisjoint(("cpu", "memory")):
        found.append(causes.forbidden(path, "HugePages require cpu or memory"))
    return found


def amount(path: str, name: str, given: str) -> list[Cause]:
    """What is wrong with how much there is of a resource (ValidateResourceQuantityValue)."""
    value = quantity.parse(given)[0]
    if value < 0:
        return [causes.invalid(path, given, "must be greater than or equal to 0")]
    whole = "/" in name or name in _WHOLE
    return [causes.invalid(path, given, "must be an integer")] if whole and value % 1 else []


def _within_limit(path: str, name: str, amount: str, limit: str | None) -> list[Cause]:
    overcommits = "/" not in name and not name.startswith("hugepages-")
    if limit is None:
        text = "Limit must be set for non overcommitable resources"
        return [] if overcommits else [causes.required(f"{path}.limits", text)]
    if amount == limit:
        return []
    have, most = quantity.parse(amount)[0], quantity.parse(limit)[0]
    if have != most and not overcommits:
        return [causes.invalid(f"{path}.requests", amount, f"must be equal to {name} limit of {limit}")]
    if have > most:
        return [causes.invalid(f"{path}.requests", amount, f"must be less than or equal to {name} limit of {limit}")]
    return []


@functools.lru_cache(maxsize=4096)
def _amount_errors(name: str, amount: str) -> tuple[tuple[str, str], ...]:
    """What is wrong with the name of a resource, or with how much of it is asked for: the value and the text."""
    errors = label_key_errors(name)
    if not errors and "/" not in name and name not in _STANDARD_RESOURCES and not name.startswith("hugepages-"):
        errors = ("must be a standard resource for containers",)
    found = [(name, text) for text in errors]
    value = quantity.parse(amount)[0]
    if value < 0:
        found.append((amount, "must be greater than or equal to 0"))
    elif "/" in name and value != value.to_integral_value():
        found.append((amount, "must be an integer"))
    return tuple(found)
