"""The claims of a StatefulSet's pods: their names, their owners, when to wait for one."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.controllers import volume_claims
from backends.fake.controllers.client import Create, Update

Obj = dict[str, Any]


def stateful_set(**policy: str) -> Obj:
    template = {"metadata": {"name": "data", "labels": {"disk": "fast"}}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    spec = {
        "selector": {"matchLabels": {"app": "db"}},
        "volumeClaimTemplates": [template],
        "persistentVolumeClaimRetentionPolicy": policy,
    }
    return {"metadata": {"name": "db", "namespace": "default", "uid": "set"}, "spec": spec}


def claim(*owners: str) -> dict[str, Obj]:
    known: dict[str, Obj] = {
        "set": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "controller": True},
        "old-set": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "controller": True},
        "set-alone": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "db", "uid": "set"},
        "pod": {"apiVersion": "v1", "kind": "Pod", "name": "db-0", "controller": True},
        "backup": {"apiVersion": "example.com/v1", "kind": "Backup", "name": "b", "controller": True},
    }
    friend: Obj = {"apiVersion": "v1", "kind": "ConfigMap", "name": "friend"}
    references = [{"uid": uid, **known.get(uid, friend)} for uid in owners]
    return {"data-db-0": {"metadata": {"name": "data-db-0", "uid": "claim", "ownerReferences": references}}}


POD: Obj = {"metadata": {"name": "db-0", "uid": "pod"}}


def owners_after(policy: dict[str, str], existing: dict[str, Obj], *, condemned: bool) -> list[str] | None:
    """The uids of the claim's owners after the write, or None without one."""
    writes = volume_claims.retained(stateful_set(**policy), POD, 0, existing, condemned=condemned)
    if not writes:
        return None
    (write,) = writes
    assert isinstance(write, Update)
    return [one["uid"] for one in write.obj["metadata"]["ownerReferences"]]


def test_a_missing_claim_is_made_from_its_template() -> None:
    (write,) = volume_claims.missing(stateful_set(), 3, {})
    assert isinstance(write, Create)
    metadata = {"name": "data-db-3", "namespace": "default", "labels": {"disk": "fast", "app": "db"}}
    assert write.obj["metadata"] == metadata
    assert volume_claims.missing(stateful_set(), 0, claim()) == []


def test_a_volume_of_the_template_gives_way_to_a_claim_of_its_name() -> None:
    mine, other = {"name": "data", "emptyDir": {}}, {"name": "tmp", "emptyDir": {}}
    found = volume_claims.volumes(stateful_set(), 0, [mine, other])
    assert found == [{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}, other]


@pytest.mark.parametrize(
    ("policy", "condemned", "before", "after"),
    [
        ({}, False, ("friend",), None),
        ({}, True, (), None),
        ({"whenDeleted": "Delete"}, False, ("friend",), ["friend", "set"]),
        ({"whenDeleted": "Delete"}, False, ("set",), None),
        ({"whenScaled": "Delete"}, True, (), ["pod"]),
        ({"whenScaled": "Delete"}, False, ("pod",), []),
        ({"whenScaled": "Delete", "whenDeleted": "Delete"}, True, ("set",), ["pod"]),
        ({}, False, ("set",), []),
        ({"whenDeleted": "Delete"}, False, ("set-alone",), ["set"]),
        ({"whenDeleted": "Delete"}, False, ("old-set",), None),
        ({"whenDeleted": "Delete"}, False, ("backup",), None),
        ({"whenDeleted": "Delete"}, False, ("backup", "set"), ["backup"]),
    ],
    ids=str,
)
def test_the_policy_decides_with_whom_a_claim_goes(
    policy: dict[str, str], condemned: bool, before: tuple[str, ...], after: list[str] | None
) -> None:
    assert owners_after(policy, claim(*before), condemned=condemned) == after


def test_the_owner_of_a_claim_controls_it() -> None:
    (write,) = volume_claims.missing(stateful_set(whenDeleted="Delete"), 0, {})
    assert isinstance(write, Create)
    (reference,) = write.obj["metadata"]["ownerReferences"]
    assert (reference["controller"], reference["blockOwnerDeletion"]) == (True, True)


def test_a_claim_that_goes_with_the_last_pod_keeps_the_next_one_waiting() -> None:
    assert volume_claims.is_stale(stateful_set(), 0, claim("pod"))
    assert not volume_claims.is_stale(stateful_set(), 0, claim("set"))
    assert not volume_claims.is_stale(stateful_set(), 0, {})
