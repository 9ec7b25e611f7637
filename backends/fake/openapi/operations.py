"""What can be done at which path, as OpenAPI says it: of each operation its kind and its parameters.

That is what clients act on (kubectl asks whether PATCH takes `fieldValidation`); the words about operations, and the
responses other than 200, are not there. Called by `documents`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backends.fake.catalogue import Resource
from backends.fake.custom.openapi import definition_name
from backends.fake.openapi.definitions import Definitions
from backends.fake.schema.types import document

Node = dict[str, Any]

_PATCH_TYPES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
)
_METHODS = {
    "list": ("get", "list"),
    "create": ("post", "post"),
    "deletecollection": ("delete", "deletecollection"),
    "get": ("get", "get"),
    "update": ("put", "put"),
    "patch": ("patch", "patch"),
    "delete": ("delete", "delete"),
}
_LISTED = (
    "allowWatchBookmarks", "continue", "fieldSelector", "labelSelector", "limit", "resourceVersion",
    "resourceVersionMatch", "sendInitialEvents", "timeoutSeconds",
)  # fmt: skip
_DELETED = (
    "dryRun", "gracePeriodSeconds", "ignoreStoreReadErrorWithClusterBreakingPotential", "orphanDependents",
    "propagationPolicy",
)  # fmt: skip
_QUERY = {
    "list": (*_LISTED, "watch"),
    "create": ("dryRun", "fieldManager", "fieldValidation"),
    "update": ("dryRun", "fieldManager", "fieldValidation"),
    "patch": ("dryRun", "fieldManager", "fieldValidation", "force"),
    "delete": _DELETED,
    "deletecollection": tuple(sorted({*_DELETED, *_LISTED} - {"allowWatchBookmarks"})),
}
_TYPES = {"limit": "integer", "timeoutSeconds": "integer", "gracePeriodSeconds": "integer"}
_TYPES |= dict.fromkeys(("allowWatchBookmarks", "sendInitialEvents", "watch", "force", "orphanDependents"), "boolean")
_TYPES |= {"ignoreStoreReadErrorWithClusterBreakingPotential": "boolean"}


def paths(base: str, resources: list[Resource], definitions: Definitions, *, version: int) -> dict[str, Node]:
    """The paths below `base` (`/apis/apps/v1`) in the form of one version of OpenAPI, 2 or 3."""
    form = _three if version == 3 else _two
    found: dict[str, Node] = {}
    for resource in resources:
        for where, operations in _operations(base, resource):
            item: Node = {
                method: form(_identified(verb, resource, where, kind), verb, definitions, _patch_types(resource))
                | {"x-kubernetes-action": action}
                for verb, method, action, kind in operations
            }
            if in_path := [name for name in ("namespace", "name") if f"{{{name}}}" in where]:
                item["parameters"] = [_in_path(name, version) for name in in_path]
            found[where] = item
    return found


def _in_path(name: str, version: int) -> Node:
    of_type = {"type": "string", "uniqueItems": True}
    return {"in": "path", "name": name, "required": True, **({"schema": of_type} if version == 3 else of_type)}


_WORDS = {"get": "read", "update": "replace", "deletecollection": "delete"}


def _identified(verb: str, resource: Resource, where: str, gvk: tuple[str, str, str]) -> Node:
    """The operation's kind, and its id: `listAppsV1NamespacedDeployment`, `readCoreV1NamespacedPodStatus`."""
    parts = where.split("/")
    group = resource.group.removesuffix(".k8s.io") or "core"
    title = "".join(part[:1].upper() + part[1:] for part in group.split("."))
    scope = "Namespaced" if "{namespace}" in parts else ""
    collection = "Collection" if verb == "deletecollection" else ""
    everywhere = "ForAllNamespaces" if resource.namespaced and not scope else ""
    below = parts[parts.index("{name}") + 1 :] if "{name}" in parts else []
    sub = "".join(part[:1].upper() + part[1:] for part in below)
    of_group, of_version, kind = gvk
    version = resource.version[:1].upper() + resource.version[1:]
    return {
        "operationId": f"{_WORDS.get(verb, verb)}{title}{version}{collection}{scope}{resource.kind}{sub}{everywhere}",
        "x-kubernetes-group-version-kind": {"group": of_group, "version": of_version, "kind": kind},
    }


def _gvk_of(operation: Node) -> tuple[str, str, str]:
    of = operation["x-kubernetes-group-version-kind"]
    return of["group"], of["version"], of["kind"]


def _patch_types(resource: Resource) -> list[str]:
    """What a resource can be patched with: custom ones know no strategic merge."""
    return [media for media in _PATCH_TYPES if resource.custom is None or "strategic" not in media]


_Operation = tuple[str, str, str, tuple[str, str, str]]


def _operations(base: str, resource: Resource) -> Iterator[tuple[str, list[_Operation]]]:
    """The paths of a resource and what can be done there: verb, method, action, kind."""
    scope = "/namespaces/{namespace}" if resource.namespaced else ""
    collection = f"{base}{scope}/{resource.plural}"
    gvk = resource.gvk
    yield collection, _verbs(resource.verbs & {"list", "create", "deletecollection"}, gvk)
    yield f"{collection}/{{name}}", _verbs(resource.verbs & {"get", "update", "patch", "delete"}, gvk)
    if resource.namespaced and "list" in resource.verbs:
        yield f"{base}/{resource.plural}", _verbs(frozenset({"list"}), gvk)
    for name, sub in resource.subresources.items():
        kind = (sub.group, sub.version, sub.kind)
        yield f"{collection}/{{name}}/{name}", _verbs(sub.verbs - {"delete", "list", "deletecollection"}, kind)


def _verbs(verbs: frozenset[str], gvk: tuple[str, str, str]) -> list[_Operation]:
    return [(verb, method, action, gvk) for verb, (method, action) in _METHODS.items() if verb in verbs]


def _kind(gvk: tuple[str, str, str], definitions: Definitions) -> Node:
    name = document()["kinds"].get("/".join(gvk))
    if name is None and "." in gvk[0]:  # a custom resource's
        return {"$ref": f"{definitions.reference}{definition_name(*gvk)}"}
    return {} if name is None else definitions.refer(name)


def _three(operation: Node, verb: str, definitions: Definitions, patch_types: list[str]) -> Node:
    of_kind = {"application/json": {"schema": _kind(_gvk_of(operation), definitions)}}
    operation["parameters"] = [
        {"in": "query", "name": name, "schema": {"type": _TYPES.get(name, "string"), "uniqueItems": True}}
        for name in _QUERY.get(verb, ())
    ]
    operation["responses"] = {"200": {"description": "OK", "content": of_kind}}
    if verb in ("create", "update"):
        operation["requestBody"] = {"required": True, "content": of_kind}
    if verb == "patch":
        operation["requestBody"] = {"required": True, "content": {media: {"schema": {}} for media in patch_types}}
    return operation


def _two(operation: Node, verb: str, definitions: Definitions, patch_types: list[str]) -> Node:
    of_kind = _kind(_gvk_of(operation), definitions)
    operation["parameters"] = [
        {"in": "query", "name": name, "type": _TYPES.get(name, "string"), "uniqueItems": True}
        for name in _QUERY.get(verb, ())
    ]
    operation["responses"] = {"200": {"description": "OK", "schema": of_kind}}
    if verb in ("create", "update"):
        operation["parameters"] += [{"in": "body", "name": "body", "required": True, "schema": of_kind}]
    if verb == "patch":
        operation["consumes"] = patch_types
        operation["parameters"] += [{"in": "body", "name": "body", "required": True, "schema": {"type": "object"}}]
    return operation
