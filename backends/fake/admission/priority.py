"""Priority: a pod's priority comes from its class; there is one default class at most.

plugin/pkg/admission/priority/admission.go.
"""

from __future__ import annotations

from typing import Any

from backends.fake.admission.attributes import CREATE, DELETE, UPDATE, Attributes
from backends.fake.admission.chain import Base, Step
from backends.fake.catalogue import Resource
from backends.fake.store import Key, Store

Obj = dict[str, Any]

CLASSES = ("scheduling.k8s.io", "priorityclasses")
PREEMPT = "PreemptLowerPriority"
SYSTEM = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
"""What a real server has from the beginning, and nobody can delete."""


class Priority(Base):
    """The plugin over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def mutates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """Pods."""
        if resource.storage == ("", "pods") and not subresource:
            return {CREATE: self._resolve, UPDATE: _keep}.get(operation)
        if resource.storage == CLASSES and operation == DELETE:
            return _stays
        return None

    def validates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """PriorityClasses."""
        return (
            self._one_default
            if resource.storage == CLASSES and not subresource and operation in (CREATE, UPDATE)
            else None
        )

    def _resolve(self, write: Attributes) -> None:
        spec = write.obj.get("spec")
        if not isinstance(spec, dict):
            return
        name = spec.get("priorityClassName")
        if not name:
            name, value, policy = self._default()
            if name:
                spec["priorityClassName"] = name
        else:
            value, policy = self._class(write, name)
        given = spec.get("priority")
        if given is not None and given != value:
            raise write.forbidden(
                f"the integer value of priority ({given}) must not be provided in pod spec; "
                f"priority admission controller computed {value} from the given PriorityClass name"
            )
        spec["priority"] = value
        asked = spec.get("preemptionPolicy")
        if asked is not None and asked != policy:
            raise write.forbidden(
                f"the string value of PreemptionPolicy ({asked}) must not be provided in pod spec; "
                f"priority admission controller computed {policy} from the given PriorityClass name"
            )
        spec["preemptionPolicy"] = policy

    def _class(self, write: Attributes, name: str) -> tuple[int, str]:
        entry = self._store.get(Key(*CLASSES, "", name))
        if entry is not None:
            found = entry.load()
            return found.get("value", 0), found.get("preemptionPolicy", PREEMPT)
        if name in SYSTEM:
            return SYSTEM[name], PREEMPT
        raise write.forbidden(f"no PriorityClass with name {name} was found")

    def _default(self) -> tuple[str, int, str]:
        """The default class: of several (there should be one) that with the lowest value."""
        best: Obj | None = None
        for entry in self._store.list(*CLASSES):
            if b'"globalDefault":true' in entry.rest:
                found = entry.load()
                if found.get("globalDefault") and (best is None or found.get("value", 0) < best.get("value", 0)):
                    best = found
        if best is None:
            return "", 0, PREEMPT
        return best["metadata"]["name"], best.get("value", 0), best.get("preemptionPolicy", PREEMPT)

    def _one_default(self, write: Attributes) -> None:
        if not write.obj.get("globalDefault"):
            return
        name, _, _ = self._default()
        if name and name != write.name:
            raise write.forbidden(f"PriorityClass {name} is already marked as default. Only one default can exist")


def _keep(write: Attributes) -> None:
    """An update that leaves the priority out does not mean to change it."""
    new, old = write.obj.get("spec"), (write.old or {}).get("spec") or {}
    if isinstance(new, dict):
        for member in ("priority", "preemptionPolicy"):
            if new.get(member) is None and old.get(member) is not None:
                new[member] = old[member]


def _stays(write: Attributes) -> None:
    if write.name in SYSTEM:
        raise write.forbidden("this is a system priority class and cannot be deleted")
