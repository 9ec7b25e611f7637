"""What one object counts for, by name of the resource (pkg/quota/v1/evaluator/core).

Every object of a resource counts for `count/<resource>.<group>`; pods, services and claims for more. Only a creation
can raise most of it: `counts_update` says what else a change can.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from backends.fake import amounts
from backends.fake import metadata as meta

Obj = dict[str, Any]
Usage = dict[str, str]

PODS, SERVICES, CLAIMS = ("", "pods"), ("", "services"), ("", "persistentvolumeclaims")
_LEGACY = frozenset({"configmaps", "resourcequotas", "replicationcontrollers", "secrets"})
"""Core resources that were counted under their bare names before there was `count/`."""
_NATIVE = ("cpu", "memory", "ephemeral-storage")
CLASS_SUFFIX = ".storageclass.storage.k8s.io/"


def counts_update(storage: tuple[str, str], subresource: str) -> bool:
    """Whether a change of such an object can raise what it counts for."""
    if storage == PODS:
        return subresource == "resize"
    return storage in (SERVICES, CLAIMS) and not subresource


def usage_of(storage: tuple[str, str], obj: Mapping[str, Any], now: datetime) -> Usage:
    """What the object counts for."""
    group, plural = storage
    counted = {f"count/{plural}.{group}" if group else f"count/{plural}": "1"}
    if storage == PODS:
        return counted | (_pod(obj) if is_alive(obj, now) else {})
    if storage == SERVICES:
        return counted | _service(obj)
    if storage == CLAIMS:
        return counted | _claim(obj)
    if not group and plural in _LEGACY:
        counted[plural] = "1"
    return counted


def is_alive(pod: Mapping[str, Any], now: datetime) -> bool:
    """Whether a pod still counts: not finished, and not stuck in its deletion (QuotaV1Pod)."""
    if (pod.get("status") or {}).get("phase") in ("Failed", "Succeeded"):
        return False
    metadata = pod["metadata"]
    if not metadata.get("deletionTimestamp") or metadata.get("deletionGracePeriodSeconds") is None:
        return True
    until = meta.parse_timestamp(metadata["deletionTimestamp"])
    return bool(now <= until + timedelta(seconds=metadata["deletionGracePeriodSeconds"]))


def _pod(pod: Mapping[str, Any]) -> Usage:
    spec = pod.get("spec") or {}
    return {"pods": "1"} | compute(amounts.of_pod(spec, "requests"), amounts.of_pod(spec, "limits"))


def compute(requests: Mapping[str, str], limits: Mapping[str, str]) -> Usage:
    """What requests and limits count for (podComputeUsageHelper)."""
    found: Usage = {}
    for name in _NATIVE:
        if name in requests:
            found[name] = found[f"requests.{name}"] = requests[name]
        if name in limits:
            found[f"limits.{name}"] = limits[name]
    for name, amount in requests.items():
        if name.startswith("hugepages-"):
            found[name] = found[f"requests.{name}"] = amount
        elif is_extended(name):
            found[f"requests.{name}"] = amount
    return found


def is_extended(name: str) -> bool:
    """Whether a resource is a vendor's: with a domain that is not Kubernetes' own."""
    domain, slash, _ = name.partition("/")
    return bool(slash) and not (domain == "kubernetes.io" or domain.endswith(".kubernetes.io"))


def _service(service: Mapping[str, Any]) -> Usage:
    spec = service.get("spec") or {}
    ports = spec.get("ports") or []
    found = {"services": "1", "services.nodeports": "0", "services.loadbalancers": "0"}
    if spec.get("type") == "NodePort":
        found["services.nodeports"] = str(len(ports))
    elif spec.get("type") == "LoadBalancer":
        given = (
            ports if spec.get("allocateLoadBalancerNodePorts", True) else [one for one in ports if "nodePort" in one]
        )
        found["services.nodeports"] = str(len(given))
        found["services.loadbalancers"] = "1"
    return found


def _claim(claim: Mapping[str, Any]) -> Usage:
    spec = claim.get("spec") or {}
    annotations = claim["metadata"].get("annotations") or {}
    name = annotations.get("volume.beta.kubernetes.io/storage-class") or spec.get("storageClassName") or ""
    found = {"persistentvolumeclaims": "1"}
    if name:
        found[f"{name}{CLASS_SUFFIX}persistentvolumeclaims"] = "1"
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    given = ((claim.get("status") or {}).get("allocatedResources") or {}).get("storage")
    if storage is not None:
        if given is not None and amounts.value(given) > amounts.value(storage):
            storage = given
        found["requests.storage"] = storage
        if name:
            found[f"{name}{CLASS_SUFFIX}requests.storage"] = storage
    return found
