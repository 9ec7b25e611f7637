"""What volume drivers bring and are asked for: defaults and rules.

CSIDriver, CSINode, CSIStorageCapacity, VolumeAttachment, VolumeAttributesClass. From pkg/apis/storage/validation and
pkg/apis/storage/v1/defaults.go. The strategies of CSIDriver, CSINode and VolumeAttachment below pkg/registry/storage
check an update's spec twice, so its causes are there twice.

Called by `registered` and `storage`. Stores nothing and asks nobody: the object decides.
"""

from __future__ import annotations

from typing import Any

from backends.fake.schema import quantity
from backends.fake.validation import causes, label_selectors
from backends.fake.validation.causes import Cause
from backends.fake.validation.names import label_key_errors, subdomain_1123_errors

Obj = dict[str, Any]

_GROUP_POLICIES = ("File", "None", "ReadWriteOnceWithFSType")
_LIFECYCLES = ("Persistent", "Ephemeral")
_SOURCES = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
_MAX_NAME, _MAX_NODE_ID = 63, 192
_MIN_TOKEN_S, _MAX_TOKEN_S = 600, 1 << 32
_MAX_PARAMETERS, _MAX_PARAMETER_BYTES = 512, 256 * 1024
_IMMUTABLE = "field is immutable"


def driver_defaults(obj: Obj) -> None:
    """CSIDriver: volumes are attached and persistent, and nothing more is asked for."""
    spec = obj["spec"]
    spec.setdefault("attachRequired", True)
    for name in ("podInfoOnMount", "storageCapacity", "requiresRepublish", "seLinuxMount"):
        spec.setdefault(name, False)
    spec.setdefault("fsGroupPolicy", "ReadWriteOnceWithFSType")
    if not spec.get("volumeLifecycleModes"):
        spec["volumeLifecycleModes"] = ["Persistent"]


def driver(obj: Obj) -> list[Cause]:
    """What is wrong with a CSIDriver that has its defaults."""
    spec, found = obj["spec"], list[Cause]()
    if spec["fsGroupPolicy"] not in _GROUP_POLICIES:
        found.append(causes.not_supported("spec.fsGroupPolicy", spec["fsGroupPolicy"], _GROUP_POLICIES))
    audiences = set[str]()
    for number, asked in enumerate(spec.get("tokenRequests") or ()):
        found += _token(f"spec.tokenRequests[{number}]", asked, audiences)
    for mode in spec["volumeLifecycleModes"]:
        if mode not in _LIFECYCLES:
            found.append(causes.not_supported("spec.volumeLifecycleModes", mode, _LIFECYCLES))
    return found


def _token(path: str, asked: Obj, audiences: set[str]) -> list[Cause]:
    audience, seconds = asked.get("audience", ""), asked.get("expirationSeconds")
    if audience in audiences:
        return [causes.duplicate(f"{path}.audience", audience)]
    audiences.add(audience)
    if seconds is not None and seconds < _MIN_TOKEN_S:
        return [causes.invalid(f"{path}.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")]
    if seconds is not None and seconds > _MAX_TOKEN_S:
        text = "may not specify a duration larger than 2^32 seconds"
        return [causes.invalid(f"{path}.expirationSeconds", seconds, text)]
    return []


def driver_update(new: Obj, old: Obj) -> list[Cause]:
    """A CSIDriver keeps how its volumes are attached and how long they live."""
    found, want, have = driver(new) * 2, new["spec"], old["spec"]
    # The first name is misspelt there.
    for shown, name in (("attachedRequired", "attachRequired"), ("volumeLifecycleModes", "volumeLifecycleModes")):
        if want[name] != have.get(name):
            found.append(causes.invalid(f"spec.{shown}", want[name], _IMMUTABLE))
    return found


def _driver_name(path: str, name: str) -> list[Cause]:
    found = [] if name else [causes.required(path)]
    if len(name) > _MAX_NAME:
        found.append(causes.too_long(path, _MAX_NAME))
    return found + [causes.invalid(path, name, text) for text in subdomain_1123_errors(name.lower())]


def node(obj: Obj) -> list[Cause]:
    """A CSINode lists each driver once."""
    found, names = list[Cause](), set[str]()
    for number, one in enumerate(obj["spec"].get("drivers") or ()):
        found += _node_driver(f"spec.drivers[{number}]", one, names)
    return found


def _node_driver(path: str, one: Obj, names: set[str]) -> list[Cause]:
    name, node_id = one.get("name", ""), one.get("nodeID", "")
    found = _driver_name(f"{path}.name", name)
    if not node_id:
        found.append(causes.required(f"{path}.nodeID"))
    if len(node_id) > _MAX_NODE_ID:
        found.append(causes.invalid(f"{path}.nodeID", node_id, f"must be {_MAX_NODE_ID} characters or less"))
    found += causes.at_least_zero(f"{path}.allocatable.count", (one.get("allocatable") or {}).get("count"))
    if name in names:
        found.append(causes.duplicate(f"{path}.name", name))
    names.add(name)
    keys = set[str]()
    for key in one.get("topologyKeys") or ():
        found += [] if key else [causes.required(path)]
        found += [causes.duplicate(path, key)] if key in keys else []
        keys.add(key)
        found += [causes.invalid(path, key, text) for text in label_key_errors(key)]
    return found


