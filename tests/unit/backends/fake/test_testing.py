"""A cluster in the hand of a test: clients, time, controllers, and the cluster as data."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from kubernetes.client import ApiException, AppsV1Api, CoreV1Api

from backends.base import BackendError
from backends.fake.manifests import ManifestError
from backends.fake.testing import KubernetesCluster
from backends.faults import Answer, Match
from tests.unit.backends.fake.door import config_map, deployment, pod

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: "example.com/web:1"}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
"""


@pytest.fixture
def cluster() -> Iterator[KubernetesCluster]:
    with KubernetesCluster() as made:
        yield made


def test_what_is_applied_is_there_and_runs(cluster: KubernetesCluster) -> None:
    made = cluster.apply(WEB)
    assert [one["kind"] for one in made] == ["Namespace", "Deployment"]
    assert cluster.settle() > 0
    pods = CoreV1Api(cluster.client()).list_namespaced_pod("shop").items
    assert [one.status.phase for one in pods] == ["Running", "Running"]
    again = cluster.apply(WEB)
    assert again[1]["metadata"]["generation"] == 1


def test_manifests_come_as_a_folder_a_text_an_object_or_several(cluster: KubernetesCluster, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(WEB)
    (tmp_path / "b.json").write_text(json.dumps(config_map("b")))
    assert len(cluster.apply(tmp_path)) == 3
    assert len(cluster.apply(str(tmp_path / "b.json"))) == 1
    assert len(cluster.apply(config_map("c"))) == 1
    assert len(cluster.apply([config_map("d"), {"kind": "List", "apiVersion": "v1", "items": [config_map("e")]}])) == 2


def test_a_manifest_that_cannot_be_applied_is_named(cluster: KubernetesCluster) -> None:
    with pytest.raises(ManifestError, match="object 2: no resource serves"):
        cluster.apply([config_map(), {"apiVersion": "v1", "kind": "Nothing", "metadata": {"name": "x"}}])
    with pytest.raises(ManifestError, match=r"object 1: metadata\.name is missing"):
        cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "x-"}})
    with pytest.raises(ManifestError, match='object 1: namespaces "nowhere" not found'):
        cluster.apply(config_map(namespace="nowhere"))


def test_a_dump_is_loaded_as_it_is(cluster: KubernetesCluster) -> None:
    going = pod("going", uid="11111111-1111-4111-8111-111111111111", namespace="default")
    going["metadata"] |= {"deletionTimestamp": "2025-12-31T23:00:00Z", "finalizers": ["example.com/hold"]}
    going["status"] = {"phase": "Running"}
    cluster.load({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": ""}, "items": [going]})
    found = CoreV1Api(cluster.client()).read_namespaced_pod("going", "default")
    assert found.metadata.uid == "11111111-1111-4111-8111-111111111111"
    assert found.metadata.deletion_timestamp.isoformat() == "2025-12-31T23:00:00+00:00"
    assert found.status.phase == "Running"


def test_what_is_loaded_without_a_time_of_creation_can_be_changed(cluster: KubernetesCluster) -> None:
    uid = "11111111-1111-4111-8111-111111111111"
    cluster.load(config_map(uid=uid, namespace="default", creationTimestamp=None))
    changed = CoreV1Api(cluster.client()).patch_namespaced_config_map("a", "default", {"data": {"k": "other"}})
    assert changed.metadata.creation_timestamp == cluster.clock.wall()
    with pytest.raises(ManifestError, match=r"object 1: metadata\.ownerReferences\[0\]\.uid is missing"):
        cluster.load(config_map(uid=uid, namespace="default", ownerReferences=[{"kind": "Pod", "name": "p"}]))


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ({"apiVersion": "apps/v1", "kind": "Deployment"}, "spec.selector: Required value"),
        ({"apiVersion": "v1", "kind": "Pod"}, "spec.containers: Required value"),
        ({"apiVersion": "v1", "kind": "Pod", "spec": None}, "spec.containers: Required value"),
        ({"apiVersion": "batch/v1", "kind": "CronJob", "spec": {}}, "spec.schedule: Required value"),
        ({"apiVersion": "v1", "kind": "Pod", "spec": [], "status": "Running"}, "cannot unmarshal"),
        ({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"labels": ["a"]}}, "cannot unmarshal"),
    ],
)
def test_what_no_server_can_have_stored_is_refused(cluster: KubernetesCluster, odd: dict[str, Any], said: str) -> None:
    uid = "11111111-1111-4111-8111-111111111111"
    metadata = {"name": "x", "namespace": "default", "uid": uid, **odd.get("metadata", {})}
    with pytest.raises(ManifestError, match=rf"^object 1: .*{said}"):
        cluster.load({**odd, "metadata": metadata})
    cluster.settle()
    assert cluster.history(odd["kind"], "x") == []


