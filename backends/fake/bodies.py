"""From a request's body to an object: media type, syntax, kind, fields.

Called by the handlers that write. What it refuses is worded as in k8s.io/apiserver/pkg/endpoints/handlers (create.go,
rest.go) and the serializers below them. JSON, YAML and the built-in kinds' protobuf are read. What
an object's fields are is the schema's knowledge; unknown and repeated members become warnings or a refusal, as
`fieldValidation` asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import yaml

from backends.fake import gojson, protobuf, statuses
from backends.fake.call import Call
from backends.fake.catalogue import Resource
from backends.fake.negotiation import OFFERED, PROTOBUF
from backends.fake.schema import Decoded, DecodeError, KindSchema, Schema, repeated_members

if TYPE_CHECKING:
    from backends.fake.custom.decoding import CustomSchema

Obj = dict[str, Any]

_SCHEME = 'in scheme "pkg/runtime/scheme.go:110"'
_ARRAY = (
    r'Go value of type struct { APIVersion string "json:\"apiVersion,omitempty\""; '
    r'Kind string "json:\"kind,omitempty\"" }'
)
NO_KIND = "Object 'Kind' is missing in 'unstructured object has no kind'"
_GO_KINDS = {list: "array", str: "string", bool: "bool", int: "number", float: "number"}
YAML_ALIASES = 100
"""More references than this in one YAML document are refused: they are how a small text becomes a huge object."""


YAML_DEPTH = 1000
"""Deeper brackets than this are refused before the parser sees them: its time grows with their square."""
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class _Loader(yaml.CSafeLoader):
    """YAML as sigs.k8s.io/yaml reads it: no dates, and member names are strings."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML declares it so
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


def schema_of(gvk: tuple[str, str, str]) -> KindSchema:
    """The schema of a kind that is served. KeyError for any other."""
    found = Schema.load().kind(*gvk)
    if found is None:
        raise KeyError(gvk)
    return found


def kind_schema_of(resource: Resource) -> KindSchema | CustomSchema:
    """The schema of a resource's kind, built-in or custom."""
    return schema_of(resource.gvk) if resource.custom is None else resource.custom.schema


def read_object(call: Call, resource: Resource) -> Obj:
    """The object that a POST or PUT carries, complete and in the server's order. Raises `ApiError` 400, 415."""
    if resource.custom is not None:
        return _read_custom(call, resource.custom.schema)
    return read_kind(call, resource.gvk)


def _read_custom(call: Call, schema: CustomSchema) -> Obj:
    """A custom resource: it must say its kind and the version of the path; another kind is refused by the rules."""
    gvk = schema.gvk
    value, text = _parsed(call, call.request.body, gvk)
    if not value.get("kind"):
        raise statuses.bad_request(NO_KIND)
    named = value.get("apiVersion") or ""
    try:
        decoded = schema.decode(value, text, strictly=field_validation(call) != "Ignore")
    except DecodeError as error:
        raise _cannot_handle(str(value["kind"]), gvk.version, gvk.kind, str(error)) from None
    obj = noted(call, gvk, decoded, _repeated(call, call.request.body))
    if named != gvk.api_version:
        raise statuses.bad_request(
            f"the API version in the data ({named}) does not match the expected API version ({gvk.api_version})"
        )
    obj.setdefault("metadata", {})
    return obj


def read_kind(call: Call, gvk: tuple[str, str, str], body: bytes | None = None) -> Obj:
    """`read_object` for any kind: subresources have their own. `body` replaces the request's."""
    body = call.request.body if body is None else body
    value, text = _parsed(call, body, gvk)
    check_kind(value, gvk)
    strictly = field_validation(call) != "Ignore" and media_type(call) != PROTOBUF
    try:
        decoded = schema_of(gvk).decode(value, text, strictly=strictly)
    except DecodeError as error:
        raise _cannot_handle(gvk[2], gvk[1], gvk[2], str(error)) from None
    return noted(call, gvk, decoded, _repeated(call, body))


def read_eviction(call: Call) -> Obj:
    """An Eviction; policy/v1beta1, which is served no more, is still read there."""
    body = call.request.body.replace(b'"policy/v1beta1"', b'"policy/v1"', 1)
    return read_kind(call, ("policy", "v1", "Eviction"), body)


def noted(call: Call, gvk: tuple[str, str, str], decoded: Decoded, repeated: Sequence[str] = ()) -> Obj:
    """The decoded object; what the strict decoding said becomes a refusal or warnings.

    `repeated`: the keys that its YAML has twice. They are one error, and a warning each.
    """
    if decoded.strict_errors or repeated:
        if field_validation(call) == "Strict":
            whole = [told_together(repeated)] if repeated else []
            text = "strict decoding error: " + ", ".join([*whole, *decoded.strict_errors])
            raise _cannot_handle(gvk[2], gvk[1], gvk[2], text)
        for error in (*repeated, *decoded.strict_errors):
            call.warn(error)
    return decoded.object


