"""What a create or update by a user does to the owners of an object's fields.

The registry calls `track` after it has filled in defaults and before admission, as the real server's handlers do
(k8s.io/apimachinery/pkg/util/managedfields/internal/fieldmanager.go). Controllers are users too. Writes that come
from inside the server, such as a binding, have no `Writer` and move nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from backends.fake.ownership import fieldsets, managers, shapes, values
from backends.fake.ownership.fieldsets import Fields
from backends.fake.ownership.managers import UPDATE, Manager, Share, Shares
from backends.fake.ownership.shapes import Map
from backends.fake.ownership.values import Comparison
from backends.fake.schema import Schema
from backends.fake.schema.recent import Recent

Obj = dict[str, Any]

NAME_LIMIT = 128
"""How much of a user agent becomes a manager's name, in bytes (FieldManagerMaxLength)."""

REPLICAS = {"f:spec": {"f:replicas": dict[str, Any]()}}
"""What a Scale changes of a workload."""
_TYPE = frozenset({"kind", "apiVersion"})
_SPEC, _STATUS, _NOTHING = frozenset({"spec"}), frozenset({"status"}), frozenset[str]()
_METADATA_TOO = frozenset({"metadata", "spec"})
_SIGNING = ("certificates.k8s.io", "CertificateSigningRequest")
# GetResetFields of pkg/registry/*/*/strategy.go, where it is not the common one.
_RESET: Mapping[tuple[str, str, str], frozenset[str]] = {
    ("", "Namespace", "finalize"): _STATUS,
    ("", "Pod", "status"): frozenset({"spec", "metadata.deletionTimestamp", "metadata.ownerReferences"}),
    ("apps", "Deployment", "status"): frozenset({"spec", "metadata.labels"}),
    (*_SIGNING, ""): frozenset({"spec", "status"}),
    (*_SIGNING, "status"): frozenset({"spec", "status.conditions"}),
    (*_SIGNING, "approval"): frozenset({"spec", "status.certificate"}),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy", "status"): _METADATA_TOO,
    ("apiextensions.k8s.io", "CustomResourceDefinition", "status"): _METADATA_TOO,
    ("apiregistration.k8s.io", "APIService", "status"): _METADATA_TOO,
    ("flowcontrol.apiserver.k8s.io", "FlowSchema", "status"): _METADATA_TOO,
    ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration", "status"): _METADATA_TOO,
    ("storage.k8s.io", "VolumeAttachment", "status"): _METADATA_TOO,
}
_ALIKE = frozenset({"metadata", "spec"})
"""Members that come again and again: those of one workload's pods are alike, but for what nobody can own."""
_RECENT: Recent[Fields] = Recent(1024)
"""What whoever brings such a member comes to own of it."""


class Writer(NamedTuple):
    """On whose behalf an object is written: the field manager, the subresource and the moment (RFC 3339)."""

    manager: str
    subresource: str
    at: str


def writer_of(field_manager: str, user_agent: str, subresource: str, at: str) -> Writer:
    """The writer of a request: its `fieldManager`, or else the program that its User-Agent names."""
    name = field_manager or "".join(char for char in user_agent.partition("/")[0] if char.isprintable())
    return Writer(name.encode()[:NAME_LIMIT].decode(errors="ignore"), subresource, at)


class Model(NamedTuple):
    """What a kind looks like: its shape, and an object of it with nothing in it (never changed)."""

    shape: Map
    blank: Obj


def model_of(group: str, version: str, kind: str) -> Model | None:
    """The model of a built-in kind; None where there is none."""
    shape = shape_of(group, version, kind)
    return None if shape is None else Model(shape, blank(group, version, kind))


@functools.lru_cache(maxsize=512)
def shape_of(group: str, version: str, kind: str) -> Map | None:
    """The shape of a built-in kind; None where there is none."""
    known = Schema.load().kind(group, version, kind)
    return shapes.of_struct(known.type) if known is not None else None


@functools.lru_cache(maxsize=512)
def blank(group: str, version: str, kind: str) -> Obj:
    """An object of this kind with nothing in it, as the real server decodes it: what a new object is compared with."""
    known = Schema.load().kind(group, version, kind)
    assert known is not None, "asked for kinds that have a shape only"
    return known.decode({}, strictly=False).object


