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

PRIORITY_CLASSES = (
    (
        "system-cluster-critical",
        2_000_000_000,
        "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    ),
    (
        "system-node-critical",
        2_000_001_000,
        "Used for system critical pods that must not be moved from their current node.",
    ),
)
"""Name, value and description (SystemPriorityClasses in pkg/apis/scheduling/v1)."""
NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
ADDRESS = "192.0.2.1"
"""Where the API server is, as seen from pods: a documentation address (RFC 5737), since there is no network."""
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
    _fill_endpoints(send)
    for name, value, description in PRIORITY_CLASSES:
        system = {"metadata": {"name": name}, "value": value, "description": description}
        _create(send, "/apis/scheduling.k8s.io/v1/priorityclasses", system)
    for index in range(1, nodes + 1):
        _create(send, "/api/v1/nodes", node_object(index, now))


def _fill_endpoints(send: Callable[[Request], Response]) -> None:
    """Where the API's own Service leads, as the API server's endpoint reconciler keeps it."""
    port = {"name": "https", "port": 6443, "protocol": "TCP"}
    _create(
        send,
        "/api/v1/namespaces/default/endpoints",
        {
            "kind": "Endpoints",
            "apiVersion": "v1",
            "metadata": {"name": "kubernetes", "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}},
            "subsets": [{"addresses": [{"ip": ADDRESS}], "ports": [port]}],
        },
    )
    _create(
        send,
        "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
        {
            "kind": "EndpointSlice",
            "apiVersion": "discovery.k8s.io/v1",
            "metadata": {"name": "kubernetes", "labels": {"kubernetes.io/service-name": "kubernetes"}},
            "addressType": "IPv4",
            "endpoints": [{"addresses": [ADDRESS], "conditions": {"ready": True}}],
            "ports": [port],
        },
    )


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
