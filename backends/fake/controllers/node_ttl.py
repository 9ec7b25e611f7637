"""Tells kubelets for how long they may keep Secrets and ConfigMaps: an annotation on each node, by the number of nodes.

kube-controller-manager's `ttl-controller` (pkg/controller/ttl). The real one leaves a size only when the cluster has
shrunk well below it; here the number of nodes alone decides. A node is looked at when it changes, not when others come.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from backends.fake.controllers.client import Update
from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.kinds import NODES
from backends.fake.store import StoreEvent

ANNOTATION: Final = "node.alpha.kubernetes.io/ttl"
_SIZES: Final = ((100, 0), (500, 15), (1000, 30), (2000, 60))
"""Up to so many nodes: so many seconds."""
_BEYOND_S: Final = 300


class NodeTtls(Controller):
    """Keeps the annotation of one node at a time."""

    name = "ttl-controller"
    kind = NODES
    watches = (NODES,)

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """Every node that there is."""
        return () if event.type == "DELETED" else (("", event.key.name),)

    def step(self, _namespace: str, name: str, _now: Now) -> float | None:
        """Write the annotation where it says something else."""
        node = self.client.get(NODES, "", name)
        if node is None:
            return None
        ttl_s = str(_ttl_s(len(self.client.entries(NODES))))
        annotations = node["metadata"].get("annotations") or {}
        if annotations.get(ANNOTATION) != ttl_s:
            node["metadata"]["annotations"] = {**annotations, ANNOTATION: ttl_s}
            self.client.apply([Update(NODES, node)])
        return None


def _ttl_s(nodes: int) -> int:
    return next((ttl_s for most, ttl_s in _SIZES if nodes <= most), _BEYOND_S)
