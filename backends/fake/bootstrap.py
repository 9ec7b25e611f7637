"""What is in a cluster before anybody has used it: the namespaces, the API's own Service, the machines.

Called once by the cluster, in the past of its first request.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from backends.fake.messages import Identity, Request, Response
from backends.kubelet.nodes import node_object

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
_APISERVER = Identity("system:apiserver", "", ("system:masters",))


def fill(send: Callable[[Request], Response], nodes: int, now: datetime) -> None:
    """Create what kube-apiserver creates when it starts, and what `nodes` kubelets register (0 to 1000)."""
    for name in NAMESPACES:
        _create(send, "/api/v1/namespaces", {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}})
    _create(
        send,
        "/api/v1/namespaces/default/services",
        {
            "kind": "Service",
            "apiVersion": "v1",
            "metadata": {"name": "kubernetes", "labels": {"component": "apiserver", "provider": "kubernetes"}},
            "spec": {
                "clusterIP": "10.96.0.1",
                "clusterIPs": ["10.96.0.1"],
                "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
            },
        },
    )
    for index in range(1, nodes + 1):
        _create(send, "/api/v1/nodes", node_object(index, now))


def _create(send: Callable[[Request], Response], path: str, obj: dict[str, Any]) -> None:
    response = send(Request("POST", path, {"content-type": "application/json"}, orjson.dumps(obj), _APISERVER))
    if response.status != 201:
        raise RuntimeError(f"the cluster cannot create its own {path}: {response.body.decode()}")
