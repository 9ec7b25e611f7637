"""Two values as a refusal shows them side by side: a unified diff of their Go structs as JSON.

From k8s.io/apimachinery/pkg/util/diff. What Go prints are the internal structs: every field under Go's name, absent
ones as null or zero. They are rebuilt here from the schema of v1, which has nearly the same fields in the same order; a
pod's spec, which has not, from a list of its own. Nobody should parse the result.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from backends.fake.schema.types import Field, ListType, MapType, Scalar, StructType, Type, struct

Obj = dict[str, Any]

_INITIALS: Final = {
    "api": "API", "csi": "CSI", "dns": "DNS", "fc": "FC", "fs": "FS", "grpc": "GRPC", "http": "HTTP", "ip": "IP",
    "iscsi": "ISCSI", "nfs": "NFS", "os": "OS", "rbd": "RBD", "se": "SE", "tcp": "TCP", "tty": "TTY", "uid": "UID",
}  # fmt: skip
"""First words that Go writes in capitals."""
_IN_SECURITY_CONTEXT: Final = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers")
_POD_SPEC: Final = (
    "volumes", "initContainers", "containers", "ephemeralContainers", "restartPolicy", "terminationGracePeriodSeconds",
    "activeDeadlineSeconds", "dnsPolicy", "nodeSelector", "serviceAccountName", "automountServiceAccountToken",
    "nodeName", "securityContext", "imagePullSecrets", "hostname", "subdomain", "setHostnameAsFQDN", "affinity",
    "schedulerName", "tolerations", "hostAliases", "priorityClassName", "priority", "preemptionPolicy", "dnsConfig",
    "readinessGates", "runtimeClassName", "overhead", "enableServiceLinks", "topologySpreadConstraints", "os",
    "schedulingGates", "resourceClaims", "resources", "hostnameOverride",
)  # fmt: skip
_VOLUME_SOURCES: Final = (
    "gcePersistentDisk", "awsElasticBlockStore", "hostPath", "glusterfs", "nfs", "rbd", "quobyte", "iscsi",
    "flexVolume", "cinder", "cephfs", "fc", "flocker", "azureFile", "vsphereVolume", "azureDisk",
    "photonPersistentDisk", "portworxVolume", "scaleIO", "local", "storageos", "csi",
)  # fmt: skip
_ZERO: Final = {"string": "", "bool": False, "intstr": 0, "quantity": "0"}
_NULL: Final = frozenset({"bytes", "time", "microtime", "raw"})


def internal(name: str, value: Mapping[str, Any]) -> Obj:
    """A value as Go's JSON of its internal struct has it; `name` is the struct's in the compact schema."""
    return _go(struct(name), value)


def containers(before: Obj | None, after: Obj | None) -> str:
    """Of two ephemeral containers."""
    return of("core.v1.EphemeralContainer", before or {}, after or {})


def of(name: str, before: Obj, after: Obj) -> str:
    """Of two values of a struct of the compact schema."""
    return _unified(internal(name, before), internal(name, after))


def pod_specs(before: Obj, after: Obj) -> str:
    """Of two pods' specs."""
    return _unified(_pod_spec(before), _pod_spec(after))


def volume_sources(before: Obj, after: Obj) -> str:
    """Of two PersistentVolumes' sources."""
    fields = struct("core.v1.PersistentVolumeSpec").fields
    shown = (
        {_go_name(name): _field(fields[name], spec.get(name)) for name in _VOLUME_SOURCES} for spec in (before, after)
    )
    return _unified(*shown)


def _unified(before: Any, after: Any) -> str:
    old, new = (json.dumps(each, indent=1, ensure_ascii=False).split("\n") for each in (before, after))
    lines = list(difflib.unified_diff(old, new, lineterm=""))[2:]
    return "".join(f"{line}\n" for line in lines)


def _pod_spec(spec: Obj) -> Obj:
    kind = struct("core.v1.PodSpec")
    shown: Obj = {}
    for name in _POD_SPEC:
        if name != "securityContext":
            shown[_go_name(name)] = _field(kind.fields[name], spec.get(name))
            continue
        hosts = {_go_name(each): _field(kind.fields[each], spec.get(each)) for each in _IN_SECURITY_CONTEXT}
        shown[_go_name(name)] = {**hosts, **_go(struct("core.v1.PodSecurityContext"), spec.get(name) or {})}
    return shown


def _go(kind: StructType, value: Mapping[str, Any]) -> Obj:
    return {_go_name(name): _field(field, value.get(name)) for name, field in kind.fields.items()}


def _field(field: Field, value: Any) -> Any:
    if value is None and field.pointer:
        return None
    return _value(field.type, value)


def _value(kind: Type, value: Any) -> Any:
    if isinstance(kind, StructType):
        return _go(kind, value or {})
    if value is None:
        return _absent(kind)
    if isinstance(kind, ListType):
        return [_value(kind.element, item) for item in value]
    if isinstance(kind, MapType):
        return {key: _value(kind.element, item) for key, item in sorted(value.items())}
    return value


def _absent(kind: ListType | MapType | Scalar) -> Any:
    if not isinstance(kind, Scalar) or kind.kind in _NULL:
        return None
    return _ZERO.get(kind.kind, 0)


def _go_name(name: str) -> str:
    word = "".join(_first_word(name))
    return _INITIALS.get(word, word[:1].upper() + word[1:]) + name[len(word) :]


def _first_word(name: str) -> Iterator[str]:
    for letter in name:
        if letter.isupper():
            return
        yield letter
