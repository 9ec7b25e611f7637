"""StorageObjectInUseProtection and PersistentVolumeClaimResize: what is in use stays; what cannot grow does not.

plugin/pkg/admission/storage. The finalizers are taken off by the controllers of the same names.
"""

from __future__ import annotations

from backends.fake.admission.attributes import CREATE, UPDATE, Attributes
from backends.fake.admission.chain import Base, Step
from backends.fake.catalogue import Resource
from backends.fake.schema import quantity
from backends.fake.store import Key, Store

CLAIMS = ("", "persistentvolumeclaims")
PROTECTION = {CLAIMS: "kubernetes.io/pvc-protection", ("", "persistentvolumes"): "kubernetes.io/pv-protection"}


class StorageObjectInUseProtection(Base):
    """New volumes and claims are held by a finalizer."""

    def mutates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """New volumes and claims."""
        return _protect if resource.storage in PROTECTION and not subresource and operation == CREATE else None


class PersistentVolumeClaimResize(Base):
    """A bound claim grows where its class allows it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def validates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """Changed claims."""
        return self._check if resource.storage == CLAIMS and not subresource and operation == UPDATE else None

    def _check(self, write: Attributes) -> None:
        old = write.old or {}
        asked, had = (
            ((one.get("spec") or {}).get("resources") or {}).get("requests", {}).get("storage", "0")
            for one in (write.obj, old)
        )
        if quantity.parse(asked)[0] <= quantity.parse(had)[0]:
            return
        if (old.get("status") or {}).get("phase") != "Bound":
            raise write.forbidden("Only bound persistent volume claims can be expanded")
        name = (write.obj.get("spec") or {}).get("storageClassName") or ""
        entry = self._store.get(Key("storage.k8s.io", "storageclasses", "", name))
        if entry is None or not entry.load().get("allowVolumeExpansion"):
            raise write.forbidden(
                "only dynamically provisioned pvc can be resized and "
                "the storageclass that provisions the pvc must support resize"
            )


def _protect(write: Attributes) -> None:
    metadata, finalizer = write.obj["metadata"], PROTECTION[write.resource.storage]
    held = metadata.get("finalizers") or []
    if finalizer not in held:
        metadata["finalizers"] = [*held, finalizer]
