"""AdmissionReview: what a webhook is asked, and what its answer means.

plugin/webhook/request/admissionreview.go and plugin/webhook/errors of k8s.io/apiserver.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any, NamedTuple

import orjson

from backends.fake import statuses
from backends.fake.admission.attributes import Attributes
from backends.fake.catalogue import Resource
from backends.fake.policies.callouts import Answer
from backends.fake.policies.request import request_of, shown

Obj = dict[str, Any]

KIND, VERSION = "AdmissionReview", "admission.k8s.io/v1"
_TOKEN_VOLUME = re.compile(rb"kube-api-access-[a-z0-9]{5}")


class ReviewError(Exception):
    """A webhook that could not be asked, or whose answer means nothing; the text is the server's."""


class Verdict(NamedTuple):
    """What a webhook says."""

    allowed: bool
    status: Obj
    patch: list[Any] | None
    warnings: list[str]
    annotations: dict[str, str]


class Review(NamedTuple):
    """A question: its body, its uid, and what it is told apart by."""

    body: bytes
    uid: str
    key: str


def review_of(write: Attributes, resource: Resource, version: str, asker: str) -> Review:
    """The question about a write as an object of `resource`; `asker` names who asks which webhook how often."""
    new, old = shown(write.new, resource, write), shown(write.old, resource, write)
    request = request_of(write, resource) | {"object": new, "oldObject": old}
    text = _TOKEN_VOLUME.sub(b"", orjson.dumps(_steady(request), option=orjson.OPT_SORT_KEYS))
    digest = hashlib.sha256(asker.encode() + b"\0" + text)
    key = digest.hexdigest()
    uid = f"{key[:8]}-{key[8:12]}-4{key[13:16]}-8{key[17:20]}-{key[20:32]}"
    review = {"kind": KIND, "apiVersion": f"admission.k8s.io/{version}", "request": {"uid": uid, **request}}
    return Review(orjson.dumps(review), uid, key)


def _steady(request: Obj) -> Obj:
    """The question without what is drawn anew each time that it comes to be asked."""
    new = request.get("object")
    if not isinstance(new, dict) or request["operation"] != "CREATE":
        return request
    metadata = dict(new.get("metadata") or {})
    for member in ("uid", "creationTimestamp", "managedFields"):
        metadata.pop(member, None)
    found = {**request, "object": {**new, "metadata": metadata}}
    if metadata.get("generateName"):
        metadata.pop("name", None)
        found.pop("name", None)
    return found


def read(answer: Answer, review: Review, version: str, *, mutating: bool) -> Verdict:
    """What an answer means. Raises `ReviewError`."""
    if answer.problem:
        raise ReviewError(f"failed to call webhook: {answer.problem}")
    if answer.code != 200:
        raise ReviewError(f"failed to call webhook: {_unexpected(answer)}")
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        text = answer.body[:100].decode("utf-8", "replace")
        raise ReviewError(f"failed to call webhook: couldn't get version/kind; json parse error: {text!r}") from None
    response = _response(found, review, version)
    patch = _patch(response, mutating=mutating)
    annotations = response.get("auditAnnotations") or {}
    status = response.get("status") or {}
    return Verdict(
        bool(response.get("allowed")),
        status if isinstance(status, dict) else {},
        patch,
        [str(one) for one in response.get("warnings") or []],
        {str(key): str(value) for key, value in annotations.items()},
    )


def _unexpected(answer: Answer) -> str:
    if answer.code == 404:
        return "the server could not find the requested resource"
    text = answer.body[:200].decode("utf-8", "replace").strip()
    if answer.code >= 500:
        return f'an error on the server ("{text or "unknown"}") has prevented the request from succeeding'
    return f"the server rejected our request for an unknown reason ({answer.code})"


def _invalid(text: str) -> ReviewError:
    return ReviewError(f"received invalid webhook response: {text}")


def _response(found: Any, review: Review, version: str) -> Obj:
    wanted = f"admission.k8s.io/{version}, Kind={KIND}"
    if not isinstance(found, dict):
        raise _invalid(f"expected webhook response of {wanted}, got /, Kind=")
    if (found.get("apiVersion"), found.get("kind")) != (f"admission.k8s.io/{version}", KIND):
        group, _, had = str(found.get("apiVersion") or "").rpartition("/")
        raise _invalid(f"expected webhook response of {wanted}, got {group}/{had}, Kind={found.get('kind') or ''}")
    response = found.get("response")
    if not isinstance(response, dict):
        raise _invalid("webhook response was absent")
    if version == "v1" and response.get("uid") != review.uid:
        raise _invalid(f'expected response.uid="{review.uid}", got "{response.get("uid") or ""}"')
    return response


def _patch(response: Obj, *, mutating: bool) -> list[Any] | None:
    patch, kind = response.get("patch"), response.get("patchType")
    if not mutating:
        for name, value in (("patch", patch), ("patchType", kind)):
            if value:
                raise _invalid(f"validating webhook may not return response.{name}")
        return None
    if patch and not kind:
        raise _invalid("webhook returned response.patch but not response.patchType")
    if kind and not patch:
        raise _invalid("webhook returned response.patchType but not response.patch")
    if not patch:
        return None
    if kind != "JSONPatch":
        raise _invalid(f'webhook returned invalid response.patchType of "{kind}"')
    try:
        operations: Any = orjson.loads(base64.b64decode(patch, validate=True))
    except ValueError as error:
        raise ReviewError(f"failed to call webhook: the patch is no base64 of JSON: {error}") from None
    return operations if isinstance(operations, list) else [operations]


def denied(webhook: str, status: Obj) -> statuses.ApiError:
    """The refusal of a webhook, in its own status (ToStatusErr)."""
    code = status.get("code") or 0
    code = code if isinstance(code, int) and 400 <= code < 600 else 400
    by = f'admission webhook "{webhook}" denied the request'
    message, reason = str(status.get("message") or ""), str(status.get("reason") or "")
    text = f"{by}: {message or reason}" if message or reason else f"{by} without explanation"
    details = status.get("details")
    return statuses.ApiError(code, reason, text, details if isinstance(details, dict) else None)
