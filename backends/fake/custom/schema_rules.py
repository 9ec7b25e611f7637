"""What is wrong with the schema of a definition: what OpenAPI v3 may say here at all.

From k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go
(ValidateCustomResourceDefinitionOpenAPISchema). That it is structural is `structural_rules`' business, and that its
defaults fit is `default_rules`'. Where Go walks a map in random order, properties are looked at by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from backends.fake import cel
from backends.fake.custom import default_rules, references, structural_rules
from backends.fake.custom.expressions import compile_rule, not_installed
from backends.fake.custom.structural import META, parse
from backends.fake.patching import shown_json
from backends.fake.validation.causes import Cause, forbidden, invalid, not_supported, required

Schema = Mapping[str, Any]

TYPES = ("array", "boolean", "integer", "number", "object", "string")
_AT_ROOT = (
    "Description", "Type", "Format", "Title", "Maximum", "ExclusiveMaximum", "Minimum", "ExclusiveMinimum", "MaxLength",
    "MinLength", "Pattern", "MaxItems", "MinItems", "UniqueItems", "MultipleOf", "Required", "Items", "Properties",
    "ExternalDocs", "Example", "XPreserveUnknownFields", "XValidations",
)  # fmt: skip
_GO_NAMES = {
    "$ref": "Ref", "$schema": "Schema", "id": "ID", "x-kubernetes-preserve-unknown-fields": "XPreserveUnknownFields",
    "x-kubernetes-embedded-resource": "XEmbeddedResource", "x-kubernetes-int-or-string": "XIntOrString",
    "x-kubernetes-list-map-keys": "XListMapKeys", "x-kubernetes-list-type": "XListType",
    "x-kubernetes-map-type": "XMapType", "x-kubernetes-validations": "XValidations",
}  # fmt: skip
_REASONS = ("FieldValueRequired", "FieldValueInvalid", "FieldValueForbidden", "FieldValueDuplicate")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a schema stands: inside of metadata defaults are forbidden (`no_defaults` says why)."""

    in_meta: bool = False
    no_defaults: str | None = None
    at_root: bool = False


def problems(schema: Schema, path: str, *, has_status: bool) -> list[Cause]:
    """What is wrong with a version's schema; `path` is that of its `openAPIV3Schema`. Raises `ApiError` 501."""
    found: list[Cause] = []
    if has_status:
        found += _root_with_status(schema, path)
    if schema.get("nullable"):
        found.append(forbidden(f"{path}.openAPIV3Schema.nullable", "nullable cannot be true at the root"))
    where = f"{path}.openAPIV3Schema"
    found += _walk(schema, where, Place(at_root=True))
    structural = structural_rules.problems(schema, where)
    return found + (structural or default_rules.problems(parse(schema), where))


def _root_with_status(schema: Schema, path: str) -> Iterator[Cause]:
    """Where the status is validated apart, the root may only say what does not get lost by that."""
    if schema.get("type") and schema["type"] != "object":
        text = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
        yield invalid(f"{path}.openAPIV3Schema.type", schema["type"], text)
        return
    for name in schema:
        told = _GO_NAMES.get(name, name[:1].upper() + name[1:])
        if told not in _AT_ROOT and schema[name] not in (None, False, "", [], {}):
            allowed = " ".join(_AT_ROOT)
            text = f"only [{allowed}] fields are allowed at the root of the schema if the status subresource is enabled"
            yield invalid(f"{path}.openAPIV3Schema", dict(schema), text)
            return


def _walk(schema: Any, path: str, place: Place) -> Iterator[Cause]:
    if not isinstance(schema, Mapping):
        return
    yield from _forbidden_members(schema, path, place)
    below = replace(place, at_root=False)
    if schema.get("uniqueItems"):
        text = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield forbidden(f"{path}.uniqueItems", text)
    additional = schema.get("additionalProperties")
    if additional is not None:
        if schema.get("properties") and additional is not True:
            text = "additionalProperties and properties are mutual exclusive"
            yield forbidden(f"{path}.additionalProperties", text)
        why = "inside additionalProperties applying to object metadata"
        inner = replace(below, no_defaults=why) if place.in_meta else below
        yield from _walk(additional, f"{path}.additionalProperties", inner)
    for name, one in sorted((schema.get("properties") or {}).items()):
        yield from _walk(one, f"{path}.properties[{name}]", _property(schema, name, place))
    yield from _walk(schema.get("not"), f"{path}.not", below)
    for member in ("allOf", "oneOf", "anyOf"):
        for number, one in enumerate(schema.get(member) or ()):
            yield from _walk(one, f"{path}.{member}[{number}]", below)
    items = schema.get("items")
    yield from _walk(items, f"{path}.items", below)
    yield from _extensions(schema, path)
    yield from _map_list_keys(schema, path)
    yield from _rules(schema, path, at_root=place.at_root)


