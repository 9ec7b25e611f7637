"""Named amounts of resources ("cpu": "500m"): adding and comparing what pods ask for and quotas allow.

Used by LimitRanger, the quota plugin and the quota controller. Amounts stay in Kubernetes' own texts; a sum is written
in the format of its first summand that is not zero (resource.Quantity.Add).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from backends.fake.schema import quantity

Amounts = dict[str, str]
Obj = dict[str, Any]

RESTARTABLE = "Always"


def value(text: str) -> Decimal:
    """How much that is."""
    return quantity.parse(str(text))[0]


def added(one: str, other: str) -> str:
    """The sum of two amounts."""
    return _written(one, other, value(one) + value(other))


def subtracted(one: str, other: str) -> str:
    """What is left of the first, at least nothing."""
    return _written(one, other, max(Decimal(0), value(one) - value(other)))


def _written(one: str, other: str, amount: Decimal) -> str:
    first, form = quantity.parse(str(one))
    return quantity.written(amount, form if first != 0 else quantity.parse(str(other))[1])


def total(parts: Iterable[Mapping[str, str]]) -> Amounts:
    """The sum of each name over all parts."""
    found: Amounts = {}
    for part in parts:
        for name, amount in part.items():
            found[name] = added(found[name], amount) if name in found else str(amount)
    return found


def greatest(one: Amounts, other: Mapping[str, str]) -> Amounts:
    """The greater amount of each name."""
    found = dict(one)
    for name, amount in other.items():
        if name not in found or value(amount) > value(found[name]):
            found[name] = str(amount)
    return found


def of_pod(spec: Mapping[str, Any], which: str, *, overhead: bool = True) -> Amounts:
    """What a pod asks for ("requests") or may use ("limits"): component-helpers/resource/helpers.go.

    Its containers together with the sidecars, or the greediest init container with the sidecars before it; what is said
    for the whole pod counts instead, and the overhead comes on top (of limits: of those that there are).
    """
    found = total(_of(one, which) for one in spec.get("containers") or [])
    sidecars: Amounts = {}
    starting: Amounts = {}
    for one in spec.get("initContainers") or []:
        asked = _of(one, which)
        if one.get("restartPolicy") == RESTARTABLE:
            found = total((found, asked))
            sidecars = total((sidecars, asked))
            asked = sidecars
        else:
            asked = total((asked, sidecars))
        starting = greatest(starting, asked)
    found = greatest(found, starting)
    for name, amount in _of(spec, which).items():
        found[name] = amount
    for name, amount in (spec.get("overhead") or {}).items() if overhead else ():
        if which == "requests" or value(found.get(name, "0")) != 0:
            found[name] = added(found.get(name, "0"), amount)
    return found


def _of(holder: Mapping[str, Any], which: str) -> Mapping[str, str]:
    found: Mapping[str, str] = (holder.get("resources") or {}).get(which) or {}
    return found
