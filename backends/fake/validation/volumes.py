"""The rules of a pod's volumes. Rules: `ValidateVolumes` in pkg/apis/core/validation/validation.go.

The sources that a cluster of today runs are looked into; of the others only that there is one source alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backends.fake.schema import quantity
from backends.fake.validation import causes, pod_fields
from backends.fake.validation.causes import Cause
from backends.fake.validation.containers import inner_path
from backends.fake.validation.names import label_1123_errors

Obj = Mapping[str, Any]

_HOST_PATHS = (
    "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket",
)  # fmt: skip
_ORDER = (
    "emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi",
    "glusterfs", "flocker", "persistentVolumeClaim", "rbd", "cinder", "cephfs", "quobyte", "downwardAPI", "fc",
    "flexVolume", "configMap", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume", "azureDisk",
    "storageos", "projected", "scaleIO", "csi", "ephemeral", "image",
)  # fmt: skip
_SHORTEST_S, _LONGEST_S = 600, 2**32
"""For how long a projected token may be good."""
_MODE_TEXT = "must be a number between 0 and 0777 (octal), both inclusive"


PERSISTENT = (
    "hostPath", "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "flocker", "nfs", "rbd", "quobyte", "cephfs",
    "iscsi", "cinder", "fc", "flexVolume", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume",
    "azureDisk", "scaleIO", "local", "storageos", "csi",
)  # fmt: skip
"""What a PersistentVolume can be, in the server's order."""
_REQUIRED = {
    "gcePersistentDisk": ("pdName",), "awsElasticBlockStore": ("volumeID",), "glusterfs": ("endpoints", "path"),
    "rbd": ("monitors", "image"), "cephfs": ("monitors",), "iscsi": ("targetPortal", "iqn"), "cinder": ("volumeID",),
    "flexVolume": ("driver",), "azureFile": ("secretName", "shareName"), "vsphereVolume": ("volumePath",),
    "photonPersistentDisk": ("pdID",), "portworxVolume": ("volumeID",), "azureDisk": ("diskName", "diskURI"),
    "local": ("path",), "csi": ("driver", "volumeHandle"),
}  # fmt: skip
"""Members that a source must have."""


def persistent(path: str, spec: Obj) -> list[Cause]:
    """What is wrong with the source of a PersistentVolume: there is one, and it says where the data is."""
    named = [name for name in PERSISTENT if spec.get(name) is not None]
    if not named:
        return [causes.required(path, "must specify a volume type")]
    others = [causes.forbidden(f"{path}.{name}", "may not specify more than 1 volume type") for name in named[1:]]
    first = named[0]
    where = f"{path}.{'persistentDisk' if first == 'gcePersistentDisk' else first}"
    own = [causes.required(f"{where}.{name}") for name in _REQUIRED.get(first, ()) if not spec[first].get(name)]
    if first in ("hostPath", "nfs"):
        own = _SOURCES[first](where, spec[first])
    elif first == "local":
        own += _backsteps(f"{where}.path", spec[first].get("path", ""))
        if spec.get("nodeAffinity") is None:
            own.append(causes.required(f"{path}.nodeAffinity", "Local volume requires node affinity"))
    return own + others


def _backsteps(path: str, value: str) -> list[Cause]:
    return [causes.invalid(path, value, "must not contain '..'")] if ".." in value.split("/") else []


def volumes(path: str, given: list[Obj]) -> tuple[set[str], list[Cause]]:
    """The names of the sound volumes, which containers may mount, and what is wrong with the others."""
    names: set[str] = set()
    found: list[Cause] = []
    for number, volume in enumerate(given):
        where = f"{path}[{number}]"
        name = volume.get("name", "")
        errors = _source(where, volume)
        if not name:
            errors.append(causes.required(f"{where}.name"))
        else:
            errors += [causes.invalid(f"{where}.name", name, text) for text in label_1123_errors(name)]
        if name in names:
            errors.append(causes.duplicate(f"{where}.name", name))
        if not errors:
            names.add(name)
        found += errors
    return names, found


def _source(where: str, volume: Obj) -> list[Cause]:
    found: list[Cause] = []
    named = sorted((name for name in volume if name != "name"), key=_place)
    for place, name in enumerate(named):
        if place:
            found.append(causes.forbidden(f"{where}.{name}", "may not specify more than 1 volume type"))
        elif name in _SOURCES:
            found += _SOURCES[name](f"{where}.{name}", volume[name])
    return found


def _place(source: str) -> int:
    """Where the server comes to a source; it looks at host paths after empty directories."""
    return _ORDER.index(source) if source in _ORDER else len(_ORDER)


def _named(member: str) -> Callable[[str, Obj], list[Cause]]:
    def check(path: str, source: Obj) -> list[Cause]:
        return [] if source.get(member) else [causes.required(f"{path}.{member}")]

    return check


def _host_path(path: str, source: Obj) -> list[Cause]:
    if not source.get("path"):
        return [causes.required(f"{path}.path")]
    found = _backsteps(f"{path}.path", source["path"])
    kind = source.get("type") or ""
    return found if kind in _HOST_PATHS else [*found, causes.not_supported(f"{path}.type", kind, _HOST_PATHS)]


