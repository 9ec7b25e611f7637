"""The words in cells: ages, durations, labels, selectors, lists that are cut off.

Pure. From k8s.io/apimachinery: pkg/util/duration, pkg/labels, pkg/apis/meta/v1 (FormatLabelSelector).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

Obj = Mapping[str, Any]

NONE = "<none>"
UNSET = "<unset>"
UNKNOWN = "<unknown>"

_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400


def age(stamp: str | None, now: datetime) -> str:
    """How long ago a time of an object was (RFC 3339), as `kubectl get` says it."""
    return human((now - datetime.fromisoformat(stamp)).total_seconds()) if stamp else UNKNOWN


def human(seconds: float) -> str:
    """A duration in at most two units, the finer one only while it says something (HumanDuration)."""
    whole = int(seconds)
    if whole < 0:
        return "<invalid>" if whole < -1 else "0s"
    if whole < 2 * _MINUTE:
        return f"{whole}s"
    if whole < 10 * _MINUTE:
        return _two(whole, _MINUTE, "m", 1, "s")
    if whole < 3 * _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < 8 * _HOUR:
        return _two(whole, _HOUR, "h", _MINUTE, "m")
    if whole < 2 * _DAY:
        return f"{whole // _HOUR}h"
    if whole < 8 * _DAY:
        return _two(whole, _DAY, "d", _HOUR, "h")
    if whole < 2 * _YEAR:
        return f"{whole // _DAY}d"
    if whole < 8 * _YEAR:
        return _two(whole, _YEAR, "y", _DAY, "d")
    return f"{whole // _YEAR}y"


def _two(seconds: int, unit: int, name: str, finer: int, finer_name: str) -> str:
    rest = seconds % unit // finer
    return f"{seconds // unit}{name}{rest}{finer_name}" if rest else f"{seconds // unit}{name}"


def labels(held: Mapping[str, str] | None) -> str:
    """`a=1,b=2`, by name."""
    return ",".join(f"{name}={value}" for name, value in sorted((held or {}).items())) or NONE


def selector(held: Obj | None) -> str:
    """A label selector as its text; empty for one that selects everything or nothing."""
    wanted = [(name, f"{name}={value}") for name, value in ((held or {}).get("matchLabels") or {}).items()]
    wanted += [(one["key"], _requirement(one)) for one in (held or {}).get("matchExpressions") or ()]
    return ",".join(text for _, text in sorted(wanted, key=lambda pair: pair[0]))


def _requirement(one: Obj) -> str:
    key, operator = one["key"], one["operator"]
    if operator in ("In", "NotIn"):
        return f"{key} {operator.lower()} ({','.join(sorted(one.get('values') or ()))})"
    return f"!{key}" if operator == "DoesNotExist" else str(key)


def shortened(items: Sequence[str], most: int, count: int | None = None, *, between: str = ",") -> str:
    """The first `most` of a list, and how many more there are. `count`: how many in all, where the list is not all."""
    total = len(items) if count is None else count
    text = between.join(items[:most])
    return f"{text} + {total - most} more..." if total > most else text


def containers(pod_spec: Obj | None) -> tuple[str, str]:
    """The names and the images of a template's containers."""
    held = (pod_spec or {}).get("containers") or ()
    return ",".join(one["name"] for one in held), ",".join(one.get("image") or "" for one in held)


def condition(obj: Obj, kind: str) -> Obj | None:
    """The first condition of that type in an object's status."""
    held: Iterable[Obj] = (obj.get("status") or {}).get("conditions") or ()
    return next((one for one in held if one.get("type") == kind), None)


def is_true(obj: Obj, kind: str) -> bool:
    """Whether an object's condition of that type is True."""
    found = condition(obj, kind)
    return found is not None and found.get("status") == "True"