def test_a_node_needs_no_more_than_a_name(cluster: KubernetesCluster) -> None:
    uid = "11111111-1111-4111-8111-111111111111"
    cluster.load({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "uid": uid, "labels": None}})
    cluster.settle()
    assert CoreV1Api(cluster.client()).read_node("n").metadata.uid == uid


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
def test_a_saved_cluster_is_the_same_cluster_when_it_is_loaded(
    cluster: KubernetesCluster, tmp_path: Path, suffix: str
) -> None:
    cluster.apply(WEB)
    cluster.settle()
    file = tmp_path / f"cluster{suffix}"
    cluster.save(file)
    with KubernetesCluster(seed=5) as other:
        other.load(file)
        assert other.diff(cluster) == []
        assert other.diff(file) == []


def test_a_diff_says_per_object_what_has_changed(cluster: KubernetesCluster) -> None:
    api = CoreV1Api(cluster.client())
    cluster.apply([config_map("stays"), config_map("goes"), config_map("changes")])
    before = cluster.snapshot()
    cluster.apply({**config_map("changes"), "data": {"k": "other"}})
    cluster.apply(config_map("comes"))
    api.delete_namespaced_config_map("goes", "default")
    added, changed, removed = sorted(cluster.diff(before), key=lambda change: change.what)
    assert (str(added.place), added.what) == ("ConfigMap default/comes", "added")
    assert (str(removed.place), removed.what) == ("ConfigMap default/goes", "removed")
    assert changed.diff.splitlines() == [
        "--- ConfigMap default/changes",
        "+++ ConfigMap default/changes",
        "@@ -1,6 +1,6 @@",
        " apiVersion: v1",
        " data:",
        "-  k: v",
        "+  k: other",
        " kind: ConfigMap",
        " metadata:",
        "   creationTimestamp: '2026-01-01T00:00:00Z'",
    ]


def test_a_write_that_changes_nothing_but_its_bookkeeping_is_noise(cluster: KubernetesCluster) -> None:
    cluster.apply(config_map())
    before = cluster.snapshot()
    CoreV1Api(cluster.client()).patch_namespaced_config_map(
        "a", "default", config_map(), field_manager="somebody", _content_type="application/apply-patch+yaml"
    )
    assert cluster.diff(before) == []
    assert "manager: somebody" in cluster.diff(before, noise=True)[0].diff


def test_an_object_tells_who_changed_what_and_when(cluster: KubernetesCluster) -> None:
    AppsV1Api(cluster.client("alice")).create_namespaced_deployment("default", deployment(replicas=1))
    cluster.settle()
    cluster.advance("1m")
    scale = {"spec": {"replicas": 3}}
    AppsV1Api(cluster.client("bob")).patch_namespaced_deployment_scale("web", "default", scale)
    versions = cluster.history("deploy", "web")
    assert (versions[0].type, versions[0].user, versions[0].verb) == ("ADDED", "alice", "create")
    assert {one.user for one in versions[1:-1]} == {"system:serviceaccount:kube-system:deployment-controller"}
    last = versions[-1]
    assert (last.user, last.verb, last.subresource) == ("bob", "patch", "scale")
    assert last.at == cluster.clock.wall()
    assert "-  replicas: 1\n+  replicas: 3\n" in last.diff
    assert str(last).startswith("2026-01-01T00:01:")
    assert cluster.history("deployments.apps", "web") == versions
    with pytest.raises(BackendError, match="no resource type 'nothing'"):
        cluster.history("nothing", "web")


def test_what_was_loaded_has_no_author(cluster: KubernetesCluster) -> None:
    cluster.load(config_map(uid="11111111-1111-4111-8111-111111111111", namespace="default"))
    (version,) = cluster.history("cm", "a")
    assert (version.user, version.at, version.type) == ("", None, "ADDED")
    assert "nobody on record" in str(version)


