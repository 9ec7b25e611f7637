"""/openapi/v3: what kubectl reads to choose how it validates, to merge patches and to explain kinds.

Called by discovery. One document a group and version, made from the schema and the catalogue on first use; the texts
that describe fields are not there. What is in it is what clients act on: the operations with their kind and their
query parameters (kubectl asks whether PATCH takes `fieldValidation`), and the types with merge keys and list types.
Version 2 is not imitated.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator
from typing import Any

import orjson

from backends.fake import statuses
from backends.fake.catalogue import KUBERNETES_VERSION, Catalogue, Resource
from backends.fake.messages import Response
from backends.fake.schema.types import Field, ListType, MapType, Scalar, StructType, Type, document, struct

Node = dict[str, Any]

_ROOT = "/openapi/v3"
_HEADERS = {"Cache-Control": "no-cache, private"}
_REFERENCE = "#/components/schemas/"
_PLAIN: dict[str, Node] = {
    "string": {"type": "string"},
    "bool": {"type": "boolean"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "float64": {"type": "number", "format": "double"},
    "bytes": {"type": "string", "format": "byte"},
    "duration": {"type": "string"},
    "raw": {},
}
_NAMED: dict[str, tuple[str, Node]] = {
    "time": ("io.k8s.apimachinery.pkg.apis.meta.v1.Time", {"type": "string", "format": "date-time"}),
    "microtime": ("io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime", {"type": "string", "format": "date-time"}),
    "quantity": (
        "io.k8s.apimachinery.pkg.api.resource.Quantity",
        {"oneOf": [{"type": "string"}, {"type": "number"}]},
    ),
    "intstr": (
        "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
        {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
    ),
}
_PATCH_TYPES = (
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
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
_QUERY = {
    "list": ("continue", "fieldSelector", "labelSelector", "limit", "resourceVersion", "timeoutSeconds", "watch"),
    "create": ("dryRun", "fieldManager", "fieldValidation"),
    "update": ("dryRun", "fieldManager", "fieldValidation"),
    "patch": ("dryRun", "fieldManager", "fieldValidation", "force"),
    "delete": ("dryRun", "gracePeriodSeconds", "propagationPolicy"),
    "deletecollection": ("dryRun", "fieldSelector", "labelSelector", "limit"),
}
_QUERY_TYPES = {"limit": "integer", "timeoutSeconds": "integer", "gracePeriodSeconds": "integer"}
_QUERY_TYPES |= {"watch": "boolean", "force": "boolean"}


def answer(path: str) -> Response:
    """The index, or the document of one path; an empty 404 for others. Raises `ApiError` 501 for version 2."""
    if path == "/openapi/v2":
        raise statuses.not_imitated(
            "OpenAPI version 2; ask for /openapi/v3 (kubectl wants version 2 for a List: use --validate=false)"
        )
    name = path.removeprefix(f"{_ROOT}/")
    if path != _ROOT and name not in _paths():
        return Response(404, dict(_HEADERS))
    if path == _ROOT:  # JSON, but the real server does not say so
        return Response(200, {**_HEADERS, "Content-Type": "text/plain; charset=utf-8"}, _index())
    return Response(200, {**_HEADERS, "Content-Type": "application/json"}, _document(name))


@functools.cache
def _index() -> bytes:
    """Which documents there are; their hash changes with the schema, so that clients may keep them."""
    digest = hashlib.sha256(orjson.dumps(document())).hexdigest().upper()
    return orjson.dumps(
        {"paths": {path: {"serverRelativeURL": f"{_ROOT}/{path}?hash={digest}"} for path in sorted(_paths())}}
    )


@functools.cache
def _paths() -> frozenset[str]:
    recorded = {path.strip("/") for path in Catalogue.load().documents if " " not in path}
    return frozenset(recorded) | {".well-known/openid-configuration", "openid/v1/jwks", "version"}


@functools.cache
def _document(path: str) -> bytes:
    root, _, rest = path.partition("/")
    group, _, version = rest.rpartition("/") if root == "apis" else ("", "", rest)
    resources = [
        resource for resource in Catalogue.load() if version and (resource.group, resource.version) == (group, version)
    ]
    operations = {where: dict(verbs) for resource in resources for where, verbs in _operations(f"/{path}", resource)}
    return orjson.dumps(
        {
            "openapi": "3.0.0",
            "info": {"title": "Kubernetes", "version": KUBERNETES_VERSION},
            "paths": operations,
            "components": {"schemas": _schemas(group, version, resources)},
        }
    )


# -------------------------------------------------------------------------------------------------------- operations


def _operations(base: str, resource: Resource) -> Iterator[tuple[str, Iterator[tuple[str, Node]]]]:
    """The paths of a resource and what can be done there."""
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


def _verbs(verbs: frozenset[str], gvk: tuple[str, str, str]) -> Iterator[tuple[str, Node]]:
    for verb, (method, action) in _METHODS.items():
        if verb in verbs:
            yield method, _operation(verb, action, gvk)


def _operation(verb: str, action: str, gvk: tuple[str, str, str]) -> Node:
    group, version, kind = gvk
    operation: Node = {
        "operationId": f"{verb}-{group or 'core'}-{version}-{kind}",
        "parameters": [_parameter(name) for name in _QUERY.get(verb, ())],
        "responses": {"200": {"description": "OK", "content": _json(_kind_schema(gvk))}},
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": kind},
    }
    if verb in ("create", "update"):
        operation["requestBody"] = {"required": True, "content": _json(_kind_schema(gvk))}
    if verb == "patch":
        operation["requestBody"] = {"required": True, "content": {media: {"schema": {}} for media in _PATCH_TYPES}}
    return operation


def _parameter(name: str) -> Node:
    return {"in": "query", "name": name, "schema": {"type": _QUERY_TYPES.get(name, "string")}}


def _json(schema: Node) -> Node:
    return {"application/json": {"schema": schema}}


def _kind_schema(gvk: tuple[str, str, str]) -> Node:
    name = document()["kinds"].get("/".join(gvk))
    return {} if name is None else {"$ref": f"{_REFERENCE}{_full(name)}"}


# ------------------------------------------------------------------------------------------------------------- types


def _full(short: str) -> str:
    """A type's name as OpenAPI has it, from the compact file's shorter one."""
    if short.startswith("meta."):
        return f"io.k8s.apimachinery.pkg.apis.{short}"
    outside = short.startswith(("apimachinery.", "apiextensions-apiserver.", "kube-aggregator."))
    return f"io.k8s.{short}" if outside else f"io.k8s.api.{short}"


def _schemas(group: str, version: str, resources: list[Resource]) -> Node:
    """The types of a group and version, those that their subresources speak, and all that these refer to."""
    kinds: dict[str, list[Node]] = {}
    spoken = {(sub.group, sub.version, sub.kind) for resource in resources for sub in resource.subresources.values()}
    for gvk, name in document()["kinds"].items():
        of_group, of_version, kind = gvk.split("/")
        if (of_group, of_version) == (group, version) or (of_group, of_version, kind) in spoken:
            kinds.setdefault(name, []).append({"group": of_group, "version": of_version, "kind": kind})
    found: Node = {}
    pending = list(kinds)
    while pending:
        name = pending.pop()
        if _full(name) in found:
            continue
        schema = found[_full(name)] = _struct_schema(struct(name))
        if name in kinds:
            schema["x-kubernetes-group-version-kind"] = kinds[name]
        pending += _referred(struct(name))
    for full, schema in _NAMED.values():
        found[full] = schema
    return dict(sorted(found.items()))


def _struct_schema(of: StructType) -> Node:
    schema: Node = {"type": "object"}
    if of.fields:
        schema["properties"] = {name: _field_schema(field) for name, field in of.fields.items()}
    required = [name for name, field in of.fields.items() if field.required]
    return {**schema, "required": required} if required else schema


def _field_schema(field: Field) -> Node:
    schema = _schema(field.type)
    if "$ref" in schema:
        schema = {"allOf": [schema]}
    marks = {
        "x-kubernetes-list-map-keys": list(field.list_keys),
        "x-kubernetes-list-type": field.list_type,
        "x-kubernetes-patch-merge-key": field.merge_key,
        "x-kubernetes-patch-strategy": ",".join(field.strategies),
    }
    return {**schema, **{name: value for name, value in marks.items() if value}}


def _schema(of: Type) -> Node:
    if isinstance(of, StructType):
        return {"$ref": f"{_REFERENCE}{_full(of.name)}"}
    if isinstance(of, ListType):
        return {"type": "array", "items": _schema(of.element)}
    if isinstance(of, MapType):
        return {"type": "object", "additionalProperties": _schema(of.element)}
    if of.kind in _NAMED:
        return {"$ref": f"{_REFERENCE}{_NAMED[of.kind][0]}"}
    return dict(_PLAIN[of.kind])


def _referred(of: StructType) -> Iterator[str]:
    for field in of.fields.values():
        inner: Type = field.type
        while isinstance(inner, ListType | MapType):
            inner = inner.element
        if not isinstance(inner, Scalar):
            yield inner.name