def _repeated(call: Call, body: bytes) -> list[str]:
    """What a strict reader of YAML finds twice; JSON's reader tells it of itself."""
    if media_type(call) != "application/yaml" or field_validation(call) == "Ignore":
        return []
    return repeated_keys(body)


def field_validation(call: Call) -> str:
    """Strict, Warn or Ignore; checked before by `options`."""
    return call.query.get("fieldValidation") or "Warn"


def media_type(call: Call) -> str:
    """The body's media type, without its parameters; JSON where none is named."""
    return call.headers.get("content-type", "").partition(";")[0].strip().lower() or "application/json"


def _parsed(call: Call, body: bytes, gvk: tuple[str, str, str]) -> tuple[Obj, bytes | None]:
    media = media_type(call)
    if media == "application/json":
        return parse_json(body, gvk[2]), body
    if media == "application/yaml":
        return parse_yaml(body, gvk[2]), None
    if media == PROTOBUF:
        return _from_protobuf(body), None
    raise statuses.unsupported_media_type(OFFERED)


def _from_protobuf(body: bytes) -> Obj:
    """The object in a protobuf envelope. Raises `ApiError` 400, and 415 for a kind that is read as JSON only."""
    try:
        return protobuf.decode(body)
    except protobuf.UnknownKindError as error:
        raise statuses.ApiError(
            415,
            "UnsupportedMediaType",
            f"the in-memory API server does not read protobuf of this kind ({error}); send application/json "
            "(kubectl: add --dry-run=client -o yaml | kubectl create -f -)",
        ) from error
    except protobuf.ProtobufError as error:
        raise statuses.bad_request(str(error)) from error


