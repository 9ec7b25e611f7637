"""RuntimeClass: a pod gets the overhead and the place of its runtime.

plugin/pkg/admission/runtimeclass/admission.go.
"""

from __future__ import annotations

from typing import Any

from backends.fake.admission.attributes import CREATE, Attributes
from backends.fake.admission.chain import Base, Step
from backends.fake.catalogue import Resource
from backends.fake.schema import quantity
from backends.fake.store import Key, Store

Obj = dict[str, Any]


class RuntimeClass(Base):
    """The plugin over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def mutates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """New pods."""
        return self._complete if resource.storage == ("", "pods") and not subresource and operation == CREATE else None

    def validates(self, resource: Resource, subresource: str, operation: str) -> Step | None:
        """New pods."""
        return self._check if resource.storage == ("", "pods") and not subresource and operation == CREATE else None

    def _class(self, write: Attributes) -> Obj | None:
        spec = write.obj.get("spec")
        name = spec.get("runtimeClassName") if isinstance(spec, dict) else None
        if not name:
            return None
        entry = self._store.get(Key("node.k8s.io", "runtimeclasses", "", name))
        if entry is None:
            raise write.forbidden(f'pod rejected: RuntimeClass "{name}" not found')
        return entry.load()

    def _complete(self, write: Attributes) -> None:
        found = self._class(write)
        if found is None:
            return
        spec = write.obj["spec"]
        overhead = (found.get("overhead") or {}).get("podFixed")
        if overhead:
            if spec.get("overhead") and not _same(spec["overhead"], overhead):
                raise write.forbidden("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
            spec["overhead"] = overhead
        scheduling = found.get("scheduling") or {}
        if scheduling.get("nodeSelector"):
            spec["nodeSelector"] = _merged(write, scheduling["nodeSelector"], spec.get("nodeSelector") or {})
        if scheduling.get("tolerations"):
            held = list(spec.get("tolerations") or [])
            spec["tolerations"] = held + [one for one in scheduling["tolerations"] if one not in held]

    def _check(self, write: Attributes) -> None:
        spec = write.obj.get("spec") or {}
        overhead = spec.get("overhead")
        if not overhead and not spec.get("runtimeClassName"):
            return
        found = self._class(write)
        wanted = ((found or {}).get("overhead") or {}).get("podFixed")
        if overhead and not wanted:
            raise write.forbidden("pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead")
        if wanted and not _same(overhead or {}, wanted):
            raise write.forbidden("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")


def _merged(write: Attributes, wanted: dict[str, str], held: dict[str, str]) -> dict[str, str]:
    for key, value in wanted.items():
        if held.get(key, value) != value:
            raise write.forbidden(
                f"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; "
                f"pod.spec.nodeSelector[{key}] = {held[key]}"
            )
    return {**held, **wanted}


def _same(one: dict[str, str], other: dict[str, str]) -> bool:
    return one.keys() == other.keys() and all(
        quantity.parse(one[name])[0] == quantity.parse(other[name])[0] for name in one
    )
