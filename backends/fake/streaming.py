"""watch: where a stream starts, what it may see, and how long it lives.

Called by the server. The stream itself is `watching.WatchStream`; from here on the store feeds it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import orjson

from backends.fake import listing, statuses
from backends.fake.bodies import kind_schema_of
from backends.fake.call import Call
from backends.fake.catalogue import Resource
from backends.fake.conversion import encoded
from backends.fake.listing import ListOptions
from backends.fake.messages import Response
from backends.fake.negotiation import PROTOBUF, STREAMED
from backends.fake.reading import json_response
from backends.fake.registry import Registry
from backends.fake.store import Entry, GoneError
from backends.fake.watching import WatchStream

_COUNTED = frozenset({("apps", "deployments"), ("apps", "replicasets"), ("apps", "statefulsets")})
"""Whose replicas are a plain number in the server: an empty object has 0 of them, not none."""
MIN_WATCH_S = 1800.0
"""--min-request-timeout: a watch without timeoutSeconds lives for one to two times this."""


def watch(registry: Registry, call: Call) -> Response:
    """A stream of what changes from now, or from a revision on."""
    route, resource = call.route, call.served
    options = listing.options_of(call, resource, watch=True)
    start = listing.revision(options.rv) if options.rv else 0
    now = registry.clock.monotonic()
    lifetime_s = options.timeout_s if options.timeout_s > 0 else MIN_WATCH_S * (1 + registry.ids.fraction())
    events = _Events(resource, _shown_as(registry, call))
    stream = WatchStream(
        options.selection.matches,
        events.object,
        opened=now,
        deadline=now + lifetime_s,
        bookmark=events.bookmark if options.bookmarks else None,
        frame=_protobuf_frame if call.encoding == "protobuf" else None,
    )
    response = json_response(200, b"")
    if call.encoding == "protobuf":
        response.headers["Content-Type"] = f"{PROTOBUF};stream=watch"
    response.stream = stream
    if options.initial_events and start > registry.store.revision:
        return _failed(response, stream, listing.too_new(start, registry.store.revision, resource))
    try:
        _begin(registry, route.namespace, resource, stream, options, start, events)
    except GoneError as gone:
        error = statuses.expired(f"too old resource version: {start} ({gone.oldest})")
        return _failed(response, stream, error)
    place = *resource.storage, route.namespace, options.selection.name
    stream.attach(registry.store.watch(*place, stream.offer, stream.close))
    return response


def _failed(response: Response, stream: WatchStream, error: statuses.ApiError) -> Response:
    """A watch that cannot begin: its only event says why."""
    stream.put_line(lambda: b'{"type":"ERROR","object":%s}\n' % error.body())
    stream.close()
    return response


class _Events:
    """What the events of one watch carry: an object of the watched version, or what its client sees instead of it."""

    def __init__(self, resource: Resource, shown: Callable[[dict[str, Any]], dict[str, Any]] | None) -> None:
        self._resource = resource
        self._shown = shown

    def object(self, entry: Entry) -> bytes:
        """The object of an event."""
        resource = self._resource
        body = entry.data if entry.resource is resource else encoded(resource, entry)
        return body if self._shown is None else orjson.dumps(self._shown(orjson.loads(body)))

    def bookmark(self, rv: int, *, initial_events_end: bool = False) -> bytes:
        """A BOOKMARK: an empty object of the watched kind that carries a revision and nothing else."""
        custom = self._resource.custom
        obj = kind_schema_of(self._resource).decode({}).object if custom is None else custom.schema.empty()
        if self._resource.storage in _COUNTED:
            obj["spec"]["replicas"] = 0
        obj["metadata"] = {"resourceVersion": str(rv)}
        if initial_events_end:
            obj["metadata"]["annotations"] = {"k8s.io/initial-events-end": "true"}
        return b'{"type":"BOOKMARK","object":%s}\n' % orjson.dumps(obj if self._shown is None else self._shown(obj))


def _protobuf_frame(line: bytes) -> bytes:
    """One event's line of JSON as the frame that a client of protobuf reads."""
    from backends.fake import protobuf  # only needed by whoever asks for it

    said = orjson.loads(line)
    return protobuf.event(said["type"], protobuf.encode(said["object"]))


def _shown_as(registry: Registry, call: Call) -> Callable[[dict[str, Any]], dict[str, Any]] | None:
    """How the client wants to see objects; None: as they are. Raises `ApiError` 400, 406."""
    if call.form is None:
        return None
    if call.form.kind == "PartialObjectMetadataList":
        raise statuses.not_acceptable_form(STREAMED)
    from backends.fake.printing.representation import Representation  # only needed by whoever asks for it

    return Representation(call.form, call.served, call.query, registry.clock.wall).event


def _begin(
    registry: Registry,
    namespace: str,
    resource: Resource,
    stream: WatchStream,
    options: ListOptions,
    start: int,
    events: _Events,
) -> None:
    """What the stream begins with: the state, or what has happened since a revision. Raises `GoneError`."""
    store = registry.store
    if options.initial_events:
        for entry in listing.entries_that_match(store.list(*resource.storage, namespace), options.selection):
            stream.put("ADDED", entry)
        if options.bookmarks:
            stream.put_line(functools.partial(events.bookmark, store.revision, initial_events_end=True))
        return
    if start == 0 or start > store.revision:
        return
    for event in store.since(*resource.storage, start):
        if not namespace or event.key.namespace == namespace:
            stream.offer(event)
