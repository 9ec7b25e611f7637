"""From a pod template to a pod, and to the hash that names it.

Used by the workload controllers. Pure, deterministic. The hash is 32 bits of FNV-1a in Kubernetes' vowel-free alphabet,
as `ComputeHash` and `rand.SafeEncodeString` do it; but over canonical JSON and not over Go's dump of the struct, so it
is of the same form as a real cluster's hash and never equal to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from backends.fake.controllers.kinds import Kind
from backends.kubelet.pods import Object

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def owner_reference(kind: Kind, owner: Object) -> Object:
    """The reference by which `owner` controls what it creates."""
    metadata = owner["metadata"]
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controller_of(obj: Object) -> Object | None:
    """The one owner reference that says `controller: true`, or None."""
    references = obj["metadata"].get("ownerReferences") or ()
    return next((found for found in references if found.get("controller")), None)


def controlled_by(obj: Object, uid: str) -> bool:
    """Whether the object's controller is the one with this uid."""
    owner = controller_of(obj)
    return owner is not None and owner["uid"] == uid


def pod_from(template: Object, kind: Kind, owner: Object, *, name: str = "") -> Object:
    """A pod of `owner` as `template` says: under `name`, or with a generated one."""
    meta = template.get("metadata") or {}
    metadata: Object = {
        "namespace": owner["metadata"]["namespace"],
        "generateName": f"{owner['metadata']['name']}-",
        "ownerReferences": [owner_reference(kind, owner)],
    }
    if name:
        metadata["name"] = name
    for member in ("labels", "annotations"):
        if meta.get(member):
            metadata[member] = dict(meta[member])
    if meta.get("finalizers"):
        metadata["finalizers"] = list(meta["finalizers"])
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": dict(template["spec"])}


def canonical(value: object) -> bytes:
    """The same bytes for the same JSON, whatever the order of members."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def template_hash(template: Mapping[str, Any], collisions: int | None) -> str:
    """The name of a template's revision; another `collisions` gives another name to the same template."""
    digest = 0x811C9DC5
    for byte in canonical(template) + (b"" if collisions is None else str(collisions).encode()):
        digest = ((digest ^ byte) * 0x01000193) & 0xFFFFFFFF
    return "".join(_ALPHABET[ord(digit) % len(_ALPHABET)] for digit in str(digest))


def scaled(value: int | str, total: int, *, round_up: bool) -> int:
    """An `IntOrString`: the number, or the percentage of `total`. `ValueError` for any other text."""
    if isinstance(value, int):
        return value
    if not value.endswith("%"):
        raise ValueError(f"{value!r} is neither a number nor a percentage")
    product = int(value[:-1]) * total
    return -(-product // 100) if round_up else product // 100
