"""What the scenarios put into the cluster, and how they look at it: plain manifests and the one door to Kubernetes.

All of it is done as the backend's administrator, so that nothing here is mistaken for an agent's doing.
"""

from __future__ import annotations

from backends.clock import Clock
from kubeactions.errors import NotFound
from kubeactions.kube import Kube, path_of
from kubeactions.model import JsonObject

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
"""The annotation of a pod template that a restart sets, as `kubectl rollout restart` does."""
PLURALS = {
    "pod": ("v1", "pods"),
    "deployment": ("apps/v1", "deployments"),
    "config map": ("v1", "configmaps"),
    "secret": ("v1", "secrets"),
    "stateful set": ("apps/v1", "statefulsets"),
    "lease": ("coordination.k8s.io/v1", "leases"),
}
"""Where the objects live, by the words of the scenarios."""


def split(place: str) -> tuple[str, str]:
    """`namespace/name` as a pair."""
    namespace, _, name = place.partition("/")
    return namespace, name


class Objects:
    """The administrator's hands."""

    def __init__(self, kube: Kube, clock: Clock) -> None:
        self.kube = kube
        self._clock = clock

    def path(self, kind: str, place: str, subresource: str = "") -> str:
        """The API path of an object that is named `namespace/name`."""
        namespace, name = split(place)
        version, plural = PLURALS[kind]
        return path_of(version, plural, namespace=namespace, name=name, subresource=subresource)

    def get(self, kind: str, place: str) -> JsonObject | None:
        """The object, or None."""
        try:
            return self.kube.get(self.path(kind, place))
        except NotFound:
            return None

    def create(self, kind: str, place: str, content: JsonObject) -> JsonObject:
        """Create an object, in a namespace that is made when it is missing."""
        namespace, name = split(place)
        self.namespace(namespace)
        version, plural = PLURALS[kind]
        kinds = {"pods": "Pod", "deployments": "Deployment", "configmaps": "ConfigMap", "secrets": "Secret"}
        body = {
            "apiVersion": version,
            "kind": kinds.get(plural, "StatefulSet"),
            **content,
            "metadata": {**content.get("metadata", {}), "name": name, "namespace": namespace},
        }
        return self.kube.create(path_of(version, plural, namespace=namespace), body)

    def namespace(self, name: str) -> None:
        """Make sure that there is a namespace of this name."""
        try:
            self.kube.get(path_of("v1", "namespaces", name=name))
        except NotFound:
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            self.kube.create(path_of("v1", "namespaces"), body)
            self._clock.sleep(0.1)  # The cluster gives it the service account that its pods need.

    def delete(self, kind: str, place: str, grace_period_s: int | None = 0) -> None:
        """Delete an object, at once unless told otherwise."""
        self.kube.delete(self.path(kind, place), grace_period_s=grace_period_s)

    def merge(self, kind: str, place: str, patch: JsonObject) -> JsonObject:
        """Merge-patch an object."""
        return self.kube.patch(self.path(kind, place), patch, type="merge")

    def pod(self, place: str, **metadata: object) -> JsonObject:
        """Create a pod that would run."""
        return self.create("pod", place, {"metadata": metadata, "spec": pod_spec()})

    def deployment(self, place: str, replicas: int, **spec: object) -> JsonObject:
        """Create a deployment."""
        labels = {"app": split(place)[1]}
        template = {"metadata": {"labels": labels}, "spec": pod_spec()}
        content = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template, **spec}
        return self.create("deployment", place, {"spec": content})

    def stateful_set(self, place: str, replicas: int) -> JsonObject:
        """Create a stateful set."""
        labels = {"app": split(place)[1]}
        template = {"metadata": {"labels": labels}, "spec": pod_spec()}
        selector = {"matchLabels": labels}
        content = {"replicas": replicas, "serviceName": "none", "selector": selector, "template": template}
        return self.create("stateful set", place, {"spec": content})

    def pods_of(self, place: str) -> list[JsonObject]:
        """The pods that a deployment or stateful set has now, by their label."""
        namespace, name = split(place)
        found: list[JsonObject] = self.kube.list(
            path_of("v1", "pods", namespace=namespace), labelSelector=f"app={name}"
        )["items"]
        return found

    def replica_sets_of(self, place: str) -> list[JsonObject]:
        """The replica sets of a deployment."""
        namespace, name = split(place)
        path = path_of("apps/v1", "replicasets", namespace=namespace)
        found: list[JsonObject] = self.kube.list(path, labelSelector=f"app={name}")["items"]
        return found


def pod_spec() -> JsonObject:
    """A pod of one container."""
    return {"containers": [{"name": "main", "image": "registry.example/main:1"}], "terminationGracePeriodSeconds": 5}
