"""The configuration that `kubeadm init` gets in the node, as the kind project writes it for one control plane.

Pure. Follows `pkg/cluster/internal/kubeadm/config.go` of kubernetes-sigs/kind: v1beta3 until Kubernetes 1.35, v1beta4
(whose extra arguments are lists) from 1.36 on; kubelet and kube-proxy as in a node that shares its kernel and disk
with the host. It configures no second node, no IPv6 and no feature gates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from backends.kind.versions import CGROUP_V1_REFUSED, KUBEADM_V1BETA4, Version

API_PORT = 6443
"""Where the API server listens inside the node."""
POD_SUBNET = "10.244.0.0/16"
SERVICE_SUBNET = "10.96.0.0/16"
"""kind's defaults."""
CONFIG_PATH = "/kind/kubeadm.conf"
CRI_SOCKET = "unix:///run/containerd/containerd.sock"

INIT = ("kubeadm", "init", f"--config={CONFIG_PATH}", "--skip-token-print", "--skip-phases=preflight", "--v=1")
"""Preflight checks the host (swap, modules, cgroups), which a node in a container cannot change."""


@dataclass(frozen=True, slots=True)
class Node:
    """What the configuration depends on."""

    cluster: str
    name: str
    """Hostname and node name; a DNS label."""
    kubernetes: str
    """As in the image: `v1.34.2`."""
    address: str
    """IPv4 address inside the engine's network."""
    names: tuple[str, ...] = ()
    """Further names and addresses that clients reach the API server by."""
    cgroup_v1: bool = False
    rootless: bool = False


def render(node: Node) -> str:
    """The file for `kubeadm init --config`: one YAML document for each component."""
    return yaml.safe_dump_all(documents(node), sort_keys=False)


def documents(node: Node) -> list[dict[str, Any]]:
    """The configuration as data."""
    return [_cluster(node), _init(node), _kubelet(node), _proxy(node)]


def _api(node: Node) -> str:
    newest = Version.parse(node.kubernetes) >= KUBEADM_V1BETA4
    return f"kubeadm.k8s.io/{'v1beta4' if newest else 'v1beta3'}"


def _arguments(node: Node, values: dict[str, str]) -> object:
    """Extra arguments: a map until v1beta3, a list of name and value from v1beta4 on."""
    if _api(node).endswith("v1beta4"):
        return [{"name": name, "value": value} for name, value in values.items()]
    return values


def _cluster(node: Node) -> dict[str, Any]:
    names = dict.fromkeys(("localhost", "127.0.0.1", node.name, *node.names))
    return {
        "apiVersion": _api(node),
        "kind": "ClusterConfiguration",
        "kubernetesVersion": node.kubernetes,
        "clusterName": node.cluster,
        # The host name outlives the address: a kept node that is restarted may get another one.
        "controlPlaneEndpoint": f"{node.name}:{API_PORT}",
        "apiServer": {"certSANs": list(names)},
        "networking": {"podSubnet": POD_SUBNET, "serviceSubnet": SERVICE_SUBNET},
    }


def _init(node: Node) -> dict[str, Any]:
    kubelet = {"node-ip": node.address, "provider-id": f"kind://docker/{node.cluster}/{node.name}"}
    return {
        "apiVersion": _api(node),
        "kind": "InitConfiguration",
        "localAPIEndpoint": {"advertiseAddress": node.address, "bindPort": API_PORT},
        "nodeRegistration": {
            "name": node.name,
            "criSocket": CRI_SOCKET,
            "kubeletExtraArgs": _arguments(node, kubelet),
            "taints": [],  # The only node there is runs everything.
        },
    }


def _kubelet(node: Node) -> dict[str, Any]:
    configuration: dict[str, Any] = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "cgroupDriver": "systemd",
        "cgroupRoot": "/kubelet",
        "failSwapOn": False,
        # The kubelet sees the host's disk and would try to win back space there.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"nodefs.available": "0%", "nodefs.inodesFree": "0%", "imagefs.available": "0%"},
    }
    if node.cgroup_v1 and Version.parse(node.kubernetes) >= CGROUP_V1_REFUSED:
        configuration["failCgroupV1"] = False
    if node.rootless:
        configuration["featureGates"] = {"KubeletInUserNamespace": True}
    return configuration


def _proxy(node: Node) -> dict[str, Any]:
    # Both are settings of the host's kernel; 0 leaves them alone.
    conntrack: dict[str, Any] = {"maxPerCore": 0}
    if node.rootless:
        conntrack |= {"tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"}
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "iptables": {"minSyncPeriod": "1s"},
        "conntrack": conntrack,
    }