def _property(schema: Schema, name: str, place: Place) -> Place:
    below = replace(place, at_root=False)
    if name in META and (place.at_root or schema.get("x-kubernetes-embedded-resource")):
        why = f"in top-level {name}" if place.at_root else below.no_defaults
        return replace(below, in_meta=True, no_defaults=why)
    return below


def _forbidden_members(schema: Schema, path: str, place: Place) -> Iterator[Cause]:
    kind = schema.get("type")
    if kind and kind not in TYPES:
        yield not_supported(f"{path}.type", kind, TYPES)
    if schema.get("default") is not None and place.no_defaults is not None:
        yield forbidden(f"{path}.default", f"must not be set {place.no_defaults}".rstrip())
    for member in ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"):
        if schema.get(member):
            yield forbidden(f"{path}.{member}", f"{member} is not supported")
    if kind == "null":
        yield forbidden(f"{path}.type", "type cannot be set to null, use nullable as an alternative")
    if isinstance(schema.get("items"), list) and schema["items"]:
        yield forbidden(f"{path}.items", "items must be a schema object and not an array")
    if place.in_meta and schema.get("x-kubernetes-embedded-resource"):
        yield forbidden(f"{path}.x-kubernetes-embedded-resource", "must not be used inside of resource meta")


# ---- x-kubernetes-…


def _extensions(schema: Schema, path: str) -> Iterator[Cause]:
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        yield invalid(f"{path}.x-kubernetes-preserve-unknown-fields", False, "must be true or undefined")
    kind, map_type, list_type = schema.get("type"), schema.get("x-kubernetes-map-type"), _list_type(schema)
    if map_type is not None:
        if kind != "object":
            yield _wrong_type(path, kind, "must be object if x-kubernetes-map-type is specified")
        if map_type not in ("atomic", "granular"):
            yield not_supported(f"{path}.x-kubernetes-map-type", map_type, ("atomic", "granular"))
    if list_type is not None:
        if kind != "array":
            yield _wrong_type(path, kind, "must be array if x-kubernetes-list-type is specified")
        elif list_type == "set":
            yield from _set_items(schema.get("items"), path)
        if list_type not in ("atomic", "set", "map"):
            yield not_supported(f"{path}.x-kubernetes-list-type", list_type, ("atomic", "set", "map"))
    yield from _list_map(schema, path)


def _list_type(schema: Schema) -> str | None:
    found: str | None = schema.get("x-kubernetes-list-type")
    return found


def _wrong_type(path: str, kind: Any, text: str) -> Cause:
    return invalid(f"{path}.type", kind, text) if kind else required(f"{path}.type", text)


def _set_items(items: Any, path: str) -> Iterator[Cause]:
    """The elements of a set are told apart as a whole, so they must be atomic."""
    if not isinstance(items, Mapping):
        return
    text = "must be atomic as item of a list with x-kubernetes-list-type=set"
    inner = items.get("x-kubernetes-list-type")
    if items.get("type") == "array" and inner not in (None, "atomic"):
        yield invalid(f"{path}.items.x-kubernetes-list-type", inner, text)
    if items.get("type") == "object" and items.get("x-kubernetes-map-type") != "atomic":
        yield invalid(f"{path}.items.x-kubernetes-map-type", items.get("x-kubernetes-map-type"), text)


def _list_map(schema: Schema, path: str) -> Iterator[Cause]:
    keys, list_type, items = schema.get("x-kubernetes-list-map-keys") or [], _list_type(schema), schema.get("items")
    if keys and list_type != "map":
        where, text = f"{path}.x-kubernetes-list-type", "must be map if x-kubernetes-list-map-keys is non-empty"
        yield required(where, text) if list_type is None else invalid(where, list_type, text)
    if list_type != "map":
        return
    where = f"{path}.x-kubernetes-list-map-keys"
    if not keys:
        yield required(where, "must not be empty if x-kubernetes-list-type is map")
    if items is None:
        yield required(f"{path}.items", "must have a schema if x-kubernetes-list-type is map")
        return
    if not isinstance(items, Mapping):
        return
    if items.get("type") != "object":
        text = "must be object if parent array's x-kubernetes-list-type is map"
        yield invalid(f"{path}.items.type", items.get("type") or "", text)
        return
    properties = items.get("properties") or {}
    for number, key in enumerate(keys):
        if key not in properties:
            yield invalid(where, keys, "entries must all be names of item properties")
        elif properties[key].get("type") in ("array", "object"):
            text = "must be a scalar type if parent array's x-kubernetes-list-type is map"
            yield invalid(f"{path}.items.properties[{key}].type", items.get("type"), text)
        if key in keys[:number]:
            yield invalid(where, keys, "must not contain duplicate entries")


