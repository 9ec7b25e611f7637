"""Schemas inside of schemas that may be something else: items, additionalProperties, dependencies.

Their Go types read themselves (JSONSchemaPropsOrArray, JSONSchemaPropsOrBool, JSONSchemaPropsOrStringArray), so the
decoder lets them through as they are. Here they are read: wrong types are refused, and what is unknown in them goes,
without a warning. From k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1/marshal.go.
"""

from __future__ import annotations

from typing import Any

from backends.fake import statuses
from backends.fake.schema import wording
from backends.fake.schema.decoding import MismatchError, compiled
from backends.fake.schema.types import StructType, struct

Node = dict[str, Any]

_TYPE = "apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"
_KIND = "CustomResourceDefinition"


def read(crd: Node) -> None:
    """Read the nested schemas of a definition, in place. Raises `ApiError` 400 for what is none."""
    for version in (crd.get("spec") or {}).get("versions") or ():
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        if isinstance(schema, dict):
            _walk(schema)


def _of() -> StructType:
    return struct(_TYPE)


def _walk(schema: Node) -> None:
    for member in ("items", "additionalProperties", "additionalItems"):
        if member in schema:
            found = _either(schema[member], member)
            if found is None:
                del schema[member]
            else:
                schema[member] = found
    dependencies = schema.get("dependencies") or {}
    for name, one in dependencies.items():
        dependencies[name] = _schema(one) if isinstance(one, dict) else one
    below = [*(schema.get("properties") or {}).values(), *(schema.get("patternProperties") or {}).values()]
    below += [*(schema.get("definitions") or {}).values(), schema.get("not")]
    for member in ("allOf", "anyOf", "oneOf"):
        below += schema.get(member) or ()
    for one in below:
        if isinstance(one, dict):
            _walk(one)


def _either(value: Any, member: str) -> Any:
    """A schema, or what else may stand there; None for what counts as nothing."""
    if isinstance(value, dict):
        return _schema(value)
    if member == "items":
        return [_schema(one) for one in value] if isinstance(value, list) else None
    if isinstance(value, bool):
        return value
    raise _unread("boolean or JSON schema expected")


def _schema(value: Any) -> Node:
    of = _of()
    try:
        found: Node = compiled(of)(value, [])
    except MismatchError:
        raise _unread(wording.json_error(of, value)) from None
    _walk(found)
    return found


def _unread(why: str) -> statuses.ApiError:
    return statuses.bad_request(f'{_KIND} in version "v1" cannot be handled as a {_KIND}: {why}')
