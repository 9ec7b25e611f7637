"""How a write looks to whom it is shown: the AdmissionRequest of expressions and webhooks."""

from __future__ import annotations

from typing import Any

from backends.fake.admission.attributes import CONNECT, Attributes
from backends.fake.catalogue import Resource
from backends.fake.conversion import converted

Obj = dict[str, Any]


def request_of(write: Attributes, resource: Resource) -> Obj:
    """The AdmissionRequest without its objects; `resource` is the version in which they are shown."""
    identity = write.asking.identity
    user: Obj = {}
    if identity is not None:
        user = {"username": identity.name, "groups": list(identity.groups)}
        if identity.uid:
            user["uid"] = identity.uid
        if identity.extra:
            user["extra"] = {key: list(values) for key, values in identity.extra}
    found: Obj = {
        "kind": _kind(resource, write.subresource),
        "resource": _resource(resource),
        "requestKind": _kind(write.resource, write.subresource),
        "requestResource": _resource(write.resource),
        "operation": write.operation,
        "userInfo": user,
        "dryRun": write.dry_run,
        "options": None if write.operation == CONNECT else write.asking.options,
    }
    if write.name:
        found["name"] = write.name
    if write.subresource:
        found["subResource"] = found["requestSubResource"] = write.subresource
    namespace = write.name if resource.storage == ("", "namespaces") else write.namespace
    if namespace:
        found["namespace"] = namespace
    return found


def _kind(resource: Resource, subresource: str) -> Obj:
    sub = resource.subresources.get(subresource)
    holder = sub if sub is not None else resource
    return {"group": holder.group, "version": holder.version, "kind": holder.kind}


def _resource(resource: Resource) -> Obj:
    return {"group": resource.group, "version": resource.version, "resource": resource.plural}


def shown(obj: Obj | None, resource: Resource, write: Attributes) -> Obj | None:
    """An object in the version of `resource`; what a subresource has of its own is shown as it is."""
    if obj is None or resource is write.resource:
        return obj
    return obj if write.subresource and "kind" not in obj else converted(resource, dict(obj))
