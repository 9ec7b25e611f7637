"""create, replace and patch: from a request to the registry.

Called by the server. The order of checks is that of k8s.io/apiserver/pkg/endpoints/handlers: options, body, names, then
whatever the registry says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from backends.fake import metadata, options, ownership, statuses, strategies
from backends.fake.bodies import media_type, read_object
from backends.fake.call import Call
from backends.fake.catalogue import Resource
from backends.fake.conversion import encoded
from backends.fake.messages import Response
from backends.fake.patches import change_of
from backends.fake.reading import json_response
from backends.fake.registry import Registry

Obj = dict[str, Any]

Change = Callable[[Obj], Obj]

OTHER_NAMESPACE = "the namespace of the provided object does not match the namespace sent on the request"


def create(registry: Registry, call: Call) -> Response:
    """POST to a collection."""
    route, resource = call.route, call.served
    options.check_write(call, "CreateOptions")
    obj = read_object(call, resource)
    check_namespace(resource, obj, route.namespace)
    name_owners_once(call, obj)
    entry = registry.create(
        resource,
        route.namespace,
        obj,
        dry_run=call.dry_run,
        guard=call.guard,
        writer=writer(registry, call),
        asking=call,
    )
    call.name, call.uid = entry.key.name, entry.uid
    return json_response(201, encoded(resource, entry))


def replace(registry: Registry, call: Call) -> Response:
    """PUT of one object; creates it where its kind allows that."""
    route, resource = call.route, call.served
    options.check_write(call, "UpdateOptions")
    obj = read_object(call, resource)
    check_name(resource, obj, route.namespace, route.name)
    name_owners_once(call, obj)
    uid = obj["metadata"].get("uid")
    if registry.is_missing(resource, route.namespace, route.name) and strategies.of_resource(resource).create_on_update:
        return _create_by_put(registry, call, obj, uid)
    who = writer(registry, call)
    entry = registry.update(
        resource,
        route.namespace,
        route.name,
        lambda _: obj,
        dry_run=call.dry_run,
        uid=uid,
        guard=call.guard,
        writer=who,
        asking=call,
    )
    call.uid = entry.uid
    return json_response(200, encoded(resource, entry))


def _create_by_put(registry: Registry, call: Call, obj: Obj, uid: str | None) -> Response:
    route, resource = call.route, call.served
    if uid:
        raise registry.other_object(resource, route.namespace, route.name, uid, "")
    obj["metadata"].pop("resourceVersion", None)
    if call.check_create is not None:
        call.check_create()
    entry = registry.create(
        resource,
        route.namespace,
        obj,
        dry_run=call.dry_run,
        guard=call.guard,
        writer=writer(registry, call),
        asking=call,
    )
    call.uid = entry.uid
    return json_response(201, encoded(resource, entry))


def patch(registry: Registry, call: Call) -> Response:
    """PATCH of one object: JSON patch, merge patch, strategic merge patch or server-side apply."""
    route, resource = call.route, call.served
    who = writer(registry, call)
    change = checked(call, change_of(call, resource, who))
    options.check_write(call, "PatchOptions")
    if media_type(call) == options.APPLY_PATCH:
        return _apply(registry, call, change)
    entry = registry.update(
        resource, route.namespace, route.name, change, dry_run=call.dry_run, guard=call.guard, writer=who, asking=call
    )
    call.uid = entry.uid
    return json_response(200, encoded(resource, entry))


def _apply(registry: Registry, call: Call, change: Change) -> Response:
    """A server-side apply, which creates what is missing; it says itself who owns what afterwards."""
    route, resource = call.route, call.served
    missing = registry.is_missing(resource, route.namespace, route.name)
    if missing:
        if call.check_create is not None:
            call.check_create()
        wanted = change(ownership.Creation())
        uid = wanted["metadata"].get("uid")
        if uid:
            why = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            raise statuses.conflict(resource.plural, route.name, resource.group, why)
        wanted["metadata"].pop("resourceVersion", None)
        entry = registry.create(resource, route.namespace, wanted, dry_run=call.dry_run, guard=call.guard, asking=call)
    else:
        entry = registry.update(
            resource, route.namespace, route.name, change, dry_run=call.dry_run, guard=call.guard, asking=call
        )
    call.uid = entry.uid
    return json_response(201 if missing else 200, encoded(resource, entry))


def writer(registry: Registry, call: Call) -> ownership.Writer:
    """On whose behalf the request writes."""
    manager, agent = call.query.get("fieldManager", ""), call.headers.get("user-agent", "")
    return ownership.writer_of(manager, agent, call.route.subresource, metadata.timestamp(registry.clock.wall()))


def checked(call: Call, change: Change) -> Change:
    """A change that may not rename."""
    route, resource = call.route, call.served

    def apply(obj: Obj) -> Obj:
        changed = change(obj)
        check_name(resource, changed, route.namespace, route.name)
        name_owners_once(call, changed, " after mutating admission happens")
        return changed

    return apply


def name_owners_once(call: Call, obj: Obj, when: str = "") -> None:
    """Leave out owners that are named twice, with a warning (dedupOwnerReferencesAndAddWarning)."""
    owners = obj["metadata"].get("ownerReferences") or ()
    if len(owners) < 2:
        return
    kept: list[Obj] = []
    twice: list[str] = []
    for owner in owners:
        if owner in kept:
            twice.append(owner.get("uid", ""))
        else:
            kept.append(owner)
    if twice:
        obj["metadata"]["ownerReferences"] = kept
        call.warn(
            f".metadata.ownerReferences contains duplicate entries{when}; API server dedups owner references in 1.20+, "
            "and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: "
            + ", ".join(twice)
        )


def check_name(resource: Resource, obj: Obj, namespace: str, name: str) -> None:
    """An object must be the one that the path names. Raises `ApiError` 400."""
    metadata = obj.get("metadata") or {}
    named = metadata.get("name")
    if not named:
        raise statuses.bad_request(
            f"the name of the object ({name} based on URL) was undeterminable: name must be provided"
        )
    if named != name:
        raise statuses.bad_request(f"the name of the object ({named}) does not match the name on the URL ({name})")
    check_namespace(resource, obj, namespace)


def check_namespace(resource: Resource, obj: Obj, namespace: str) -> None:
    """An object is in the namespace of its path, and learns that. Raises `ApiError` 400."""
    metadata = obj.get("metadata")
    if metadata is None:
        metadata = obj["metadata"] = {}
    if not resource.namespaced:
        metadata.pop("namespace", None)
        return
    if metadata.get("namespace") not in (None, "", namespace):
        raise statuses.bad_request(OTHER_NAMESPACE)
    metadata["namespace"] = namespace
