"""Nodes that send heartbeats, one that stops, and the pods that leave it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.backends.fake.controllers.world import World, condition, workload
from tests.unit.backends.fake.door import MERGE

NODE = "/api/v1/nodes/node-1"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/node-1"
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p"},
    "spec": {"containers": [{"name": "c", "image": "i"}]},
}
PODS = "/api/v1/namespaces/default/pods"
STOPPED = "kubelet.kubeactions.test/stopped"


class Beating(World):
    """A cluster whose nodes send heartbeats."""

    def __init__(self) -> None:
        super().__init__(heartbeats=True, nodes=2)

    def switch(self, on: bool) -> None:
        body = {"metadata": {"annotations": {STOPPED: None if on else "true"}}}
        assert self.patch(NODE, body, MERGE).code == 200


@pytest.fixture
def world() -> Beating:
    return Beating()


def taints(world: Any) -> list[tuple[str, str]]:
    found = world.get(NODE).body["spec"].get("taints") or []
    return sorted((one["key"].removeprefix("node.kubernetes.io/"), one["effect"]) for one in found)


def test_a_node_renews_its_lease_every_ten_seconds(world: Beating) -> None:
    world.after(1.0)
    first = world.get(LEASE).body["spec"]
    assert (first["holderIdentity"], first["leaseDurationSeconds"]) == ("node-1", 40)
    world.after(60.0)
    assert world.get(LEASE).body["spec"]["renewTime"] > first["renewTime"]
    assert condition(world.get(NODE).body, "Ready")["status"] == "True"


def test_nobody_waits_for_heartbeats_to_end(world: Beating) -> None:
    world.made(PODS, POD)
    assert world.cluster.settle() < 10.0


def test_a_node_that_stops_is_lost_and_comes_back(world: Beating) -> None:
    world.after(1.0)
    world.switch(on=False)
    world.after(40.0)
    assert condition(world.get(NODE).body, "Ready")["status"] == "True"
    world.after(20.0)
    ready = condition(world.get(NODE).body, "Ready")
    assert (ready["status"], ready["reason"]) == ("Unknown", "NodeStatusUnknown")
    assert taints(world) == [("unreachable", "NoExecute"), ("unreachable", "NoSchedule")]

    world.switch(on=True)
    world.after(1.0)
    assert condition(world.get(NODE).body, "Ready")["reason"] == "KubeletReady"
    assert condition(world.get(NODE).body, "DiskPressure")["reason"] == "KubeletHasNoDiskPressure"
    assert taints(world) == []


def test_the_pods_of_a_lost_node_are_deleted_after_five_minutes_and_stay_until_it_is_back(world: Beating) -> None:
    world.made(PODS, {**POD, "spec": {**POD["spec"], "nodeName": "node-1"}})
    world.after(5.0)
    world.switch(on=False)
    world.after(60.0)
    assert "deletionTimestamp" not in world.get(f"{PODS}/p").body["metadata"]
    world.after(310.0)
    pod = world.get(f"{PODS}/p").body
    assert condition(pod, "DisruptionTarget")["reason"] == "DeletionByTaintManager"
    assert "deletionTimestamp" in pod["metadata"], "nobody says that it has stopped"
    world.after(600.0)
    assert world.get(f"{PODS}/p").code == 200
    world.switch(on=True)
    world.after(60.0)
    assert world.get(f"{PODS}/p").code == 404


def test_a_machine_that_is_told_false_is_on_again(world: Beating) -> None:
    world.made(PODS, {**POD, "spec": {**POD["spec"], "nodeName": "node-1", "terminationGracePeriodSeconds": 1}})
    world.after(5.0)
    world.switch(on=False)
    world.delete(f"{PODS}/p")
    world.after(10.0)
    assert world.get(f"{PODS}/p").code == 200
    world.patch(NODE, {"metadata": {"annotations": {STOPPED: "false"}}}, MERGE)
    world.after(10.0)
    assert world.get(f"{PODS}/p").code == 404


def test_a_taint_by_hand_drives_out_what_does_not_tolerate_it() -> None:
    world = World()
    body = workload("Deployment", replicas=1)
    world.run("deployments", body)
    tolerant = {**POD, "spec": {**POD["spec"], "tolerations": [{"key": "broken", "operator": "Exists"}]}}
    world.made(PODS, tolerant)
    for_a_while = {"key": "broken", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 100}
    patient = {**POD, "metadata": {"name": "q"}, "spec": {**POD["spec"], "tolerations": [for_a_while]}}
    world.made(PODS, patient)
    world.settle()
    (before,) = [name for name in world.uids() if name.startswith("web-")]
    node = world.object(NODE)
    at = node["metadata"]["creationTimestamp"]
    world.patch(NODE, {"spec": {"taints": [{"key": "broken", "effect": "NoExecute", "timeAdded": at}]}}, MERGE)
    world.after(20.0)
    assert before not in world.uids()
    assert {"p", "q"} <= set(world.uids())
    world.after(120.0)
    assert "q" not in world.uids() or "deletionTimestamp" in world.object(f"{PODS}/q")["metadata"]
    assert "deletionTimestamp" not in world.object(f"{PODS}/p")["metadata"]
