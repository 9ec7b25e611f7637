"""The Node object that a kubelet registers when it starts.

Called by whoever wants machines in an in-memory cluster or under a bare API server. It decides what the object says,
the caller creates it. Only what is said is here: where no heartbeats are sent, nobody may mark such a node as lost for
their absence.
"""

from __future__ import annotations

from datetime import datetime

from backends.kubelet.pods import Object
from backends.kubelet.rfc3339 import stamp

VERSION = "v1.34.9"
"""The release whose kubelet this one stands for."""

_HEALTH = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)


def node_address(index: int) -> str:
    """The internal address of node number `index` (1 to 65534), from 10.0.0.0/16."""
    if not 1 <= index <= 65534:
        raise ValueError(f"node number {index} is not between 1 and 65534")
    return f"10.0.{index // 256}.{index % 256}"


def healthy(now: datetime) -> list[Object]:
    """The conditions of a machine that is well, since `now`."""
    return [
        {
            "type": kind,
            "status": status,
            "reason": reason,
            "message": message,
            "lastHeartbeatTime": stamp(now),
            "lastTransitionTime": stamp(now),
        }
        for kind, status, reason, message in _HEALTH
    ]


def node_object(index: int, now: datetime) -> Object:
    """Node number `index` (1 to 65534), called `node-<index>`, Ready, with 8 CPUs, 32 GiB and room for 110 pods."""
    name = f"node-{index}"
    resources = {"cpu": "8", "ephemeral-storage": "100Gi", "memory": "32Gi", "pods": "110"}
    platform = {"kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **platform}},
        "status": {
            "capacity": resources,
            "allocatable": dict(resources),
            "addresses": [
                {"type": "InternalIP", "address": node_address(index)},
                {"type": "Hostname", "address": name},
            ],
            "conditions": healthy(now),
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": f"boot-{name}",
                "containerRuntimeVersion": "containerd://2.1.0",
                "kernelVersion": "6.12.0",
                "kubeProxyVersion": "",
                "kubeletVersion": VERSION,
                "machineID": f"machine-{name}",
                "operatingSystem": "linux",
                "osImage": "simulated",
                "systemUUID": f"system-{name}",
            },
        },
    }
