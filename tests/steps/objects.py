"""What the scenarios put into the cluster, and how they look at it: plain manifests and the one door to Kubernetes.

All of it is done as the backend's administrator, so that nothing here is mistaken for an agent's doing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from backends.live import guard
from kubeactions.errors import NotFound
from kubeactions.kube import Kube, path_of
from kubeactions.model import JsonObject
from tests.steps.places import CLUSTERS_OWN, Places

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
"""The annotation of a pod template that a restart sets, as `kubectl rollout restart` does."""
KINDS = {
    "pod": ("v1", "pods", "Pod"),
    "deployment": ("apps/v1", "deployments", "Deployment"),
    "config map": ("v1", "configmaps", "ConfigMap"),
    "secret": ("v1", "secrets", "Secret"),
    "stateful set": ("apps/v1", "statefulsets", "StatefulSet"),
    "daemon set": ("apps/v1", "daemonsets", "DaemonSet"),
    "replica set": ("apps/v1", "replicasets", "ReplicaSet"),
    "job": ("batch/v1", "jobs", "Job"),
    "cron job": ("batch/v1", "cronjobs", "CronJob"),
    "autoscaler": ("autoscaling/v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler"),
    "disruption budget": ("policy/v1", "poddisruptionbudgets", "PodDisruptionBudget"),
    "node": ("v1", "nodes", "Node"),
    "lease": ("coordination.k8s.io/v1", "leases", "Lease"),
}
"""apiVersion, plural and kind, by the words of the scenarios."""


def split(place: str) -> tuple[str, str]:
    """`namespace/name` as a pair; what lives in no namespace has only a name."""
    namespace, _, name = place.rpartition("/")
    return namespace, name


MANAGER = "kubectl-edit"
"""fieldManager of what is done here: nobody's writes may be taken for an agent's."""
IMAGE = "registry.k8s.io/pause:3.10"
"""On every node of a real cluster there is one of these: what holds a pod's network."""
LABEL = {guard.LABEL: guard.VALUE}
"""On every namespace, and on what is put into a namespace of Kubernetes itself."""


