"""get and list: stored bytes, joined.

Called by the server. A get answers with the stored bytes as they are; a list is a head and the stored bodies of the
items. Nothing is parsed unless a field selector asks for more than a name.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

import orjson

from backends.fake import listing, paging, statuses
from backends.fake.call import Call
from backends.fake.catalogue import Resource
from backends.fake.conversion import encoded, tail
from backends.fake.messages import Response
from backends.fake.registry import Registry
from backends.fake.store import Entry, GoneError

_JSON = {"Cache-Control": "no-cache, private", "Content-Type": "application/json"}


def json_response(status: int, body: bytes) -> Response:
    """An answer in JSON."""
    return Response(status, dict(_JSON), body)


def get(registry: Registry, call: Call) -> Response:
    """One object."""
    route, resource = call.route, call.served
    if call.query and call.query.get("resourceVersion"):
        asked, current = listing.revision(call.query["resourceVersion"]), registry.store.revision
        if asked > current:
            raise listing.too_new(asked, current, resource)
    entry = registry.store.at(resource.storage, route.namespace, route.name)
    if entry is None:
        raise registry.missing(resource, route.name)
    call.uid = entry.uid
    body = entry.data if entry.resource is resource else encoded(resource, entry)
    return json_response(200, body)


def list_objects(registry: Registry, call: Call) -> Response:
    """The objects of a resource, in one namespace or all, that the selectors match."""
    route, resource = call.route, call.served
    options = listing.options_of(call, resource, watch=False)
    return list_response(resource, *chosen(registry, resource, route.namespace, options))


def chosen(
    registry: Registry, resource: Resource, namespace: str, options: listing.ListOptions
) -> tuple[list[Entry], dict[str, Any]]:
    """The objects that options of a list name, and the list's metadata. Raises `ApiError` 400, 410, 504."""
    cached = options.rv == "0" and resource.plural not in listing.UNCACHED
    one = options.selection.name and (namespace or not resource.namespaced)
    if (cached or one) and not options.token:
        # The watch cache knows no pages, and what is asked for by its key needs none.
        options = options._replace(limit=0)
    entries, rv, start = _snapshot(registry, resource, namespace, options)
    metadata: dict[str, Any] = {"resourceVersion": str(rv)}
    if options.limit or start:
        return _page(entries, namespace, options, rv, start, metadata), metadata
    return listing.entries_that_match(entries, options.selection), metadata


def list_response(resource: Resource, entries: list[Entry], metadata: dict[str, Any]) -> Response:
    """A list: a head, and the stored bytes of the items, not yet joined."""
    if resource.custom is not None:
        metadata = {"continue": "", **metadata}
    head = b'{"kind":"%s","apiVersion":"%s","metadata":%s,"items":[' % (
        resource.list_kind.encode(),
        resource.api_version.encode(),
        orjson.dumps(metadata),
    )
    pieces = [head]
    for entry in entries:
        pieces.append(b",{")
        if entry.resource is resource:
            pieces += (entry.front, entry.shares, entry.rest)
        else:
            pieces.append(tail(resource, entry))
    if entries:
        pieces[1] = b"{"
    pieces.append(b"]}")
    return Response(200, dict(_JSON), pieces=pieces)


def _snapshot(
    registry: Registry, resource: Resource, namespace: str, options: listing.ListOptions
) -> tuple[list[Entry], int, str]:
    """The objects to list, the revision they are of, and where to begin."""
    store = registry.store
    current = store.revision
    if options.token:
        return _continued(registry, resource, namespace, options)
    if options.rv in ("", "0"):
        return store.list(*resource.storage, namespace), current, ""
    wrong = listing.not_a_revision(options.rv)
    if wrong is not None:
        raise statuses.bad_request(f"invalid resource version: {wrong}")
    asked = int(options.rv)
    if asked > current:
        raise listing.too_new(asked, current, resource)
    exact = options.rv_match == "Exact" or (options.limit and not options.rv_match)
    if not exact:
        return store.list(*resource.storage, namespace), current, ""
    try:
        return store.list_at(*resource.storage, namespace, asked), asked, ""
    except GoneError:
        raise statuses.expired("The resourceVersion for the provided list is too old.") from None


def _continued(
    registry: Registry, resource: Resource, namespace: str, options: listing.ListOptions
) -> tuple[list[Entry], int, str]:
    store = registry.store
    position = paging.read(options.token)
    if options.rv not in ("", "0"):
        raise statuses.bad_request("specifying resource version is not allowed when using continue")
    if position.rv < 0:
        return store.list(*resource.storage, namespace), store.revision, position.start
    try:
        return store.list_at(*resource.storage, namespace, position.rv), position.rv, position.start
    except GoneError:
        error = statuses.expired(paging.TOO_OLD)
        error.metadata = {"continue": paging.Position(paging.LATEST, position.start).token()}
        raise error from None


def _page(
    entries: list[Entry],
    namespace: str,
    options: listing.ListOptions,
    rv: int,
    start: str,
    metadata: dict[str, Any],
) -> list[Entry]:
    """One page; `metadata` gets the token and the count of what follows."""
    first = bisect_left(entries, start, key=lambda entry: paging.place(entry.key, namespace)) if start else 0
    matches, limit = options.selection.matches, options.limit
    page: list[Entry] = []
    for index in range(first, len(entries)):
        entry = entries[index]
        if matches is None or matches(entry):
            page.append(entry)
        if limit and len(page) == limit:
            following = len(entries) - index - 1
            # What follows may match or not: the real server does not look, so a last page may be empty.
            if following:
                metadata["continue"] = paging.after(page[-1].key, namespace, rv).token()
                if matches is None:
                    metadata["remainingItemCount"] = following
            break
    return page
