"""watch: where a stream starts, what it may see, and how long it lives.

Called by the server. The stream itself is `watching.WatchStream`; from here on the store feeds it.
"""

from __future__ import annotations

import functools

import orjson

from backends.fake import listing, statuses
from backends.fake.bodies import schema_of
from backends.fake.call import Call
from backends.fake.catalogue import Resource
from backends.fake.conversion import encoded
from backends.fake.listing import ListOptions
from backends.fake.messages import Response
from backends.fake.reading import json_response
from backends.fake.registry import Registry
from backends.fake.store import Entry, GoneError
from backends.fake.watching import WatchStream

MIN_WATCH_S = 1800.0
"""--min-request-timeout: a watch without timeoutSeconds lives for one to two times this."""


def watch(registry: Registry, call: Call) -> Response:
    """A stream of what changes from now, or from a revision on."""
    route, resource = call.route, call.served
    options = listing.options_of(call, resource, watch=True)
    start = listing.revision(options.rv, registry.store.revision) if options.rv else 0
    now = registry.clock.monotonic()
    lifetime_s = options.timeout_s if options.timeout_s > 0 else MIN_WATCH_S * (1 + registry.ids.fraction())
    stream = WatchStream(
        options.selection.matches,
        functools.partial(_shown, resource),
        opened=now,
        deadline=now + lifetime_s,
        bookmark=functools.partial(bookmark_line, resource) if options.bookmarks else None,
    )
    response = json_response(200, b"")
    response.stream = stream
    try:
        _begin(registry, route.namespace, resource, stream, options, start)
    except GoneError as gone:
        error = statuses.expired(f"too old resource version: {start} ({gone.oldest})")
        stream.put_line(b'{"type":"ERROR","object":%s}\n' % error.body())
        stream.close()
        return response
    stream.attach(registry.store.watch(*resource.storage, route.namespace, options.selection.name, stream.offer))
    return response


def _shown(resource: Resource, entry: Entry) -> bytes:
    return resource.prefix + entry.tail if entry.resource is resource else encoded(resource, entry)


def _begin(
    registry: Registry, namespace: str, resource: Resource, stream: WatchStream, options: ListOptions, start: int
) -> None:
    """What the stream begins with: the state, or what has happened since a revision. Raises `GoneError`."""
    store = registry.store
    if options.initial_events or (options.initial_events is None and start == 0):
        for entry in listing.entries_that_match(store.list(*resource.storage, namespace), options.selection):
            stream.put("ADDED", entry)
        if options.initial_events and options.bookmarks:
            stream.put_line(bookmark_line(resource, store.revision, initial_events_end=True))
        return
    if start == 0 or start > store.revision:
        return
    for event in store.since(*resource.storage, start):
        if not namespace or event.key.namespace == namespace:
            stream.offer(event)


def bookmark_line(resource: Resource, rv: int, *, initial_events_end: bool = False) -> bytes:
    """A BOOKMARK: an empty object of the watched kind that carries a revision and nothing else."""
    obj = schema_of(resource.gvk).decode({}).object
    obj["metadata"] = {"resourceVersion": str(rv)}
    if initial_events_end:
        obj["metadata"]["annotations"] = {"k8s.io/initial-events-end": "true"}
    return b'{"type":"BOOKMARK","object":%s}\n' % orjson.dumps(obj)
