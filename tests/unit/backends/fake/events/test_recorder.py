"""The Events of the cluster's components: there when somebody looks, as they were said, and in nobody's way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.backends.fake.controllers.world import APPS, PODS, World, workload
from tests.unit.backends.fake.door import events, pod

EVENTS = "/api/v1/namespaces/default/events"


@pytest.fixture
def world() -> World:
    return World()


def told(world: World, kind: str) -> list[tuple[str, str, int | None]]:
    """Reason, message and count of the Events about objects of a kind, in the order in which they were said."""
    found = world.items(f"{EVENTS}?fieldSelector=involvedObject.kind={kind}")
    found.sort(key=lambda one: int(one["metadata"]["resourceVersion"]))
    return [(one["reason"], one["message"], one.get("count")) for one in found]


def test_a_rollout_is_told_by_each_controller_about_its_own_object(world: World) -> None:
    world.run("deployments", workload("Deployment", replicas=1))
    (name,) = world.uids()
    replica_set = name.rpartition("-")[0]
    assert told(world, "Deployment") == [
        ("ScalingReplicaSet", f"Scaled up replica set {replica_set} from 0 to 1", 1),
    ]
    assert told(world, "ReplicaSet") == [("SuccessfulCreate", f"Created pod: {name}", 1)]
    assert [reason for reason, _, _ in told(world, "Pod")] == ["Scheduled", "Pulled", "Created", "Started"]


def test_an_event_says_who_spoke_about_which_part_and_when(world: World) -> None:
    made = world.made(PODS, pod())
    world.settle()
    world.after(100.0)
    started = next(one for one in world.items(EVENTS) if one["reason"] == "Started")
    metadata = started.pop("metadata")
    about = started.pop("involvedObject")
    assert about.pop("resourceVersion")
    assert about == {
        "kind": "Pod", "namespace": "default", "name": "p", "uid": made["metadata"]["uid"], "apiVersion": "v1",
        "fieldPath": "spec.containers{c}",
    }  # fmt: skip
    at = metadata["creationTimestamp"]
    assert started == {
        "reason": "Started", "message": "Started container c", "source": {"component": "kubelet", "host": "node-1"},
        "firstTimestamp": at, "lastTimestamp": at, "count": 1, "type": "Normal", "eventTime": None,
        "reportingComponent": "kubelet", "reportingInstance": "node-1",
    }  # fmt: skip
    assert metadata["managedFields"][0]["manager"] == "kubelet"
    ready = world.object(f"{PODS}/p")["status"]["containerStatuses"][0]["state"]["running"]["startedAt"]
    assert at == ready, "the time is that of what happened, not that of the question"


def test_the_scheduler_speaks_through_the_newer_api(world: World) -> None:
    world.made(PODS, {**pod(), "spec": {**pod()["spec"], "nodeSelector": {"disk": "fast"}}})
    world.settle()
    (failed,) = world.items("/apis/events.k8s.io/v1/namespaces/default/events?fieldSelector=reason=FailedScheduling")
    assert (failed["reportingController"], failed["action"], failed["type"]) == (
        "default-scheduler",
        "Scheduling",
        "Warning",
    )
    assert failed["note"].startswith("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.")
    assert failed["eventTime"].startswith("2026-01-01T00:00:0")


def test_whether_somebody_looks_changes_nothing_but_the_events(world: World) -> None:
    other = World()
    for one, looks in ((world, True), (other, False)):
        one.run("deployments", workload("Deployment", replicas=2))
        if looks:
            assert one.items(EVENTS)
        one.run("deployments", workload("Deployment", "next", replicas=1))
    assert world.uids() == other.uids()


def test_who_watches_gets_events_when_they_are_said(world: World) -> None:
    stream = world.watch(EVENTS)
    world.made(PODS, pod())
    world.settle()
    reasons = [obj["reason"] for _, obj in events(stream)]
    assert reasons[-4:] == ["Scheduled", "Pulled", "Created", "Started"]


def test_events_go_an_hour_after_their_last_word(world: World) -> None:
    world.made(PODS, pod())
    world.settle()
    assert told(world, "Pod")
    world.after(3500.0)
    world.ask("DELETE", f"{PODS}/p")
    world.settle()
    world.after(200.0)
    assert [reason for reason, _, _ in told(world, "Pod")] == ["Killing"]
    world.after(3600.0)
    assert world.items(EVENTS) == []


def test_nothing_is_written_into_a_namespace_that_goes(world: World) -> None:
    world.made("/api/v1/namespaces", {"metadata": {"name": "x"}})
    world.made("/api/v1/namespaces/x/pods", pod())
    world.settle()
    world.ask("DELETE", "/api/v1/namespaces/x")
    assert world.items("/api/v1/namespaces/x/events") == []
    world.settle()
    assert world.get("/api/v1/namespaces/x").code == 404


def test_refused_pods_are_told_and_combined(world: World) -> None:
    quota: dict[str, Any] = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    world.made("/api/v1/namespaces/default/resourcequotas", quota)
    world.settle()
    world.made(f"{APPS}/replicasets", workload("ReplicaSet", replicas=1))
    world.after(60.0)
    failed = [message for reason, message, _ in told(world, "ReplicaSet") if reason == "FailedCreate"]
    assert failed[0].startswith('Error creating: pods "web-')
    assert failed[-1].startswith('(combined from similar events): Error creating: pods "web-')
    assert len(failed) == 10


def test_a_fork_has_what_is_still_to_be_written(world: World) -> None:
    world.made(PODS, pod())
    world.settle()
    fork = world.cluster.fork()
    said = [[one for one in cluster.dump() if one["kind"] == "Event"] for cluster in (fork, world.cluster)]
    assert said[0] == said[1] != []
