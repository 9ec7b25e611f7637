"""The documents themselves, made from the schema and the catalogue when they are first asked for, and then kept.

Version 3 has one for each group and version, version 2 a single one. Called by the package's door.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping

import orjson

from backends.fake.catalogue import KUBERNETES_VERSION, Catalogue, Resource
from backends.fake.openapi import gnostic
from backends.fake.openapi.definitions import Definitions, GroupVersionKinds, Node
from backends.fake.openapi.operations import paths
from backends.fake.schema.types import document

_INFO = {"title": "Kubernetes", "version": KUBERNETES_VERSION}
_BEARER = {
    "BearerToken": {
        "description": "Bearer Token authentication",
        "in": "header",
        "name": "authorization",
        "type": "apiKey",
    }
}


def digest(body: bytes) -> str:
    """What stands for a document in its ETag and in the index."""
    return hashlib.sha512(body).hexdigest().upper()


@functools.cache
def names() -> frozenset[str]:
    """The paths that version 3 has documents of: `api/v1`, `apis/apps`, `version`."""
    recorded = {path.strip("/") for path in Catalogue.load().documents if " " not in path}
    return frozenset(recorded) | {".well-known/openid-configuration", "openid/v1/jwks", "version"}


@functools.cache
def etag(name: str) -> str:
    """The hash of a document of version 3, known before it is made: it changes with the release's schema."""
    return digest(_schema() + name.encode())


@functools.cache
def _schema() -> bytes:
    return hashlib.sha512(orjson.dumps(document())).digest()


def index(etags: Mapping[str, str]) -> bytes:
    """Which documents of version 3 there are, with their hashes; a client keeps one for as long as that is the same."""
    urls = {name: {"serverRelativeURL": f"/openapi/v3/{name}?hash={etags[name]}"} for name in sorted(etags)}
    return orjson.dumps({"paths": urls})


@functools.cache
def three(name: str) -> bytes:
    """A document of version 3, of built-in kinds."""
    root, _, rest = name.partition("/")
    group, _, version = rest.rpartition("/") if root == "apis" else ("", "", rest)
    resources = [each for each in Catalogue.load() if version and (each.group, each.version) == (group, version)]
    return three_of(name, group, version, resources)


def three_of(name: str, group: str, version: str, resources: list[Resource], custom: Node | None = None) -> bytes:
    """A document of version 3 with these resources; `custom` are the types of those that have none built in."""
    definitions = Definitions(3)
    kinds = _kinds(group, version, resources)
    if custom:
        kinds = {"meta.v1.ListMeta": [], "meta.v1.ObjectMeta": [], **kinds}
    return orjson.dumps(
        {
            "openapi": "3.0.0",
            "info": _INFO,
            "paths": paths(f"/{name}", resources, definitions, version=3),
            "components": {
                "schemas": dict(sorted({**definitions.of(kinds), **(custom or {})}.items())),
                "securitySchemes": _BEARER,
            },
        }
    )


def _kinds(group: str, version: str, resources: list[Resource]) -> GroupVersionKinds:
    """The kinds of a group and version, and those that their subresources speak."""
    spoken = {(sub.group, sub.version, sub.kind) for resource in resources for sub in resource.subresources.values()}
    found: GroupVersionKinds = {}
    for gvk, name in document()["kinds"].items():
        of_group, of_version, kind = gvk.split("/")
        if (of_group, of_version) == (group, version) or (of_group, of_version, kind) in spoken:
            found.setdefault(name, []).append(_gvk(gvk))
    return found


def _gvk(text: str) -> Node:
    group, version, kind = text.split("/")
    return {"group": group, "kind": kind, "version": version}


@functools.cache
def two() -> Node:
    """The document of version 2, of built-in kinds."""
    definitions = Definitions(2)
    kinds: GroupVersionKinds = {}
    for gvk, name in document()["kinds"].items():
        kinds.setdefault(name, []).append(_gvk(gvk))
    versions: dict[str, list[Resource]] = {}
    for resource in Catalogue.load():
        base = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
        versions.setdefault(base, []).append(resource)
    operations: Node = {}
    for base, resources in sorted(versions.items()):
        operations |= paths(base, resources, definitions, version=2)
    return {
        "swagger": "2.0",
        "info": _INFO,
        "paths": operations,
        "definitions": definitions.of(kinds),
        "securityDefinitions": _BEARER,
        "security": [{"BearerToken": []}],
    }


@functools.cache
def two_as_json() -> bytes:
    """The document of version 2."""
    return orjson.dumps(two())


@functools.cache
def two_as_protobuf() -> bytes:
    """The same in gnostic's protobuf, which is what client-go asks for."""
    return gnostic.encode(two())
