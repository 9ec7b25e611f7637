"""The kinds that controllers read and write, and where the API has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from backends.fake.store import Entry


class Kind(NamedTuple):
    """One resource of one version: what a controller needs to address it."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def stored(self) -> tuple[str, str]:
        """Group and plural, under which the store keeps it."""
        return (self.group, self.plural)

    @property
    def api_version(self) -> str:
        """`apps/v1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str, name: str = "", subresource: str = "") -> str:
        """The path of the collection, of one object, or of its subresource."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        place = f"{root}/namespaces/{namespace}/{self.plural}" if self.namespaced else f"{root}/{self.plural}"
        return "/".join(part for part in (place, name, subresource) if part)


CONFIG_MAPS: Final = Kind("", "v1", "configmaps", "ConfigMap")
NAMESPACES: Final = Kind("", "v1", "namespaces", "Namespace", namespaced=False)
NODES: Final = Kind("", "v1", "nodes", "Node", namespaced=False)
CLAIMS: Final = Kind("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim")
ENDPOINTS: Final = Kind("", "v1", "endpoints", "Endpoints")
ENDPOINT_SLICES: Final = Kind("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice")
SECRETS: Final = Kind("", "v1", "secrets", "Secret")
SERVICES: Final = Kind("", "v1", "services", "Service")
PODS: Final = Kind("", "v1", "pods", "Pod")
POLICIES: Final = Kind(
    "admissionregistration.k8s.io",
    "v1",
    "validatingadmissionpolicies",
    "ValidatingAdmissionPolicy",
    namespaced=False,
)
QUOTAS: Final = Kind("", "v1", "resourcequotas", "ResourceQuota")
VOLUMES: Final = Kind("", "v1", "persistentvolumes", "PersistentVolume", namespaced=False)
SERVICE_ACCOUNTS: Final = Kind("", "v1", "serviceaccounts", "ServiceAccount")
DAEMON_SETS: Final = Kind("apps", "v1", "daemonsets", "DaemonSet")
DEPLOYMENTS: Final = Kind("apps", "v1", "deployments", "Deployment")
REPLICA_SETS: Final = Kind("apps", "v1", "replicasets", "ReplicaSet")
REVISIONS: Final = Kind("apps", "v1", "controllerrevisions", "ControllerRevision")
STATEFUL_SETS: Final = Kind("apps", "v1", "statefulsets", "StatefulSet")
LEASES: Final = Kind("coordination.k8s.io", "v1", "leases", "Lease")
CRON_JOBS: Final = Kind("batch", "v1", "cronjobs", "CronJob")
JOBS: Final = Kind("batch", "v1", "jobs", "Job")
BUDGETS: Final = Kind("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")
CLUSTER_ROLES: Final = Kind("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced=False)
REPLICATION_CONTROLLERS: Final = Kind("", "v1", "replicationcontrollers", "ReplicationController")
EVERY_KIND: Final = (Kind("*", "*", "*", "*"),)
"""In a controller's `watches`: events of every kind."""


def kind_of(entry: Entry) -> Kind:
    """The kind of a stored object, for controllers that take any."""
    resource = entry.resource
    return Kind(resource.group, resource.version, resource.plural, resource.kind, resource.namespaced)
