"""From a PATCH request to a function that changes an object, with every check that the real server does on the way.

Called by the handlers that patch. The algorithms are in `patching`; here is what surrounds them: media types, syntax,
and that the result is still an object of its kind (k8s.io/apiserver/pkg/endpoints/handlers/patch.go).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from backends.fake import gojson, ownership, statuses
from backends.fake.bodies import (
    NO_KIND,
    field_validation,
    kind_schema_of,
    media_type,
    other_kind,
    parse_apply,
    repeated_keys,
    schema_of,
    told_together,
)
from backends.fake.call import Call
from backends.fake.catalogue import Resource
from backends.fake.conversion import converted
from backends.fake.options import APPLY_PATCH
from backends.fake.ownership import Writer
from backends.fake.patching import PatchError, go_format, json, merge, shown_json, strategic
from backends.fake.schema import Decoded, DecodeError, KindSchema, Schema, repeated_members
from backends.fake.statuses import ApiError
from backends.fake.validation import Cause

if TYPE_CHECKING:
    from backends.fake.custom.decoding import CustomSchema

Obj = dict[str, Any]

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
CUSTOM_PATCHES = ", ".join((JSON_PATCH, MERGE_PATCH, APPLY_PATCH))
"""What custom resources can be patched with: without merge keys there is no strategic merge."""


def change_of(
    call: Call, resource: Resource, writer: Writer, gvk: tuple[str, str, str] | None = None
) -> Callable[[Obj], Obj]:
    """What the patch does to an object of `resource` (or of `gvk`, for a subresource with a kind of its own).

    A server-side apply begins with an `ownership.Creation` where there is no object. Raises `ApiError` 415 at once;
    the function it returns raises 400, 409, 422 and 500, because the real server looks for the object before it looks
    at the patch.
    """
    media = media_of(call, resource)
    kind = schema_of(gvk) if gvk is not None else kind_schema_of(resource)
    if media == APPLY_PATCH:
        return lambda live: change_to(call, resource, writer, parse_apply(call))(live)
    body = call.request.body

    def apply(obj: Obj) -> Obj:
        if obj.get("apiVersion") != kind.gvk.api_version and gvk is None and resource.custom is None:
            obj = converted(resource, obj)
        try:
            return _applied(call, media, kind, obj, body)
        except PatchError as error:
            details: dict[str, Any] | None = {} if error.status == 422 else None
            raise ApiError(error.status, error.reason, error.message, details) from None
        except RecursionError:
            raise statuses.bad_request("error decoding patch: exceeded max depth") from None

    return apply


def media_of(call: Call, resource: Resource) -> str:
    """Which of the four types a patch is of. Raises `ApiError` 415."""
    media = media_type(call)
    if resource.custom is not None and media not in (JSON_PATCH, MERGE_PATCH, APPLY_PATCH):
        raise statuses.unsupported_media_type(CUSTOM_PATCHES)
    if media not in (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH):
        raise ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {})
    return media


def change_to(call: Call, resource: Resource, writer: Writer, wanted: Obj) -> Callable[[Obj], Obj]:
    """What a server-side apply of `wanted` does to an object of `resource`; the function raises 400, 409 and 500."""
    kind, custom = kind_schema_of(resource), resource.custom
    model = ownership.model_of(*kind.gvk) if custom is None else custom.model
    assert model is not None, "every kind that has a schema has a model"

    def apply(live: Obj) -> Obj:
        created = isinstance(live, ownership.Creation)
        if not created and custom is None and live.get("apiVersion") != kind.gvk.api_version:
            live = converted(resource, live)
        applying = ownership.Apply(
            wanted,
            writer,
            model.shape,
            kind.gvk,
            force=call.flag("force"),
            has_status="status" in resource.subresources,
            blank=model.blank,
        )
        if custom is not None and not created:
            applying.check_live(live)
        try:
            applied = kind.convert(applying.to(live), strictly=False).object
        except DecodeError as error:
            raise statuses.bad_request(str(error)) from None
        repeated = repeated_keys(call.request.body) if field_validation(call) != "Ignore" else ()
        if repeated and field_validation(call) == "Strict":
            text = told_together(repeated)
            raise statuses.bad_request(f"error strict decoding YAML: error converting YAML to JSON: {text}")
        for one in repeated:
            call.warn(one)
        return applied

    return apply


def _applied(call: Call, media: str, kind: KindSchema | CustomSchema, obj: Obj, body: bytes) -> Obj:
    if media == JSON_PATCH:
        operations = _parsed(body)
        json.check(operations)
        own = [*json.unknown_members(operations or []), *_repeated(body, operations, "json patch ")]
        return _decoded(call, kind, json.apply(obj, operations), obj, own)
    if media == MERGE_PATCH:
        document = _parsed(body)
        merge.check(document)
        return _decoded(call, kind, merge.apply(obj, document), obj, _repeated(body, document))
    assert isinstance(kind, KindSchema), "custom resources have no strategic merge"
    document = _parsed(body, "")
    strategic.check(document)
    patched = strategic.apply(obj, document, kind.type)
    try:
        decoded = kind.convert(patched, strictly=field_validation(call) != "Ignore", before=obj)
    except DecodeError as error:
        raise _unprocessable(go_format(document), str(error)) from None
    return _noted(call, decoded, _repeated(body, document), partial(go_format, document))


def _repeated(body: bytes, document: Any, prefix: str = "") -> list[str]:
    return [f"{prefix}{error}" for error in repeated_members(body, document)]


def _parsed(body: bytes, prefix: str = "error decoding patch: ") -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        error = gojson.error_in(body) or "invalid UTF-8"
        raise statuses.bad_request(f"{prefix}{error}") from None


def _decoded(call: Call, kind: KindSchema | CustomSchema, patched: Obj, obj: Obj, own: list[str]) -> Obj:
    """What a patch has made of `obj`."""
    strictly = field_validation(call) != "Ignore"
    try:
        if isinstance(kind, KindSchema):
            _check_kind(patched, kind.gvk)
            decoded = kind.decode(patched, strictly=strictly, before=obj)
        elif not patched.get("kind"):
            raise DecodeError(NO_KIND)
        else:
            decoded = kind.decode(patched, strictly=strictly)
    except DecodeError as error:
        raise _unprocessable(shown_json(patched), str(error)) from None
    return _noted(call, decoded, own, partial(shown_json, patched))


def _check_kind(patched: Obj, gvk: tuple[str, str, str]) -> None:
    """A patch must not change the kind; what is wrong as an object of the other kind is said first, as there."""
    other = other_kind(patched, gvk)
    if other is None:
        return
    group = str(patched.get("apiVersion", "")).rpartition("/")[0]
    known = Schema.load().kind(group, other.version, other.kind)
    if known is not None:
        known.decode(patched, strictly=False)
    raise DecodeError(other.why)


def _noted(call: Call, decoded: Decoded, own: list[str], text: Callable[[], str]) -> Obj:
    """The decoded object; what strict decoding says of the patch and of its result is refused or warned of.

    `text` is what a refusal shows; few patches are refused.
    """
    errors = [*own, *decoded.strict_errors]
    if errors and field_validation(call) == "Strict":
        raise _unprocessable(text(), "strict decoding error: " + ", ".join(errors))
    if errors and field_validation(call) == "Warn":
        for error in errors:
            call.warn(error)
    return decoded.object


def _unprocessable(text: str, why: str) -> ApiError:
    cause = Cause("patch", "FieldValueInvalid", f"Invalid value: {quoted(text)}: {why}")
    return statuses.invalid("", "", "", [cause._asdict()])


def quoted(text: str) -> str:
    """A text in Go's double quotes."""
    return orjson.dumps(text).decode()
