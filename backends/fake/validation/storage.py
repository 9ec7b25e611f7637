"""PersistentVolumeClaim, PersistentVolume, StorageClass: defaults and rules.

Rules: `ValidatePersistentVolumeClaimSpec` and `ValidatePersistentVolumeSpec` in pkg/apis/core/validation,
`ValidateStorageClass` in pkg/apis/storage/validation.
"""

from __future__ import annotations

from typing import Any

from backends.fake.schema import quantity
from backends.fake.validation import causes, differences, drivers, label_selectors, placement, volumes
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import subdomain_1123_errors

Obj = dict[str, Any]

_ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_VOLUME_MODES = ("Block", "Filesystem")
_RECLAIM_POLICIES = ("Delete", "Recycle", "Retain")
_BINDING_MODES = ("Immediate", "WaitForFirstConsumer")


def claim_defaults(obj: Obj) -> None:
    """A claim is for a file system and not bound yet."""
    obj["status"].setdefault("phase", "Pending")
    obj["spec"].setdefault("volumeMode", "Filesystem")


def claim(obj: Obj) -> list[Cause]:
    """What is wrong with a claim."""
    return claim_spec(obj["spec"], "spec")


def claim_spec(spec: Obj, path: str) -> list[Cause]:
    """A claim says how it is accessed and how much it asks for; `path` is where its spec is."""
    modes = spec.get("accessModes") or []
    found = [] if modes else [causes.required(f"{path}.accessModes", "at least 1 access mode is required")]
    found += label_selectors.sound(f"{path}.selector", spec.get("selector"))
    found += _access_modes(modes, f"{path}.accessModes")
    found += _amount(f"{path}.resources[storage]", (spec["resources"].get("requests") or {}).get("storage"))
    return found + _class_name(spec, path) + _volume_mode(spec, path)


def _class_name(spec: Obj, path: str) -> list[Cause]:
    name = spec.get("storageClassName") or ""
    texts = subdomain_1123_errors(name) if name else []
    return [causes.invalid(f"{path}.storageClassName", name, text) for text in texts]


def _access_modes(given: list[str], path: str) -> list[Cause]:
    found = [causes.not_supported(path, mode, _ACCESS_MODES) for mode in given if mode not in _ACCESS_MODES]
    others = [mode for mode in given if mode in _ACCESS_MODES and mode != "ReadWriteOncePod"]
    if "ReadWriteOncePod" in given and others:
        found.append(causes.forbidden(path, "may not use ReadWriteOncePod with other access modes"))
    return found


def _amount(path: str, amount: str | None) -> list[Cause]:
    if amount is None:
        return [causes.required(path)]
    if quantity.parse(amount)[0] <= 0:
        return [causes.invalid(path, amount, "must be greater than zero")]
    return []


def _volume_mode(spec: Obj, path: str) -> list[Cause]:
    mode = spec.get("volumeMode")
    if mode is None or mode in _VOLUME_MODES:
        return []
    return [causes.not_supported(f"{path}.volumeMode", mode, _VOLUME_MODES)]


def claim_update(new: Obj, old: Obj) -> list[Cause]:
    """A claim keeps its spec; the volume's name comes once, and more may be asked for."""
    found = claim(new)
    want, have = dict(new["spec"]), dict(old["spec"])
    if not have.get("volumeName"):
        want.pop("volumeName", None)
    if have.get("storageClassName") is None:  # the default class may come later
        want.pop("storageClassName", None)
    want.pop("volumeAttributesClassName", None)
    have.pop("volumeAttributesClassName", None)
    bound = (new.get("status") or {}).get("phase") == "Bound"
    asked, had = (_asked(each) for each in (want, have))
    if bound and asked is not None:
        want["resources"] = {**want["resources"], "requests": {**want["resources"]["requests"], "storage": had}}
    if want != have:
        text = "spec is immutable after creation except resources.requests and volumeAttributesClassName"
        shown = differences.of("core.v1.PersistentVolumeClaimSpec", have, want)
        found.append(causes.forbidden("spec", f"{text} for bound claims\n{shown}"))
    capacity = ((old.get("status") or {}).get("capacity") or {}).get("storage", "0")
    shrinks = bound and asked is not None and had is not None and quantity.parse(asked)[0] < quantity.parse(had)[0]
    if shrinks and quantity.parse(asked)[0] <= quantity.parse(capacity)[0]:
        text = "field can not be less than status.capacity"
        found.append(causes.forbidden("spec.resources.requests.storage", text))
    if new["spec"].get("volumeMode") != old["spec"].get("volumeMode"):
        found.append(causes.invalid("volumeMode", new["spec"].get("volumeMode"), "field is immutable"))
    return found