def _empty_dir(path: str, source: Obj) -> list[Cause]:
    limit = source.get("sizeLimit")
    if limit is None or quantity.parse(limit)[0] >= 0:
        return []
    return [causes.forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")]


def _nfs(path: str, source: Obj) -> list[Cause]:
    found = _named("server")(path, source) + _named("path")(path, source)
    place = source.get("path", "")
    if not place.startswith("/"):
        found.append(causes.invalid(f"{path}.path", place, "must be an absolute path"))
    return found


def _files(member: str) -> Callable[[str, Obj], list[Cause]]:
    """A volume of files from keys: which object, which keys to which paths, with which modes."""
    named = _named(member)

    def check(path: str, source: Obj) -> list[Cause]:
        return named(path, source) + _mode(f"{path}.defaultMode", source.get("defaultMode")) + _items(path, source)

    return check


def _items(path: str, source: Obj) -> list[Cause]:
    found: list[Cause] = []
    for number, item in enumerate(source.get("items") or ()):
        where = f"{path}.items[{number}]"
        if not item.get("key"):
            found.append(causes.required(f"{where}.key"))
        found += _file(where, item)
    return found


def _downward(path: str, source: Obj) -> list[Cause]:
    """Files from the pod's own fields: each shows one field or one resource. Their paths have no number."""
    found = _mode(f"{path}.defaultMode", source.get("defaultMode"))
    for item in source.get("items") or ():
        found += _shown(path, item)
    return found


def _shown(path: str, item: Obj) -> list[Cause]:
    found = _place_of(path, item)
    if "fieldRef" in item:
        found += pod_fields.field(f"{path}.fieldRef", item["fieldRef"], pod_fields.IN_FILES)
        if "resourceFieldRef" in item:
            text = "fieldRef and resourceFieldRef can not be specified simultaneously"
            found.append(causes.invalid(path, "resource", text))
    elif "resourceFieldRef" in item:
        found += pod_fields.resource(f"{path}.resourceFieldRef", item["resourceFieldRef"], in_file=True)
    else:
        found.append(causes.required(path, "one of fieldRef and resourceFieldRef is required"))
    return found + _mode(f"{path}.mode", item.get("mode"))


def _file(where: str, item: Obj) -> list[Cause]:
    return _place_of(where, item) + _mode(f"{where}.mode", item.get("mode"))


def _place_of(where: str, item: Obj) -> list[Cause]:
    path = item.get("path", "")
    return _own_path(f"{where}.path", path) if path else [causes.required(f"{where}.path")]


def _own_path(path: str, value: str) -> list[Cause]:
    """A path below a volume's root whose name is not reserved for what the kubelet writes there."""
    found = inner_path(path, value)
    if value.startswith("..") and not value.startswith("../"):
        found.append(causes.invalid(path, value, "must not start with '..'"))
    return found


def _mode(path: str, mode: int | None) -> list[Cause]:
    return [] if mode is None or 0 <= mode <= 0o777 else [causes.invalid(path, mode, _MODE_TEXT)]


def _projected(path: str, source: Obj) -> list[Cause]:
    found = _mode(f"{path}.defaultMode", source.get("defaultMode"))
    taken: set[str] = set()
    for number, part in enumerate(source.get("sources") or ()):
        where = f"{path}.sources[{number}]"
        for name in ("secret", "configMap"):
            if name in part:
                found += _named("name")(f"{where}.{name}", part[name]) + _items(f"{where}.{name}", part[name])
                found += _unique(path, part[name], taken, part[name].get("name", ""))
        if "downwardAPI" in part:
            for item in part["downwardAPI"].get("items") or ():
                found += _shown(f"{where}.downwardAPI", item)
            found += _unique(path, part["downwardAPI"], taken, None)
        if "serviceAccountToken" in part:
            found += _token(path, f"{where}.serviceAccountToken", part["serviceAccountToken"])
        if len(part) > 1:
            found.append(causes.forbidden(where, "may not specify more than 1 volume type per source"))
    return found


def _unique(path: str, source: Obj, taken: set[str], shown: str | None) -> list[Cause]:
    """No two files of a volume have one path; the message shows the object, or the path where there is none."""
    found: list[Cause] = []
    for item in source.get("items") or ():
        place = item.get("path")
        if place and place in taken:
            found.append(causes.invalid(path, place if shown is None else shown, "conflicting duplicate paths"))
        taken.add(place)
    return found


def _token(path: str, where: str, source: Obj) -> list[Cause]:
    """A token of the pod's account; where its path is missing the volume is named, not the source."""
    found: list[Cause] = []
    seconds = source.get("expirationSeconds", 0)
    if seconds < _SHORTEST_S:
        text = "may not specify a duration less than 10 minutes"
        found.append(causes.invalid(f"{where}.expirationSeconds", seconds, text))
    if seconds > _LONGEST_S:
        text = "may not specify a duration larger than 2^32 seconds"
        found.append(causes.invalid(f"{where}.expirationSeconds", seconds, text))
    return found + _place_of(path, source)


_SOURCES: dict[str, Callable[[str, Obj], list[Cause]]] = {
    "emptyDir": _empty_dir,
    "nfs": _nfs,
    "ephemeral": _named("volumeClaimTemplate"),
    "hostPath": _host_path,
    "secret": _files("secretName"),
    "configMap": _files("name"),
    "downwardAPI": _downward,
    "projected": _projected,
    "persistentVolumeClaim": _named("claimName"),
    "csi": _named("driver"),
    "image": _named("reference"),
}
