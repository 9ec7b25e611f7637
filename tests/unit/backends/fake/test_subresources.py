"""Scale, binding, ephemeral containers, resize, finalize."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.backends.fake.door import DEPLOYMENTS, JSON_PATCH, PODS, STRATEGIC, Door, deployment, pod

SCALE = f"{DEPLOYMENTS}/web/scale"


def binding(node: str = "n1", **target: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": node, **target}}


# ---- scale


def test_a_scale_shows_what_is_wanted_and_what_is_there(door: Door) -> None:
    door.made(DEPLOYMENTS, deployment())
    scale = door.get(SCALE).body
    assert (scale["kind"], scale["spec"]) == ("Scale", {"replicas": 2})
    assert scale["status"] == {"replicas": 0, "selector": "app=web"}


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/merge-patch+json", {"spec": {"replicas": 5}}),
        (JSON_PATCH, [{"op": "replace", "path": "/spec/replicas", "value": 5}]),
    ],
)
def test_a_patched_scale_changes_the_workload(door: Door, media: str, body: Any) -> None:
    door.made(DEPLOYMENTS, deployment())
    assert door.patch(SCALE, body, media).body["spec"] == {"replicas": 5}
    found = door.get(f"{DEPLOYMENTS}/web").body
    assert (found["spec"]["replicas"], found["metadata"]["generation"]) == (5, 2)


def test_a_scale_guards_version_uid_and_range(door: Door) -> None:
    made = door.made(DEPLOYMENTS, deployment())
    stale = door.get(SCALE).body
    door.patch(SCALE, {"spec": {"replicas": 1}})
    assert door.put(SCALE, stale).body["reason"] == "Conflict"

    def tested(uid: str) -> Any:
        test = {"op": "test", "path": "/metadata/uid", "value": uid}
        return door.patch(SCALE, [test, {"op": "replace", "path": "/spec/replicas", "value": 9}], JSON_PATCH)

    assert tested("other").code == 422
    assert tested(made["metadata"]["uid"]).body["spec"]["replicas"] == 9
    assert door.patch(SCALE, {"spec": {"replicas": -1}}).body["details"]["kind"] == "Scale"


@pytest.mark.parametrize(
    ("expressions", "text"),
    [
        ([{"key": "tier", "operator": "In", "values": ["b", "a"]}], "app=web,tier in (a,b)"),
        ([{"key": "a", "operator": "NotIn", "values": ["x"]}], "a notin (x),app=web"),
        ([{"key": "z", "operator": "Exists"}, {"key": "y", "operator": "DoesNotExist"}], "app=web,!y,z"),
    ],
)
def test_a_scale_says_its_selector_as_a_query_does(door: Door, expressions: list[Any], text: str) -> None:
    wanted = deployment()
    wanted["spec"]["selector"] = {"matchLabels": {"app": "web"}, "matchExpressions": expressions}
    labels = {"app": "web", "tier": "a", "z": "1"}
    wanted["spec"]["template"] = {**wanted["spec"]["template"], "metadata": {"labels": labels}}
    door.made(DEPLOYMENTS, wanted)
    assert door.get(SCALE).body["status"]["selector"] == text


def test_a_scale_of_what_is_not_there_is_404(door: Door) -> None:
    assert door.get(f"{DEPLOYMENTS}/none/scale").body["message"] == 'deployments.apps "none" not found'


# ---- binding


@pytest.mark.parametrize("path", [f"{PODS}/p/binding", "/api/v1/namespaces/default/bindings"])
def test_a_binding_places_a_pod_and_keeps_its_generation(door: Door, path: str) -> None:
    door.made(PODS, pod())
    assert door.post(path, binding()).body["status"] == "Success"
    found = door.get(f"{PODS}/p").body
    assert found["spec"]["nodeName"] == "n1"
    assert found["metadata"]["generation"] == 1
    (condition,) = found["status"]["conditions"]
    assert (condition["type"], condition["status"]) == ("PodScheduled", "True")


def test_a_pod_is_placed_once(door: Door) -> None:
    door.made(PODS, pod())
    door.post(f"{PODS}/p/binding", binding())
    refused = door.post(f"{PODS}/p/binding", binding("n2"))
    assert (refused.code, refused.body["details"]["kind"]) == (409, "pods/binding")


def test_a_pod_that_goes_is_not_placed(door: Door) -> None:
    door.made(PODS, pod(finalizers=["example.com/hold"]))
    door.delete(f"{PODS}/p")
    assert "is being deleted" in door.post(f"{PODS}/p/binding", binding()).body["message"]


@pytest.mark.parametrize("target", [{"kind": "Pod"}, {"name": ""}])
def test_a_binding_needs_a_node(door: Door, target: dict[str, str]) -> None:
    door.made(PODS, pod())
    assert door.post(f"{PODS}/p/binding", binding(**target)).code == 500


# ---- parts of a pod


def test_ephemeral_containers_come_and_stay(door: Door) -> None:
    door.made(PODS, pod())
    path = f"{PODS}/p/ephemeralcontainers"
    body = {"spec": {"nodeName": "x", "ephemeralContainers": [{"name": "debug", "image": "d:1"}]}}
    added = door.patch(path, body, STRATEGIC).body
    assert added["spec"]["ephemeralContainers"][0]["name"] == "debug"
    assert "nodeName" not in added["spec"]
    assert added["metadata"]["generation"] == 2
    assert door.patch(path, {"spec": {"ephemeralContainers": []}}).code == 422
    body["spec"]["ephemeralContainers"] = [{"name": "debug", "image": "d:2"}]
    assert "may not be changed" in door.patch(path, body, STRATEGIC).body["message"]


def test_a_resize_changes_resources_and_nothing_else(door: Door) -> None:
    containers = [{"name": "c", "image": "example.com/app:1", "resources": {"requests": {"cpu": "2"}}}]
    door.made(PODS, {**pod(), "spec": {"containers": containers}})
    resized = {"name": "c", "image": "other:1", "resources": {"requests": {"cpu": "1"}}}
    container = door.patch(f"{PODS}/p/resize", {"spec": {"containers": [resized]}}, STRATEGIC).body["spec"][
        "containers"
    ][0]
    assert container["resources"] == {"requests": {"cpu": "1"}}
    assert container["image"] == "example.com/app:1"


def test_what_a_subresource_does_not_do_is_405(door: Door) -> None:
    door.made(PODS, pod())
    assert door.delete(f"{PODS}/p/status").code == 405
    assert door.get(f"{PODS}/p/eviction").code == 405
    assert door.ask("BREW", f"{PODS}/p/status").code == 405


def test_logs_need_a_pod_and_the_node_that_it_says_it_is_on(door: Door) -> None:
    assert door.get(f"{PODS}/none/log").code == 404
    door.made(PODS, pod("lost", node="gone"))
    assert door.get(f"{PODS}/lost/log").body["details"]["kind"] == "nodes"
    door.made(PODS, pod())
    unscheduled = door.get(f"{PODS}/p/log")
    assert (unscheduled.code, unscheduled.body) == (200, b"")


EPHEMERAL = f"{PODS}/p/ephemeralcontainers"
CANNOT = "Forbidden: cannot be set for an Ephemeral Container"
FIRST = "spec.ephemeralContainers[0]"


@pytest.mark.parametrize(
    ("container", "said"),
    [
        ({"name": "c", "image": "i"}, f'{FIRST}.name: Duplicate value: "c"'),
        ({"name": "d"}, f"{FIRST}.image: Required value"),
        ({"name": "d", "image": "i", "targetContainerName": "e"}, f'{FIRST}.targetContainerName: Not found: "e"'),
        ({"name": "d", "image": "i", "ports": [{"containerPort": 80}]}, f"{FIRST}.ports: {CANNOT}"),
        ({"name": "d", "image": "i", "restartPolicy": "Always"}, f"{FIRST}.restartPolicy: {CANNOT}"),
        (
            {"name": "d", "image": "i", "lifecycle": {"preStop": {"sleep": {"seconds": 1}}}},
            f"{FIRST}.lifecycle: {CANNOT}",
        ),
        (
            {"name": "d", "image": "i", "volumeMounts": [{"name": "v", "mountPath": "/v", "subPath": "s"}]},
            f"{FIRST}.volumeMounts[0].subPath: {CANNOT}",
        ),
    ],
)
def test_an_ephemeral_container_has_only_what_debugging_needs(door: Door, container: object, said: str) -> None:
    spec = {"containers": [{"name": "c", "image": "i"}], "volumes": [{"name": "v", "emptyDir": {}}]}
    door.made(PODS, {"metadata": {"name": "p"}, "spec": spec})
    refused = door.patch(EPHEMERAL, {"spec": {"ephemeralContainers": [container]}}, STRATEGIC)
    assert (refused.code, refused.body["message"]) == (422, f'Pod "p" is invalid: {said}')


def test_ephemeral_containers_come_later_and_not_to_static_pods(door: Door) -> None:
    debugger = {"spec": {"ephemeralContainers": [{"name": "d", "image": "i"}]}}
    early = door.post(PODS, {**pod(), "spec": {**pod()["spec"], **debugger["spec"]}})
    assert early.body["message"] == 'Pod "p" is invalid: spec.ephemeralContainers: Forbidden: cannot be set on create'
    door.made(PODS, pod(node="n", annotations={"kubernetes.io/config.mirror": "x"}))
    assert (
        "static pods do not support ephemeral containers" in door.patch(EPHEMERAL, debugger, STRATEGIC).body["message"]
    )


def test_an_ephemeral_container_runs_at_once_and_ends_with_its_pod() -> None:
    door = Door(controllers=True)
    door.made(PODS, pod())
    door.cluster.settle()
    before = door.get(f"{PODS}/p").body["metadata"]["generation"]
    for name in ("d", "e"):
        added = {"spec": {"ephemeralContainers": [{"name": name, "image": "i"}]}}
        assert door.patch(EPHEMERAL, added, STRATEGIC).body["metadata"]["generation"] == (before := before + 1)
        door.cluster.settle()
    status = door.get(f"{PODS}/p").body["status"]
    assert {one["name"]: list(one["state"]) for one in status["ephemeralContainerStatuses"]} == {
        "d": ["running"],
        "e": ["running"],
    }
    assert [one["status"] for one in status["conditions"] if one["type"] == "Ready"] == ["True"]
    assert door.get(f"{PODS}/p/log?container=d").code == 200
    door.delete(f"{PODS}/p")
    door.clock.advance(29)
    held = door.get(f"{PODS}/p").body["status"]["ephemeralContainerStatuses"]
    assert {one["name"] for one in held} == {"d", "e"}
