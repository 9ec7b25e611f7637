"""Custom resources in OpenAPI documents: `kubectl explain` and `kubectl apply` read them.

From k8s.io/apiextensions-apiserver/pkg/controller/openapi/builder: the schema as the definition has it, with kind,
apiVersion and metadata, and the list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backends.fake.catalogue import Resource

Node = dict[str, Any]

_META = "io.k8s.apimachinery.pkg.apis.meta.v1"
_API_VERSION = (
    "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized "
    "schemas to the latest internal value, and may reject unrecognized values. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources"
)
_KIND = (
    "Kind is a string value representing the REST resource this object represents. Servers may infer this from the "
    "endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds"
)
_METADATA = (
    "Standard object's metadata. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)
_LIST_METADATA = (
    "Standard list metadata. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds"
)


def definition_name(group: str, version: str, kind: str) -> str:
    """What a kind is called: `com.example.v1.Widget` for example.com/v1."""
    return ".".join([*reversed(group.split(".")), version, kind])


def definitions_three(resource: Resource) -> Node:
    """The schemas of a custom resource and of its list, by name, as version 3 has them."""
    return _definitions(resource, "#/components/schemas/", version=3)


def definitions_two(resource: Resource) -> Node:
    """The same as version 2 has them: it knows less, and what it cannot say is left open."""
    return _definitions(resource, "#/definitions/", version=2)


def _definitions(resource: Resource, reference: str, *, version: int) -> Node:
    assert resource.custom is not None, "asked of custom resources only"
    form = _Form(reference, modern=version == 3)
    name = definition_name(*resource.gvk)
    schema = form.schema(resource.custom.source)
    schema["properties"] = {**(schema.get("properties") or {}), **form.type_meta("ObjectMeta", _METADATA)}
    schema["x-kubernetes-group-version-kind"] = [_gvk(resource, resource.kind)]
    items = {"description": f"List of {resource.plural}.", "type": "array", "items": {"$ref": f"{reference}{name}"}}
    listed: Node = {
        "description": f"{resource.list_kind} is a list of {resource.kind}",
        "type": "object",
        "required": ["items"],
        "properties": {**form.type_meta("ListMeta", _LIST_METADATA), "items": items},
        "x-kubernetes-group-version-kind": [_gvk(resource, resource.list_kind)],
    }
    return {name: schema, definition_name(resource.group, resource.version, resource.list_kind): listed}


def _gvk(resource: Resource, kind: str) -> Node:
    return {"group": resource.group, "version": resource.version, "kind": kind}


class _Form:
    """How one version of OpenAPI writes schemas."""

    def __init__(self, reference: str, *, modern: bool) -> None:
        self._reference = reference
        self._modern = modern

    def type_meta(self, metadata: str, text: str) -> Node:
        """The members that every object has."""
        refer = {"$ref": f"{self._reference}{_META}.{metadata}"}
        return {
            "apiVersion": {"description": _API_VERSION, "type": "string"},
            "kind": {"description": _KIND, "type": "string"},
            "metadata": {"description": text, **({"allOf": [refer]} if self._modern else refer)},
        }

    def schema(self, given: Mapping[str, Any]) -> Node:
        """A schema with the members of embedded objects in it."""
        found = dict(given) if self._modern else _known_to_two(given)
        if isinstance(found.get("properties"), Mapping):
            found["properties"] = {name: self.schema(one) for name, one in found["properties"].items()}
        for member in ("items", "additionalProperties"):
            if isinstance(found.get(member), Mapping):
                found[member] = self.schema(found[member])
        if given.get("x-kubernetes-embedded-resource") and (self._modern or "properties" in found):
            found["properties"] = {**(found.get("properties") or {}), **self.type_meta("ObjectMeta", _METADATA)}
        return found


_KNOWN = ("description", "format", "required", "enum", "type", "items", "properties", "additionalProperties")


def _known_to_two(given: Mapping[str, Any]) -> Node:
    """What version 2 can say of a schema (ToStructuralOpenAPIV2): unknown fields and nulls leave it without a type."""
    open_ended = given.get("x-kubernetes-preserve-unknown-fields") or given.get("x-kubernetes-int-or-string")
    known = ("description",) if open_ended or given.get("nullable") else _KNOWN
    found = {name: given[name] for name in known if name in given}
    if isinstance(found.get("additionalProperties"), bool):
        del found["additionalProperties"]
    return found | {name: value for name, value in given.items() if name.startswith("x-")}
