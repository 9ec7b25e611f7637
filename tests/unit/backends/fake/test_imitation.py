"""What is not imitated is refused, and the list of it does not lie."""

from __future__ import annotations

import orjson
import pytest

import backends.fake
from backends.fake.imitation import NOT_ENFORCED, NOT_IMITATED, Refusal
from tests.unit.backends.fake.door import PODS, Door, pod


@pytest.mark.parametrize("refusal", NOT_IMITATED, ids=[refusal.what for refusal in NOT_IMITATED])
def test_what_is_not_imitated_says_so(refusal: Refusal) -> None:
    door = Door(controllers=False)
    door.made("/api/v1/nodes", {"metadata": {"name": "n"}})
    door.made(PODS, pod(node="n"))
    door.made("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})
    headers = {name.replace("-", "_"): value for name, value in refusal.headers}
    response = door.send(refusal.method, refusal.target, refusal.body, **headers)
    status = orjson.loads(response.body)
    assert (response.status, status["kind"], status["code"]) == (refusal.code, "Status", refusal.code)
    if refusal.code == 501:
        assert "does not imitate" in status["message"]


def test_the_documentation_names_all_that_is_refused() -> None:
    documentation = " ".join((backends.fake.__doc__ or "").split())
    missing = [refusal.what for refusal in NOT_IMITATED if refusal.what.split(" where ")[0] not in documentation]
    assert missing == []


def test_whoever_writes_what_is_not_enforced_is_told(door: Door) -> None:
    roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
    answer = door.post(roles, {"metadata": {"name": "r"}, "rules": []})
    assert answer.code == 201
    assert "does not enforce RBAC" in answer.headers["Warning"]
    assert "Warning" not in door.get(f"{roles}/r").headers


@pytest.mark.parametrize("kubelet", [True, False])
def test_whoever_writes_what_nobody_acts_on_is_told_what_will_not_happen_where_pods_run(kubelet: bool) -> None:
    door = Door(controllers=True, kubelet=kubelet)
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    answer = door.post("/api/v1/namespaces/default/persistentvolumeclaims", {"metadata": {"name": "c"}, "spec": spec})
    assert answer.code == 201
    assert ("does not bind claims to volumes" in answer.headers.get("Warning", "")) is kubelet


def test_the_documentation_names_all_that_has_no_effect() -> None:
    documentation = " ".join((backends.fake.__doc__ or "").split())
    assert [
        what for what in NOT_ENFORCED.values() if what.partition(":")[0].partition(",")[0] not in documentation
    ] == []


def test_everything_that_is_not_enforced_is_served(door: Door) -> None:
    served = {resource.storage for resource in door.cluster.catalogue}
    assert set(NOT_ENFORCED) <= served
