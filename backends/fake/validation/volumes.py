"""The rules of a pod's volumes. Rules: `ValidateVolumes` in pkg/apis/core/validation/validation.go.

The sources that a cluster of today runs are looked into; of the others only that there is one source alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from backends.fake.schema import quantity
from backends.fake.validation import causes
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
_MODE_TEXT = "must be a number between 0 and 0777 (octal), both inclusive"


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
    if ".." in source["path"].split("/"):
        return [causes.invalid(f"{path}.path", source["path"], "must not contain '..'")]
    kind = source.get("type") or ""
    return [] if kind in _HOST_PATHS else [causes.not_supported(f"{path}.type", kind, _HOST_PATHS)]


def _empty_dir(path: str, source: Obj) -> list[Cause]:
    limit = source.get("sizeLimit")
    if limit is None or quantity.parse(limit)[0] >= 0:
        return []
    return [causes.forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")]


def _nfs(path: str, source: Obj) -> list[Cause]:
    found = _named("server")(path, source) + _named("path")(path, source)
    place = source.get("path", "")
    if place and not place.startswith("/"):
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
    """Files from the pod's own fields: each shows one field or one resource."""
    found = _mode(f"{path}.defaultMode", source.get("defaultMode"))
    for number, item in enumerate(source.get("items") or ()):
        where = f"{path}.items[{number}]"
        found += _file(where, item)
        if "fieldRef" in item and "resourceFieldRef" in item:
            text = "fieldRef and resourceFieldRef can not be specified simultaneously"
            found.append(causes.invalid(where, "resource", text))
        elif "fieldRef" not in item and "resourceFieldRef" not in item:
            found.append(causes.required(where, "one of fieldRef and resourceFieldRef is required"))
    return found


def _file(where: str, item: Obj) -> list[Cause]:
    path = item.get("path")
    found = inner_path(f"{where}.path", path) if path else [causes.required(f"{where}.path")]
    return found + _mode(f"{where}.mode", item.get("mode"))


def _mode(path: str, mode: int | None) -> list[Cause]:
    return [] if mode is None or 0 <= mode <= 0o777 else [causes.invalid(path, mode, _MODE_TEXT)]


def _projected(path: str, source: Obj) -> list[Cause]:
    found = _mode(f"{path}.defaultMode", source.get("defaultMode"))
    for number, part in enumerate(source.get("sources") or ()):
        where = f"{path}.sources[{number}]"
        for name, member in (("secret", "name"), ("configMap", "name"), ("serviceAccountToken", "path")):
            if name in part:
                found += _named(member)(f"{where}.{name}", part[name]) + _items(f"{where}.{name}", part[name])
        if "downwardAPI" in part:
            found += _downward(f"{where}.downwardAPI", part["downwardAPI"])
    return found


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
