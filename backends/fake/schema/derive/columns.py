"""The columns of every kind that `kubectl get` shows, with the descriptions that the server sends along.

Called by `scripts/schema`, which writes them to `backends/fake/data/columns.json`, and by the test that checks that
file. Names, types and priorities are those of AddHandlers in pkg/printers/internalversion/printers.go, v1.34; where a
description there is a field's documentation, it is looked up in the OpenAPI definitions here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

Definition = Mapping[str, Any]

NAME = "Name:name @apimachinery.pkg.apis.meta.v1.ObjectMeta.name"
AGE = "Age @apimachinery.pkg.apis.meta.v1.ObjectMeta.creationTimestamp"
CONTAINERS = "Containers* Names of each container in the template."
IMAGES = "Images* Images referenced by each container in the template."

_RESTARTS = (
    "Restarts The number of times the containers in this pod have been restarted and when the last container in this "
    "pod has restarted."
)
_LIMIT = (
    "Limit Limits control the maximum amount of cpu/memory that a container may use independent of contention on the "
    "node."
)
# The printer quotes extensions/v1beta1, which says less than apps/v1.
_SELECTED = (
    "Selector* Label selector for pods. Existing ReplicaSets whose pods are selected by this will be the ones affected "
    "by this deployment."
)


class Column(NamedTuple):
    """One column. `priority` 1 is shown with `-o wide` only."""

    name: str
    type: str
    format: str
    description: str
    priority: int


# One line a column: its name (`_` is a blank), `:type` (string unless said; `name` is a string of that format), `*` for
# priority 1, then the description, or `@` and the field whose documentation it is.
_TABLES: dict[str, tuple[str, ...]] = {
    "default": (NAME, "Created_At:date @apimachinery.pkg.apis.meta.v1.ObjectMeta.creationTimestamp"),
    "scale": (
        "Name @apimachinery.pkg.apis.meta.v1.ObjectMeta.name",
        "Desired:integer @api.autoscaling.v1.ScaleSpec.replicas",
        "Available:integer @api.autoscaling.v1.ScaleStatus.replicas",
        AGE,
    ),
    "/componentstatuses": (
        NAME,
        "Status Status of the component conditions",
        "Message Message of the component conditions",
        "Error Error of the component conditions",
    ),
    "/configmaps": (NAME, "Data @api.core.v1.ConfigMap.data", AGE),
    "/endpoints": (NAME, "Endpoints @api.core.v1.Endpoints.subsets", AGE),
    "/events": (
        "Last_Seen @api.core.v1.Event.lastTimestamp",
        "Type @api.core.v1.Event.type",
        "Reason @api.core.v1.Event.reason",
        "Object @api.core.v1.Event.involvedObject",
        "Subobject* @api.core.v1.ObjectReference.fieldPath",
        "Source* @api.core.v1.Event.source",
        "Message @api.core.v1.Event.message",
        "First_Seen* @api.core.v1.Event.firstTimestamp",
        "Count* @api.core.v1.Event.count",
        "Name:name* @apimachinery.pkg.apis.meta.v1.ObjectMeta.name",
    ),
    "/namespaces": (NAME, "Status The status of the namespace", AGE),
    "/nodes": (
        NAME,
        "Status The status of the node",
        "Roles The roles of the node",
        AGE,
        "Version @api.core.v1.NodeSystemInfo.kubeletVersion",
        "Internal-IP* @api.core.v1.NodeStatus.addresses",
        "External-IP* @api.core.v1.NodeStatus.addresses",
        "OS-Image* @api.core.v1.NodeSystemInfo.osImage",
        "Kernel-Version* @api.core.v1.NodeSystemInfo.kernelVersion",
        "Container-Runtime* @api.core.v1.NodeSystemInfo.containerRuntimeVersion",
    ),
    "/persistentvolumeclaims": (
        NAME,
        "Status @api.core.v1.PersistentVolumeClaimStatus.phase",
        "Volume @api.core.v1.PersistentVolumeClaimSpec.volumeName",
        "Capacity @api.core.v1.PersistentVolumeClaimStatus.capacity",
        "Access_Modes @api.core.v1.PersistentVolumeClaimStatus.accessModes",
        "StorageClass StorageClass of the pvc",
        "VolumeAttributesClass VolumeAttributesClass of the pvc",
        AGE,
        "VolumeMode* @api.core.v1.PersistentVolumeClaimSpec.volumeMode",
    ),
    "/persistentvolumes": (
        NAME,
        "Capacity @api.core.v1.PersistentVolumeSpec.capacity",
        "Access_Modes @api.core.v1.PersistentVolumeSpec.accessModes",
        "Reclaim_Policy @api.core.v1.PersistentVolumeSpec.persistentVolumeReclaimPolicy",
        "Status @api.core.v1.PersistentVolumeStatus.phase",
        "Claim @api.core.v1.PersistentVolumeSpec.claimRef",
        "StorageClass StorageClass of the pv",
        "VolumeAttributesClass VolumeAttributesClass of the pv",
        "Reason @api.core.v1.PersistentVolumeStatus.reason",
        AGE,
        "VolumeMode* @api.core.v1.PersistentVolumeSpec.volumeMode",
    ),
    "/pods": (
        NAME,
        "Ready The aggregate readiness state of this pod for accepting traffic.",
        "Status The aggregate status of the containers in this pod.",
        _RESTARTS,
        AGE,
        "IP* @api.core.v1.PodStatus.podIP",
        "Node* @api.core.v1.PodSpec.nodeName",
        "Nominated_Node* @api.core.v1.PodStatus.nominatedNodeName",
        "Readiness_Gates* @api.core.v1.PodSpec.readinessGates",
    ),
    "/podtemplates": (
        NAME,
        CONTAINERS.replace("*", ""),
        IMAGES.replace("*", ""),
        "Pod_Labels The labels for the pod template.",
    ),
    "/replicationcontrollers": (
        NAME,
        "Desired:integer @api.core.v1.ReplicationControllerSpec.replicas",
        "Current:integer @api.core.v1.ReplicationControllerStatus.replicas",
        "Ready:integer @api.core.v1.ReplicationControllerStatus.readyReplicas",
        AGE,
        CONTAINERS,
        IMAGES,
        "Selector* @api.core.v1.ReplicationControllerSpec.selector",
    ),
    "/resourcequotas": (
        NAME,
        "Request Request represents a minimum amount of cpu/memory that a container may consume.",
        _LIMIT,
        AGE,
    ),
    "/secrets": (NAME, "Type @api.core.v1.Secret.type", "Data @api.core.v1.Secret.data", AGE),
    "/serviceaccounts": (NAME, "Secrets @api.core.v1.ServiceAccount.secrets", AGE),
    "/services": (
        NAME,
        "Type @api.core.v1.ServiceSpec.type",
        "Cluster-IP @api.core.v1.ServiceSpec.clusterIP",
        "External-IP @api.core.v1.ServiceSpec.externalIPs",
        "Port(s) @api.core.v1.ServiceSpec.ports",
        AGE,
        "Selector* @api.core.v1.ServiceSpec.selector",
    ),
    "admissionregistration.k8s.io/mutatingwebhookconfigurations": (
        NAME,
        "Webhooks:integer Webhooks indicates the number of webhooks registered in this configuration",
        AGE,
    ),
    "admissionregistration.k8s.io/validatingwebhookconfigurations": (
        NAME,
        "Webhooks:integer Webhooks indicates the number of webhooks registered in this configuration",
        AGE,
    ),
    "admissionregistration.k8s.io/validatingadmissionpolicies": (
        NAME,
        "Validations:integer Validations indicates the number of validation rules defined in this configuration",
        "ParamKind ParamKind specifies the kind of resources used to parameterize this policy",
        AGE,
    ),
    "admissionregistration.k8s.io/validatingadmissionpolicybindings": (
        NAME,
        "PolicyName PolicyName indicates the policy definition which the policy binding binded to",
        "ParamRef ParamRef indicates the param resource which sets the configration param",
        AGE,
    ),
    "apiregistration.k8s.io/apiservices": (
        NAME,
        "Service The reference to the service that hosts this API endpoint.",
        "Available Whether this service is available.",
        AGE,
    ),
    "apps/controllerrevisions": (
        NAME,
        "Controller Controller of the object",
        "Revision @api.apps.v1.ControllerRevision.revision",
        AGE,
    ),
    "apps/daemonsets": (
        NAME,
        "Desired:integer @api.apps.v1.DaemonSetStatus.desiredNumberScheduled",
        "Current:integer @api.apps.v1.DaemonSetStatus.currentNumberScheduled",
        "Ready:integer @api.apps.v1.DaemonSetStatus.numberReady",
        "Up-to-date:integer @api.apps.v1.DaemonSetStatus.updatedNumberScheduled",
        "Available:integer @api.apps.v1.DaemonSetStatus.numberAvailable",
        "Node_Selector @api.core.v1.PodSpec.nodeSelector",
        AGE,
        CONTAINERS,
        IMAGES,
        "Selector* @api.apps.v1.DaemonSetSpec.selector",
    ),
    "apps/deployments": (
        NAME,
        "Ready Number of the pod with ready state",
        "Up-to-date @api.apps.v1.DeploymentStatus.updatedReplicas",
        "Available @api.apps.v1.DeploymentStatus.availableReplicas",
        AGE,
        CONTAINERS,
        IMAGES,
        _SELECTED,
    ),
    "apps/replicasets": (
        NAME,
        "Desired:integer @api.apps.v1.ReplicaSetSpec.replicas",
        "Current:integer @api.apps.v1.ReplicaSetStatus.replicas",
        "Ready:integer @api.apps.v1.ReplicaSetStatus.readyReplicas",
        AGE,
        CONTAINERS,
        IMAGES,
        "Selector* @api.apps.v1.ReplicaSetSpec.selector",
    ),
    "apps/statefulsets": (NAME, "Ready Number of the pod with ready state", AGE, CONTAINERS, IMAGES),
    "autoscaling/horizontalpodautoscalers": (
        NAME,
        "Reference @api.autoscaling.v2.HorizontalPodAutoscalerSpec.scaleTargetRef",
        "Targets @api.autoscaling.v2.HorizontalPodAutoscalerSpec.metrics",
        "MinPods @api.autoscaling.v2.HorizontalPodAutoscalerSpec.minReplicas",
        "MaxPods @api.autoscaling.v2.HorizontalPodAutoscalerSpec.maxReplicas",
        "Replicas @api.autoscaling.v2.HorizontalPodAutoscalerStatus.currentReplicas",
        AGE,
    ),
    "batch/cronjobs": (
        NAME,
        "Schedule @api.batch.v1.CronJobSpec.schedule",
        "Timezone @api.batch.v1.CronJobSpec.timeZone",
        "Suspend:boolean @api.batch.v1.CronJobSpec.suspend",
        "Active:integer @api.batch.v1.CronJobStatus.active",
        "Last_Schedule @api.batch.v1.CronJobStatus.lastScheduleTime",
        AGE,
        CONTAINERS,
        IMAGES,
        "Selector* @api.batch.v1.JobSpec.selector",
    ),
    "batch/jobs": (
        NAME,
        "Status Status of the job.",
        "Completions @api.batch.v1.JobStatus.succeeded",
        "Duration Time required to complete the job.",
        AGE,
        CONTAINERS,
        IMAGES,
        "Selector* @api.batch.v1.JobSpec.selector",
    ),
    "certificates.k8s.io/certificatesigningrequests": (
        NAME,
        AGE,
        "SignerName @api.certificates.v1.CertificateSigningRequestSpec.signerName",
        "Requestor @api.certificates.v1.CertificateSigningRequestSpec.request",
        "RequestedDuration @api.certificates.v1.CertificateSigningRequestSpec.expirationSeconds",
        "Condition @api.certificates.v1.CertificateSigningRequestStatus.conditions",
    ),
    "coordination.k8s.io/leases": (NAME, "Holder @api.coordination.v1.LeaseSpec.holderIdentity", AGE),
    "discovery.k8s.io/endpointslices": (
        NAME,
        "AddressType @api.discovery.v1.EndpointSlice.addressType",
        "Ports @api.discovery.v1.EndpointSlice.ports",
        "Endpoints @api.discovery.v1.EndpointSlice.endpoints",
        AGE,
    ),
    "flowcontrol.apiserver.k8s.io/flowschemas": (
        NAME,
        "PriorityLevel @api.flowcontrol.v1.PriorityLevelConfigurationReference.name",
        "MatchingPrecedence @api.flowcontrol.v1.FlowSchemaSpec.matchingPrecedence",
        "DistinguisherMethod @api.flowcontrol.v1.FlowSchemaSpec.distinguisherMethod",
        AGE,
        "MissingPL references a broken or non-existent PriorityLevelConfiguration",
    ),
    "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations": (
        NAME,
        "Type @api.flowcontrol.v1.PriorityLevelConfigurationSpec.type",
        "NominalConcurrencyShares @api.flowcontrol.v1.LimitedPriorityLevelConfiguration.nominalConcurrencyShares",
        "Queues @api.flowcontrol.v1.QueuingConfiguration.queues",
        "HandSize @api.flowcontrol.v1.QueuingConfiguration.handSize",
        "QueueLengthLimit @api.flowcontrol.v1.QueuingConfiguration.queueLengthLimit",
        AGE,
    ),
    "networking.k8s.io/ingressclasses": (
        NAME,
        "Controller Controller that is responsible for handling this class",
        "Parameters A reference to a resource with additional parameters",
        AGE,
    ),
    "networking.k8s.io/ingresses": (
        NAME,
        "Class The name of the IngressClass resource that should be used for additional configuration",
        "Hosts Hosts that incoming requests are matched against before the ingress rule",
        "Address Address is a list containing ingress points for the load-balancer",
        "Ports Ports of TLS configurations that open",
        AGE,
    ),
    "networking.k8s.io/ipaddresses": (NAME, "ParentRef @api.networking.v1.IPAddressSpec.parentRef"),
    "networking.k8s.io/networkpolicies": (
        NAME,
        "Pod-Selector @api.networking.v1.NetworkPolicySpec.podSelector",
        AGE,
    ),
    "networking.k8s.io/servicecidrs": (NAME, "CIDRs @api.networking.v1.ServiceCIDRSpec.cidrs", AGE),
    # The printer asks ObjectMeta for its "handler", which it has not got: no description.
    "node.k8s.io/runtimeclasses": (NAME, "Handler", AGE),
    "policy/poddisruptionbudgets": (
        NAME,
        "Min_Available The minimum number of pods that must be available.",
        "Max_Unavailable The maximum number of pods that may be unavailable.",
        "Allowed_Disruptions:integer Calculated number of pods that may be disrupted at this time.",
        AGE,
    ),
    "rbac.authorization.k8s.io/clusterrolebindings": (
        NAME,
        "Role @api.rbac.v1.ClusterRoleBinding.roleRef",
        AGE,
        "Users* Users in the clusterRoleBinding",
        "Groups* Groups in the clusterRoleBinding",
        "ServiceAccounts* ServiceAccounts in the clusterRoleBinding",
    ),
    "rbac.authorization.k8s.io/rolebindings": (
        NAME,
        "Role @api.rbac.v1.RoleBinding.roleRef",
        AGE,
        "Users* Users in the roleBinding",
        "Groups* Groups in the roleBinding",
        "ServiceAccounts* ServiceAccounts in the roleBinding",
    ),
    "resource.k8s.io/deviceclasses": (NAME, AGE),
    "resource.k8s.io/resourceclaims": (
        NAME,
        "State A summary of the current state (allocated, pending, reserved, etc.).",
        AGE,
    ),
    "resource.k8s.io/resourceclaimtemplates": (NAME, AGE),
    "resource.k8s.io/resourceslices": (
        NAME,
        "Node @api.resource.v1.ResourceSliceSpec.nodeName",
        "Driver @api.resource.v1.ResourceSliceSpec.driver",
        "Pool @api.resource.v1.ResourcePool.name",
        AGE,
    ),
    "scheduling.k8s.io/priorityclasses": (
        NAME,
        "Value:integer @api.scheduling.v1.PriorityClass.value",
        "Global-Default:boolean @api.scheduling.v1.PriorityClass.globalDefault",
        AGE,
        "PreemptionPolicy @api.scheduling.v1.PriorityClass.preemptionPolicy",
    ),
    "storage.k8s.io/csidrivers": (
        NAME,
        "AttachRequired:boolean @api.storage.v1.CSIDriverSpec.attachRequired",
        "PodInfoOnMount:boolean @api.storage.v1.CSIDriverSpec.podInfoOnMount",
        "StorageCapacity:boolean @api.storage.v1.CSIDriverSpec.storageCapacity",
        "TokenRequests @api.storage.v1.CSIDriverSpec.tokenRequests",
        "RequiresRepublish:boolean @api.storage.v1.CSIDriverSpec.requiresRepublish",
        "Modes @api.storage.v1.CSIDriverSpec.volumeLifecycleModes",
        AGE,
    ),
    "storage.k8s.io/csinodes": (
        NAME,
        "Drivers:integer Drivers indicates the number of CSI drivers registered on the node",
        AGE,
    ),
    "storage.k8s.io/storageclasses": (
        NAME,
        "Provisioner @api.storage.v1.StorageClass.provisioner",
        "ReclaimPolicy @api.storage.v1.StorageClass.reclaimPolicy",
        "VolumeBindingMode @api.storage.v1.StorageClass.volumeBindingMode",
        "AllowVolumeExpansion @api.storage.v1.StorageClass.allowVolumeExpansion",
        AGE,
    ),
    "storage.k8s.io/volumeattachments": (
        NAME,
        "Attacher:name @api.storage.v1.VolumeAttachmentSpec.attacher",
        "PV @api.storage.v1.VolumeAttachmentSource.persistentVolumeName",
        "Node @api.storage.v1.VolumeAttachmentSpec.nodeName",
        "Attached:boolean @api.storage.v1.VolumeAttachmentStatus.attached",
        AGE,
    ),
    "storage.k8s.io/volumeattributesclasses": (
        NAME,
        "DriverName @api.storage.v1.VolumeAttributesClass.driverName",
        AGE,
    ),
}


def columns(specs: Mapping[str, Definition]) -> str:
    """The columns as JSON text, one line a resource and one a description; `printing.columns` tells what they mean."""
    tables = {resource: [_column(line, specs) for line in table] for resource, table in sorted(_TABLES.items())}
    texts = sorted({column.description for table in tables.values() for column in table})
    numbers = {text: number for number, text in enumerate(texts)}
    lines = [_line([(*column[:3], column.priority, numbers[column.description]) for column in tables[resource]])
             for resource in tables]  # fmt: skip
    told = [f"{json.dumps(resource)}:{line}" for resource, line in zip(tables, lines, strict=True)]
    described = ",\n".join(_line(text) for text in texts)
    return '{"tables":{\n' + ",\n".join(told) + '\n},"descriptions":[\n' + described + "\n]}\n"


def _line(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _column(line: str, specs: Mapping[str, Definition]) -> Column:
    head, _, description = line.partition(" ")
    name, _, kind = head.removesuffix("*").partition(":")
    if description.startswith("@"):
        path, _, member = description[1:].rpartition(".")
        description = specs[f"io.k8s.{path}"]["properties"][member]["description"]
    form = "name" if kind == "name" else ""
    return Column(
        name.replace("_", " "), "string" if form else kind or "string", form, description, int(head.endswith("*"))
    )