def _map_list_keys(schema: Schema, path: str) -> Iterator[Cause]:
    """The elements of sets and maps are never null, and a map's keys are always there (validateMapListKeysMapSet)."""
    list_type, items = _list_type(schema), schema.get("items")
    if list_type not in ("set", "map") or not isinstance(items, Mapping):
        return
    if items.get("nullable"):
        yield forbidden(f"{path}.items.nullable", f"cannot be nullable when x-kubernetes-list-type is {list_type}")
    if list_type == "set":
        return
    properties, needed = items.get("properties") or {}, items.get("required") or ()
    for key in schema.get("x-kubernetes-list-map-keys") or ():
        one, where = properties.get(key), f"{path}.items.properties[{key}]"
        if one is None:
            continue
        told = "this property is in x-kubernetes-list-map-keys, so it"
        if key not in needed and one.get("default") is None:
            yield required(f"{where}.default", f"{told} must have a default or be a required property")
        if one.get("nullable"):
            yield forbidden(f"{where}.nullable", f"{told} cannot be nullable")


# ---- rules in CEL


def _rules(schema: Schema, path: str, *, at_root: bool) -> Iterator[Cause]:
    for number, rule in enumerate(schema.get("x-kubernetes-validations") or ()):
        where = f"{path}.x-kubernetes-validations[{number}]"
        text, message = (rule.get("rule") or "").strip(), rule.get("message") or ""
        if not text:
            yield required(f"{where}.rule", "rule is not specified")
            continue
        if message and not message.strip():
            yield invalid(f"{where}.message", message, "message must be non-empty if specified")
        elif re.search(r"[\n\r]", message.strip()):
            yield invalid(f"{where}.message", message, "message must not contain line breaks")
        elif re.search(r"[\n\r]", text) and not message.strip():
            yield required(f"{where}.message", "message must be specified if rule contains line breaks")
        expression = rule.get("messageExpression")
        if expression is not None and expression and not expression.strip():
            yield required(f"{where}.messageExpression", "must be non-empty if specified")
        reason = rule.get("reason")
        if reason is not None and reason not in _REASONS:
            yield not_supported(f"{where}.reason", reason, _REASONS)
        yield from _compiled(rule, schema, where, at_root=at_root)


def _compiled(rule: Schema, schema: Schema, where: str, *, at_root: bool) -> Iterator[Cause]:
    structural = parse(schema)
    try:
        compiled = compile_rule(rule, structural)
    except cel.NotInstalledError as error:
        raise not_installed(error) from error
    except cel.CompileError as error:
        text = f"Invalid value: {shown_json(_told(rule))}: compilation failed: {error}"
        yield Cause(f"{where}.rule", "FieldValueInvalid", text)
        return
    missing = references.undefined(compiled.text, structural, at_root=at_root)
    if missing:
        text = f"Invalid value: {shown_json(_told(rule))}: compilation failed: {missing}"
        yield Cause(f"{where}.rule", "FieldValueInvalid", text)
    if compiled.program.result not in ("BOOL", "DYN"):
        text = f"Invalid value: {shown_json(_told(rule))}: cel expression must evaluate to a bool"
        yield Cause(f"{where}.rule", "FieldValueInvalid", text)
    if compiled.message is not None and compiled.message.result not in ("STRING", "DYN"):
        text = "messageExpression must evaluate to a string"
        yield invalid(f"{where}.messageExpression", rule.get("messageExpression"), text)


def _told(rule: Schema) -> dict[str, Any]:
    """A rule as the server's internal form is written."""
    return {
        "Rule": rule.get("rule") or "",
        "Message": rule.get("message") or "",
        "MessageExpression": rule.get("messageExpression") or "",
        "Reason": rule.get("reason"),
        "FieldPath": rule.get("fieldPath") or "",
        "OptionalOldSelf": rule.get("optionalOldSelf"),
    }
