"""The texts of a node image that are changed before use."""

from __future__ import annotations

import tomllib

import pytest
import yaml

from backends.base import BackendError
from backends.kind import rewriting

TEMPLATE = """# would you kindly template this file
kind: DaemonSet
spec: {template: {spec: {containers: [{name: c, env: [{name: POD_SUBNET, value: "{{ .PodSubnet }}"}]}]}}}
"""


def environment(manifest: str) -> dict[str, str]:
    [document] = [each for each in yaml.safe_load_all(manifest) if each]
    container = document["spec"]["template"]["spec"]["containers"][0]
    return {entry["name"]: entry["value"] for entry in container["env"]}


def test_the_pod_subnet_is_filled_in() -> None:
    assert environment(rewriting.cni_manifest(TEMPLATE, "n:6443")) == {"POD_SUBNET": "10.244.0.0/16"}


def test_the_endpoint_is_added_where_the_manifest_asks_for_it() -> None:
    found = environment(rewriting.cni_manifest(f"# would you kindly patch this file\n{TEMPLATE}", "n:6443"))
    assert found == {"POD_SUBNET": "10.244.0.0/16", "CONTROL_PLANE_ENDPOINT": "n:6443"}


def test_a_manifest_of_ones_own_stays_as_it_is() -> None:
    own = 'kind: ConfigMap\ndata: {subnet: "{{ .PodSubnet }}"}\n'
    assert rewriting.cni_manifest(own, "n:6443") == own


@pytest.mark.parametrize(
    ("text", "plugin"),
    [
        (
            'version = 2\n[plugins."io.containerd.grpc.v1.cri"]\n  restrict_oom_score_adj = false\n  x = 1\n',
            "grpc.v1.cri",
        ),
        ('version = 2\n[plugins."io.containerd.grpc.v1.cri"]\n  x = 1\n', "grpc.v1.cri"),
        ("version = 3\n[plugins.'io.containerd.cri.v1.runtime']\n  x = 1\n", "cri.v1.runtime"),
        ("version = 3\n", "cri.v1.runtime"),
        ("version = 2\n", "grpc.v1.cri"),
        ('[plugins."io.containerd.grpc.v1.cri".containerd]\n  x = 1\n', "grpc.v1.cri"),
    ],
)
def test_containerd_is_told_not_to_lower_oom_scores(text: str, plugin: str) -> None:
    before, after = tomllib.loads(text), tomllib.loads(rewriting.restrict_oom_score(text))
    section = after["plugins"][f"io.containerd.{plugin}"]
    assert section.pop("restrict_oom_score_adj") is True
    before.get("plugins", {}).get(f"io.containerd.{plugin}", {}).pop("restrict_oom_score_adj", None)
    before.setdefault("plugins", {}).setdefault(f"io.containerd.{plugin}", {})
    assert after == before


ADMIN = {
    "clusters": [{"name": "k", "cluster": {"certificate-authority-data": "Q0E=", "server": "https://n:6443"}}],
    "users": [{"name": "kubernetes-admin", "user": {"client-key-data": "S0VZ"}}],
}


def test_the_kubeconfig_has_one_of_each_and_leads_to_the_published_port() -> None:
    found = rewriting.kubeconfig(yaml.safe_dump(ADMIN), "https://127.0.0.1:4711", "kubeactions-c")
    [cluster], [user], [context] = found["clusters"], found["users"], found["contexts"]
    assert cluster["cluster"] == {"certificate-authority-data": "Q0E=", "server": "https://127.0.0.1:4711"}
    assert user["user"] == {"client-key-data": "S0VZ"}
    assert context == {"name": "kubeactions-c", "context": {"cluster": "kubeactions-c", "user": "kubeactions-c"}}
    assert found["current-context"] == "kubeactions-c"


@pytest.mark.parametrize("text", ["", "clusters: []", "a: [", "clusters: [{cluster: {}}]"])
def test_what_is_no_kubeconfig_is_refused(text: str) -> None:
    with pytest.raises(BackendError, match=r"admin\.conf is no kubeconfig"):
        rewriting.kubeconfig(text, "https://127.0.0.1:1", "c")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('[plugins."io.containerd.grpc.v1.cri".containerd]\n  snapshotter = "native"\n', "native"),
        ("[plugins.'io.containerd.cri.v1.images']\n  snapshotter = 'fuse-overlayfs'\n", "fuse-overlayfs"),
        ('# snapshotter = "native"\nversion = 2\n', "overlayfs"),
    ],
)
def test_images_are_unpacked_where_containerd_looks_for_them(text: str, found: str) -> None:
    assert rewriting.snapshotter(text) == found
