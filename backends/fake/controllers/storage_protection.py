"""What is in use is not deleted: claims that pods use, volumes that are bound.

kube-controller-manager's `pvc-protection-controller` and `pv-protection-controller` (pkg/controller/volume). Admission
puts a finalizer on every new claim and volume; these take it off when the object goes and nobody uses it any more.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import ClassVar

from backends.fake.admission.volumes import PROTECTION
from backends.fake.controllers.client import Update
from backends.fake.controllers.controller import Controller, Now, Place
from backends.fake.controllers.kinds import CLAIMS, PODS, VOLUMES, Kind
from backends.fake.store import StoreEvent
from backends.kubelet.pods import Object


class _Protection(Controller):
    """Takes the finalizer of `kind` off what goes and is not used."""

    def step(self, namespace: str, name: str, _now: Now) -> float | None:
        """Let the object go, or protect one that came without the finalizer."""
        obj = self.client.get(self.kind, namespace, name)
        if obj is None:
            return None
        finalizer, held = PROTECTION[self.kind.stored], obj["metadata"].get("finalizers") or []
        going = "deletionTimestamp" in obj["metadata"]
        if going and finalizer in held and not self._is_used(obj):
            self._finalize(obj, [one for one in held if one != finalizer])
        elif not going and finalizer not in held:
            self._finalize(obj, [*held, finalizer])
        return None

    def _finalize(self, obj: Object, finalizers: list[str]) -> None:
        metadata = {**obj["metadata"], "finalizers": finalizers}
        self.client.apply([Update(self.kind, {**obj, "metadata": metadata})])

    @abstractmethod
    def _is_used(self, obj: Object) -> bool:
        """Whether somebody still needs it."""


class ClaimProtection(_Protection):
    """A claim stays while a pod that has a node uses it, even one that has finished."""

    name = "pvc-protection-controller"
    kind: ClassVar[Kind] = CLAIMS
    watches = (CLAIMS, PODS)
    reaction_s = 0.0

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """A claim; the claims of a pod that is gone."""
        if event.key.plural == CLAIMS.plural:
            return ((event.key.namespace, event.key.name),) if event.type != "DELETED" else ()
        if event.type != "DELETED" or event.old is None or b"persistentVolumeClaim" not in event.old.tail:
            return ()
        return [(event.key.namespace, name) for name in _claims_of(event.old.load())]

    def _is_used(self, obj: Object) -> bool:
        metadata = obj["metadata"]
        marked = b'"' + metadata["name"].encode() + b'"'
        return any(
            marked in entry.tail and _uses(entry.load(), metadata["name"])
            for entry in self.client.entries(PODS, metadata["namespace"])
        )


class VolumeProtection(_Protection):
    """A volume stays while it is bound."""

    name = "pv-protection-controller"
    kind: ClassVar[Kind] = VOLUMES
    watches = (VOLUMES,)
    reaction_s = 0.0

    def concerns(self, event: StoreEvent) -> Iterable[Place]:
        """A volume."""
        return (("", event.key.name),) if event.type != "DELETED" else ()

    def _is_used(self, obj: Object) -> bool:
        return (obj.get("status") or {}).get("phase") == "Bound"


def _claims_of(pod: Object) -> list[str]:
    volumes = (pod.get("spec") or {}).get("volumes") or []
    return [volume["persistentVolumeClaim"]["claimName"] for volume in volumes if "persistentVolumeClaim" in volume]


def _uses(pod: Object, claim: str) -> bool:
    return bool((pod.get("spec") or {}).get("nodeName")) and claim in _claims_of(pod)