def node_update(new: Obj, old: Obj) -> list[Cause]:
    """Drivers come and go, but do not change."""
    found, held = node(new) * 2, {one.get("name", ""): one for one in old["spec"].get("drivers") or ()}
    for one in new["spec"].get("drivers") or ():
        before = held.get(one.get("name", ""), one)
        if one != before:
            count = (one.get("allocatable") or {}).get("count")
            shown = {
                "Name": one.get("name", ""),
                "NodeID": one.get("nodeID", ""),
                "TopologyKeys": one.get("topologyKeys"),
                "Allocatable": {"Count": count} if one.get("allocatable") is not None else None,
            }
            found.append(causes.invalid("spec.drivers", shown, _IMMUTABLE))
    return found


def capacity(obj: Obj) -> list[Cause]:
    """A CSIStorageCapacity is of a class, somewhere, and not negative."""
    found, name = label_selectors.sound("nodeTopology", obj.get("nodeTopology")), obj.get("storageClassName", "")
    found += [causes.invalid("storageClassName", name, text) for text in subdomain_1123_errors(name)]
    amount = obj.get("capacity")
    if amount is not None and quantity.parse(amount)[0] < 0:
        found.append(causes.invalid("capacity", amount, "must be greater than or equal to 0"))
    return found


def capacity_update(new: Obj, old: Obj) -> list[Cause]:
    """Where it is, and of which class, stays."""
    return capacity(new) + [
        causes.invalid(name, new.get(name), _IMMUTABLE)
        for name in ("nodeTopology", "storageClassName")
        if new.get(name) != old.get(name)
    ]


def attachment(obj: Obj) -> list[Cause]:
    """A VolumeAttachment says which volume is attached to which node, and by whom."""
    spec = obj["spec"]
    volume, attacher = spec["source"].get("persistentVolumeName"), spec.get("attacher", "")
    found = _attachment_spec(spec) + _driver_name("spec.attacher", attacher)
    if volume is not None:
        path = "spec.source.persistentVolumeName"
        found += [causes.invalid(path, volume, text) for text in subdomain_1123_errors(volume)]
    return found


def _attachment_spec(spec: Obj) -> list[Cause]:
    found = [] if spec.get("attacher") else [causes.required("spec.attacher")]
    volume, inline = spec["source"].get("persistentVolumeName"), spec["source"].get("inlineVolumeSpec")
    if volume is None and inline is None:
        found.append(causes.required("spec.source", _SOURCES))
    elif volume is not None and inline is not None:
        found.append(causes.forbidden("spec.source", _SOURCES))
    elif volume == "":
        text = "must specify non empty persistentVolumeName"
        found.append(causes.required("spec.source.persistentVolumeName", text))
    name = spec.get("nodeName", "")
    return found + [causes.invalid("spec.nodeName", name, text) for text in subdomain_1123_errors(name)]


def attachment_update(new: Obj, old: Obj) -> list[Cause]:
    """What is attached where is said once."""
    spec = new["spec"]
    found = _attachment_spec(spec) * 2
    if spec != old["spec"]:
        source = spec["source"]
        shown = {
            "Attacher": spec.get("attacher", ""),
            "Source": {
                "PersistentVolumeName": source.get("persistentVolumeName"),
                "InlineVolumeSpec": source.get("inlineVolumeSpec"),
            },
            "NodeName": spec.get("nodeName", ""),
        }
        found.append(causes.invalid("spec", shown, _IMMUTABLE))
    return found


def provisioner(path: str, name: str) -> list[Cause]:
    """Who makes volumes: a qualified name, whatever its case."""
    if not name:
        return [causes.required(path)]
    return [causes.invalid(path, name.lower(), text) for text in label_key_errors(name.lower())]


def parameters(given: dict[str, str], *, needed: bool) -> list[Cause]:
    """What whoever makes volumes is told of a class."""
    if len(given) > _MAX_PARAMETERS:
        return [causes.too_long("parameters", _MAX_PARAMETERS)]
    found = [causes.invalid("parameters", "", "field can not be empty.")] if "" in given else []
    if sum(len(text.encode()) for pair in given.items() for text in pair) > _MAX_PARAMETER_BYTES:
        found.append(causes.too_long("parameters", _MAX_PARAMETER_BYTES))
    if needed and not given:
        found.append(causes.required("parameters", "must contain at least one key/value pair"))
    return found


def attributes_class(obj: Obj) -> list[Cause]:
    """A VolumeAttributesClass has a driver and at least one parameter."""
    return provisioner("driverName", obj.get("driverName", "")) + parameters(obj.get("parameters") or {}, needed=True)


def attributes_class_update(new: Obj, old: Obj) -> list[Cause]:
    """Neither changes."""
    found = [
        causes.forbidden(name, f"updates to {name} are forbidden.")
        for name in ("driverName", "parameters")
        if new.get(name) != old.get(name)
    ]
    return found + attributes_class(new)
