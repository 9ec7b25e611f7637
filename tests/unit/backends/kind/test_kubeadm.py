"""The configuration for `kubeadm init`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from backends.kind import kubeadm

NODE = kubeadm.Node(cluster="c", name="kubeactions-c", kubernetes="v1.34.2", address="172.17.0.2")


def by_kind(node: kubeadm.Node) -> dict[str, dict[str, Any]]:
    return {document["kind"]: document for document in yaml.safe_load_all(kubeadm.render(node))}


def test_there_is_one_document_for_each_component() -> None:
    kinds = ["ClusterConfiguration", "InitConfiguration", "KubeletConfiguration", "KubeProxyConfiguration"]
    assert list(by_kind(NODE)) == kinds


@pytest.mark.parametrize(
    ("kubernetes", "api"),
    [("v1.24.0", "v1beta3"), ("v1.35.8", "v1beta3"), ("v1.36.0", "v1beta4"), ("v2.0.1", "v1beta4")],
)
def test_the_format_is_the_one_that_this_kubernetes_reads(kubernetes: str, api: str) -> None:
    found = by_kind(replace(NODE, kubernetes=kubernetes))
    assert found["ClusterConfiguration"]["apiVersion"] == f"kubeadm.k8s.io/{api}"
    assert found["InitConfiguration"]["apiVersion"] == f"kubeadm.k8s.io/{api}"


def test_extra_arguments_are_a_map_in_the_old_format_and_a_list_in_the_new_one() -> None:
    def arguments(kubernetes: str) -> object:
        init = by_kind(replace(NODE, kubernetes=kubernetes))["InitConfiguration"]
        return init["nodeRegistration"]["kubeletExtraArgs"]

    identifier = "kind://docker/c/kubeactions-c"
    assert arguments("v1.34.2") == {"node-ip": "172.17.0.2", "provider-id": identifier}
    expected = [{"name": "node-ip", "value": "172.17.0.2"}, {"name": "provider-id", "value": identifier}]
    assert arguments("v1.37.0") == expected


def test_the_certificate_holds_loopback_the_node_and_the_engines_host() -> None:
    names = by_kind(replace(NODE, names=("docker", "localhost")))["ClusterConfiguration"]["apiServer"]["certSANs"]
    assert names == ["localhost", "127.0.0.1", "kubeactions-c", "docker"]


def test_the_control_plane_keeps_no_pod_away() -> None:
    assert by_kind(NODE)["InitConfiguration"]["nodeRegistration"]["taints"] == []


def test_cgroup_v1_is_allowed_where_the_kubelet_would_refuse_it() -> None:
    def fails(kubernetes: str, *, cgroup_v1: bool) -> object:
        node = replace(NODE, kubernetes=kubernetes, cgroup_v1=cgroup_v1)
        return by_kind(node)["KubeletConfiguration"].get("failCgroupV1")

    assert fails("v1.35.0", cgroup_v1=True) is False
    assert fails("v1.35.0", cgroup_v1=False) is None
    assert fails("v1.30.0", cgroup_v1=True) is None  # it does not know the field


def test_a_rootless_engine_gets_the_gate_and_leaves_the_kernel_alone() -> None:
    found = by_kind(replace(NODE, rootless=True))
    assert found["KubeletConfiguration"]["featureGates"] == {"KubeletInUserNamespace": True}
    assert found["KubeProxyConfiguration"]["conntrack"]["tcpEstablishedTimeout"] == "0s"
    assert by_kind(NODE)["KubeProxyConfiguration"]["conntrack"] == {"maxPerCore": 0}
