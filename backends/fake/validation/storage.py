"""PersistentVolumeClaim, PersistentVolume, StorageClass: defaults and rules.

Rules: `ValidatePersistentVolumeClaimSpec` and `ValidatePersistentVolumeSpec` in pkg/apis/core/validation,
`ValidateStorageClass` in pkg/apis/storage/validation. The sources of a PersistentVolume are not looked into.
"""

from __future__ import annotations

from typing import Any

from backends.fake.schema import quantity
from backends.fake.validation import causes, differences, label_selectors
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import label_key_errors, subdomain_1123_errors

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
    """A claim says how it is accessed and how much it asks for."""
    spec = obj["spec"]
    found = label_selectors.sound("spec.selector", spec.get("selector"))
    found += _access_modes(spec.get("accessModes") or [], "at least 1 access mode is required")
    found += _amount("spec.resources[storage]", (spec["resources"].get("requests") or {}).get("storage"))
    if spec.get("storageClassName"):
        texts = subdomain_1123_errors(spec["storageClassName"])
        found += [causes.invalid("spec.storageClassName", spec["storageClassName"], text) for text in texts]
    return found + _volume_mode(spec)


def _access_modes(given: list[str], text: str) -> list[Cause]:
    found = [] if given else [causes.required("spec.accessModes", text)]
    found += [
        causes.not_supported("spec.accessModes", mode, _ACCESS_MODES) for mode in given if mode not in _ACCESS_MODES
    ]
    if "ReadWriteOncePod" in given and len(given) > 1:
        found.append(causes.forbidden("spec.accessModes", "may not use ReadWriteOncePod with other access modes"))
    return found


def _amount(path: str, amount: str | None) -> list[Cause]:
    if amount is None:
        return [causes.required(path)]
    if quantity.parse(amount)[0] <= 0:
        return [causes.invalid(path, amount, "must be greater than zero")]
    return []


def _volume_mode(spec: Obj) -> list[Cause]:
    mode = spec.get("volumeMode")
    return (
        [] if mode is None or mode in _VOLUME_MODES else [causes.not_supported("spec.volumeMode", mode, _VOLUME_MODES)]
    )


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
    """A volume says how it is accessed and how big it is."""
    spec = obj["spec"]
    found = _access_modes(spec.get("accessModes") or [], "")
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
    return found + _volume_mode(spec)


def volume_update(new: Obj, old: Obj) -> list[Cause]:
    """A volume may change what is not its source."""
    del old
    return volume(new)


def storage_class_defaults(obj: Obj) -> None:
    """Volumes of a class are made at once and deleted with their claim."""
    obj.setdefault("reclaimPolicy", "Delete")
    obj.setdefault("volumeBindingMode", "Immediate")


def storage_class(obj: Obj) -> list[Cause]:
    """A class has a provisioner."""
    name = obj.get("provisioner", "")
    found = [causes.invalid("provisioner", name, text) for text in label_key_errors(name.lower())] if name else []
    if not name:
        found.append(causes.required("provisioner"))
    if obj.get("reclaimPolicy") not in ("Delete", "Retain"):
        found.append(causes.not_supported("reclaimPolicy", obj.get("reclaimPolicy", ""), ("Delete", "Retain")))
    mode = obj.get("volumeBindingMode", "")
    if mode not in _BINDING_MODES:
        found.append(causes.not_supported("volumeBindingMode", mode, _BINDING_MODES))
    return found


def storage_class_update(new: Obj, old: Obj) -> list[Cause]:
    """A class keeps what its volumes were made with."""
    found = [
        causes.forbidden(name, f"updates to {name} are forbidden.")
        for name in ("parameters", "provisioner", "reclaimPolicy")
        if new.get(name) != old.get(name)
    ]
    if new.get("volumeBindingMode") != old.get("volumeBindingMode"):
        found.append(causes.invalid("volumeBindingMode", new.get("volumeBindingMode"), "field is immutable"))
    return found
