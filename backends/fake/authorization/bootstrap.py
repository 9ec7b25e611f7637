"""The roles and bindings that a cluster has before anybody has written one.

Put into the store by the cluster, in its past. They are those of a v1.34 server with default features (documented under
"Default roles and role bindings" in Kubernetes' RBAC reference), as far as anybody or any controller here could need
them, written as a table: verbs, groups, resources, and names where only some are meant; blanks between several. What
is aggregated from others (`admin`, `edit`, `view`) is filled in by a controller, as in a real cluster.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

Obj = dict[str, Any]

_GROUP: Final = "rbac.authorization.k8s.io"
_READ: Final = "get list watch"
_WRITE: Final = "create delete deletecollection patch update"
_BOTH: Final = f"{_READ} {_WRITE}"
_MANAGER: Final = "system:controller:"


class Allow(NamedTuple):
    """A rule about resources. Group `core` is the one without a name."""

    verbs: str
    groups: str
    resources: str
    names: str = ""

    def rule(self) -> Obj:
        """As a PolicyRule; everything in it is sorted."""
        rule: Obj = {"verbs": _sorted(self.verbs), "apiGroups": _sorted(self.groups)}
        rule["apiGroups"] = sorted("" if group == "core" else group for group in rule["apiGroups"])
        rule["resources"] = _sorted(self.resources)
        if self.names:
            rule["resourceNames"] = _sorted(self.names)
        return rule


class AllowPaths(NamedTuple):
    """A rule about paths that are no resources."""

    verbs: str
    paths: str

    def rule(self) -> Obj:
        """As a PolicyRule; everything in it is sorted."""
        return {"verbs": _sorted(self.verbs), "nonResourceURLs": _sorted(self.paths)}


Rules = tuple[Allow | AllowPaths, ...]

_EVENTS: Final = Allow("create patch update", "core events.k8s.io", "events")
_WORKLOADS: Final = "daemonsets deployments deployments/scale replicasets replicasets/scale"
_LOCKING: Final = "create get list update watch"
_CLAIM_TEMPLATES: Final = "resourceclaims resourceclaimtemplates"

CLUSTER_ROLES: Final[dict[str, Rules]] = {
    "cluster-admin": (Allow("*", "*", "*"), AllowPaths("*", "*")),
    "system:discovery": (
        AllowPaths(
            "get", "/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/"
        ),
    ),
    "system:monitoring": (
        AllowPaths("get", "/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*"),
    ),
    "system:basic-user": (
        Allow("create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"),
        Allow("create", "authentication.k8s.io", "selfsubjectreviews"),
    ),
    "system:public-info-viewer": (
        AllowPaths("get", "/healthz /livez /readyz /version /version/"),
        AllowPaths("get", "/.well-known /.well-known/*"),  # recorded; not every distribution has it
    ),
    "system:aggregate-to-admin": (
        Allow("create", "authorization.k8s.io", "localsubjectaccessreviews"),
        Allow(_BOTH, _GROUP, "rolebindings roles"),
    ),
    "system:aggregate-to-edit": (
        Allow(_READ, "core", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy"),
        Allow("impersonate", "core", "serviceaccounts"),
        Allow(_WRITE, "core", "pods pods/attach pods/exec pods/portforward pods/proxy"),
        Allow("create", "core", "pods/eviction"),
        Allow(
            _WRITE,
            "core",
            "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets "
            "serviceaccounts services services/proxy",
        ),
        Allow("create", "core", "serviceaccounts/token"),
        Allow(_WRITE, "apps", f"{_WORKLOADS} deployments/rollback statefulsets statefulsets/scale"),
        Allow(_WRITE, "autoscaling", "horizontalpodautoscalers"),
        Allow(_WRITE, "batch", "cronjobs jobs"),
        Allow(
            _WRITE,
            "extensions",
            f"{_WORKLOADS} deployments/rollback ingresses networkpolicies replicationcontrollers/scale",
        ),
        Allow(_WRITE, "policy", "poddisruptionbudgets"),
        Allow(_WRITE, "networking.k8s.io", "ingresses networkpolicies"),
        Allow(_BOTH, "coordination.k8s.io", "leases"),
        Allow(_WRITE, "resource.k8s.io", _CLAIM_TEMPLATES),
    ),
    "system:aggregate-to-view": (
        Allow(
            _READ,
            "core",
            "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers "
            "replicationcontrollers/scale serviceaccounts services services/status",
        ),
        Allow(
            _READ,
            "core",
            "bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status "
            "resourcequotas resourcequotas/status",
        ),
        Allow(_READ, "core", "namespaces"),
        Allow(_READ, "discovery.k8s.io", "endpointslices"),
        Allow(
            _READ,
            "apps",
            f"{_WORKLOADS} controllerrevisions daemonsets/status deployments/status replicasets/status statefulsets "
            "statefulsets/scale statefulsets/status",
        ),
        Allow(_READ, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
        Allow(_READ, "batch", "cronjobs cronjobs/status jobs jobs/status"),
        Allow(
            _READ,
            "extensions",
            f"{_WORKLOADS} daemonsets/status deployments/status ingresses ingresses/status networkpolicies "
            "replicasets/status replicationcontrollers/scale",
        ),
        Allow(_READ, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
        Allow(_READ, "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
        Allow(_READ, "resource.k8s.io", f"{_CLAIM_TEMPLATES} resourceclaims/status"),
    ),
    "system:auth-delegator": (
        Allow("create", "authentication.k8s.io", "tokenreviews"),
        Allow("create", "authorization.k8s.io", "subjectaccessreviews"),
    ),
    "system:service-account-issuer-discovery": (
        AllowPaths("get", "/.well-known/openid-configuration /openid/v1/jwks"),
    ),
    "system:node": (
        Allow("create", "authentication.k8s.io", "tokenreviews"),
        Allow("create", "authorization.k8s.io", "localsubjectaccessreviews subjectaccessreviews"),
        Allow(_READ, "core", "services"),
        Allow("create get list watch", "core", "nodes"),
        Allow("patch update", "core", "nodes/status"),
        Allow("patch update", "core", "nodes"),
        Allow("create patch update", "core", "events"),
        Allow(_READ, "core", "pods"),
        Allow("create delete", "core", "pods"),
        Allow("patch update", "core", "pods/status"),
        Allow("create", "core", "pods/eviction"),
        Allow(_READ, "core", "configmaps secrets"),
        Allow("get", "core", "persistentvolumeclaims persistentvolumes"),
        Allow("get", "core", "endpoints"),
        Allow("create get list watch", "certificates.k8s.io", "certificatesigningrequests"),
        Allow("create delete get patch update", "coordination.k8s.io", "leases"),
        Allow("get", "storage.k8s.io", "volumeattachments"),
        Allow("create", "core", "serviceaccounts/token"),
        Allow("get patch update", "core", "persistentvolumeclaims/status"),
        Allow(_READ, "storage.k8s.io", "csidrivers"),
        Allow("create delete get patch update", "storage.k8s.io", "csinodes"),
        Allow(_READ, "node.k8s.io", "runtimeclasses"),
        Allow("get", "resource.k8s.io", "resourceclaims"),
    ),
    "system:kube-controller-manager": (
        _EVENTS,
        Allow("create", "coordination.k8s.io", "leases"),
        Allow("get update", "coordination.k8s.io", "leases", "kube-controller-manager"),
        Allow("create", "core", "secrets serviceaccounts"),
        Allow("delete", "core", "secrets"),
        Allow("get", "core", "configmaps namespaces secrets serviceaccounts"),
        Allow("update", "core", "secrets serviceaccounts"),
        Allow("create", "authentication.k8s.io", "tokenreviews"),
        Allow("create", "authorization.k8s.io", "subjectaccessreviews"),
        Allow("list watch", "*", "*"),
        Allow("create", "core", "serviceaccounts/token"),
    ),
    "system:kube-scheduler": (
        _EVENTS,
        Allow("create", "coordination.k8s.io", "leases"),
        Allow("get update", "coordination.k8s.io", "leases", "kube-scheduler"),
        Allow(_READ, "core", "nodes"),
        Allow("delete get list watch", "core", "pods"),
        Allow("create", "core", "bindings pods/binding"),
        Allow("patch update", "core", "pods/status"),
        Allow(_READ, "core", "replicationcontrollers services"),
        Allow(_READ, "apps extensions", "replicasets"),
        Allow(_READ, "apps", "statefulsets"),
        Allow(_READ, "policy", "poddisruptionbudgets"),
        Allow(_READ, "core", "persistentvolumeclaims persistentvolumes"),
        Allow("create", "authentication.k8s.io", "tokenreviews"),
        Allow("create", "authorization.k8s.io", "subjectaccessreviews"),
        Allow(_READ, "storage.k8s.io", "csidrivers csinodes csistoragecapacities volumeattachments"),
        Allow(_READ, "core", "namespaces"),
        Allow(_READ, "resource.k8s.io", "deviceclasses resourceclaims resourceslices"),
        Allow("patch update", "resource.k8s.io", "resourceclaims/status"),
    ),
    "system:volume-scheduler": (
        Allow("get list patch update watch", "core", "persistentvolumes"),
        Allow(_READ, "storage.k8s.io", "storageclasses"),
        Allow("get list patch update watch", "core", "persistentvolumeclaims"),
    ),
    "system:kube-dns": (Allow("list watch", "core", "endpoints services"),),
    "system:node-proxier": (
        Allow("list watch", "core", "endpoints services"),
        Allow(_READ, "core", "nodes"),
        _EVENTS,
        Allow("list watch", "discovery.k8s.io", "endpointslices"),
    ),
    "system:node-bootstrapper": (
        Allow("create get list watch", "certificates.k8s.io", "certificatesigningrequests"),
    ),
    "system:node-problem-detector": (
        Allow("get", "core", "nodes"),
        Allow("patch", "core", "nodes/status"),
        _EVENTS,
    ),
}  # fmt: skip

CONTROLLER_ROLES: Final[dict[str, Rules]] = {
    "clusterrole-aggregation-controller": (Allow("escalate get list patch update watch", _GROUP, "clusterroles"),),
    "cronjob-controller": (
        Allow("get list update watch", "batch", "cronjobs"),
        Allow("create delete get list patch update watch", "batch", "jobs"),
        Allow("update", "batch", "cronjobs/status"),
        Allow("update", "batch", "cronjobs/finalizers"),
        Allow("delete list watch", "core", "pods"),
        _EVENTS,
    ),
    "daemon-set-controller": (
        Allow(_READ, "apps extensions", "daemonsets"),
        Allow("update", "apps extensions", "daemonsets/status"),
        Allow("update", "apps extensions", "daemonsets/finalizers"),
        Allow("list watch", "core", "nodes"),
        Allow("create delete list patch watch", "core", "pods"),
        Allow("create", "core", "pods/binding"),
        Allow("create delete get list patch update watch", "apps", "controllerrevisions"),
        _EVENTS,
    ),
    "deployment-controller": (
        Allow("get list update watch", "apps extensions", "deployments"),
        Allow("update", "apps extensions", "deployments/status"),
        Allow("update", "apps extensions", "deployments/finalizers"),
        Allow("create delete get list patch update watch", "apps extensions", "replicasets"),
        Allow("get list update watch", "core", "pods"),
        _EVENTS,
    ),
    "disruption-controller": (
        Allow(_READ, "apps extensions", "deployments"),
        Allow(_READ, "apps extensions", "replicasets"),
        Allow(_READ, "core", "replicationcontrollers"),
        Allow(_READ, "policy", "poddisruptionbudgets"),
        Allow(_READ, "apps", "statefulsets"),
        Allow("update", "policy", "poddisruptionbudgets/status"),
        Allow("patch update", "core", "pods/status"),
        Allow("get", "*", "*/scale"),
        _EVENTS,
    ),
    "endpoint-controller": (
        Allow(_READ, "core", "pods services"),
        Allow("create delete get list update watch", "core", "endpoints"),
        Allow("create", "core", "endpoints/restricted"),
        _EVENTS,
    ),
    "endpointslice-controller": (
        Allow(_READ, "core", "nodes pods services"),
        Allow("update", "core", "services/finalizers"),
        Allow("create delete get list update watch", "discovery.k8s.io", "endpointslices"),
        _EVENTS,
    ),
    "generic-garbage-collector": (Allow("delete get list patch update watch", "*", "*"), _EVENTS),
    "horizontal-pod-autoscaler": (
        Allow(_READ, "autoscaling", "horizontalpodautoscalers"),
        Allow("update", "autoscaling", "horizontalpodautoscalers/status"),
        Allow("get update", "*", "*/scale"),
        Allow("list watch", "core", "pods"),
        Allow("list watch", "metrics.k8s.io", "pods"),
        Allow(_READ, "custom.metrics.k8s.io", "*"),
        Allow(_READ, "external.metrics.k8s.io", "*"),
        _EVENTS,
    ),
    "job-controller": (
        Allow("get list patch update watch", "batch", "jobs"),
        Allow("update", "batch", "jobs/status"),
        Allow("update", "batch", "jobs/finalizers"),
        Allow("create delete list patch watch", "core", "pods"),
        _EVENTS,
    ),
    "namespace-controller": (
        Allow("delete get list watch", "core", "namespaces"),
        Allow("update", "core", "namespaces/finalize namespaces/status"),
        Allow("delete deletecollection get list watch", "*", "*"),
    ),
    "node-controller": (
        Allow("delete get list patch update watch", "core", "nodes"),
        Allow("patch update", "core", "nodes/status"),
        Allow("patch update", "core", "pods/status"),
        Allow("delete get list watch", "core", "pods"),
        _EVENTS,
    ),
    "pod-garbage-collector": (
        Allow("delete list watch", "core", "pods"),
        Allow(_READ, "core", "nodes"),
        Allow("patch", "core", "pods/status"),
    ),
    "pv-protection-controller": (Allow("get list update watch", "core", "persistentvolumes"), _EVENTS),
    "pvc-protection-controller": (
        Allow("get list update watch", "core", "persistentvolumeclaims"),
        Allow(_READ, "core", "pods"),
        _EVENTS,
    ),
    "replicaset-controller": (
        Allow("get list update watch", "apps extensions", "replicasets"),
        Allow("update", "apps extensions", "replicasets/status"),
        Allow("update", "apps extensions", "replicasets/finalizers"),
        Allow("create delete list patch watch", "core", "pods"),
        _EVENTS,
    ),
    "replication-controller": (
        Allow("get list update watch", "core", "replicationcontrollers"),
        Allow("update", "core", "replicationcontrollers/status"),
        Allow("update", "core", "replicationcontrollers/finalizers"),
        Allow("create delete list patch watch", "core", "pods"),
        _EVENTS,
    ),
    "resourcequota-controller": (
        Allow("list watch", "*", "*"), Allow("update", "core", "resourcequotas/status"), _EVENTS
    ),
    "root-ca-cert-publisher": (Allow("create update", "core", "configmaps"), _EVENTS),
    "service-account-controller": (Allow("create", "core", "serviceaccounts"), _EVENTS),
    "service-controller": (
        Allow(_READ, "core", "services"),
        Allow("patch update", "core", "services/status"),
        Allow("list watch", "core", "nodes"),
        _EVENTS,
    ),
    "statefulset-controller": (
        Allow("list watch", "core", "pods"),
        Allow(_READ, "apps", "statefulsets"),
        Allow("update", "apps", "statefulsets/status"),
        Allow("update", "apps", "statefulsets/finalizers"),
        Allow("create delete get patch update", "core", "pods"),
        Allow("create delete get list patch update watch", "apps", "controllerrevisions"),
        Allow("create get list watch", "core", "persistentvolumeclaims"),
        Allow("delete update", "core", "persistentvolumeclaims"),
        Allow("update", "core", "pods/finalizers"),
        _EVENTS,
    ),
    "ttl-after-finished-controller": (Allow("delete get list watch", "batch", "jobs"), _EVENTS),
    "ttl-controller": (Allow("list patch update watch", "core", "nodes"), _EVENTS),
    "validatingadmissionpolicy-status-controller": (
        Allow("get list watch", "admissionregistration.k8s.io", "validatingadmissionpolicies"),
        Allow("get patch update", "admissionregistration.k8s.io", "validatingadmissionpolicies/status"),
        _EVENTS,
    ),
}  # fmt: skip
"""By the name of the service account in kube-system that has it."""

AGGREGATED: Final = {"admin": ("admin",), "edit": ("edit", "admin"), "view": ("view", "edit")}
"""Role -> what it is made of, and after that what it is part of (labels `aggregate-to-...`)."""

ROLES: Final[dict[tuple[str, str], Rules]] = {
    ("kube-system", "extension-apiserver-authentication-reader"): (
        Allow(_READ, "core", "configmaps", "extension-apiserver-authentication"),
    ),
    ("kube-system", "system::leader-locking-kube-controller-manager"): (
        Allow("watch", "core", "configmaps"),
        Allow("get update", "core", "configmaps", "kube-controller-manager"),
        Allow(_LOCKING, "coordination.k8s.io", "leases"),
    ),
    ("kube-system", "system::leader-locking-kube-scheduler"): (
        Allow("watch", "core", "configmaps"),
        Allow("get update", "core", "configmaps", "kube-scheduler"),
        Allow(_LOCKING, "coordination.k8s.io", "leases"),
    ),
}
_TO_GROUPS: Final = {
    "cluster-admin": "system:masters",
    "system:monitoring": "system:monitoring",
    "system:discovery": "system:authenticated",
    "system:basic-user": "system:authenticated",
    "system:public-info-viewer": "system:authenticated system:unauthenticated",
    "system:service-account-issuer-discovery": "system:serviceaccounts",
}
_TO_USERS: Final = {
    "system:node-proxier": "system:kube-proxy",
    "system:kube-controller-manager": "system:kube-controller-manager",
    "system:kube-scheduler": "system:kube-scheduler",
    "system:volume-scheduler": "system:kube-scheduler",
}
_TO_ACCOUNTS: Final = {"system:kube-dns": "kube-dns", **{f"{_MANAGER}{name}": name for name in CONTROLLER_ROLES}}


def objects() -> Iterator[Obj]:
    """Every role and binding, as whoever creates it would write it."""
    for name, rules in CLUSTER_ROLES.items():
        part_of = name.removeprefix("system:aggregate-to-")
        yield _cluster_role(name, rules, () if part_of == name else (part_of,))
    for name, (made_of, *others) in AGGREGATED.items():
        selector = {"matchLabels": {f"{_GROUP}/aggregate-to-{made_of}": "true"}}
        yield {
            **_cluster_role(name, (), tuple(others)),
            "aggregationRule": {"clusterRoleSelectors": [selector]},
        }
    for name, rules in CONTROLLER_ROLES.items():
        yield _cluster_role(f"{_MANAGER}{name}", rules)
    yield from _cluster_bindings()
    for (namespace, name), rules in ROLES.items():
        metadata = {**_metadata(name), "namespace": namespace}
        yield {"apiVersion": f"{_GROUP}/v1", "kind": "Role", "metadata": metadata, "rules": [r.rule() for r in rules]}
        if name.startswith("system::leader-locking-"):
            component = name.removeprefix("system::leader-locking-")
            subjects = [_user(f"system:{component}"), _account(component)]
            yield _binding("RoleBinding", metadata, "Role", name, subjects)


def _cluster_bindings() -> Iterator[Obj]:
    yield _binding("ClusterRoleBinding", _metadata("system:node"), "ClusterRole", "system:node", [])
    for name, groups in _TO_GROUPS.items():
        subjects = [{"apiGroup": _GROUP, "kind": "Group", "name": group} for group in groups.split()]
        yield _binding("ClusterRoleBinding", _metadata(name), "ClusterRole", name, subjects)
    for name, user in _TO_USERS.items():
        yield _binding("ClusterRoleBinding", _metadata(name), "ClusterRole", name, [_user(user)])
    for name, account in _TO_ACCOUNTS.items():
        yield _binding("ClusterRoleBinding", _metadata(name), "ClusterRole", name, [_account(account)])


def _cluster_role(name: str, rules: Rules, part_of: tuple[str, ...] = ()) -> Obj:
    metadata = _metadata(name)
    metadata["labels"].update({f"{_GROUP}/aggregate-to-{role}": "true" for role in part_of})
    return {
        "apiVersion": f"{_GROUP}/v1", "kind": "ClusterRole", "metadata": metadata,
        "rules": [rule.rule() for rule in rules] or None,
    }  # fmt: skip


def _binding(kind: str, metadata: Obj, role_kind: str, role: str, subjects: list[Obj]) -> Obj:
    made: Obj = {
        "apiVersion": f"{_GROUP}/v1", "kind": kind, "metadata": dict(metadata),
        "roleRef": {"apiGroup": _GROUP, "kind": role_kind, "name": role},
    }  # fmt: skip
    return {**made, "subjects": subjects} if subjects else made


def _metadata(name: str) -> Obj:
    return {
        "name": name,
        "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"},
        "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
    }


def _user(name: str) -> Obj:
    return {"apiGroup": _GROUP, "kind": "User", "name": name}


def _account(name: str) -> Obj:
    return {"kind": "ServiceAccount", "name": name, "namespace": "kube-system"}


def _sorted(words: str) -> list[str]:
    return sorted(words.split())
