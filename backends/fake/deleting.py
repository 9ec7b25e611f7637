"""delete and deletecollection."""

from __future__ import annotations

from typing import Any

import orjson

from backends.fake import statuses, strategies
from backends.fake.call import Call
from backends.fake.messages import Response
from backends.fake.reading import encoded, json_response, list_body, matcher_of
from backends.fake.registry import DeleteOptions, Registry


def delete(registry: Registry, call: Call) -> Response:
    """DELETE of one object."""
    route, resource = call.route, call.resource
    assert route is not None
    assert resource is not None
    options = options_of(call)
    deleted = registry.delete(resource, route.namespace, route.name, options)
    entry = deleted.entry
    call.uid = entry.uid
    code = 202 if not deleted.gone and options.orphan_dependents is False else 200
    if deleted.gone and not strategies.of(*resource.storage).returns_deleted:
        details: dict[str, Any] = {"name": entry.key.name}
        if resource.group:
            details["group"] = resource.group
        details |= {"kind": resource.plural, "uid": entry.uid}
        return json_response(code, orjson.dumps(statuses.success(details)))
    return json_response(code, encoded(resource, entry))


def delete_collection(registry: Registry, call: Call) -> Response:
    """DELETE of all objects that match."""
    route, resource = call.route, call.resource
    assert route is not None
    assert resource is not None
    options = options_of(call)
    entries = registry.store.list(*resource.storage, route.namespace)
    matches = matcher_of(call)
    deleted = [
        registry.delete(resource, entry.key.namespace, entry.key.name, options).entry
        for entry in entries
        if matches is None or matches(entry)
    ]
    return json_response(200, list_body(resource, deleted, {"resourceVersion": str(registry.store.revision)}))


def options_of(call: Call) -> DeleteOptions:
    """DeleteOptions from the body, or from the query where there is no body."""
    body = orjson.loads(call.request.body) if call.request.body else dict(call.query)
    preconditions = body.get("preconditions") or {}
    grace = body.get("gracePeriodSeconds")
    dry_run = body.get("dryRun")
    call.dry_run = dry_run in ("All", ["All"])
    return DeleteOptions(
        grace_period_s=int(grace) if grace is not None else None,
        propagation=body.get("propagationPolicy"),
        orphan_dependents=body.get("orphanDependents"),
        uid=preconditions.get("uid"),
        resource_version=preconditions.get("resourceVersion"),
        dry_run=call.dry_run,
    )
