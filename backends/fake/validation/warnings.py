"""What the server says of objects that it takes: Warning headers for what is allowed and hardly meant.

From pkg/api/pod/warnings.go, pkg/api/service/warnings.go and the strategies' WarningsOnCreate and WarningsOnUpdate.
Called by the registry with what somebody has asked for and validation has passed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from backends.fake.schema import quantity
from backends.fake.schema.recent import Recent
from backends.fake.validation.causes import quoted
from backends.fake.validation.names import label_1123_errors

Obj = dict[str, Any]

_DNS_LABEL = "which can result in surprising behavior; a DNS label is recommended"
_POD_NAME = f"metadata.name: this is used in the Pod's hostname, {_DNS_LABEL}"
_OWNER_NAME = f"metadata.name: this is used in Pod names and hostnames, {_DNS_LABEL}"
_NAMED = frozenset({"Deployment", "ReplicaSet", "ReplicationController", "Job", "CronJob"})
_TEMPLATES = {
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    **dict.fromkeys(
        ("DaemonSet", "Deployment", "Job", "ReplicaSet", "ReplicationController", "StatefulSet"), ("spec", "template")
    ),
}
_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": 'non-functional in v1.16+; use the "priorityClassName" field instead',
    "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
    "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
}
_VOLUMES = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
_LABELS = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
    "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
}
_BYTES = ("memory", "ephemeral-storage")
_INGRESS_CLASS = "kubernetes.io/ingress.class"
_RECENT: Recent[tuple[str, ...]] = Recent(512)


def of_new(gvk: tuple[str, str, str], obj: Obj) -> list[str]:
    """What is said of a new object."""
    kind, metadata = gvk[2], obj["metadata"]
    if kind == "Pod" and gvk[0] == "":
        return [*_name(metadata, _POD_NAME), *_pod("", obj["spec"], metadata)]
    found = list(_name(metadata, _OWNER_NAME)) if kind in _NAMED else []
    if kind in _TEMPLATES:
        found += _template(kind, obj)
    if kind == "Service" and gvk[0] == "":
        found += _service(obj["spec"])
    if kind == "Ingress" and _INGRESS_CLASS in (metadata.get("annotations") or {}):
        found.append(f"annotation {quoted(_INGRESS_CLASS)} is deprecated, please use 'spec.ingressClassName' instead")
    return found


def of_change(gvk: tuple[str, str, str], new: Obj, old: Obj) -> list[str]:
    """What is said of a changed object: of workloads whose spec changed, and of Services."""
    if gvk[2] in _TEMPLATES:
        return _template(gvk[2], new) if new.get("spec") != old.get("spec") else []
    return list(_service(new["spec"])) if gvk[2] == "Service" and gvk[0] == "" else []


def _name(metadata: Mapping[str, Any], text: str) -> Iterator[str]:
    errors = label_1123_errors(metadata.get("name", ""))
    if errors:
        yield f"{text}: [{' '.join(errors)}]"


def _template(kind: str, obj: Obj) -> list[str]:
    steps, found = _TEMPLATES[kind], obj
    for step in steps:
        found = found[step]
    return _pod(f"{'.'.join(steps)}.", found["spec"], found.get("metadata") or {})


def _pod(prefix: str, spec: Obj, metadata: Mapping[str, Any]) -> list[str]:
    """What is said of a pod or a template; of alike ones it is worked out once."""
    key = orjson.dumps([prefix, spec, [*(metadata.get("annotations") or ())]])
    known = _RECENT.get(key)
    if known is None:
        known = tuple(_worked_out(prefix, spec, metadata))
        _RECENT.keep(key, known)
    return [*known]


def _worked_out(prefix: str, spec: Obj, metadata: Mapping[str, Any]) -> list[str]:
    """In the order of warningsForPodSpecAndMeta; `prefix` is the template's path and a dot."""
    path = f"{prefix}spec"
    found = [f"{path}.nodeSelector[{key}]: {_LABELS[key]}" for key in spec.get("nodeSelector") or {} if key in _LABELS]
    for number, spread in enumerate(spec.get("topologySpreadConstraints") or []):
        where, key = f"{path}.topologySpreadConstraints[{number}]", spread.get("topologyKey", "")
        if key in _LABELS:
            found.append(f"{where}.topologyKey: {key} is {_LABELS[key]}")
        if spread.get("labelSelector") is None:
            found.append(f"{where}.labelSelector: a null labelSelector results in matching no pod")
    annotations = metadata.get("annotations") or {}
    found += [
        f"{prefix}metadata.annotations[{key}]: {text}" for key, text in _ANNOTATIONS.items() if key in annotations
    ]
    for number, volume in enumerate(spec.get("volumes") or []):
        found += [f"{path}.volumes[{number}].{name}: {_VOLUMES[name]}" for name in _VOLUMES if name in volume]
    found += _repeated(spec, path, "hostAliases", "ip") + _repeated(spec, path, "imagePullSecrets", "name")
    for number, secret in enumerate(spec.get("imagePullSecrets") or []):
        if not secret.get("name"):
            found.append(f'{path}.imagePullSecrets[{number}].name: invalid empty name ""')
    containers = [
        (f"{path}.{member}[{number}]", container)
        for member in ("initContainers", "containers", "ephemeralContainers")
        for number, container in enumerate(spec.get(member) or [])
    ]
    for where, container in containers:
        found += [*_fractions(where, container.get("resources") or {}), *_hidden(where, container.get("env") or [])]
    found += _ports(containers)
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        text = "must be >= 0; negative values are invalid and will be treated as 1"
        found.append(f"{path}.terminationGracePeriodSeconds: {text}")
    return found


