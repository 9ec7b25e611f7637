"""The arithmetic of a Deployment's rollout: how many pods each ReplicaSet is to have. Pure.

Used by deployment.py. Rules: pkg/controller/deployment/{rolling,recreate,sync}.go and util. The ReplicaSets are
changed in place, and what was changed is returned, because the status counts them afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from backends.fake.controllers.templates import scaled
from backends.kubelet.pods import Object

DESIRED = "deployment.kubernetes.io/desired-replicas"
MOST = "deployment.kubernetes.io/max-replicas"


def wanted(workload: Object) -> int:
    """`spec.replicas`, of a Deployment or a ReplicaSet."""
    count: int = workload["spec"].get("replicas", 1)
    return count


def available(replica_set: Object) -> int:
    """How many of its pods are available."""
    count: int = replica_set.get("status", {}).get("availableReplicas", 0)
    return count


def total(replica_sets: Iterable[Object]) -> int:
    """How many pods they are to have together."""
    return sum(map(wanted, replica_sets))


def is_rolling(deployment: Object) -> bool:
    """Whether new pods come before all old ones are gone."""
    return bool(deployment["spec"].get("strategy", {}).get("type", "RollingUpdate") == "RollingUpdate")


def fenceposts(deployment: Object) -> tuple[int, int]:
    """How many pods there may be too many, and too few, during a rollout; never both 0 (`ResolveFenceposts`)."""
    if not is_rolling(deployment):
        return 0, 0
    limits = deployment["spec"].get("strategy", {}).get("rollingUpdate") or {}
    surge = scaled(limits.get("maxSurge", "25%"), wanted(deployment), round_up=True)
    unavailable = scaled(limits.get("maxUnavailable", "25%"), wanted(deployment), round_up=False)
    return (surge, unavailable) if surge or unavailable else (0, 1)


def max_unavailable(deployment: Object) -> int:
    """How many of the wanted pods may be missing."""
    return min(fenceposts(deployment)[1], wanted(deployment))


def by_age(replica_sets: Iterable[Object]) -> list[Object]:
    """Oldest first, then by name."""
    return sorted(
        replica_sets, key=lambda one: (one["metadata"].get("creationTimestamp", "~"), one["metadata"]["name"])
    )


def resize(replica_set: Object, size: int, deployment: Object) -> bool:
    """Give it another size, and note what the Deployment wanted then; False if all that was so before."""
    annotations = replica_set["metadata"].setdefault("annotations", {})
    noted = {DESIRED: str(wanted(deployment)), MOST: str(wanted(deployment) + fenceposts(deployment)[0])}
    if wanted(replica_set) == size and noted.items() <= annotations.items():
        return False
    annotations.update(noted)
    replica_set["spec"]["replicas"] = size
    return True


def first_size(deployment: Object, everything: Iterable[Object], new: Object) -> int:
    """How large the new ReplicaSet may be now (`NewRSNewReplicas`)."""
    if not is_rolling(deployment):
        return wanted(deployment)
    most = wanted(deployment) + fenceposts(deployment)[0]
    present = total(everything)
    if present >= most:
        return wanted(new)
    return wanted(new) + min(most - present, wanted(deployment) - wanted(new))


# ---- rolling update


def grow_new(deployment: Object, new: Object, everything: Sequence[Object]) -> list[Object]:
    """Make the new ReplicaSet as large as the surge allows, or smaller if it is too large."""
    if wanted(new) == wanted(deployment):
        return []
    larger = wanted(new) > wanted(deployment)
    size = wanted(deployment) if larger else first_size(deployment, everything, new)
    # What keeps its size keeps its annotations, even if another surge is allowed by now.
    return [new] if wanted(new) != size and resize(new, size, deployment) else []


def shrink_old(deployment: Object, new: Object, old: Sequence[Object]) -> list[Object]:
    """Make old ReplicaSets smaller: pods that are not available first, then as many as availability allows."""
    active = by_age(one for one in old if wanted(one) > 0)
    if not active:
        return []
    least = wanted(deployment) - max_unavailable(deployment)
    spare = total([*active, new]) - least - (wanted(new) - available(new))
    if spare <= 0:
        return []
    changed: dict[str, Object] = {}
    for one in active:
        unhealthy = min(spare, wanted(one) - available(one))
        if unhealthy > 0 and resize(one, wanted(one) - unhealthy, deployment):
            spare -= unhealthy
            changed[one["metadata"]["name"]] = one
    surplus = sum(available(one) for one in [*active, new]) - least
    for one in active:
        step = min(surplus, wanted(one))
        if step > 0 and resize(one, wanted(one) - step, deployment):
            surplus -= step
            changed[one["metadata"]["name"]] = one
    return list(changed.values())


# ---- scaling outside of a rollout


def is_scaling(deployment: Object, replica_sets: Iterable[Object]) -> bool:
    """Whether `spec.replicas` has changed since an active ReplicaSet was last resized."""
    for one in replica_sets:
        noted = (one["metadata"].get("annotations") or {}).get(DESIRED, "")
        if wanted(one) > 0 and noted.isdigit() and int(noted) != wanted(deployment):
            return True
    return False


def scale(deployment: Object, new: Object | None, old: Sequence[Object]) -> list[Object]:
    """Spread another `spec.replicas` over the ReplicaSets, in proportion to their sizes; returns those changed."""
    everything = [*old, *([new] if new is not None else [])]
    only = _active_or_latest(new, everything)
    if only is not None:
        # Unlike the others, it keeps its annotations if its size is right.
        return [only] if wanted(only) != wanted(deployment) and resize(only, wanted(deployment), deployment) else []
    active = [one for one in everything if wanted(one) > 0]
    if new is not None and _is_saturated(deployment, new):
        return [one for one in active if one is not new and resize(one, 0, deployment)]
    if not is_rolling(deployment):
        return []
    return _proportional(deployment, active)


def _active_or_latest(new: Object | None, everything: Sequence[Object]) -> Object | None:
    active = [one for one in everything if wanted(one) > 0]
    if not active:
        return new if new is not None else next(iter(reversed(by_age(everything))), None)
    return active[0] if len(active) == 1 else None


def _is_saturated(deployment: Object, new: Object) -> bool:
    noted = (new["metadata"].get("annotations") or {}).get(DESIRED, "")
    size = wanted(deployment)
    return noted == str(size) and wanted(new) == size and available(new) == size


def _proportional(deployment: Object, active: Sequence[Object]) -> list[Object]:
    allowed = wanted(deployment) + fenceposts(deployment)[0] if wanted(deployment) > 0 else 0
    to_add = allowed - total(active)
    newest_first = list(reversed(by_age(active)))
    ordered = sorted(newest_first if to_add > 0 else by_age(active), key=wanted, reverse=True)
    sizes, added = {}, 0
    for one in ordered:
        share = _share(one, deployment, to_add, added) if to_add else 0
        sizes[one["metadata"]["name"]] = wanted(one) + share
        added += share
    if ordered and to_add:
        largest = ordered[0]["metadata"]["name"]
        sizes[largest] = max(0, sizes[largest] + to_add - added)
    return [one for one in ordered if resize(one, sizes[one["metadata"]["name"]], deployment)]


def _share(one: Object, deployment: Object, to_add: int, added: int) -> int:
    left = to_add - added
    fraction = _fraction(one, deployment)
    return min(fraction, left) if to_add > 0 else max(fraction, left)


def _fraction(one: Object, deployment: Object) -> int:
    """By how much it grows if it keeps its part of the whole."""
    if wanted(deployment) == 0:
        return -wanted(one)
    most = wanted(deployment) + fenceposts(deployment)[0]
    noted = (one["metadata"].get("annotations") or {}).get(MOST, "")
    before = int(noted) if noted.isdigit() and int(noted) else deployment.get("status", {}).get("replicas", 0)
    if not before:
        return 0
    return int(wanted(one) * most / before + 0.5) - wanted(one)
