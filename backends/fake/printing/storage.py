"""What stands in the rows of volumes, their claims and their classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from backends.fake.printing.wording import NONE, UNSET, age

Obj = Mapping[str, Any]
Cells = list[Any]

_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
_CLASS = "volume.beta.kubernetes.io/storage-class"


def _old(obj: Obj, now: datetime) -> str:
    return age(obj["metadata"].get("creationTimestamp"), now)


def _modes(held: Iterable[str] | None) -> str:
    given = set(held or ())
    return ",".join(short for mode, short in _MODES.items() if mode in given)


def _class(obj: Obj) -> str:
    annotated = (obj["metadata"].get("annotations") or {}).get(_CLASS)
    return str(annotated if annotated is not None else (obj.get("spec") or {}).get("storageClassName") or "")


def _phase(obj: Obj) -> str:
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return str((obj.get("status") or {}).get("phase") or "")


def _or_unset(spec: Obj, member: str) -> str:
    return str(spec[member]) if spec.get(member) is not None else UNSET


def volume(obj: Obj, now: datetime) -> Cells:
    """Size, modes, what becomes of it, whose it is."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    claim = spec.get("claimRef")
    return [
        obj["metadata"]["name"],
        (spec.get("capacity") or {}).get("storage") or "0",
        _modes(spec.get("accessModes")),
        spec.get("persistentVolumeReclaimPolicy") or "",
        _phase(obj),
        f"{claim.get('namespace', '')}/{claim.get('name', '')}" if claim is not None else "",
        _class(obj),
        _or_unset(spec, "volumeAttributesClassName"),
        status.get("reason") or "",
        _old(obj, now),
        _or_unset(spec, "volumeMode"),
    ]


def claim(obj: Obj, now: datetime) -> Cells:
    """Which volume it has got; size and modes once it has one."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    bound = spec.get("volumeName") or ""
    return [
        obj["metadata"]["name"],
        _phase(obj),
        bound,
        ((status.get("capacity") or {}).get("storage") or "0") if bound else "",
        _modes(status.get("accessModes")) if bound else "",
        _class(obj),
        _or_unset(spec, "volumeAttributesClassName"),
        _old(obj, now),
        _or_unset(spec, "volumeMode"),
    ]


def _default(obj: Obj, *annotations: str) -> str:
    """The name, marked when its class is what is taken where none is asked for."""
    held = obj["metadata"].get("annotations") or {}
    mark = " (default)" if any(held.get(one) == "true" for one in annotations) else ""
    return f"{obj['metadata']['name']}{mark}"


def storage_class(obj: Obj, now: datetime) -> Cells:
    """Who makes volumes of it, and how."""
    kinds = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")
    return [
        _default(obj, *kinds),
        obj.get("provisioner") or "",
        obj.get("reclaimPolicy") or "Delete",
        obj.get("volumeBindingMode") or "Immediate",
        bool(obj.get("allowVolumeExpansion")),
        _old(obj, now),
    ]


def attributes_class(obj: Obj, now: datetime) -> Cells:
    """Whose attributes they are."""
    name = _default(obj, "storage.alpha.kubernetes.io/is-default-volumeattributesclass")
    return [name, obj.get("driverName") or "", _old(obj, now)]


def attachment(obj: Obj, now: datetime) -> Cells:
    """Which volume is attached to which node, and by whom."""
    spec = obj.get("spec") or {}
    volume_name = (spec.get("source") or {}).get("persistentVolumeName") or ""
    attached = bool((obj.get("status") or {}).get("attached"))
    where = [spec.get("attacher") or "", volume_name, spec.get("nodeName") or ""]
    return [obj["metadata"]["name"], *where, attached, _old(obj, now)]


def csi_driver(obj: Obj, now: datetime) -> Cells:
    """What the driver asks for."""
    spec = obj.get("spec") or {}
    asked = spec.get("tokenRequests")
    tokens = UNSET if asked is None else ",".join(one.get("audience") or "" for one in asked)
    return [
        obj["metadata"]["name"],
        spec.get("attachRequired") is not False,
        bool(spec.get("podInfoOnMount")),
        bool(spec.get("storageCapacity")),
        tokens,
        bool(spec.get("requiresRepublish")),
        ",".join(spec.get("volumeLifecycleModes") or ()) or NONE,
        _old(obj, now),
    ]


def csi_node(obj: Obj, now: datetime) -> Cells:
    """How many drivers a node has."""
    return [obj["metadata"]["name"], len((obj.get("spec") or {}).get("drivers") or ()), _old(obj, now)]
