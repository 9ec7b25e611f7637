"""Which kind has which rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backends.fake.validation import (
    access,
    addresses,
    administration,
    autoscaling,
    bounds,
    certificates,
    cluster,
    configuration,
    definitions,
    devices,
    drivers,
    flow_control,
    ingresses,
    job_statuses,
    jobs,
    names,
    networking,
    pod_defaults,
    pods,
    policies,
    services,
    storage,
    webhooks,
    workload_statuses,
    workloads,
)
from backends.fake.validation.causes import Cause
from backends.fake.validation.metadata import NameRule

Obj = dict[str, Any]


@dataclass(frozen=True, slots=True)
class KindRules:
    """The rules of a kind; None where it has none beyond metadata."""

    name: NameRule = names.subdomain_1123_errors
    defaults: Callable[[Obj], None] | None = None
    create: Callable[[Obj], list[Cause]] | None = None
    update: Callable[[Obj, Obj], list[Cause]] | None = None
    update_status: Callable[[Obj, Obj], list[Cause]] | None = None


_GENERIC = KindRules()
_BINDING = KindRules(names.path_segment_errors, access.binding_defaults, access.binding, access.binding_update)
_ROLE = KindRules(names.path_segment_errors, None, access.role, access.role_update)
_WEBHOOKS = KindRules(defaults=webhooks.defaults, create=webhooks.configuration, update=webhooks.configuration_update)

_RULES: Mapping[tuple[str, str], KindRules] = {
    ("", "ConfigMap"): KindRules(create=configuration.config_map, update=configuration.config_map_update),
    ("", "Endpoints"): KindRules(
        defaults=networking.endpoints_defaults, create=networking.endpoints, update=networking.endpoints_update
    ),
    ("", "Event"): KindRules(names.path_segment_errors, None, cluster.core_event, cluster.core_event_update),
    ("", "LimitRange"): KindRules(
        defaults=bounds.limit_range_defaults, create=bounds.limit_range, update=bounds.limit_range_update
    ),
    ("", "Namespace"): KindRules(
        names.label_1123_errors,
        cluster.namespace_defaults,
        cluster.namespace,
        update_status=cluster.namespace_status,
    ),
    ("", "Node"): KindRules(
        defaults=cluster.node_defaults,
        create=cluster.node,
        update=cluster.node_update,
        update_status=cluster.node_change,
    ),
    ("", "PersistentVolume"): KindRules(
        defaults=storage.volume_defaults, create=storage.volume, update=storage.volume_update
    ),
    ("", "PersistentVolumeClaim"): KindRules(
        defaults=storage.claim_defaults, create=storage.claim, update=storage.claim_update
    ),
    ("", "Pod"): KindRules(
        defaults=pod_defaults.pod, create=pods.create, update=pods.update, update_status=pods.update_status
    ),
    ("", "PodTemplate"): KindRules(
        defaults=administration.pod_template_defaults,
        create=administration.pod_template,
        update=administration.pod_template_update,
    ),
    ("", "ResourceQuota"): KindRules(create=bounds.quota, update=bounds.quota_update),
    ("", "ReplicationController"): KindRules(
        defaults=workloads.replication_controller_defaults,
        create=workloads.replication_controller,
        update=workloads.replication_controller_update,
        update_status=workload_statuses.replica_set,
    ),
    ("", "Secret"): KindRules(
        defaults=configuration.secret_defaults, create=configuration.secret, update=configuration.secret_update
    ),
    ("", "Service"): KindRules(
        names.label_1035_errors, services.defaults, services.rules, services.update, services.update_status
    ),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): _WEBHOOKS,
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): KindRules(
        defaults=policies.policy_defaults, create=policies.policy, update=policies.policy_update
    ),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"): KindRules(
        defaults=policies.binding_defaults, create=policies.binding, update=policies.binding_update
    ),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): _WEBHOOKS,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): KindRules(
        defaults=definitions.defaults,
        create=definitions.create,
        update=definitions.update,
        update_status=definitions.update_status,
    ),
    ("apps", "DaemonSet"): KindRules(
        defaults=workloads.daemon_set_defaults,
        create=workloads.daemon_set,
        update=workloads.daemon_set_update,
        update_status=workload_statuses.daemon_set,
    ),
    ("apps", "Deployment"): KindRules(
        defaults=workloads.deployment_defaults,
        create=workloads.deployment,
        update=workloads.deployment_update,
        update_status=workload_statuses.deployment,
    ),
    ("apps", "ReplicaSet"): KindRules(
        defaults=workloads.replica_set_defaults,
        create=workloads.replica_set,
        update=workloads.replica_set_update,
        update_status=workload_statuses.replica_set,
    ),
    ("apps", "StatefulSet"): KindRules(
        name=names.label_1123_errors,
        defaults=workloads.stateful_set_defaults,
        create=workloads.stateful_set,
        update=workloads.stateful_set_update,
        update_status=workload_statuses.stateful_set,
    ),
    ("autoscaling", "HorizontalPodAutoscaler"): KindRules(
        defaults=autoscaling.defaults,
        create=autoscaling.autoscaler,
        update=autoscaling.autoscaler_update,
        update_status=workload_statuses.autoscaler,
    ),
    ("apps", "ControllerRevision"): KindRules(
        create=workloads.controller_revision, update=workloads.controller_revision_update
    ),
    ("batch", "CronJob"): KindRules(defaults=jobs.cron_job_defaults, create=jobs.cron_job, update=jobs.cron_job_update),
    ("batch", "Job"): KindRules(
        defaults=jobs.job_defaults, create=jobs.job, update=jobs.job_update, update_status=job_statuses.update
    ),
    ("certificates.k8s.io", "CertificateSigningRequest"): KindRules(
        names.any_name, None, certificates.create, certificates.update, certificates.update_status
    ),
    ("coordination.k8s.io", "Lease"): KindRules(create=cluster.lease, update=cluster.lease_update),
    ("discovery.k8s.io", "EndpointSlice"): KindRules(
        defaults=networking.slice_defaults, create=networking.endpoint_slice, update=networking.endpoint_slice_update
    ),
    ("events.k8s.io", "Event"): KindRules(create=cluster.event, update=cluster.event_update),
    ("flowcontrol.apiserver.k8s.io", "FlowSchema"): KindRules(
        defaults=flow_control.schema_defaults, create=flow_control.schema, update=flow_control.schema_update
    ),
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"): KindRules(
        defaults=flow_control.level_defaults, create=flow_control.level, update=flow_control.level_update
    ),
    ("networking.k8s.io", "Ingress"): KindRules(
        create=ingresses.ingress, update=ingresses.ingress_update, update_status=ingresses.ingress_status
    ),
    ("networking.k8s.io", "IngressClass"): KindRules(
        defaults=ingresses.class_defaults, create=ingresses.ingress_class, update=ingresses.ingress_class_update
    ),
    ("networking.k8s.io", "IPAddress"): KindRules(
        addresses.name_errors, None, addresses.address, addresses.address_update
    ),
    ("networking.k8s.io", "NetworkPolicy"): KindRules(
        defaults=networking.policy_defaults, create=networking.policy, update=networking.policy_update
    ),
    ("networking.k8s.io", "ServiceCIDR"): KindRules(create=addresses.ranges, update=addresses.ranges_update),
    ("node.k8s.io", "RuntimeClass"): KindRules(
        create=administration.runtime_class, update=administration.runtime_class_update
    ),
    ("policy", "PodDisruptionBudget"): KindRules(
        create=cluster.budget, update=cluster.budget_update, update_status=workload_statuses.budget
    ),
    ("rbac.authorization.k8s.io", "ClusterRole"): _ROLE,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): _BINDING,
    ("rbac.authorization.k8s.io", "Role"): _ROLE,
    ("rbac.authorization.k8s.io", "RoleBinding"): _BINDING,
    ("resource.k8s.io", "ResourceClaim"): KindRules(defaults=devices.claim_defaults),
    ("resource.k8s.io", "ResourceClaimTemplate"): KindRules(defaults=devices.template_defaults),
    ("scheduling.k8s.io", "PriorityClass"): KindRules(
        defaults=administration.priority_class_defaults,
        create=administration.priority_class,
        update=administration.priority_class_update,
    ),
    ("storage.k8s.io", "CSIDriver"): KindRules(
        defaults=drivers.driver_defaults, create=drivers.driver, update=drivers.driver_update
    ),
    ("storage.k8s.io", "CSINode"): KindRules(create=drivers.node, update=drivers.node_update),
    ("storage.k8s.io", "CSIStorageCapacity"): KindRules(create=drivers.capacity, update=drivers.capacity_update),
    ("storage.k8s.io", "StorageClass"): KindRules(
        defaults=storage.storage_class_defaults, create=storage.storage_class, update=storage.storage_class_update
    ),
    ("storage.k8s.io", "VolumeAttachment"): KindRules(create=drivers.attachment, update=drivers.attachment_update),
    ("storage.k8s.io", "VolumeAttributesClass"): KindRules(
        create=drivers.attributes_class, update=drivers.attributes_class_update
    ),
}


def rules_of(gvk: tuple[str, str, str]) -> KindRules:
    """The rules of a kind, the generic ones where it has none of its own."""
    return _RULES.get((gvk[0], gvk[2]), _GENERIC)