class Objects:
    """The administrator's hands. Places are as the features call them; `places` knows where they are.

    `ready` is called with the name of each namespace that was made, and returns when pods can be created in it.
    """

    def __init__(self, kube: Kube, places: Places, ready: Callable[[str], object]) -> None:
        self.kube = kube
        self.places = places
        self._ready = ready
        self.namespaces: list[str] = []
        """Those that were made here, by their real names."""
        self._elsewhere: list[str] = []
        self._held: list[str] = []
        """What has finalizers: nobody but us takes them away."""

    def path(self, kind: str, place: str, subresource: str = "") -> str:
        """The API path of an object that the features call `namespace/name`."""
        namespace, name = split(self.places.real(place))
        version, plural, _ = KINDS[kind]
        return path_of(version, plural, namespace=namespace, name=name, subresource=subresource)

    def get(self, kind: str, place: str) -> JsonObject | None:
        """The object, or None."""
        try:
            return self.kube.get(self.path(kind, place))
        except NotFound:
            return None

    def create(self, kind: str, place: str, content: JsonObject) -> JsonObject:
        """Create an object, in a namespace that is made when it is missing."""
        if called := split(place)[0]:
            self.namespace(called)
        namespace, name = split(self.places.real(place))
        version, plural, api_kind = KINDS[kind]
        where = {"namespace": namespace} if namespace else {}
        body = {
            "apiVersion": version,
            "kind": api_kind,
            **content,
            "metadata": {**content.get("metadata", {}), "name": name, **where},
        }
        path = path_of(version, plural, namespace=namespace, name=name)
        if namespace in CLUSTERS_OWN or not namespace:
            body["metadata"]["labels"] = {**(body["metadata"].get("labels") or {}), **LABEL}
            self._elsewhere.append(path)
        if body["metadata"].get("finalizers"):
            self._held.append(path)
        return self.kube.create(path_of(version, plural, namespace=namespace), body)

    def namespace(self, called: str) -> None:
        """Make sure that there is the namespace that the features call so."""
        name = self.places.namespace(called)
        if name in self.namespaces:
            return
        try:
            self.kube.get(path_of("v1", "namespaces", name=name))
        except NotFound:
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": LABEL}}
            self.kube.create(path_of("v1", "namespaces"), body)
            self.namespaces.append(name)
            self._ready(name)

    def remove_all(self) -> None:
        """Ask for the end of every namespace that was made, and of what was put elsewhere; waits for nothing."""
        for path in self._held:
            with suppress(NotFound):
                self.kube.patch(path, {"metadata": {"finalizers": None}}, type="merge")
        for path in [*self._elsewhere, *(path_of("v1", "namespaces", name=name) for name in self.namespaces)]:
            with suppress(NotFound):
                self.kube.delete(path)

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

    def stateful_set(self, place: str, replicas: int, **spec: object) -> JsonObject:
        """Create a stateful set."""
        content = {"replicas": replicas, "serviceName": "none", **_workload(place), **spec}
        return self.create("stateful set", place, {"spec": content})

    def daemon_set(self, place: str, **spec: object) -> JsonObject:
        """Create a daemon set, which has a pod on each node."""
        return self.create("daemon set", place, {"spec": {**_workload(place), **spec}})

    def replica_set(self, place: str, replicas: int) -> JsonObject:
        """Create a replica set that no deployment owns."""
        return self.create("replica set", place, {"spec": {"replicas": replicas, **_workload(place)}})

    def job(self, place: str) -> JsonObject:
        """Create a job of one pod, which runs until it is deleted."""
        return self.create("job", place, {"spec": _job_spec()})

    def cron_job(self, place: str, **spec: object) -> JsonObject:
        """Create a cron job that is not due for a long time."""
        template = {"spec": _job_spec()}
        return self.create("cron job", place, {"spec": {"schedule": "0 3 1 1 *", "jobTemplate": template, **spec}})

    def pods_of(self, place: str) -> list[JsonObject]:
        """The pods that a deployment or stateful set has now, by their label."""
        return self._labelled("v1", "pods", place)

    def replica_sets_of(self, place: str) -> list[JsonObject]:
        """The replica sets of a deployment."""
        return self._labelled("apps/v1", "replicasets", place)

    def remove_replica_sets_of(self, place: str) -> None:
        """Delete the replica sets of a deployment; its controller makes the current one again."""
        namespace, _ = split(self.places.real(place))
        for one in self.replica_sets_of(place):
            path = path_of("apps/v1", "replicasets", namespace=namespace, name=one["metadata"]["name"])
            self.kube.delete(path, grace_period_s=0)

    def events(self, called: str) -> list[JsonObject]:
        """The Events in the namespace that the features call so."""
        path = path_of("v1", "events", namespace=self.places.namespace(called))
        found: list[JsonObject] = self.kube.list(path)["items"]
        return found

    def _labelled(self, api_version: str, plural: str, place: str) -> list[JsonObject]:
        namespace, name = split(self.places.real(place))
        path = path_of(api_version, plural, namespace=namespace)
        found: list[JsonObject] = self.kube.list(path, labelSelector=f"app={name}")["items"]
        return found


def _workload(place: str) -> JsonObject:
    """Selector and template of a workload."""
    labels = {"app": split(place)[1]}
    return {
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod_spec()},
    }


def _job_spec() -> JsonObject:
    return {"template": {"spec": {**pod_spec(), "restartPolicy": "Never"}}}


def pod_spec() -> JsonObject:
    """A pod of one container that does nothing, and ends as soon as it is told to."""
    container = {"name": "main", "image": IMAGE, "imagePullPolicy": "IfNotPresent"}
    return {"containers": [container], "terminationGracePeriodSeconds": 1}
