"""NamespaceLifecycle: nothing is created where there is no namespace, or one that goes; some namespaces stay.

plugin/namespace/lifecycle/admission.go of k8s.io/apiserver.
"""

from __future__ import annotations

from backends.fake import statuses
from backends.fake.admission.attributes import CREATE, DELETE, Attributes
from backends.fake.admission.chain import Base, Step
from backends.fake.catalogue import Resource
from backends.fake.store import Store

NAMESPACES = ("", "namespaces")
PERMANENT = frozenset({"default", "kube-system", "kube-public"})


class NamespaceLifecycle(Base):
    """The plugin over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def mutates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """Creations and updates in namespaces, deletions of namespaces."""
        del subresource  # whatever is created below an object is created in its namespace
        if resource.storage == NAMESPACES:
            return _stays if operation == DELETE else None
        if not resource.namespaced or operation == DELETE:
            return None
        return self._lives if operation == CREATE else self._exists

    def _exists(self, write: Attributes) -> None:
        if self._store.at(NAMESPACES, "", write.namespace) is None:
            raise statuses.not_found("namespaces", write.namespace)

    def _lives(self, write: Attributes) -> None:
        namespace = write.namespace
        entry = self._store.at(NAMESPACES, "", namespace)
        if entry is None:
            raise statuses.not_found("namespaces", namespace)
        if not entry.terminating:
            return
        refusal = write.forbidden(
            f"unable to create new content in namespace {namespace} because it is being terminated"
        )
        cause = {
            "reason": "NamespaceTerminating",
            "message": f"namespace {namespace} is being terminated",
            "field": "metadata.namespace",
        }
        refusal.details = {**(refusal.details or {}), "causes": [cause]}
        raise refusal


def _stays(write: Attributes) -> None:
    if write.name in PERMANENT:
        raise statuses.forbidden("namespaces", write.name, "", "this namespace may not be deleted")
