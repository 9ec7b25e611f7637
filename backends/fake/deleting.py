"""delete and deletecollection: from a request to the registry, and what a DELETE answers."""

from __future__ import annotations

from typing import Any

import orjson

from backends.fake import listing, options, statuses, strategies
from backends.fake.call import Call
from backends.fake.catalogue import Resource
from backends.fake.conversion import encoded
from backends.fake.messages import Response
from backends.fake.reading import chosen, json_response, list_response
from backends.fake.registry import DeleteOptions, Registry
from backends.fake.store import Entry

ORPHANED_PODS = (
    "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set "
    "propagationPolicy=Orphan to suppress this warning"
)


def delete(registry: Registry, call: Call) -> Response:
    """DELETE of one object. 202 when it goes later and the client asked that dependents go with it."""
    route, resource = call.route, call.served
    asked = options.read_delete(call)
    _warn(call, resource, asked)
    deleted = registry.delete(resource, route.namespace, route.name, asked, asking=call)
    entry = deleted.entry
    call.uid = entry.uid
    code = 202 if not deleted.gone and asked.orphan_dependents is False else 200
    if deleted.gone and not strategies.of_resource(resource).returns_deleted:
        return json_response(code, orjson.dumps(statuses.success(_details(resource, entry))))
    return json_response(code, encoded(resource, entry))


def delete_collection(registry: Registry, call: Call) -> Response:
    """DELETE of all objects that the selectors match, or of a page of them; answers with the objects as they were."""
    route, resource = call.route, call.served
    wanted = listing.options_of(call, resource, watch=False)
    asked = options.read_delete(call)
    _warn(call, resource, asked)
    if wanted.rv not in ("", "0") and not wanted.rv_match:
        # It lists in pages, whether asked to or not: then a revision is meant exactly.
        wanted = wanted._replace(rv_match="Exact")
    entries, metadata = chosen(registry, resource, route.namespace, wanted)
    if registry.asks_outside:
        # Whoever has to be asked is asked before the first object goes: the request may come here twice.
        for entry in entries:
            registry.admit_deletion(resource, entry, asked, call)
    for entry in entries:
        if not registry.is_missing(resource, entry.key.namespace, entry.key.name):
            registry.delete(resource, entry.key.namespace, entry.key.name, asked, asking=call)
    return list_response(resource, entries, metadata)


def _details(resource: Resource, entry: Entry) -> dict[str, Any]:
    details: dict[str, Any] = {"name": entry.key.name}
    if resource.group:
        details["group"] = resource.group
    return details | {"kind": resource.plural, "uid": entry.uid}


def _warn(call: Call, resource: Resource, asked: DeleteOptions) -> None:
    if resource.storage == ("batch", "jobs") and asked.propagation is None and asked.orphan_dependents is None:
        call.warn(ORPHANED_PODS)