def gvk_of(obj: Obj) -> tuple[str, str, str]:
    """Group, version and kind of an object."""
    group, _, version = str(obj.get("apiVersion", "")).rpartition("/")
    return group, version, str(obj.get("kind", ""))


def ignored(group: str, kind: str, subresource: str, *, has_status: bool) -> frozenset[str]:
    """What a write through this door cannot change, so nobody comes to own it by that (resetFields).

    Members, and `metadata.labels` for one of a member's.
    """
    special = _RESET.get((group, kind, subresource))
    if special is not None:
        return special
    if subresource == "status":
        return _SPEC
    return _STATUS if has_status and not subresource else _NOTHING


def track(old: Obj | None, new: Obj, writer: Writer, *, has_status: bool, model: Model | None = None) -> list[Obj]:
    """The managedFields of `new`, which replaces `old` (None: it is created). Neither is changed.

    `model` is that of a custom resource; without one the kind is a built-in one.
    """
    gvk = gvk_of(new)
    shape = shape_of(*gvk) if model is None else model.shape
    told = (new.get("metadata") or {}).get("managedFields")
    before = (old or {}).get("metadata", {}).get("managedFields")
    shares = _told_or_live(told, before, writer)
    if shape is None or (old is not None and not shares):
        # Who has reset an object's owners wants none: tracking begins again with the next apply.
        return managers.written(shares)
    if model is not None and (values.problems(shape, new) or (old is not None and values.problems(shape, old))):
        # What does not look like its kind is refused later, or was stored under another schema: nothing moves.
        return managers.written(shares)
    skipped = ignored(gvk[0], gvk[2], writer.subresource, has_status=has_status)
    who = Manager(writer.manager, UPDATE, str(new.get("apiVersion") or ""), writer.subresource)
    if old is None and model is None and not shares:
        mine = _brought(shape, gvk, new, skipped)
        return managers.written({who: Share(mine, who.version, writer.at)} if mine else {})
    if old is None:
        old = blank(*gvk) if model is None else model.blank
    change = compare(shape, old, new, skipped)
    if not any(change):
        return managers.apart(shares, REPLICAS) if writer.subresource == "scale" else managers.written(shares)
    return managers.written(managers.updated(shares, change, who, writer.at))


def _told_or_live(told: object, live: list[Obj] | None, writer: Writer) -> Shares:
    """Who wants to may write managedFields; nobody deletes them by leaving them out (decodeLiveOrNew)."""
    if not writer.subresource:
        if managers.is_reset(told):
            return {}
        shares = managers.told(told) if told != live else None
        if shares:
            return shares
    return managers.read(live or ())


def _brought(shape: Map, gvk: tuple[str, str, str], new: Obj, skipped: frozenset[str]) -> Fields:
    """What whoever creates a built-in object comes to own."""
    found: Fields = {}
    for name in sorted(new.keys() - skipped - _TYPE):
        member = new[name] if name != "metadata" else managers.ownable(new[name])
        found.update(_part(shape, gvk, name, member) if name in _ALIKE else _owned(shape, gvk, name, member))
    return found


def _part(shape: Map, gvk: tuple[str, str, str], name: str, member: Any) -> Fields:
    key = orjson.dumps([gvk, name, member])
    part = _RECENT.get(key)
    if part is None:
        part = _owned(shape, gvk, name, member)
        _RECENT.keep(key, part)
    return part


def _owned(shape: Map, gvk: tuple[str, str, str], name: str, member: Any) -> Fields:
    """What there is to own of one member of a new object."""
    empty = blank(*gvk)
    change = values.compare(shape, {name: empty[name]} if name in empty else {}, {name: member})
    return managers.stripped(fieldsets.union(change.added, change.modified))


def compare(shape: Map, old: Obj, new: Obj, skipped: frozenset[str]) -> Comparison:
    """How two whole objects differ, but for the members that are `skipped` and for managedFields."""
    skipped |= _TYPE
    return values.compare(shape, without(old, skipped), without(new, skipped))


def without(obj: Obj, skipped: frozenset[str]) -> Obj:
    """The object without what is `skipped`; it is not changed."""
    left = {name: value for name, value in obj.items() if name not in skipped}
    for path in skipped:
        name, _, member = path.partition(".")
        if member and isinstance(left.get(name), dict):
            left[name] = {key: value for key, value in left[name].items() if key != member}
    return left
