"""One stored object, several versions."""

from __future__ import annotations

from tests.unit.backends.fake.door import Door, events

CORE = "/api/v1/namespaces/default/events"
NEW = "/apis/events.k8s.io/v1/namespaces/default/events"
HPA = "/apis/autoscaling/{}/namespaces/default/horizontalpodautoscalers"
EVENT = {
    "metadata": {"name": "e"},
    "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"},
    "reason": "Tested",
    "message": "it happened",
    "type": "Normal",
    "count": 3,
}


def test_an_event_is_the_same_through_both_doors(door: Door) -> None:
    made = door.made(CORE, EVENT)
    found = door.get(f"{NEW}/e").body
    assert found["apiVersion"] == "events.k8s.io/v1"
    assert (found["regarding"]["name"], found["note"], found["deprecatedCount"]) == ("p", "it happened", 3)
    assert found["metadata"] == made["metadata"]
    assert "reportingController" not in found


def test_lists_and_watches_convert_too(door: Door) -> None:
    stream = door.watch(NEW)
    door.made(CORE, EVENT)
    assert events(stream)[0][1]["note"] == "it happened"
    assert door.get(NEW).body["items"][0]["note"] == "it happened"
    assert door.get(f"{NEW}?fieldSelector=regarding.name%3Dp").body["items"][0]["metadata"]["name"] == "e"


def test_a_change_through_the_other_door_is_a_change_of_the_same_object(door: Door) -> None:
    uid = door.made(CORE, EVENT)["metadata"]["uid"]
    door.patch(f"{NEW}/e", {"note": "again"})
    found = door.get(f"{CORE}/e").body
    assert (found["message"], found["metadata"]["uid"]) == ("again", uid)


def test_an_autoscaler_of_version_1_is_one_of_version_2(door: Door) -> None:
    target = {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"}
    spec = {"scaleTargetRef": target, "maxReplicas": 5, "targetCPUUtilizationPercentage": 60}
    door.made(HPA.format("v1"), {"metadata": {"name": "h"}, "spec": spec})
    found = door.get(HPA.format("v2") + "/h").body["spec"]
    assert found["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 60}
    assert door.get(HPA.format("v1") + "/h").body["spec"]["targetCPUUtilizationPercentage"] == 60


def test_what_version_1_cannot_say_is_kept_in_annotations(door: Door) -> None:
    target = {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"}
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 60}}}
    memory = {
        "type": "Resource",
        "resource": {"name": "memory", "target": {"type": "Utilization", "averageUtilization": 9}},
    }
    spec = {"scaleTargetRef": target, "maxReplicas": 5, "metrics": [cpu, memory]}
    door.made(HPA.format("v2"), {"metadata": {"name": "h"}, "spec": spec})
    found = door.get(HPA.format("v1") + "/h").body
    assert found["spec"]["targetCPUUtilizationPercentage"] == 60
    assert "memory" in found["metadata"]["annotations"]["autoscaling.alpha.kubernetes.io/metrics"]
