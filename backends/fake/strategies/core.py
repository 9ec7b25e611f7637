"""The core group: pods, namespaces, nodes, services, and the small ones. From pkg/registry/core/*/strategy.go."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from backends.fake.strategies.base import CreatedByPut, Obj, Strategy, finish


class Pods(Strategy):
    """Pods: a grace period, a generation, a status that begins as Pending."""

    generation = True
    returns_deleted = True
    status_keeps = ("ownerReferences",)

    def prepare_create(self, obj: Obj) -> None:
        """A new pod is Pending, and its class of service follows from what its containers ask for."""
        super().prepare_create(obj)
        status: Obj = {"phase": "Pending"}
        gates = (obj.get("spec") or {}).get("schedulingGates")
        if gates:
            status["conditions"] = [
                {
                    "type": "PodScheduled",
                    "status": "False",
                    "lastProbeTime": None,
                    "lastTransitionTime": None,
                    "reason": "SchedulingGated",
                    "message": "Scheduling is blocked due to non-empty scheduling gates",
                }
            ]
        status["qosClass"] = qos_class(obj.get("spec") or {})
        obj["status"] = status

    def prepare_update(self, new: Obj, old: Obj) -> None:
        """The status is not this endpoint's to write, and the class of service never changes."""
        super().prepare_update(new, old)
        new["status"] = old.get("status") or {}

    def prepare_status_update(self, new: Obj, old: Obj) -> Obj:
        """The class of service, and which generation was observed, are kept where a status does not name them."""
        result = super().prepare_status_update(new, old)
        before, status = old.get("status") or {}, result.get("status")
        if isinstance(status, dict):
            _keep(status, before, "qosClass")
            _keep(status, before, "observedGeneration")
            known = {one.get("type"): one for one in reversed(before.get("conditions") or ())}
            for condition in status.get("conditions") or ():
                _keep(condition, known.get(condition.get("type")) or {}, "observedGeneration")
        return result

    def grace_period_s(self, obj: Obj, asked: int | None) -> int | None:
        """The asked period, else the pod's own; 0 for one that never started or has finished."""
        spec, status = obj.get("spec") or {}, obj.get("status") or {}
        period = asked if asked is not None else spec.get("terminationGracePeriodSeconds", 30)
        if not spec.get("nodeName") or status.get("phase") in ("Failed", "Succeeded"):
            period = 0
        return 1 if period < 0 else int(period)


def _keep(status: Obj, before: Obj, member: str) -> None:
    if before.get(member):
        status.setdefault(member, before[member])


_COMPUTE = ("cpu", "memory")


def qos_class(spec: Obj) -> str:
    """Guaranteed, Burstable or BestEffort (pkg/apis/core/helper/qos)."""
    containers = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    if spec.get("resources"):
        containers = [spec]  # what a pod asks for as a whole goes before what its containers ask for
    guaranteed, any_named = True, False
    for container in containers:
        resources = container.get("resources") or {}
        requests: dict[str, Any] = resources.get("requests") or {}
        limits: dict[str, Any] = resources.get("limits") or {}
        for name in _COMPUTE:
            asked, limit = requests.get(name, limits.get(name)), limits.get(name)
            if _positive(asked) or _positive(limit):
                any_named = True
            if not _positive(limit) or asked != limit:
                guaranteed = False
    if not any_named:
        return "BestEffort"
    return "Guaranteed" if guaranteed else "Burstable"


def _positive(quantity: Any) -> bool:
    return quantity is not None and str(quantity) not in ("0", "")


class Namespaces(Strategy):
    """Namespaces: emptied by their controller before they go, which their own finalizer waits for."""

    returns_deleted = True

    def prepare_create(self, obj: Obj) -> None:
        """A new namespace is Active and held by the `kubernetes` finalizer."""
        super().prepare_create(obj)
        held = (obj.get("spec") or {}).get("finalizers") or []
        obj["spec"] = {"finalizers": held if "kubernetes" in held else [*held, "kubernetes"]}
        obj["status"] = {"phase": "Active"}
        _label(obj)

    def prepare_update(self, new: Obj, old: Obj) -> None:
        """Finalizers of the spec go through the finalize subresource alone; the name label is put back."""
        super().prepare_update(new, old)
        new["spec"], new["status"] = old.get("spec") or {}, old.get("status") or {}
        _label(new)

    def begin_delete(self, obj: Obj, now: datetime) -> bool | None:
        """Terminating first; removed when nothing holds it any more."""
        if not obj["metadata"].get("deletionTimestamp"):
            finish(obj, now)
            obj["status"] = {**(obj.get("status") or {}), "phase": "Terminating"}
        return not (obj.get("spec") or {}).get("finalizers") and not obj["metadata"].get("finalizers")

    def released(self, new: Obj, old: Obj) -> bool:
        """Terminating, and neither kind of finalizer is left."""
        return (
            "deletionTimestamp" in old["metadata"]
            and not new["metadata"].get("finalizers")
            and not (new.get("spec") or {}).get("finalizers")
        )


def _label(obj: Obj) -> None:
    metadata = obj["metadata"]
    name = metadata.get("name") or ""
    if name:
        metadata["labels"] = {**(metadata.get("labels") or {}), "kubernetes.io/metadata.name": name}


class Nodes(Strategy):
    """Nodes: they bring their status along."""

    keeps_status_on_create = True


class Services(CreatedByPut):
    """Services: a PUT creates them, a DELETE answers with them."""

    returns_deleted = True


class ServiceAccounts(Strategy):
    """ServiceAccounts: a DELETE answers with the object."""

    returns_deleted = True


class Events(CreatedByPut):
    """Events: no dependents, no collection."""

    collectable = False


class PersistentVolumes(Strategy):
    """PersistentVolumes: Pending until their controller looks."""

    returns_deleted = True

    def prepare_create(self, obj: Obj) -> None:
        """A new one is Pending."""
        super().prepare_create(obj)
        obj["status"] = {"phase": "Pending"}


class PersistentVolumeClaims(PersistentVolumes):
    """Claims: as volumes."""
