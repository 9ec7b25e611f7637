"""Which printer a resource has, and the row it prints. An object of another version is converted first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from backends.fake.conversion import as_printed
from backends.fake.printing import access, cluster, network, pods, storage, workloads

Printer = Callable[[Mapping[str, Any], datetime], list[Any]]

PRINTERS: dict[str, Printer] = {
    "default": cluster.name_and_creation,
    "scale": cluster.scale,
    "/componentstatuses": cluster.component_status,
    "/configmaps": cluster.config_map,
    "/endpoints": network.endpoints,
    "/events": cluster.event,
    "/namespaces": cluster.namespace,
    "/nodes": cluster.node,
    "/persistentvolumeclaims": storage.claim,
    "/persistentvolumes": storage.volume,
    "/pods": pods.cells,
    "/podtemplates": workloads.pod_template,
    "/replicationcontrollers": workloads.replication_controller,
    "/resourcequotas": cluster.quota,
    "/secrets": cluster.secret,
    "/serviceaccounts": cluster.service_account,
    "/services": network.service,
    "admissionregistration.k8s.io/mutatingwebhookconfigurations": access.webhooks,
    "admissionregistration.k8s.io/validatingadmissionpolicies": access.policy,
    "admissionregistration.k8s.io/validatingadmissionpolicybindings": access.policy_binding,
    "admissionregistration.k8s.io/validatingwebhookconfigurations": access.webhooks,
    "apiregistration.k8s.io/apiservices": access.api_service,
    "apps/controllerrevisions": workloads.controller_revision,
    "apps/daemonsets": workloads.daemon_set,
    "apps/deployments": workloads.deployment,
    "apps/replicasets": workloads.replica_set,
    "apps/statefulsets": workloads.stateful_set,
    "autoscaling/horizontalpodautoscalers": workloads.autoscaler,
    "batch/cronjobs": workloads.cron_job,
    "batch/jobs": workloads.job,
    "certificates.k8s.io/certificatesigningrequests": access.signing_request,
    "coordination.k8s.io/leases": cluster.lease,
    "discovery.k8s.io/endpointslices": network.endpoint_slice,
    "flowcontrol.apiserver.k8s.io/flowschemas": access.flow_schema,
    "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations": access.priority_level,
    "networking.k8s.io/ingressclasses": network.ingress_class,
    "networking.k8s.io/ingresses": network.ingress,
    "networking.k8s.io/ipaddresses": network.ip_address,
    "networking.k8s.io/networkpolicies": network.network_policy,
    "networking.k8s.io/servicecidrs": network.service_cidr,
    "node.k8s.io/runtimeclasses": cluster.runtime_class,
    "policy/poddisruptionbudgets": workloads.disruption_budget,
    "rbac.authorization.k8s.io/clusterrolebindings": access.binding,
    "rbac.authorization.k8s.io/rolebindings": access.binding,
    "resource.k8s.io/deviceclasses": cluster.name_and_age,
    "resource.k8s.io/resourceclaims": cluster.resource_claim,
    "resource.k8s.io/resourceclaimtemplates": cluster.name_and_age,
    "resource.k8s.io/resourceslices": cluster.resource_slice,
    "scheduling.k8s.io/priorityclasses": cluster.priority_class,
    "storage.k8s.io/csidrivers": storage.csi_driver,
    "storage.k8s.io/csinodes": storage.csi_node,
    "storage.k8s.io/storageclasses": storage.storage_class,
    "storage.k8s.io/volumeattachments": storage.attachment,
    "storage.k8s.io/volumeattributesclasses": storage.attributes_class,
}
"""`group/plural` of the stored resource -> what prints it. The same names as in `data/columns.json`."""


def row_of(resource: str, obj: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The row of an object, without what goes along with it: its cells, and whether it is done."""
    printed = as_printed(obj)
    row: dict[str, Any] = {"cells": PRINTERS.get(resource, PRINTERS["default"])(printed, now)}
    if resource == "/pods" and (done := pods.conditions(printed)):
        row["conditions"] = done
    return row


def in_order(resource: str, objs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The objects in the order of their rows: flow schemas by precedence, all others as they are."""
    if resource != "flowcontrol.apiserver.k8s.io/flowschemas":
        return objs
    return sorted(objs, key=lambda obj: ((obj["spec"].get("matchingPrecedence") or 0), obj["metadata"]["name"]))