def parse_json(body: bytes, kind: str) -> Obj:
    """A JSON object; `null` counts as an empty one. Raises `ApiError` 400 in Go's words."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = _reread(body, kind)
    if value is None:
        return {}
    if not isinstance(value, dict):
        what = f"json: cannot unmarshal {_GO_KINDS[type(value)]} into {_ARRAY}"
        raise _unrecognized(kind, f"couldn't get version/kind; json parse error: {what}", body)
    return value


def _reread(body: bytes, kind: str) -> Any:
    """What orjson refuses Go may read: bytes that are not UTF-8 become the replacement character."""
    error = gojson.error_in(body)
    if error is None:
        try:
            return orjson.loads(body.decode("utf-8", "replace"))
        except orjson.JSONDecodeError as refused:
            error = str(refused)
    raise _unrecognized(kind, f"couldn't get version/kind; json parse error: {error}", body)


def parse_yaml(body: bytes, kind: str) -> Obj:
    """A YAML document with one object. Raises `ApiError` 400."""
    try:
        value = _yaml_value(body)
    except _YamlError as error:
        raise _unrecognized(kind, str(error), body) from None
    if not isinstance(value, dict):
        what = f"json: cannot unmarshal {_GO_KINDS.get(type(value), 'value')} into {_ARRAY}"
        raise _unrecognized(kind, f"couldn't get version/kind; json parse error: {what}", body)
    return value


class _YamlError(Exception):
    """A text is no YAML that could be JSON, in the words of the Go library where it has them."""


def _yaml_value(body: bytes) -> Any:
    """What a YAML document says. Raises `_YamlError`."""
    try:
        if _nesting(body) > YAML_DEPTH:
            raise yaml.YAMLError("exceeded max depth")
        _check_events(body)
        value = yaml.load(body, Loader=_Loader)  # noqa: S506  a safe loader, with fewer types
        # Through JSON: what YAML can say and JSON cannot (sets, binary, numbers as names) ends here.
        return orjson.loads(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)) if value is not None else {}
    except yaml.MarkedYAMLError as error:
        raise _YamlError(_as_go_says(error)) from None
    except (yaml.YAMLError, TypeError, ValueError, RecursionError) as error:
        raise _YamlError("yaml: " + str(error).replace("\n", " ")) from None


def _as_go_says(error: yaml.MarkedYAMLError) -> str:
    """The line that go-yaml tells: the context's, else the problem's, where it is not the first one."""
    marks = (error.context_mark, error.problem_mark)
    line = next((mark.line for mark in marks if mark is not None and mark.line), 0)
    if line and isinstance(error, yaml.scanner.ScannerError):
        line += 1
    return "yaml: " + (f"line {line}: " if line else "") + (error.problem or "unknown problem parsing YAML content")


def parse_apply(call: Call) -> Obj:
    """The object of a server-side apply, YAML or JSON, as it was written. Raises `ApiError` 400."""
    body = call.request.body
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        try:
            value = _yaml_value(body)
        except _YamlError as error:
            raise statuses.bad_request(f"error decoding YAML: error converting YAML to JSON: {error}") from None
    if not isinstance(value, dict):
        kind = _GO_KINDS.get(type(value), "value")
        what = f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}"
        raise statuses.bad_request(f"error decoding YAML: error unmarshaling JSON: while decoding JSON: {what}")
    return value


def repeated_keys(body: bytes) -> list[str]:
    """The keys that a YAML document, which can be read, has twice in one mapping, as go-yaml tells them."""
    try:
        if not repeated_members(body, orjson.loads(body)):
            return []  # it is JSON, and looking at that is cheap
    except orjson.JSONDecodeError:
        pass
    found: list[str] = []
    _look_for_repeated(yaml.compose(body, Loader=_Loader), found)
    return found


def told_together(repeated: Sequence[str]) -> str:
    """The error that go-yaml makes of them."""
    return "yaml: unmarshal errors:\n" + "\n".join(f"  {one}" for one in repeated)


def _look_for_repeated(node: yaml.Node | None, found: list[str]) -> None:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _look_for_repeated(item, found)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        _look_for_repeated(value, found)
        name = str(key.value)
        if name in seen:
            found.append(f"line {value.start_mark.line + 1}: key {orjson.dumps(name).decode()} already set in map")
        seen.add(name)


def _check_events(body: bytes) -> None:
    """Refuse what would end the process or fill it: libyaml's composer recurses in C, aliases multiply."""
    depth = aliases = 0
    for event in yaml.parse(body, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        aliases += isinstance(event, yaml.AliasEvent)
        if depth > YAML_DEPTH:
            raise yaml.YAMLError("exceeded max depth")
        if aliases > YAML_ALIASES:
            raise yaml.YAMLError("document contains excessive aliasing")


def _nesting(body: bytes) -> int:
    """How deep the brackets of a text go, those in quotes included."""
    depth = deepest = 0
    for bracket in body.translate(None, _NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


class OtherKind(NamedTuple):
    """The kind that a body names where another is due, and what the server says to that."""

    version: str
    kind: str
    why: str


def check_kind(value: Mapping[str, Any], gvk: tuple[str, str, str]) -> None:
    """An object must say that it is of the kind that is expected, or nothing. Raises `ApiError` 400."""
    other = other_kind(value, gvk)
    if other is not None:
        raise _cannot_handle(other.kind, other.version, gvk[2], other.why)


def other_kind(value: Mapping[str, Any], gvk: tuple[str, str, str]) -> OtherKind | None:
    """Whether a body names another kind than is expected. Raises `ApiError` 400 for another version of it."""
    group, version, kind = gvk
    expected = f"{group}/{version}" if group else version
    named_kind = value.get("kind") or kind
    named_version = value.get("apiVersion") or expected
    if named_kind == kind and named_version == expected:
        return None
    if not isinstance(named_kind, str) or not isinstance(named_version, str):
        return None
    other_group, _, other_version = named_version.rpartition("/")
    if Schema.load().kind(other_group, other_version, named_kind) is None:
        why = f'no kind "{named_kind}" is registered for version "{named_version}" {_SCHEME}'
        return OtherKind(other_version, named_kind, why)
    if named_kind == kind and other_group == group:
        raise statuses.bad_request(
            f"the API version in the data ({named_version}) does not match the expected API version ({expected})"
        )
    package = group.split(".")[0] or "core"
    why = f"converting ({other_version}.{named_kind}) to ({package}.{kind}): unknown conversion"
    return OtherKind(other_version, named_kind, why)


def _cannot_handle(kind: str, version: str, expected: str, why: str) -> statuses.ApiError:
    return statuses.bad_request(f'{kind} in version "{version}" cannot be handled as a {expected}: {why}')


def _unrecognized(kind: str, why: str, body: bytes) -> statuses.ApiError:
    return statuses.bad_request(
        f"the object provided is unrecognized (must be of type {kind}): {why} ({_summary(body)})"
    )


def _summary(body: bytes, limit: int = 30) -> str:
    """The body as a refusal shows it (summarizeData of rest.go)."""
    if not body:
        return "<empty>"
    more = " ..." if len(body) > limit else ""
    if body[:1] == b"{":
        return body[:limit].decode("utf-8", "replace") + more
    return body[:limit].hex() + more
