"""What differs by kind: generations, statuses of new objects, PUT that creates, answers to DELETE."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.catalogue import Catalogue
from backends.fake.strategies.core import qos_class
from backends.fake.strategies.registered import STRATEGIES
from tests.unit.backends.fake.door import CM, DEPLOYMENTS, PODS, Door, config_map, deployment, pod

LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
JOBS = "/apis/batch/v1/namespaces/default/jobs"
DAEMON_SETS = "/apis/apps/v1/namespaces/default/daemonsets"


def generation(door: Door, path: str) -> int | None:
    found: int | None = door.get(path).body["metadata"].get("generation")
    return found


def test_every_strategy_is_of_a_resource_that_is_served() -> None:
    assert set(STRATEGIES) <= {resource.storage for resource in Catalogue.load()}


def test_a_deployment_counts_its_spec_and_its_annotations_but_not_its_labels(door: Door) -> None:
    door.made(DEPLOYMENTS, deployment())
    path = f"{DEPLOYMENTS}/web"
    door.patch(path, {"metadata": {"labels": {"a": "b"}}})
    assert generation(door, path) == 1
    door.patch(path, {"metadata": {"annotations": {"a": "b"}}})
    door.patch(path, {"spec": {"replicas": 3}})
    assert generation(door, path) == 3
    door.patch(f"{path}/status", {"status": {"replicas": 3}})
    assert generation(door, path) == 3


def test_a_slice_counts_its_labels_too(door: Door) -> None:
    path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
    door.made(path, {"metadata": {"name": "a"}, "addressType": "IPv4", "endpoints": []})
    door.patch(f"{path}/a", {"metadata": {"annotations": {"a": "b"}}})
    assert generation(door, f"{path}/a") == 1
    door.patch(f"{path}/a", {"metadata": {"labels": {"a": "b"}}})
    door.patch(f"{path}/a", {"ports": [{"port": 80, "name": "p"}]})
    assert generation(door, f"{path}/a") == 3


def test_nobody_writes_a_generation(door: Door) -> None:
    door.made(DEPLOYMENTS, {**deployment(), "metadata": {"name": "web", "generation": 7}})
    assert generation(door, f"{DEPLOYMENTS}/web") == 1
    door.patch(f"{DEPLOYMENTS}/web", {"metadata": {"generation": 9}})
    assert generation(door, f"{DEPLOYMENTS}/web") == 1


def test_some_kinds_have_no_generation(door: Door) -> None:
    door.made(CM, config_map(generation=3))
    assert generation(door, f"{CM}/a") is None


def test_a_new_object_has_no_status_of_its_own_making(door: Door) -> None:
    made = door.made(DEPLOYMENTS, {**deployment(), "status": {"readyReplicas": 2}})
    assert made["status"] == {}
    assert door.made(PODS, {**pod(), "status": {"phase": "Running"}})["status"]["phase"] == "Pending"


def test_a_node_brings_its_status_along(door: Door) -> None:
    made = door.made("/api/v1/nodes", {"metadata": {"name": "n"}, "status": {"phase": "Running"}})
    assert made["status"]["phase"] == "Running"


def test_a_put_creates_a_lease_but_no_config_map(door: Door) -> None:
    assert door.put(f"{LEASES}/l", {"metadata": {"name": "l"}, "spec": {"holderIdentity": "me"}}).code == 201
    assert door.put(f"{CM}/a", config_map()).code == 404


def test_a_put_of_a_lease_names_the_version_it_saw(door: Door) -> None:
    lease = door.made(LEASES, {"metadata": {"name": "l"}, "spec": {"holderIdentity": "me"}})
    blind = {**lease, "metadata": {"name": "l"}}
    refused = door.put(f"{LEASES}/l", blind)
    assert (refused.code, refused.body["details"]["causes"][0]["field"]) == (422, "metadata.resourceVersion")
    assert door.put(f"{LEASES}/l", lease).code == 200


def test_a_job_selects_its_pods_by_its_own_uid(door: Door) -> None:
    spec = {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}}
    made = door.made(JOBS, {"metadata": {"name": "j"}, "spec": spec})
    uid = made["metadata"]["uid"]
    assert made["spec"]["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    assert made["spec"]["template"]["metadata"]["labels"]["job-name"] == "j"


def test_a_daemon_set_counts_its_templates(door: Door) -> None:
    made = deployment()["spec"]
    spec = {"selector": made["selector"], "template": made["template"]}
    door.made(DAEMON_SETS, {"metadata": {"name": "d"}, "spec": spec})
    changed = door.patch(
        f"{DAEMON_SETS}/d", {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 5}}}}
    ).body
    assert changed["metadata"]["annotations"] == {"deprecated.daemonset.template.generation": "2"}


def test_a_namespace_keeps_its_name_label(door: Door) -> None:
    path = "/api/v1/namespaces/default"
    label = {"kubernetes.io/metadata.name": "other"}
    assert door.patch(path, {"metadata": {"labels": label}}).body["metadata"]["labels"] == {
        "kubernetes.io/metadata.name": "default"
    }


def container(requests: dict[str, str], limits: dict[str, str]) -> dict[str, Any]:
    return {"resources": {"requests": requests, "limits": limits}}


BOTH = {"cpu": "1", "memory": "1Gi"}


@pytest.mark.parametrize(
    ("containers", "expected"),
    [
        ([container({}, {})], "BestEffort"),
        ([container(BOTH, BOTH)], "Guaranteed"),
        ([container({}, BOTH)], "Guaranteed"),
        ([container({"cpu": "1"}, {})], "Burstable"),
        ([container(BOTH, BOTH), container({}, {})], "Burstable"),
        ([container({"cpu": "1", "memory": "1Gi"}, {"cpu": "2", "memory": "1Gi"})], "Burstable"),
    ],
)
def test_the_class_of_service_follows_from_the_resources(containers: list[dict[str, Any]], expected: str) -> None:
    assert qos_class({"containers": containers}) == expected


def test_a_put_of_a_budget_names_the_version_it_saw(door: Door) -> None:
    path = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
    made = door.made(path, {"metadata": {"name": "b"}, "spec": {"minAvailable": 1}})
    assert door.put(f"{path}/b", {**made, "metadata": {"name": "b"}}).code == 422
    assert door.put(f"{path}/b", made).code == 200


def test_a_kind_without_a_spec_counts_what_it_has_instead(door: Door) -> None:
    path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
    door.made(path, {"metadata": {"name": "s"}, "addressType": "IPv4", "endpoints": [{"addresses": ["192.0.2.1"]}]})
    door.patch(f"{path}/s", {"metadata": {"annotations": {"a": "b"}}})
    assert generation(door, f"{path}/s") == 1
    door.patch(f"{path}/s", {"endpoints": [{"addresses": ["192.0.2.2"]}]})
    assert generation(door, f"{path}/s") == 2


def test_most_kinds_take_a_put_that_saw_no_version(door: Door) -> None:
    door.made(CM, config_map())
    assert door.put(f"{CM}/a", {**config_map(), "data": {"k": "2"}}).body["data"] == {"k": "2"}


@pytest.mark.parametrize(
    ("path", "body", "answers"),
    [
        ("/api/v1/namespaces/default/resourcequotas", {"spec": {"hard": {"pods": "1"}}}, "ResourceQuota"),
        ("/api/v1/namespaces/default/podtemplates", {"template": {"spec": pod()["spec"]}}, "PodTemplate"),
        ("/apis/storage.k8s.io/v1/storageclasses", {"provisioner": "example.com/x"}, "StorageClass"),
        ("/apis/storage.k8s.io/v1/csidrivers", {"spec": {}}, "CSIDriver"),
        ("/api/v1/namespaces/default/limitranges", {"spec": {"limits": []}}, "Status"),
    ],
)
def test_a_deletion_answers_with_the_object_or_with_a_status(
    door: Door, path: str, body: dict[str, Any], answers: str
) -> None:
    door.made(path, {"metadata": {"name": "x"}, **body})
    assert door.ask("DELETE", f"{path}/x").body["kind"] == answers


def test_a_priority_class_stays_at_its_first_generation(door: Door) -> None:
    classes = "/apis/scheduling.k8s.io/v1/priorityclasses"
    door.made(classes, {"metadata": {"name": "p"}, "value": 1})
    door.patch(f"{classes}/p", {"description": "new"})
    assert generation(door, f"{classes}/p") == 1


def test_a_lease_has_nothing_of_coordinated_leader_election_which_is_off(door: Door) -> None:
    spec = {"holderIdentity": "a", "strategy": "Odd", "preferredHolder": "b"}
    made = door.made(LEASES, {"metadata": {"name": "l"}, "spec": spec})
    assert made["spec"] == {"holderIdentity": "a"}
    assert door.patch(f"{LEASES}/l", {"spec": spec}).body["spec"] == {"holderIdentity": "a"}


STORAGE = "/apis/storage.k8s.io/v1"
SOURCE = {"persistentVolumeName": "v"}
UNFIT: list[tuple[str, dict[str, Any]]] = [
    (f"{STORAGE}/csinodes", {"spec": {"drivers": []}}),
    (f"{STORAGE}/namespaces/default/csistoragecapacities", {"storageClassName": "a"}),
    (f"{STORAGE}/volumeattachments", {"spec": {"attacher": "a", "nodeName": "n", "source": SOURCE}}),
]


@pytest.mark.parametrize(("path", "members"), UNFIT)
def test_what_drivers_write_is_replaced_only_by_who_has_seen_it(door: Door, path: str, members: dict[str, Any]) -> None:
    made = door.made(path, {"metadata": {"name": "a"}, **members})
    refused = door.put(f"{path}/a", {"metadata": {"name": "a"}, **members})
    assert (refused.code, refused.body["details"]["causes"][0]["field"]) == (422, "metadata.resourceVersion")
    version = made["metadata"]["resourceVersion"]
    assert door.put(f"{path}/a", {"metadata": {"name": "a", "resourceVersion": version}, **members}).code == 200


STATUS_ALONE: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (*UNFIT[2], {"attached": True}),
    ("/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas", {"spec": {"priorityLevelConfiguration": {"name": "x"}}},
     {"conditions": [{"type": "Dangling", "status": "True"}]}),
    ("/apis/networking.k8s.io/v1/servicecidrs", {"spec": {"cidrs": ["10.97.0.0/16"]}},
     {"conditions": [{"type": "Ready", "status": "True", "reason": "A", "message": "",
                      "lastTransitionTime": "2026-01-01T00:00:00Z"}]}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "members", "status"), STATUS_ALONE)
def test_some_statuses_change_alone(door: Door, path: str, members: dict[str, Any], status: dict[str, Any]) -> None:
    door.made(path, {"metadata": {"name": "a"}, **members})
    after = door.patch(f"{path}/a/status", {"metadata": {"labels": {"a": "b"}}, "status": status}).body
    assert "labels" not in after["metadata"]
    assert after["status"].keys() == status.keys()
