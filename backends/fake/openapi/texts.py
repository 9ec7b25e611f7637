"""What OpenAPI says in words: descriptions of types and fields, and the values of enumerations.

Descriptions come from a file that `scripts/schema` derives from the published definitions. These leave enumerations
out, so `ENUMS` has them: the values of Go's types that k8s.io/api marks with `+enum`, as the real server lists them.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Final

import orjson

FILE: Final = Path(__file__).parent.parent / "data" / "descriptions.json"

ENUMS: Final[dict[str, tuple[str, ...]]] = {
    name: tuple(sorted(values.split()))
    for name, values in {
        # core
        "v1.AzureDataDiskCachingMode": "None ReadOnly ReadWrite",
        "v1.AzureDataDiskKind": "Dedicated Managed Shared",
        "v1.AppArmorProfileType": "Localhost RuntimeDefault Unconfined",
        "v1.DNSPolicy": "ClusterFirst ClusterFirstWithHostNet Default None",
        "v1.IPFamilyPolicy": "PreferDualStack RequireDualStack SingleStack",
        "v1.MountPropagationMode": "Bidirectional HostToContainer None",
        "v1.NamespacePhase": "Active Terminating",
        "v1.NodeInclusionPolicy": "Honor Ignore",
        "v1.NodePhase": "Pending Running Terminated",
        "v1.NodeSelectorOperator": "DoesNotExist Exists Gt In Lt NotIn",
        "v1.PersistentVolumeAccessMode": "ReadOnlyMany ReadWriteMany ReadWriteOnce ReadWriteOncePod",
        "v1.PersistentVolumeClaimPhase": "Bound Lost Pending",
        "v1.PersistentVolumeMode": "Block Filesystem",
        "v1.PersistentVolumePhase": "Available Bound Failed Pending Released",
        "v1.PersistentVolumeReclaimPolicy": "Delete Recycle Retain",
        "v1.PodFSGroupChangePolicy": "Always OnRootMismatch",
        "v1.PodPhase": "Failed Pending Running Succeeded Unknown",
        "v1.PodQOSClass": "BestEffort Burstable Guaranteed",
        "v1.PreemptionPolicy": "Never PreemptLowerPriority",
        "v1.ProcMountType": "Default Unmasked",
        "v1.Protocol": "SCTP TCP UDP",
        "v1.PullPolicy": "Always IfNotPresent Never",
        "v1.ResourceQuotaScope": (
            "BestEffort CrossNamespacePodAffinity NotBestEffort NotTerminating PriorityClass Terminating "
            "VolumeAttributesClass"
        ),
        "v1.RestartPolicy": "Always Never OnFailure",
        "v1.ScopeSelectorOperator": "DoesNotExist Exists In NotIn",
        "v1.SeccompProfileType": "Localhost RuntimeDefault Unconfined",
        "v1.ServiceAffinity": "ClientIP None",
        "v1.ServiceExternalTrafficPolicy": "Cluster Local",
        "v1.ServiceInternalTrafficPolicy": "Cluster Local",
        "v1.ServiceType": "ClusterIP ExternalName LoadBalancer NodePort",
        "v1.SupplementalGroupsPolicy": "Merge Strict",
        "v1.TaintEffect": "NoExecute NoSchedule PreferNoSchedule",
        "v1.TerminationMessagePolicy": "FallbackToLogsOnError File",
        "v1.TolerationOperator": "Equal Exists",
        "v1.URIScheme": "HTTP HTTPS",
        "v1.UnsatisfiableConstraintAction": "DoNotSchedule ScheduleAnyway",
        # apps
        "v1.DaemonSetUpdateStrategyType": "OnDelete RollingUpdate",
        "v1.DeploymentStrategyType": "Recreate RollingUpdate",
        "v1.PodManagementPolicyType": "OrderedReady Parallel",
        "v1.StatefulSetUpdateStrategyType": "OnDelete RollingUpdate",
        # batch
        "v1.CompletionMode": "Indexed NonIndexed",
        "v1.ConcurrencyPolicy": "Allow Forbid Replace",
        "v1.PodFailurePolicyAction": "Count FailIndex FailJob Ignore",
        "v1.PodFailurePolicyOnExitCodesOperator": "In NotIn",
        "v1.PodReplacementPolicy": "Failed TerminatingOrFailed",
        # networking, discovery, storage, policy
        "v1.AddressType": "FQDN IPv4 IPv6",
        "v1.PathType": "Exact ImplementationSpecific Prefix",
        "v1.PolicyType": "Egress Ingress",
        "v1.UnhealthyPodEvictionPolicyType": "AlwaysAllow IfHealthyBudget",
        "v1.VolumeBindingMode": "Immediate WaitForFirstConsumer",
        # admissionregistration
        "v1.FailurePolicyType": "Fail Ignore",
        "v1.MatchPolicyType": "Equivalent Exact",
        "v1.ParameterNotFoundActionType": "Allow Deny",
        "v1.ReinvocationPolicyType": "IfNeeded Never",
        "v1.ScopeType": "* Cluster Namespaced",
        "v1.SideEffectClass": "None NoneOnDryRun Some Unknown",
    }.items()
}
"""Go's name of a type to its values."""


@functools.cache
def _file() -> dict[str, Any]:
    loaded: dict[str, Any] = orjson.loads(FILE.read_bytes())
    return loaded


def of_type(name: str) -> str:
    """What a type is, "" where nothing is said; `name` as in the compact schema."""
    return _text(_file()["types"].get(name, ("", {}))[0])


def of_field(name: str, field: str, enum: tuple[str, ...] = ()) -> str:
    """What a field of a type is, with the values that it can have."""
    text = _text(_file()["types"].get(name, ("", {}))[1].get(field, ""))
    if not enum:
        return text
    values = "\n".join(f' - `"{value}"`' for value in enum)
    return f"{text}\n\nPossible enum values:\n{values}"


def _text(kept: str | int) -> str:
    text: str = _file()["shared"][kept] if isinstance(kept, int) else kept
    return text
