"""The arithmetic of a rollout: fenceposts, proportions, who shrinks first."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.controllers import rollout

Obj = dict[str, Any]


def deployment(replicas: int, surge: int | str = 1, unavailable: int | str = 0, kind: str = "RollingUpdate") -> Obj:
    strategy: Obj = {"type": kind}
    if kind == "RollingUpdate":
        strategy["rollingUpdate"] = {"maxSurge": surge, "maxUnavailable": unavailable}
    return {"metadata": {"name": "web"}, "spec": {"replicas": replicas, "strategy": strategy}}


def replica_set(name: str, replicas: int, available: int = 0, **annotations: str) -> Obj:
    metadata = {"name": name, "creationTimestamp": f"2026-01-01T00:00:0{name[-1]}Z"}
    if annotations:
        metadata["annotations"] = {
            f"deployment.kubernetes.io/{key}-replicas": text for key, text in annotations.items()
        }  # type: ignore[assignment] # a map among texts
    return {"metadata": metadata, "spec": {"replicas": replicas}, "status": {"availableReplicas": available}}


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [
        (10, "25%", "25%", (3, 2)),
        (4, "25%", "25%", (1, 1)),
        (1, "25%", "25%", (1, 0)),
        (3, 0, "10%", (0, 1)),
        (0, "25%", "25%", (0, 1)),
        (5, 2, 0, (2, 0)),
    ],
    ids=lambda value: str(value),
)
def test_surge_is_rounded_up_and_unavailability_down_and_never_both_nothing(
    replicas: int, surge: int | str, unavailable: int | str, expected: tuple[int, int]
) -> None:
    assert rollout.fenceposts(deployment(replicas, surge, unavailable)) == expected


def test_the_new_replica_set_grows_only_into_the_surge() -> None:
    old, new = replica_set("web-1", 4, 4), replica_set("web-2", 0)
    wanted = deployment(4, surge=2)
    assert rollout.grow_new(wanted, new, [old, new]) == [new]
    assert new["spec"]["replicas"] == 2
    assert rollout.grow_new(wanted, new, [old, new]) == []


def test_a_replica_set_that_keeps_its_size_keeps_what_it_noted_of_the_surge() -> None:
    old, new = replica_set("web-1", 4, 4), replica_set("web-2", 2, desired="4", max="6")
    assert rollout.grow_new(deployment(4, surge=1), new, [old, new]) == []
    assert new["metadata"]["annotations"][rollout.MOST] == "6"


def test_unavailable_pods_of_old_templates_go_first() -> None:
    oldest, old, new = replica_set("web-1", 2, 0), replica_set("web-2", 2, 2), replica_set("web-3", 1, 1)
    changed = rollout.shrink_old(deployment(3), new, [oldest, old])
    assert [one["metadata"]["name"] for one in changed] == ["web-1"]
    assert (oldest["spec"]["replicas"], old["spec"]["replicas"]) == (0, 2)


def test_new_pods_that_are_not_available_protect_the_old_ones() -> None:
    old, new = replica_set("web-1", 3, 3), replica_set("web-2", 1, 0)
    assert rollout.shrink_old(deployment(3), new, [old]) == []


def test_another_wanted_number_is_noticed_by_the_annotation() -> None:
    resized = replica_set("web-1", 2, desired="2")
    assert not rollout.is_scaling(deployment(2), [resized])
    assert rollout.is_scaling(deployment(3), [resized])
    assert not rollout.is_scaling(deployment(3), [replica_set("web-1", 0, desired="2")]), "it is not active"


def test_a_saturated_new_replica_set_ends_the_old_ones() -> None:
    old, new = replica_set("web-1", 1, 1), replica_set("web-2", 3, 3, desired="3")
    assert rollout.scale(deployment(3), new, [old]) == [old]
    assert old["spec"]["replicas"] == 0


def test_scaling_to_nothing_empties_every_replica_set() -> None:
    old, new = replica_set("web-1", 2, 2, max="4"), replica_set("web-2", 2, 0, max="4")
    rollout.scale(deployment(0), new, [old])
    assert (old["spec"]["replicas"], new["spec"]["replicas"]) == (0, 0)


def test_recreate_knows_no_surge() -> None:
    assert rollout.fenceposts(deployment(3, kind="Recreate")) == (0, 0)
    assert rollout.first_size(deployment(3, kind="Recreate"), [], replica_set("web-1", 0)) == 3


def test_the_share_of_the_last_ones_makes_the_sum_right() -> None:
    sets = [replica_set(f"web-{number}", size, max="10") for number, size in ((1, 3), (2, 3), (3, 3))]
    rollout.scale(deployment(20), sets[2], sets[:2])
    assert sum(one["spec"]["replicas"] for one in sets) == 21


def test_pods_that_are_only_still_counted_do_not_let_more_go() -> None:
    """The old ReplicaSet has been told to shrink, and its status does not know yet."""
    old, new = replica_set("web-1", 1, 3), replica_set("web-2", 2, 0)
    assert rollout.shrink_old(deployment(3, unavailable=1), new, [old]) == []


def test_what_the_proportions_leave_over_goes_to_the_largest() -> None:
    small, large = replica_set("web-1", 1, max="7"), replica_set("web-2", 5, max="7")
    rollout.scale(deployment(8), small, [large])
    assert (large["spec"]["replicas"], small["spec"]["replicas"]) == (8, 1)
