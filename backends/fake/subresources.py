"""Subresources: status, scale, binding, eviction, and those that are refused."""

from __future__ import annotations

from backends.fake import statuses
from backends.fake.call import Call
from backends.fake.messages import Response
from backends.fake.reading import encoded, get, json_response
from backends.fake.registry import Registry
from backends.fake.writing import decode, dry_run_of, patch_of


def answer(registry: Registry, call: Call) -> Response:
    """Whatever a subresource answers."""
    route, resource = call.route, call.resource
    assert route is not None
    assert resource is not None
    if call.verb not in resource.subresources[route.subresource].verbs:
        raise statuses.method_not_allowed()
    if route.subresource == "status":
        return status(registry, call)
    raise statuses.not_imitated(f"{resource.plural}/{route.subresource}")


def status(registry: Registry, call: Call) -> Response:
    """The status, alone."""
    route, resource = call.route, call.resource
    assert route is not None
    assert resource is not None
    if call.verb == "get":
        return get(registry, call)
    if call.verb == "patch":
        change = patch_of(call)
    else:
        obj = decode(call)

        def change(_: object) -> dict[str, object]:
            return obj

    entry = registry.update(
        resource, route.namespace, route.name, change, subresource="status", dry_run=dry_run_of(call)
    )
    call.uid = entry.uid
    return json_response(200, encoded(resource, entry))
