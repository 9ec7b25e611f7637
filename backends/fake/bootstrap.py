"""What is in a cluster before anybody has used it: the namespaces, the API's own Service, the machines, the roles.

Called once by the cluster, in the past of its first request.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from backends.fake import metadata
from backends.fake.authorization import bootstrap as authorization
from backends.fake.catalogue import Catalogue
from backends.fake.ids import Ids
from backends.fake.messages import Identity, Request, Response
from backends.fake.store import Key, Store
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


def fill_roles(store: Store, catalogue: Catalogue, ids: Ids, now: datetime) -> None:
    """Put the default roles and bindings into the store: straight in, since there are over a hundred."""
    for obj in authorization.objects():
        resource = catalogue.of_object(obj)
        given = obj["metadata"]
        obj["metadata"] = metadata.prepare_create(dict(given), ids.uid(), now, "")
        store.create(Key(*resource.storage, given.get("namespace", ""), given["name"]), resource, obj)


def _create(send: Callable[[Request], Response], path: str, obj: dict[str, Any]) -> None:
    response = send(Request("POST", path, {"content-type": "application/json"}, orjson.dumps(obj), _APISERVER))
    if response.status != 201:
        raise RuntimeError(f"the cluster cannot create its own {path}: {response.body.decode()}")
