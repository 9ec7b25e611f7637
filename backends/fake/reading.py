"""get, list and watch."""

from __future__ import annotations

from typing import Any

import orjson

from backends.fake import statuses
from backends.fake.call import Call
from backends.fake.catalogue import Resource
from backends.fake.messages import Response
from backends.fake.registry import Registry
from backends.fake.store import Entry, Gone, Key
from backends.fake.watching import BOOKMARK_INTERVAL_S, Matcher, WatchStream, bookmark_line

MIN_WATCH_S = 1800.0
"""--min-request-timeout: a watch without timeoutSeconds lives for one to two times this."""


def json_response(status: int, body: bytes) -> Response:
    """An answer in JSON."""
    return Response(status, {"Cache-Control": "no-cache, private", "Content-Type": "application/json"}, body)


def encoded(resource: Resource, entry: Entry) -> bytes:
    """An object under the version in which it was asked for."""
    return resource.prefix + entry.tail


def get(registry: Registry, call: Call) -> Response:
    """One object."""
    route, resource = call.route, call.resource
    assert route is not None
    assert resource is not None
    group, plural = resource.storage
    entry = registry.store.get(Key(group, plural, route.namespace, route.name))
    if entry is None:
        raise statuses.not_found(resource.plural, route.name, resource.group)
    call.uid = entry.uid
    return json_response(200, resource.prefix + entry.tail)


def list_objects(registry: Registry, call: Call) -> Response:
    """The objects of a resource, in one namespace or all, that the selectors match."""
    route, resource = call.route, call.resource
    assert route is not None
    assert resource is not None
    entries = registry.store.list(*resource.storage, route.namespace)
    matches = matcher_of(call)
    if matches is not None:
        entries = [entry for entry in entries if matches(entry)]
    return json_response(200, list_body(resource, entries, {"resourceVersion": str(registry.store.revision)}))


def list_body(resource: Resource, entries: list[Entry], metadata: dict[str, Any]) -> bytes:
    """A list: a head, and the stored bytes of the items joined."""
    head = b'{"kind":"%s","apiVersion":"%s","metadata":%s,"items":[' % (
        resource.list_kind.encode(),
        resource.api_version.encode(),
        orjson.dumps(metadata),
    )
    if not entries:
        return head + b"]}"
    return b"%s{%s]}" % (head, b",{".join([entry.tail for entry in entries]))


def matcher_of(call: Call) -> Matcher | None:
    """What the selectors of a request let through; None when there are none. Raises `ApiError` 400."""
    if not call.query.get("labelSelector") and not call.query.get("fieldSelector"):
        return None
    raise statuses.not_imitated("selectors yet")


def watch(registry: Registry, call: Call) -> Response:
    """A stream of what changes."""
    route, resource = call.route, call.resource
    assert route is not None
    assert resource is not None
    store, now = registry.store, registry.clock.monotonic()
    bookmarks = call.flag("allowWatchBookmarks")
    timeout_s = int(call.query.get("timeoutSeconds") or 0) or MIN_WATCH_S * (1 + registry.ids.fraction())
    stream = WatchStream(
        matcher_of(call),
        lambda entry: encoded(resource, entry),
        now + timeout_s,
        (lambda rv: bookmark_line(resource.kind, resource.api_version, rv)) if bookmarks else None,
        now + BOOKMARK_INTERVAL_S if bookmarks else None,
    )
    start = call.query.get("resourceVersion") or ""
    try:
        _begin(registry, call, resource, stream, start)
    except Gone as gone:
        raise statuses.expired(f"too old resource version: {start} ({gone.oldest})") from None
    stream.attach(store.watch(*resource.storage, route.namespace, "", stream.offer))
    response = json_response(200, b"")
    response.stream = stream
    return response


def _begin(registry: Registry, call: Call, resource: Resource, stream: WatchStream, start: str) -> None:
    store = registry.store
    assert call.route is not None
    namespace = call.route.namespace
    initial = call.flag("sendInitialEvents") if "sendInitialEvents" in call.query else start in ("", "0")
    if initial:
        matches = matcher_of(call)
        for entry in store.list(*resource.storage, namespace):
            if matches is None or matches(entry):
                stream.put("ADDED", entry)
        if "sendInitialEvents" in call.query:
            stream.put_line(bookmark_line(resource.kind, resource.api_version, store.revision, initial_events_end=True))
        return
    for event in store.since(*resource.storage, int(start)):
        if not namespace or event.key.namespace == namespace:
            stream.offer(event)
