"""Refusals: the error tree of the API server, in the words of the real one.

Every refusal is an `ApiError`, raised anywhere below the request chain and turned into a `Status` body at one place
(`server.py`). The constructors below follow k8s.io/apimachinery/pkg/api/errors, name for name; texts are compared with
recordings of a real server, so do not improve them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

NOT_FOUND_TEXT = "the server could not find the requested resource"
PAGE_NOT_FOUND = b"404 page not found\n"


class ApiError(Exception):
    """One refusal: the HTTP code and everything that its Status says.

    `details` None leaves the member out, as the real server does for some answers and not for others.
    `plain` is the whole body for the few answers that are text instead of a Status.
    """

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        plain: bytes | None = None,
    ) -> None:
        super().__init__(f"{code} {reason}: {message}")
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.headers = dict(headers or {})
        self.plain = plain
        self.metadata: dict[str, Any] = {}
        """The Status' own metadata: an expired list offers a continue token there."""

    def status(self) -> dict[str, Any]:
        """The Status object."""
        body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = self.details
        body["code"] = self.code
        return body

    def body(self) -> bytes:
        """The bytes to answer with."""
        return self.plain if self.plain is not None else orjson.dumps(self.status())


def success(details: Mapping[str, Any]) -> dict[str, Any]:
    """The Status that a DELETE answers with when the object is gone."""
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": dict(details)}


def _about(resource: str, name: str, group: str) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    if resource:
        details["kind"] = resource
    return details


def qualified(resource: str, group: str) -> str:
    """`deployments.apps`, `pods`: how a resource or kind is named in messages."""
    return f"{resource}.{group}" if group else resource


def bad_request(message: str) -> ApiError:
    """400: the request cannot be read."""
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    """401: nobody known is asking."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(resource: str, name: str, group: str, why: str) -> ApiError:
    """403: an admission rule refuses."""
    whole = qualified(resource, group)
    text = f'{whole} "{name}" is forbidden: {why}' if name else f"{whole} is forbidden: {why}"
    return ApiError(403, "Forbidden", text, _about(resource, name, group))


def not_found(resource: str, name: str, group: str = "") -> ApiError:
    """404: no such object."""
    return ApiError(404, "NotFound", f'{qualified(resource, group)} "{name}" not found', _about(resource, name, group))


def no_such_resource() -> ApiError:
    """404: no such resource below a group and version that exist."""
    return ApiError(404, "NotFound", NOT_FOUND_TEXT, {})


def page_not_found() -> ApiError:
    """404 as plain text: not a path of the API at all."""
    return ApiError(
        404, "NotFound", NOT_FOUND_TEXT, headers={"Content-Type": "text/plain; charset=utf-8"}, plain=PAGE_NOT_FOUND
    )


def method_not_allowed() -> ApiError:
    """405: the path is right and the method is not."""
    return ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})


def not_supported(verb: str, resource: str, group: str) -> ApiError:
    """405: the resource does not take this verb (NewMethodNotSupported)."""
    text = f'{verb} is not supported on resources of kind "{qualified(resource, group)}"'
    return ApiError(405, "MethodNotAllowed", text, _about(resource, "", group))


def not_acceptable(offered: str) -> ApiError:
    """406: none of the asked representations can be had."""
    return ApiError(406, "NotAcceptable", f"406: Not Acceptable\n\nAvailable representations: {offered}", {})


def not_acceptable_form(offered: str) -> ApiError:
    """406: the media type is right, and what it shall show is not to be had (negotiation/errors.go)."""
    return ApiError(406, "NotAcceptable", f"only the following media types are accepted: {offered}")


def unsupported_media_type(offered: str) -> ApiError:
    """415: the body's media type is not one that is read here."""
    return ApiError(
        415,
        "UnsupportedMediaType",
        f"the body of the request was in an unknown format - accepted media types include: {offered}",
    )


def already_exists(resource: str, name: str, group: str = "") -> ApiError:
    """409: the name is taken."""
    return ApiError(
        409, "AlreadyExists", f'{qualified(resource, group)} "{name}" already exists', _about(resource, name, group)
    )


def conflict(resource: str, name: str, group: str, why: str, *, shown: str | None = None) -> ApiError:
    """409: a precondition does not hold. `shown` replaces what stands before the name in the message."""
    whole = shown if shown is not None else qualified(resource, group)
    return ApiError(
        409,
        "Conflict",
        f'Operation cannot be fulfilled on {whole} "{name}": {why}',
        _about(resource, name, group),
    )


MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def expired(message: str) -> ApiError:
    """410: the asked revision is no longer kept."""
    return ApiError(410, "Expired", message)


def too_large(limit_bytes: int) -> ApiError:
    """413: the body is longer than the server reads."""
    return ApiError(
        413,
        "RequestEntityTooLarge",
        f"Request entity is too large: limit is {limit_bytes}",
        {},
    )


def invalid(kind: str, name: str, group: str, causes: Sequence[Mapping[str, str]]) -> ApiError:
    """422: the object breaks the rules of its kind. Each cause has `reason`, `message` and `field`."""
    errors = [f"{cause['field']}: {cause['message']}" if cause.get("field") else cause["message"] for cause in causes]
    unique = list(dict.fromkeys(errors))
    text = unique[0] if len(unique) == 1 else "[" + ", ".join(unique) + "]"
    details = _about(kind, name, group)
    details["causes"] = [dict(cause) for cause in causes]
    return ApiError(422, "Invalid", f'{qualified(kind, group)} "{name}" is invalid: {text}', details)


def too_many_requests(message: str, details: Mapping[str, Any] | None = None) -> ApiError:
    """429: later, perhaps."""
    return ApiError(429, "TooManyRequests", message, details)


def internal(message: str) -> ApiError:
    """500 as the real server words it."""
    return ApiError(
        500,
        "InternalError",
        f"Internal error occurred: {message}",
        {"causes": [{"message": message}]},
    )


def not_imitated(what: str) -> ApiError:
    """501: something that a real API server does and this one refuses to pretend."""
    return ApiError(501, "NotImplemented", f"the in-memory API server does not imitate {what}")
