"""Which resource has which strategy; all others have the generic one."""

from __future__ import annotations

from backends.fake.strategies import core, extensions, workloads
from backends.fake.strategies.base import (
    CreatedByPut,
    Obj,
    Returned,
    Strategy,
    Versioned,
    WithGeneration,
    kept_but_for_owners,
)


class _Leases(CreatedByPut, Versioned):
    """Leases: a PUT creates them, and must name the version of one that is there.

    The members of coordinated leader election, which is off by default, are left out.
    """

    def prepare_create(self, obj: Obj) -> None:
        """Without what belongs to the feature that is off."""
        super().prepare_create(obj)
        self.prepare_update(obj, {})

    def prepare_update(self, new: Obj, old: Obj) -> None:
        """The same, but for what is there already."""
        wanted, held = new.get("spec") or {}, old.get("spec") or {}
        for member in ("strategy", "preferredHolder"):
            if held.get(member) is None:
                wanted.pop(member, None)


class _VersionedWithGeneration(WithGeneration, Versioned):
    """Kinds that count their generation and refuse a PUT without a version."""


class _ReturnedWithGeneration(WithGeneration, Returned):
    """Kinds that count their generation, and whose DELETE answers with the object."""


class _PodTemplates(CreatedByPut, _ReturnedWithGeneration):
    """PodTemplates: a PUT creates them."""


class _EndpointSlices(WithGeneration):
    """EndpointSlices: labels count as a change too, because they say whose slices they are."""

    def wants_change(self, new: Obj, old: Obj) -> bool:
        """Anything but the rest of the metadata differs."""
        before, after = old["metadata"].get("labels") or {}, new["metadata"].get("labels") or {}
        return before != after or super().wants_change(new, old)


class _PriorityClasses(WithGeneration):
    """PriorityClasses: their generation stays 1."""

    def wants_change(self, new: Obj, old: Obj) -> bool:
        """Nothing that may change counts."""
        del new, old
        return False


class _VersionedReturned(Versioned, Returned):
    """CSINodes: a PUT must name the version that it saw, a DELETE answers with the object."""


class _StatusAlone(Strategy):
    """Kinds of which a write to the status changes nothing else (ResetObjectMetaForStatus)."""

    def prepare_status_update(self, new: Obj, old: Obj) -> Obj:
        """The status, and who owns it; of the metadata nothing else."""
        return {**super().prepare_status_update(new, old), "metadata": kept_but_for_owners(new, old)}


class _VolumeAttachments(_VersionedReturned, _StatusAlone):
    """VolumeAttachments: as CSINodes, and their status changes alone."""


class _FlowControl(WithGeneration, _StatusAlone):
    """FlowSchemas and PriorityLevelConfigurations: their status changes alone."""


class _AdmissionPolicies(_VersionedWithGeneration, _StatusAlone):
    """ValidatingAdmissionPolicies: their status changes alone."""


class _CSIDrivers(_VersionedWithGeneration, Returned):
    """CSIDrivers: a PUT must name the version that it saw."""


_CREATED_BY_PUT = CreatedByPut()
_RETURNED = Returned()
_RETURNED_WITH_GENERATION = _ReturnedWithGeneration()
_VERSIONED = Versioned()
_WITH_GENERATION = WithGeneration()
_VERSIONED_WITH_GENERATION = _VersionedWithGeneration()

_ADMISSION = "admissionregistration.k8s.io"
_RBAC = "rbac.authorization.k8s.io"
_STORAGE = "storage.k8s.io"

STRATEGIES: dict[tuple[str, str], Strategy] = {
    ("", "endpoints"): _CREATED_BY_PUT,
    ("", "events"): core.Events(),
    ("", "limitranges"): _CREATED_BY_PUT,
    ("", "namespaces"): core.Namespaces(),
    ("", "nodes"): core.Nodes(),
    ("", "persistentvolumeclaims"): core.PersistentVolumeClaims(),
    ("", "persistentvolumes"): core.PersistentVolumes(),
    ("", "pods"): core.Pods(),
    ("", "podtemplates"): _PodTemplates(),
    ("", "replicationcontrollers"): workloads.ReplicationControllers(),
    ("", "resourcequotas"): _RETURNED,
    ("", "serviceaccounts"): core.ServiceAccounts(),
    ("", "services"): core.Services(),
    ("apps", "daemonsets"): workloads.DaemonSets(),
    ("apps", "deployments"): workloads.Deployments(),
    ("apps", "replicasets"): _WITH_GENERATION,
    ("apps", "statefulsets"): _WITH_GENERATION,
    ("batch", "cronjobs"): _WITH_GENERATION,
    ("batch", "jobs"): workloads.Jobs(),
    ("policy", "poddisruptionbudgets"): workloads.Budgets(),
    ("coordination.k8s.io", "leases"): _Leases(),
    ("discovery.k8s.io", "endpointslices"): _EndpointSlices(),
    ("networking.k8s.io", "ingressclasses"): _WITH_GENERATION,
    ("networking.k8s.io", "ingresses"): _WITH_GENERATION,
    ("networking.k8s.io", "networkpolicies"): _WITH_GENERATION,
    ("networking.k8s.io", "servicecidrs"): _StatusAlone(),
    ("scheduling.k8s.io", "priorityclasses"): _PriorityClasses(),
    ("node.k8s.io", "runtimeclasses"): _VERSIONED,
    ("apiregistration.k8s.io", "apiservices"): _VERSIONED,
    ("apiextensions.k8s.io", "customresourcedefinitions"): extensions.CustomResourceDefinitions(),
    (_ADMISSION, "mutatingwebhookconfigurations"): _VERSIONED_WITH_GENERATION,
    (_ADMISSION, "validatingwebhookconfigurations"): _VERSIONED_WITH_GENERATION,
    (_ADMISSION, "validatingadmissionpolicies"): _AdmissionPolicies(),
    (_ADMISSION, "validatingadmissionpolicybindings"): _VERSIONED_WITH_GENERATION,
    (_RBAC, "clusterrolebindings"): _CREATED_BY_PUT,
    (_RBAC, "clusterroles"): _CREATED_BY_PUT,
    (_RBAC, "rolebindings"): _CREATED_BY_PUT,
    (_RBAC, "roles"): _CREATED_BY_PUT,
    (_STORAGE, "csidrivers"): _CSIDrivers(),
    (_STORAGE, "csinodes"): _VersionedReturned(),
    (_STORAGE, "csistoragecapacities"): _VERSIONED,
    (_STORAGE, "storageclasses"): _RETURNED,
    (_STORAGE, "volumeattachments"): _VolumeAttachments(),
    (_STORAGE, "volumeattributesclasses"): _RETURNED,
    ("resource.k8s.io", "deviceclasses"): _RETURNED_WITH_GENERATION,
    ("resource.k8s.io", "resourceclaims"): _RETURNED,
    ("resource.k8s.io", "resourceclaimtemplates"): _RETURNED,
    ("resource.k8s.io", "resourceslices"): _RETURNED_WITH_GENERATION,
    ("flowcontrol.apiserver.k8s.io", "flowschemas"): _FlowControl(),
    ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"): _FlowControl(),
}
