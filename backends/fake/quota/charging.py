"""Whether quotas allow a write, and what they have used after it (resourcequota/controller.go, CheckRequest)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from backends.fake import amounts
from backends.fake.quota.matching import matches, names_counted
from backends.fake.quota.usage import PODS, Usage, compute, usage_of

Obj = dict[str, Any]

_MUST_BE_SAID = frozenset({"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"})
"""Who counts one of these wants every container to say how much."""


class Refusal(Exception):  # noqa: N818 - an answer, not an error of ours
    """A quota does not allow it; the text says which and why."""


class Charge(NamedTuple):
    """What a quota has used after the write: its position among those given, and the amounts."""

    at: int
    used: Usage


def charge(
    quotas: Iterable[Mapping[str, Any]],
    storage: tuple[str, str],
    new: Mapping[str, Any],
    old: Mapping[str, Any] | None,
    now: datetime,
) -> list[Charge]:
    """Charge each quota that counts the object with what the write adds. Raises `Refusal`."""
    concerned = []
    for index, quota in enumerate(quotas):
        status = quota.get("status") or {}
        hard = status.get("hard") or {}
        if not matches(quota, hard, storage, new):
            continue
        names = names_counted(storage, hard)
        name = quota["metadata"]["name"]
        if storage == PODS:
            _all_say(name, names, new)
        used = status.get("used") or {}
        if any(one not in used for one in names):
            raise Refusal(f"status unknown for quota: {name}, resources: {','.join(sorted(names))}")
        concerned.append((index, quota, hard, used))
    if not concerned:
        return []
    usage = usage_of(storage, new, now)
    negative = sorted(name for name, amount in usage.items() if amounts.value(amount) < 0)
    if negative:
        raise Refusal(f"quota usage is negative for resource(s): {','.join(negative)}")
    before = usage_of(storage, old, now) if old is not None else {}
    found = []
    for index, quota, hard, used in concerned:
        counted_before = before if old is not None and matches(quota, hard, storage, old) else {}
        added = _difference(usage, counted_before)
        after = _after(quota["metadata"]["name"], hard, used, added)
        if after is not None:
            found.append(Charge(index, after))
    return found


def _difference(usage: Usage, before: Usage) -> Usage:
    left = {name: amounts.subtracted(amount, before.get(name, "0")) for name, amount in usage.items()}
    return {name: amount for name, amount in left.items() if amounts.value(amount) != 0}


def _after(name: str, hard: Usage, used: Usage, added: Usage) -> Usage | None:
    asked = {one: amount for one, amount in added.items() if one in hard}
    if not asked:
        return None
    after = amounts.total((used, asked))
    exceeded = sorted(one for one in asked if amounts.value(after[one]) > amounts.value(hard[one]))
    if exceeded:
        raise Refusal(
            f"exceeded quota: {name}, requested: {_shown(asked, exceeded)}, "
            f"used: {_shown(used, exceeded)}, limited: {_shown(hard, exceeded)}"
        )
    return after


def _shown(found: Usage, names: list[str]) -> str:
    return ",".join(f"{name}={found[name]}" for name in names if name in found)


def _all_say(quota: str, names: Iterable[str], pod: Mapping[str, Any]) -> None:
    """Each container must say how much it wants of what is counted (Constraints)."""
    wanted = sorted(_MUST_BE_SAID.intersection(names))
    spec = pod.get("spec") or {}
    missing: dict[str, set[str]] = {}
    for container in (*(spec.get("containers") or []), *(spec.get("initContainers") or [])):
        resources = container.get("resources") or {}
        said = compute(resources.get("requests") or {}, resources.get("limits") or {})
        for name in wanted:
            if name not in said:
                missing.setdefault(name, set()).add(container.get("name", ""))
    if missing:
        parts = (f"{name} for: {','.join(sorted(missing[name]))}" for name in sorted(missing))
        raise Refusal(f"failed quota: {quota}: must specify {'; '.join(parts)}")