def test_time_moves_when_it_is_told_to(cluster: KubernetesCluster) -> None:
    begin = cluster.clock.wall()
    cluster.apply(pod())
    cluster.advance("500ms")
    api = CoreV1Api(cluster.client())
    assert api.read_namespaced_pod("p", "default").status.phase == "Pending"
    cluster.advance("1m30s")
    cluster.advance(timedelta(seconds=1))
    cluster.advance(8.5)
    found = api.read_namespaced_pod("p", "default")
    assert found.status.phase == "Running"
    ready = next(one for one in found.status.conditions if one.type == "Ready")
    assert timedelta(0) < ready.last_transition_time - begin < timedelta(seconds=2)
    assert cluster.clock.wall() - begin >= timedelta(seconds=100)
    for wrong in ("10", "ten minutes", "-1m", "1m1", ""):
        with pytest.raises(ValueError, match="duration"):
            cluster.advance(wrong)
    with pytest.raises(ValueError, match="duration"):
        cluster.advance(-1)


def test_a_stopped_controller_does_one_thing_when_it_is_stepped(cluster: KubernetesCluster) -> None:
    cluster.controllers.stop("replicaset-controller")
    cluster.apply(deployment(replicas=2))
    cluster.settle()
    api = CoreV1Api(cluster.client())
    assert api.list_namespaced_pod("default").items == []
    assert cluster.controllers.stopped == ["replicaset-controller"]
    work = cluster.controllers.step("replicaset-controller")
    assert work is not None
    assert work[0] == "default"
    assert len(api.list_namespaced_pod("default").items) == 2
    while cluster.controllers.step("replicaset-controller"):
        pass
    cluster.settle()
    assert AppsV1Api(cluster.client()).read_namespaced_deployment("web", "default").status.available_replicas is None
    cluster.controllers.start("replicaset-controller")
    cluster.settle()
    assert AppsV1Api(cluster.client()).read_namespaced_deployment("web", "default").status.available_replicas == 2
    with pytest.raises(ValueError, match="'replicaset-controller' is not stopped"):
        cluster.controllers.step("replicaset-controller")
    with pytest.raises(ValueError, match=r"there is no controller 'nothing'; there are: .*kubelet"):
        cluster.controllers.stop("nothing")


def test_every_controller_can_stand_still_from_the_beginning() -> None:
    with KubernetesCluster() as running:
        names = running.controllers.names
    with KubernetesCluster(without=names) as still:
        still.apply(deployment())
        assert still.settle() == pytest.approx(0.01)
        assert CoreV1Api(still.client()).list_namespaced_pod("default").items == []


def test_an_api_server_alone_has_no_controllers() -> None:
    with KubernetesCluster(controllers=False) as alone, pytest.raises(BackendError, match="controllers=False"):
        _ = alone.controllers


def test_faults_strike_every_client_that_it_hands_out(cluster: KubernetesCluster) -> None:
    clients = [cluster.client(), cluster.client("alice"), cluster.pod_client("default")]
    cluster.faults.add(Answer(503), Match(verb="list"))
    for client in clients:
        with pytest.raises(ApiException, match="503"):
            CoreV1Api(client).list_namespaced_pod("default")
    cluster.faults.clear()
    cluster.faults.partition("system:serviceaccount:default:default")
    CoreV1Api(clients[1]).list_namespaced_pod("default")
    with pytest.raises(Exception, match="reset before it was sent"):
        CoreV1Api(clients[2]).list_namespaced_pod("default")


def test_the_dynamic_client_works_in_process(cluster: KubernetesCluster) -> None:
    pods = cluster.dynamic_client().resources.get(api_version="v1", kind="Pod")
    pods.create(body=pod(), namespace="default")
    assert pods.get(name="p", namespace="default").spec.containers[0].name == "c"


def test_closing_ends_the_server_and_leaves_nothing() -> None:
    before = set(threading.enumerate())
    cluster = KubernetesCluster()
    assert set(threading.enumerate()) == before
    with cluster:
        with urlopen(f"{cluster.url}/version") as answer:
            assert json.load(answer)["major"] == "1"
        kubeconfig = cluster.kubeconfig
        assert kubeconfig.exists()
        assert len(set(threading.enumerate()) - before) == 1
    assert set(threading.enumerate()) == before
    assert not kubeconfig.parent.exists()
