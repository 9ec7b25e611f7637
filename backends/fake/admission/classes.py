"""DefaultStorageClass and DefaultIngressClass: who names no class gets the default one.

plugin/pkg/admission/storage/storageclass/setdefault and plugin/pkg/admission/network/defaultingressclass.
"""

from __future__ import annotations

from backends.fake.admission.attributes import CREATE, Attributes
from backends.fake.admission.chain import Base, Step
from backends.fake.catalogue import Resource
from backends.fake.store import Entry, Store

STORAGE_CLASSES = ("storage.k8s.io", "storageclasses")
INGRESS_CLASSES = ("networking.k8s.io", "ingressclasses")
_STORAGE = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
_INGRESS = ("ingressclass.kubernetes.io/is-default-class",)


class DefaultClasses(Base):
    """Both plugins over one store: they differ in names alone."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def mutates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """New claims and new ingresses."""
        if subresource or operation != CREATE:
            return None
        if resource.storage == ("", "persistentvolumeclaims"):
            return self._claim
        return self._ingress if resource.storage == ("networking.k8s.io", "ingresses") else None

    def _claim(self, write: Attributes) -> None:
        self._fill(write, STORAGE_CLASSES, _STORAGE, "storageClassName", "volume.beta.kubernetes.io/storage-class")

    def _ingress(self, write: Attributes) -> None:
        self._fill(write, INGRESS_CLASSES, _INGRESS, "ingressClassName", "kubernetes.io/ingress.class")

    def _fill(self, write: Attributes, stored: tuple[str, str], marks: tuple[str, ...], member: str, old: str) -> None:
        spec = write.obj.get("spec")
        if not isinstance(spec, dict) or spec.get(member) is not None:
            return
        if old in (write.obj["metadata"].get("annotations") or {}):
            return
        name = default_of(self._store.list(*stored), marks)
        if name is not None:
            spec[member] = name


def default_of(entries: list[Entry], marks: tuple[str, ...]) -> str | None:
    """The name of the default class: of several the youngest, then the first by name."""
    found = []
    for entry in entries:
        if b"is-default-class" not in entry.tail:
            continue
        metadata = entry.load()["metadata"]
        annotations = metadata.get("annotations") or {}
        if any(annotations.get(mark) == "true" for mark in marks):
            found.append((metadata.get("creationTimestamp") or "", entry.key.name))
    if not found:
        return None
    youngest = max(stamp for stamp, _ in found)
    return min(name for stamp, name in found if stamp == youngest)
