"""From a path to what it means: group, version, resource, namespace, name, subresource.

Called once a request by the server. Routes of collections are remembered, routes of single objects are derived from
their collection's, so that the cost of a request does not depend on how many objects there are. Refuses paths that
only look like the API (empty segments, dots, bad escapes): those are not found.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from backends.fake import statuses
from backends.fake.catalogue import Catalogue, Resource

_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Route:
    """What a path addresses. Without a resource it is outside of the resources: discovery, health, version."""

    resource: Resource | None
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    watch: bool = False
    """Is it one of the deprecated paths below /watch/?"""


class Routes:
    """Parses paths of one catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._collections: dict[str, Route] = {}
        self._holders: dict[str, Route] = {}
        """Those collections whose path with a name is an object: not the ones that span all namespaces."""
        catalogue.on_change.append(self._forget)

    def find(self, path: str) -> Route:
        """The route of a path (no query, still escaped). Raises `ApiError` 404 for what is not there."""
        route = self._collections.get(path)
        if route is not None:
            return route
        head, _, name = path.rpartition("/")
        route = self._holders.get(head)
        if route is not None and name and "%" not in name:
            return Route(route.resource, route.namespace, name, "", route.watch)
        return self._parse(path)

    def _parse(self, path: str) -> Route:
        # The real server splits the unescaped path, so %2F separates segments like a slash.
        parts = (_unescaped(path) if "%" in path else path).split("/")[1:] or [""]
        if parts and parts[-1] == "" and len(parts) > 1:
            parts.pop()
        if parts[0] == "api" and len(parts) > 2:
            group, version, rest = "", parts[1], parts[2:]
        elif parts[0] == "apis" and len(parts) > 3:
            group, version, rest = parts[1], parts[2], parts[3:]
        else:
            return Route(None)
        if group not in self._catalogue.groups or (group == "" and parts[0] == "apis"):
            raise statuses.page_not_found()
        if group in self._catalogue.custom_groups:
            return self._custom_route(path, group, version, rest)
        if (group, version) not in self._catalogue.group_versions or "" in rest:
            raise statuses.no_such_resource()
        return self._resource_route(path, group, version, rest)

    def _custom_route(self, path: str, group: str, version: str, rest: list[str]) -> Route:
        """As `_resource_route`; what the handler of custom resources does not know nobody after it does."""
        try:
            if "" in rest:
                raise statuses.no_such_resource()
            return self._resource_route(path, group, version, rest)
        except statuses.ApiError:
            raise statuses.page_not_found() from None

    def _resource_route(self, path: str, group: str, version: str, rest: list[str]) -> Route:
        find = self._catalogue.resources.get
        namespace = ""
        watch = rest[0] == "watch" and len(rest) > 1
        if watch:
            rest = rest[1:]
        if rest[0] == "namespaces" and len(rest) > 2 and not (group == "" and rest[2] in ("status", "finalize")):
            namespace, rest = rest[1], rest[2:]
        resource = find((group, version, rest[0]))
        if resource is None or (namespace and not resource.namespaced):
            raise statuses.no_such_resource()
        if len(rest) == 1:
            route = Route(resource, namespace, watch=watch)
            self._remember(path, route)
            return route
        if resource.namespaced and not namespace:
            raise statuses.no_such_resource()
        subresource = rest[2] if len(rest) > 2 else ""
        if subresource and subresource not in resource.subresources:
            if resource.custom is not None:
                return Route(resource, namespace, rest[1], subresource)
            raise statuses.no_such_resource()
        if len(rest) > 3 and subresource != "proxy":
            raise statuses.no_such_resource()
        return Route(resource, namespace, rest[1], subresource, watch=watch and not subresource)

    def _forget(self) -> None:
        self._collections.clear()
        self._holders.clear()

    def _remember(self, path: str, route: Route) -> None:
        if len(self._collections) >= _REMEMBERED:
            self._collections.clear()
            self._holders.clear()
        self._collections[path] = route
        if route.resource is not None and bool(route.namespace) == route.resource.namespaced and path[-1] != "/":
            self._holders[path] = route


def _unescaped(path: str) -> str:
    try:
        return unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        raise statuses.page_not_found() from None