def _asked(spec: Obj) -> Any:
    return ((spec.get("resources") or {}).get("requests") or {}).get("storage")


def volume_defaults(obj: Obj) -> None:
    """A volume has a file system and outlives its claim."""
    obj["status"].setdefault("phase", "Pending")
    obj["spec"].setdefault("persistentVolumeReclaimPolicy", "Retain")
    obj["spec"].setdefault("volumeMode", "Filesystem")


def volume(obj: Obj) -> list[Cause]:
    """A volume says how it is accessed, how big it is and what it is."""
    spec = obj["spec"]
    modes = spec.get("accessModes") or []
    found = [] if modes else [causes.required("spec.accessModes")]
    found += _access_modes(modes, "spec.accessModes")
    capacity = spec.get("capacity") or {}
    if not capacity:
        found.append(causes.required("spec.capacity"))
    elif set(capacity) != {"storage"}:
        found.append(causes.not_supported("spec.capacity", capacity, ("storage",)))
    else:
        found += _amount("spec.capacity[storage]", capacity["storage"])
    policy = spec.get("persistentVolumeReclaimPolicy")
    if policy is not None and policy not in _RECLAIM_POLICIES:
        found.append(causes.not_supported("spec.persistentVolumeReclaimPolicy", policy, _RECLAIM_POLICIES))
    found += _affinity(spec.get("nodeAffinity")) + volumes.persistent("spec", spec)
    if policy == "Recycle" and (spec.get("hostPath") or {}).get("path", "").strip("/") == "" and "hostPath" in spec:
        text = "may not be 'recycle' for a hostPath mount of '/'"
        found.append(causes.forbidden("spec.persistentVolumeReclaimPolicy", text))
    return found + _class_name(spec, "spec") + _volume_mode(spec, "spec")


def _affinity(given: Obj | None) -> list[Cause]:
    """The nodes that a volume can be reached from."""
    path = "spec.nodeAffinity.required"
    if given is None:
        return []
    if given.get("required") is None:
        return [causes.required(path, "must specify required node constraints")]
    return placement.node_selector(given["required"], path)


def volume_update(new: Obj, old: Obj) -> list[Cause]:
    """A volume may change what is not its source, its mode, and the nodes that it can be reached from."""
    found = volume(new)
    want, have = new["spec"], old["spec"]
    if any(want.get(name) != have.get(name) for name in volumes.PERSISTENT):
        shown = differences.volume_sources(have, want)
        text = f"spec.persistentvolumesource is immutable after creation\n{shown}"
        found.append(causes.forbidden("spec.persistentvolumesource", text))
    if want.get("volumeMode") != have.get("volumeMode"):
        found.append(causes.invalid("volumeMode", want.get("volumeMode"), "field is immutable"))
    if have.get("nodeAffinity") is not None and want.get("nodeAffinity") != have["nodeAffinity"]:
        found.append(causes.invalid("nodeAffinity", want.get("nodeAffinity"), "field is immutable"))
    return found


def storage_class_defaults(obj: Obj) -> None:
    """Volumes of a class are made at once and deleted with their claim."""
    obj.setdefault("reclaimPolicy", "Delete")
    obj.setdefault("volumeBindingMode", "Immediate")


def storage_class(obj: Obj) -> list[Cause]:
    """A class has a provisioner."""
    found = drivers.provisioner("provisioner", obj.get("provisioner", ""))
    found += drivers.parameters(obj.get("parameters") or {}, needed=False)
    if obj.get("reclaimPolicy") not in ("Delete", "Retain"):
        found.append(causes.not_supported("reclaimPolicy", obj.get("reclaimPolicy", ""), ("Delete", "Retain")))
    mode = obj.get("volumeBindingMode", "")
    if mode not in _BINDING_MODES:
        found.append(causes.not_supported("volumeBindingMode", mode, _BINDING_MODES))
    return found


def storage_class_update(new: Obj, old: Obj) -> list[Cause]:
    """A class keeps what its volumes were made with."""
    found = storage_class(new)
    found += [
        causes.forbidden(name, f"updates to {name} are forbidden.")
        for name in ("parameters", "provisioner", "reclaimPolicy")
        if new.get(name) != old.get(name)
    ]
    if new.get("volumeBindingMode") != old.get("volumeBindingMode"):
        found.append(causes.invalid("volumeBindingMode", new.get("volumeBindingMode"), "field is immutable"))
    return found