def _repeated(spec: Obj, path: str, member: str, key: str) -> list[str]:
    values = [item.get(key, "") for item in spec.get(member) or []]
    return [
        f"{path}.{member}[{number}].{key}: duplicate {key} {quoted(value)}"
        for number, value in enumerate(values)
        if value in values[:number]
    ]


def _fractions(path: str, resources: Obj) -> Iterator[str]:
    for name in _BYTES:
        for member in ("limits", "requests"):
            value = (resources.get(member) or {}).get(name)
            if value is not None and quantity.parse(value)[0] % 1 != 0:
                text = f"fractional byte value {quoted(value)} is invalid, must be an integer"
                yield f"{path}.resources.{member}[{name}]: {text}"


def _hidden(path: str, env: list[Obj]) -> Iterator[str]:
    """A variable that is set twice, unless the second time builds on the first."""
    seen: set[str] = set()
    for number, variable in enumerate(env):
        name, value = variable.get("name", ""), variable.get("value", "")
        builds = f"$({name})" in value and value != f"$({name})" and variable.get("valueFrom") is None
        if name in seen and not builds:
            text = f"hides previous definition of {quoted(name)}, which may be dropped when using apply"
            yield f"{path}.env[{number}]: {text}"
        seen.add(name)


def _ports(containers: list[tuple[str, Obj]]) -> list[str]:
    found: list[str] = []
    taken: dict[tuple[Any, Any], list[tuple[str, Obj]]] = {}
    for path, container in containers:
        for number, port in enumerate(container.get("ports") or []):
            where = f"{path}.ports[{number}]"
            others = taken.setdefault((port.get("containerPort"), port.get("protocol")), [])
            for other, held in others:
                if all(port.get(member) == held.get(member) for member in ("hostIP", "hostPort")):
                    found.append(f"{where}: duplicate port definition with {other}")
                elif not port.get("hostPort") or not held.get("hostPort"):
                    found.append(f"{where}: overlapping port definition with {other}")
            others.append((where, port))
    return found


def _service(spec: Obj) -> Iterator[str]:
    if spec.get("clusterIPs") != ["None"]:
        return
    ignored = 'is ignored when spec.clusterIP is "None"'
    for member in ("loadBalancerIP", "externalIPs"):
        if spec.get(member):
            yield f"spec.{member} {ignored}"
    if spec.get("sessionAffinity") != "None":
        yield f"spec.SessionAffinity {ignored}"
