"""What a cluster starts with: created, taken as it is, or a saved cluster opened again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from backends.clock import SimulatedClock
from backends.fake.cluster import Cluster
from backends.fake.manifests import ManifestError, read, save
from backends.fake.messages import Request
from backends.fake.seeding import apply, seed
from tests.unit.backends.fake.custom.definitions import WIDGETS, definition, widget


def seeded(folder: Path, *objects: dict[str, Any], cluster: Cluster | None = None) -> Cluster:
    """A cluster that was given `objects` as a file."""
    path = folder / "m.yaml"
    path.write_text(yaml.safe_dump_all(objects))
    cluster = cluster or Cluster(SimulatedClock())
    seed(cluster, read([path]))
    return cluster


def get(cluster: Cluster, path: str) -> Any:
    return orjson.loads(cluster.handle(Request("GET", path)).body)


def obj(kind: str, name: str, namespace: str = "", api_version: str = "v1", **members: Any) -> dict[str, Any]:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **members}


POD_SPEC = {"containers": [{"name": "c", "image": "i"}]}


def test_a_manifest_is_defaulted_and_gets_a_uid(tmp_path: Path) -> None:
    cluster = seeded(tmp_path, obj("Pod", "p", spec=POD_SPEC))
    pod = get(cluster, "/api/v1/namespaces/default/pods/p")
    assert pod["metadata"]["uid"]
    assert pod["spec"]["restartPolicy"] == "Always"


def test_namespaces_come_first_and_pods_find_their_service_account(tmp_path: Path) -> None:
    cluster = seeded(tmp_path, obj("Pod", "p", "shop", spec=POD_SPEC), obj("Namespace", "shop"))
    assert get(cluster, "/api/v1/namespaces/shop/pods/p")["spec"]["serviceAccountName"] == "default"


def test_a_namespace_that_is_there_already_gets_what_the_manifest_adds(tmp_path: Path) -> None:
    namespace = obj("Namespace", "default")
    namespace["metadata"]["labels"] = {"team": "a"}
    labels = get(seeded(tmp_path, namespace), "/api/v1/namespaces/default")["metadata"]["labels"]
    assert labels == {"kubernetes.io/metadata.name": "default", "team": "a"}


def test_an_object_that_comes_from_a_cluster_keeps_its_uid_and_status(tmp_path: Path) -> None:
    pod = obj("Pod", "p", "default", spec=POD_SPEC, status={"phase": "Failed"})
    pod["metadata"] |= {"uid": "8f5b0c1e-0000-4000-8000-000000000001", "resourceVersion": "3"}
    found = get(seeded(tmp_path, pod), "/api/v1/namespaces/default/pods/p")
    assert (found["metadata"]["uid"], found["status"]) == (pod["metadata"]["uid"], {"phase": "Failed"})


@pytest.mark.parametrize(
    ("manifest", "problem"),
    [
        (obj("Gadget", "g"), "document 1: no resource serves kind 'Gadget' of 'v1'"),
        (obj("Pod", "p"), 'document 1: Pod "p" is invalid: spec.containers: Required value'),
        (obj("ConfigMap", "c", dataa={}), 'unknown field "dataa"'),
        (obj("ConfigMap", "c", "nowhere"), 'document 1: namespaces "nowhere" not found'),
        (obj("APIService", "c", api_version="apiregistration.k8s.io/v1"), "does not imitate"),
        ({**obj("Pod", "p"), "metadata": {"name": "p", "uid": "u"}}, "document 1: metadata.namespace is missing"),
        (
            {**obj("Node", "n"), "metadata": {"name": "n", "uid": "u", "namespace": "x"}},
            "document 1: metadata.namespace has no place in a Node",
        ),
        (
            {**obj("Pod", "p"), "metadata": {"generateName": "p-", "uid": "u", "namespace": "x"}},
            "document 1: metadata.name is missing",
        ),
    ],
)
def test_a_manifest_that_cannot_be_used_is_one_line(tmp_path: Path, manifest: dict[str, Any], problem: str) -> None:
    with pytest.raises(ManifestError) as caught:
        seeded(tmp_path, manifest)
    assert problem in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["saved.json", "saved.yaml"])
def test_a_saved_cluster_opens_as_the_same_state(tmp_path: Path, name: str) -> None:
    clock = SimulatedClock()
    cluster = Cluster(clock)
    template = {"metadata": {"labels": {"a": "b"}}, "spec": POD_SPEC}
    spec = {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    seeded(tmp_path, obj("Deployment", "web", "default", "apps/v1", spec=spec), cluster=cluster)
    cluster.settle()
    before = cluster.dump()
    save(tmp_path / name, before)

    again = Cluster(clock, seed=1)
    seed(again, read([tmp_path / name]))
    again.settle()
    assert without_versions(again.dump()) == without_versions(before)
    assert again.store.revision > cluster.store.revision


def test_nothing_of_the_new_cluster_survives_beside_a_saved_one(tmp_path: Path) -> None:
    cluster = Cluster(SimulatedClock(), nodes=1)
    save(tmp_path / "saved.json", [item for item in cluster.dump() if item["kind"] != "Node"])
    again = Cluster(SimulatedClock(), seed=1, nodes=3)
    seed(again, read([tmp_path / "saved.json"]))
    assert [item for item in again.dump() if item["kind"] == "Node"] == []


def without_versions(objects: list[dict[str, Any]]) -> dict[tuple[str, str, str], Any]:
    """Objects by kind and place, without resourceVersions and heartbeats, which go on, and what is told of a start."""
    found: dict[tuple[str, str, str], Any] = {}
    for item in objects:
        if (item.get("involvedObject") or {}).get("kind") == "Node":
            continue
        metadata = {key: value for key, value in item["metadata"].items() if key != "resourceVersion"}
        found[item["kind"], metadata.get("namespace", ""), metadata["name"]] = {**item, "metadata": metadata}
    return found


def test_definitions_come_before_their_objects_whatever_their_order(tmp_path: Path) -> None:

    first = seeded(tmp_path, widget("w", {}), definition())
    assert [one["metadata"]["name"] for one in get(first, WIDGETS)["items"]] == ["w"]
    save(tmp_path / "saved.json", first.dump())
    again = Cluster(SimulatedClock())
    seed(again, read([tmp_path / "saved.json"]))
    uids = [[one["metadata"]["uid"] for one in get(held, WIDGETS)["items"]] for held in (first, again)]
    assert uids[0] == uids[1] != []
    other = Cluster(SimulatedClock())
    (tmp_path / "both.yaml").write_text(yaml.safe_dump_all([widget("w", {}), definition()]))
    done = apply(other, read([tmp_path / "both.yaml"]), "m")
    assert [one["kind"] for one in done] == ["CustomResourceDefinition", "Widget"]
