"""What belongs to the agent itself, so that no action touches it: its pod, and what its pod is owned by.

Called by the processor at each promotion. The owners are looked up (pod -> ReplicaSet -> Deployment), two steps up at
most. What cannot be looked up is left out and said in the log; the pod itself is known without a look.
"""

from __future__ import annotations

import logging

from kubeactions.errors import KubeError
from kubeactions.kube import Kube, path_of
from kubeactions.model import JsonObject, Target
from kubeactions.settings import Own

log = logging.getLogger("kubeactions.processor")

_PLURALS = {
    ("apps/v1", "ReplicaSet"): "replicasets",
    ("apps/v1", "Deployment"): "deployments",
    ("apps/v1", "StatefulSet"): "statefulsets",
    ("apps/v1", "DaemonSet"): "daemonsets",
}


def own_targets(kube: Kube, own: Own) -> tuple[Target, ...]:
    """The agent's pod and its owners; () outside of a cluster."""
    if not (own.namespace and own.pod_name):
        return ()
    found = [Target("v1", "Pod", own.pod_name, own.namespace, own.pod_uid)]
    try:
        current = kube.get(path_of("v1", "pods", namespace=own.namespace, name=own.pod_name))
        for steps_left in (1, 0):
            if (owner := _controller(current)) is None:
                break
            target = Target(owner["apiVersion"], owner["kind"], owner["name"], own.namespace, owner["uid"])
            found.append(target)
            plural = _PLURALS.get((target.api_version, target.kind))
            if plural is None or not steps_left:
                break
            current = kube.get(path_of(target.api_version, plural, namespace=own.namespace, name=target.name))
    except KubeError as error:
        log.warning("the agent's own workload cannot be looked up and is protected as far as known: %s", error)
    return tuple(found)


def _controller(found: JsonObject) -> JsonObject | None:
    owners: list[JsonObject] = found["metadata"].get("ownerReferences") or []
    return next((owner for owner in owners if owner.get("controller")), None)
