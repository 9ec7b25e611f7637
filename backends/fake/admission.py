"""Admission: the built-in plugins that see every write before it is validated.

Called by the registry. Imitated: NamespaceLifecycle (the namespace exists and is not terminating) and ServiceAccount
(a pod runs as an account that exists). The others of a real server's default set do not act here: quotas, limit
ranges, priorities, webhooks and policies are stored, never enforced (see `NOT_IMITATED`).
"""

from __future__ import annotations

from typing import Any

from backends.fake import statuses
from backends.fake.catalogue import Catalogue, Resource
from backends.fake.store import Key, Store

PERMANENT_NAMESPACES = frozenset({"default", "kube-system", "kube-public"})


class BuiltinAdmission:
    """The plugins over one store. `service_accounts` False leaves the ServiceAccount plugin out, as envtest does."""

    def __init__(self, store: Store, catalogue: Catalogue, *, service_accounts: bool) -> None:
        self._store = store
        self._service_accounts = service_accounts
        self._pods = catalogue.resources["", "v1", "pods"]

    def admit_create(self, resource: Resource, namespace: str, obj: dict[str, Any], user: str) -> None:
        """Refuse what may not be created; complete what is incomplete."""
        del user
        if resource.namespaced:
            self._namespace_lives(resource, namespace, obj)
        if resource.storage == ("", "pods") and self._service_accounts:
            self._service_account(namespace, obj)

    def admit_delete(self, resource: Resource, namespace: str, name: str) -> None:
        """Refuse to delete the namespaces that must be there."""
        del namespace
        if resource.storage == ("", "namespaces") and name in PERMANENT_NAMESPACES:
            raise statuses.forbidden("namespaces", name, "", "this namespace may not be deleted")

    def _namespace_lives(self, resource: Resource, namespace: str, obj: dict[str, Any]) -> None:
        entry = self._store.get(Key("", "namespaces", "", namespace))
        if entry is None:
            raise statuses.not_found("namespaces", namespace)
        if entry.terminating:
            name = obj["metadata"].get("name", "")
            refusal = statuses.forbidden(
                resource.plural, name, resource.group,
                f"unable to create new content in namespace {namespace} because it is being terminated",
            )  # fmt: skip
            refusal.details = {
                **(refusal.details or {}),
                "causes": [
                    {
                        "reason": "NamespaceTerminating",
                        "message": f"namespace {namespace} is being terminated",
                        "field": "metadata.namespace",
                    }
                ],
            }
            raise refusal

    def _service_account(self, namespace: str, obj: dict[str, Any]) -> None:
        spec = obj.get("spec")
        if not isinstance(spec, dict):
            return
        if "kubernetes.io/config.mirror" in (obj["metadata"].get("annotations") or {}):
            return
        name = spec.get("serviceAccountName") or "default"
        if self._store.get(Key("", "serviceaccounts", namespace, name)) is None:
            raise statuses.forbidden(
                "pods", obj["metadata"].get("name", ""), "",
                f'error looking up service account {namespace}/{name}: serviceaccount "{name}" not found',
            )  # fmt: skip
        spec["serviceAccountName"] = spec["serviceAccount"] = name
