"""Admission: the built-in plugins that see every write before it is validated.

Called by the registry. Imitated of a real server's default set: NamespaceLifecycle, ServiceAccount, Priority,
DefaultTolerationSeconds, TaintNodesByCondition; and the addresses that the Service registry allocates. The others do
not act here: quotas, limit ranges, webhooks and policies are stored, never enforced, and the server says so
(`imitation.NOT_ENFORCED`).
"""

from __future__ import annotations

from typing import Any

from backends.fake import statuses
from backends.fake.catalogue import Resource
from backends.fake.ids import Ids
from backends.fake.service_addresses import ServiceAddresses
from backends.fake.store import Key, Store

Obj = dict[str, Any]

PERMANENT_NAMESPACES = frozenset({"default", "kube-system", "kube-public"})
_TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path
_TOKEN_LIFETIME_S = 3607
_UNREACHABLE_AFTER_S = 300
_NO_NODE = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_SYSTEM_PRIORITIES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}


class BuiltinAdmission:
    """The plugins over one store. `service_accounts` False leaves the ServiceAccount plugin out, as envtest does."""

    def __init__(self, store: Store, ids: Ids, *, service_accounts: bool) -> None:
        self._store = store
        self._ids = ids
        self._service_accounts = service_accounts
        self._addresses = ServiceAddresses(store, ids)

    def admit_create(self, resource: Resource, namespace: str, obj: Obj) -> None:
        """Refuse what may not be created; complete what is incomplete."""
        if resource.namespaced:
            self._namespace_lives(resource, namespace, obj)
        if resource.storage == ("", "pods"):
            self._pod(namespace, obj)
        elif resource.storage == ("", "services"):
            self._addresses.allocate(obj)
        elif resource.storage == ("", "nodes"):
            _taint(obj)

    def admit_update(self, resource: Resource, obj: Obj) -> None:
        """Complete what an update made incomplete."""
        if resource.storage == ("", "pods") and isinstance(obj.get("spec"), dict):
            _tolerate(obj["spec"])

    def admit_delete(self, resource: Resource, name: str) -> None:
        """Refuse to delete the namespaces that must be there."""
        if resource.storage == ("", "namespaces") and name in PERMANENT_NAMESPACES:
            raise statuses.forbidden("namespaces", name, "", "this namespace may not be deleted")

    def _namespace_lives(self, resource: Resource, namespace: str, obj: Obj) -> None:
        entry = self._store.get(Key("", "namespaces", "", namespace))
        if entry is None:
            raise statuses.not_found("namespaces", namespace)
        if not entry.terminating:
            return
        refusal = statuses.forbidden(
            resource.plural,
            obj["metadata"].get("name", ""),
            resource.group,
            f"unable to create new content in namespace {namespace} because it is being terminated",
        )
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {namespace} is being terminated",
            "field": "metadata.namespace",
        }
        refusal.details = {**(refusal.details or {}), "causes": [cause]}
        raise refusal

    # ---- pods

    def _pod(self, namespace: str, obj: Obj) -> None:
        spec = obj.get("spec")
        if not isinstance(spec, dict):
            return
        if self._service_accounts and "kubernetes.io/config.mirror" not in (obj["metadata"].get("annotations") or {}):
            self._service_account(namespace, obj["metadata"].get("name", ""), spec)
        self._priority(obj["metadata"].get("name", ""), spec)
        _tolerate(spec)

    def _service_account(self, namespace: str, pod: str, spec: Obj) -> None:
        name = spec.get("serviceAccountName") or "default"
        spec["serviceAccountName"] = spec["serviceAccount"] = name
        entry = self._store.get(Key("", "serviceaccounts", namespace, name))
        if entry is None:
            raise statuses.forbidden(
                "pods",
                pod,
                "",
                f'error looking up service account {namespace}/{name}: serviceaccount "{name}" not found',
            )
        wanted = spec.get("automountServiceAccountToken")
        if wanted is None:
            wanted = entry.load().get("automountServiceAccountToken", True)
        if wanted:
            self._mount_token(spec)

    def _mount_token(self, spec: Obj) -> None:
        containers = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
        without = [one for one in containers if not _mounts(one, _TOKEN_PATH)]
        if not without:
            return
        volume = f"kube-api-access-{self._ids.suffix()}"
        for container in without:
            mount = {"name": volume, "readOnly": True, "mountPath": _TOKEN_PATH}
            container["volumeMounts"] = [*(container.get("volumeMounts") or []), mount]
        spec["volumes"] = [*(spec.get("volumes") or []), {"name": volume, "projected": _token_projection()}]

    def _priority(self, pod: str, spec: Obj) -> None:
        name = spec.get("priorityClassName")
        policy = "PreemptLowerPriority"
        if not name:
            value = 0
        elif name in _SYSTEM_PRIORITIES:
            value = _SYSTEM_PRIORITIES[name]
        else:
            entry = self._store.get(Key("scheduling.k8s.io", "priorityclasses", "", name))
            if entry is None:
                raise statuses.forbidden("pods", pod, "", f"no PriorityClass with name {name} was found")
            found = entry.load()
            value, policy = found.get("value", 0), found.get("preemptionPolicy", policy)
        if spec.get("priority") not in (None, value):
            raise statuses.forbidden(
                "pods",
                pod,
                "",
                f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; "
                f"priority admission controller computed {value} from the given PriorityClass name",
            )
        spec["priority"] = value
        spec.setdefault("preemptionPolicy", policy)


def _mounts(container: Obj, path: str) -> bool:
    return any(mount.get("mountPath") == path for mount in container.get("volumeMounts") or [])


def _token_projection() -> Obj:
    return {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": _TOKEN_LIFETIME_S, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {
                "downwardAPI": {
                    "items": [
                        {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
                    ]
                }
            },
        ],
        "defaultMode": 0o644,
    }


def _tolerate(spec: Obj) -> None:
    """DefaultTolerationSeconds: a pod stays five minutes on a node that is away."""
    tolerations = list(spec.get("tolerations") or [])
    for key in _NO_NODE:
        if not any(_tolerates(toleration, key) for toleration in tolerations):
            tolerations.append(
                {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": _UNREACHABLE_AFTER_S}
            )
    spec["tolerations"] = tolerations


def _tolerates(toleration: Obj, key: str) -> bool:
    return toleration.get("key") in (key, None, "") and toleration.get("effect") in ("NoExecute", None, "")


def _taint(obj: Obj) -> None:
    """TaintNodesByCondition: a new node is not ready until the node controller has looked."""
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        spec = obj["spec"] = {}
    taint = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}
    taints = spec.get("taints") or []
    if taint not in taints:
        spec["taints"] = [*taints, taint]
