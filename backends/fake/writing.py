"""create, replace and patch."""

from __future__ import annotations

from typing import Any

import orjson

from backends.fake import statuses, strategies
from backends.fake.call import Call
from backends.fake.messages import Response
from backends.fake.reading import encoded, json_response
from backends.fake.registry import Registry

Obj = dict[str, Any]


def create(registry: Registry, call: Call) -> Response:
    """POST to a collection."""
    route, resource = call.route, call.resource
    assert route is not None
    assert resource is not None
    assert call.identity is not None
    obj = decode(call)
    entry = registry.create(resource, route.namespace, obj, user=call.identity.name, dry_run=dry_run_of(call))
    call.name, call.uid = entry.key.name, entry.uid
    return json_response(201, encoded(resource, entry))


def replace(registry: Registry, call: Call) -> Response:
    """PUT of one object; creates it where its kind allows that."""
    route, resource = call.route, call.resource
    assert route is not None
    assert resource is not None
    assert call.identity is not None
    obj = decode(call)
    dry_run = dry_run_of(call)
    metadata = obj.get("metadata") or {}
    try:
        entry = registry.update(
            resource, route.namespace, route.name, lambda _: obj, dry_run=dry_run, uid=metadata.get("uid")
        )
    except statuses.ApiError as error:
        if error.code != 404 or not strategies.of(*resource.storage).create_on_update:
            raise
        entry = registry.create(resource, route.namespace, obj, user=call.identity.name, dry_run=dry_run)
        call.uid = entry.uid
        return json_response(201, encoded(resource, entry))
    call.uid = entry.uid
    return json_response(200, encoded(resource, entry))


def patch(registry: Registry, call: Call) -> Response:
    """PATCH of one object: JSON patch, merge patch or strategic merge patch."""
    route, resource = call.route, call.resource
    assert route is not None
    assert resource is not None
    change = patch_of(call)
    entry = registry.update(resource, route.namespace, route.name, change, dry_run=dry_run_of(call), unconditional=True)
    call.uid = entry.uid
    return json_response(200, encoded(resource, entry))


def decode(call: Call) -> Obj:
    """The object of a request's body."""
    body = orjson.loads(call.request.body)
    return body if isinstance(body, dict) else {}


def dry_run_of(call: Call) -> bool:
    """Is it only tried?"""
    call.dry_run = call.query.get("dryRun") == "All"
    return call.dry_run


def patch_of(call: Call) -> Any:
    """What a patch does to an object."""
    kind = call.headers.get("content-type", "").partition(";")[0].strip()
    document = orjson.loads(call.request.body)
    if kind == "application/json-patch+json":
        from backends.fake.patching import json

        return lambda obj: json.apply(obj, document)
    if kind == "application/merge-patch+json":
        from backends.fake.patching import merge

        return lambda obj: merge.apply(obj, document)
    raise statuses.unsupported_media_type("")
