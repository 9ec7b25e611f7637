"""Defaults of Pods and of pod templates. Rules: pkg/apis/core/v1/defaults.go and zz_generated.defaults.go."""

from __future__ import annotations

import re
from typing import Any

Obj = dict[str, Any]

_TAG = re.compile(r"(?:.*/)?[^:/@]*:([^@/]+)(?:@.*)?$")
_MODE = 0o644
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HANDLERS = ("postStart", "preStop")
_CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")


def pod(obj: Obj) -> None:
    """A Pod: the defaults of its spec, and what a template leaves to the Pods made from it."""
    spec = obj["spec"]
    pod_spec(spec)
    if isinstance(obj.get("status"), dict):
        in_step(obj["status"], "podIP", "podIPs")
    spec.setdefault("enableServiceLinks", True)
    if spec["terminationGracePeriodSeconds"] < 0:
        spec["terminationGracePeriodSeconds"] = 1
    for containers in (spec.get("initContainers"), spec.get("containers")):
        for container in containers or ():
            _requests_from_limits(container.get("resources") or {})
            if spec.get("hostNetwork"):
                for port in container.get("ports") or ():
                    port.setdefault("hostPort", port["containerPort"])


def in_step(status: Obj, one: str, many: str) -> None:
    """The first of the addresses is the address; where they differ the latter holds, which older kubelets write."""
    single, several = status.get(one), [entry.get("ip") for entry in status.get(many) or ()]
    if single and single != next(iter(several), None):
        status[many] = [{"ip": single}]
    elif several and not single:
        status[one] = several[0]


def template(obj: Obj) -> None:
    """A pod template inside a workload."""
    pod_spec(obj["spec"])


def pod_spec(spec: Obj) -> None:
    """The defaults that Pods and templates share."""
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("securityContext", {})
    spec.setdefault("schedulerName", "default-scheduler")
    spec.setdefault("terminationGracePeriodSeconds", 30)
    for volume in spec.get("volumes") or ():
        _volume(volume)
    for name in _CONTAINER_LISTS:
        for container in spec.get(name) or ():
            _container(container)


def _requests_from_limits(resources: Obj) -> None:
    limits = resources.get("limits")
    if limits:
        requests = resources.setdefault("requests", {})
        for name, amount in limits.items():
            requests.setdefault(name, amount)


def _container(container: Obj) -> None:
    if "imagePullPolicy" not in container:
        container["imagePullPolicy"] = _pull_policy(container.get("image", ""))
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    for port in container.get("ports") or ():
        port.setdefault("protocol", "TCP")
    for variable in container.get("env") or ():
        if "valueFrom" in variable and "fieldRef" in variable["valueFrom"]:
            variable["valueFrom"]["fieldRef"].setdefault("apiVersion", "v1")
    for name in _PROBES:
        if name in container:
            _probe(container[name])
    lifecycle = container.get("lifecycle") or {}
    for name in _HANDLERS:
        if name in lifecycle:
            _http(lifecycle[name])


def _pull_policy(image: str) -> str:
    """Always for the tag `latest` and for no tag at all; a digest is a version."""
    match = _TAG.match(image)
    tag = match.group(1) if match else ("" if "@" in image else "latest")
    return "Always" if tag == "latest" else "IfNotPresent"


def _probe(probe: Obj) -> None:
    probe.setdefault("timeoutSeconds", 1)
    probe.setdefault("periodSeconds", 10)
    probe.setdefault("successThreshold", 1)
    probe.setdefault("failureThreshold", 3)
    if "grpc" in probe:
        probe["grpc"].setdefault("service", "")
    _http(probe)


def _http(handler: Obj) -> None:
    request = handler.get("httpGet")
    if request is not None:
        request.setdefault("path", "/")
        request.setdefault("scheme", "HTTP")


def _volume(volume: Obj) -> None:
    if len(volume) == 1:
        volume["emptyDir"] = {}
    for kind, source in volume.items():
        for name, value in _SOURCES.get(kind, ()):
            source.setdefault(name, value)
        if kind == "downwardAPI":
            _field_versions(source)
        elif kind == "projected":
            _projected(source)
        elif kind == "ephemeral" and source.get("volumeClaimTemplate"):
            source["volumeClaimTemplate"]["spec"].setdefault("volumeMode", "Filesystem")


_SOURCES: dict[str, tuple[tuple[str, Any], ...]] = {
    "secret": (("defaultMode", _MODE),),
    "configMap": (("defaultMode", _MODE),),
    "downwardAPI": (("defaultMode", _MODE),),
    "projected": (("defaultMode", _MODE),),
    "hostPath": (("type", ""),),
    # Kinds of volumes that no cluster runs any more, but that are still accepted.
    "iscsi": (("iscsiInterface", "default"),),
    "rbd": (("pool", "rbd"), ("user", "admin"), ("keyring", "/etc/ceph/keyring")),
    "azureDisk": (("cachingMode", "ReadWrite"), ("kind", "Shared"), ("fsType", "ext4"), ("readOnly", False)),
    "scaleIO": (("storageMode", "ThinProvisioned"), ("fsType", "xfs")),
}
"""What a volume of each kind gets."""


def _projected(volume: Obj) -> None:
    for source in volume.get("sources") or ():
        if "serviceAccountToken" in source:
            source["serviceAccountToken"].setdefault("expirationSeconds", 3600)
        if "downwardAPI" in source:
            _field_versions(source["downwardAPI"])


def _field_versions(downward: Obj) -> None:
    for item in downward.get("items") or ():
        if "fieldRef" in item:
            item["fieldRef"].setdefault("apiVersion", "v1")
