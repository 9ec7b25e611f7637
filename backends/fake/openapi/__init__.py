"""/openapi/v2 and /openapi/v3: what clients read to validate, to merge patches and to explain kinds.

Called by discovery. From k8s.io/kube-openapi (pkg/handler, pkg/handler3): documents have an ETag, version 3 has an
index with their hashes, and a document that is asked for by its hash may be kept for a year. Version 2 is JSON or
gnostic's protobuf, version 3 JSON. Made from the schema and the catalogue, custom resources' from their definitions;
the words about operations are not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlencode

from backends.fake.messages import Response
from backends.fake.negotiation import parse_accept
from backends.fake.openapi.cluster import Documents
from backends.fake.openapi.documents import digest

__all__ = ["Documents", "answer"]

_ROOT = "/openapi/v3"
_PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
_FORMS = {
    "application/json": "application/json",
    "application/com.github.proto-openapi.spec.v2@v1.0+protobuf": _PROTOBUF,
    _PROTOBUF: _PROTOBUF,
}
_CACHE = {"Cache-Control": "no-cache, private"}


def answer(
    documents: Documents, path: str, query: Mapping[str, str], headers: Mapping[str, str], now: datetime
) -> Response:
    """A document, the index, or what is said in place of one: 301, 304, 404, 406."""
    if path == "/openapi/v2":
        return _version_two(documents, headers)
    if path == _ROOT:  # JSON, but the real server does not say so
        return Response(200, {**_CACHE, "Content-Type": "text/plain; charset=utf-8"}, documents.index())
    name = path.removeprefix(f"{_ROOT}/")
    if name not in documents.names():
        return Response(404, dict(_CACHE))
    if _chosen(headers, ("application/json",)) is None:
        return Response(406, {**_CACHE, "Vary": "Accept"})
    return _version_three(documents, name, query, headers, now)


def _version_two(documents: Documents, headers: Mapping[str, str]) -> Response:
    chosen = _chosen(headers, tuple(_FORMS))
    varying = {**_CACHE, "Vary": "Accept-Encoding, Accept"}
    if chosen is None:
        return Response(406, varying)
    body = documents.two_as_json() if _FORMS[chosen] == "application/json" else documents.two_as_protobuf()
    return _unless_known(body, digest(body), headers, {**varying, "Content-Type": _FORMS[chosen]})


def _version_three(
    documents: Documents, name: str, query: Mapping[str, str], headers: Mapping[str, str], now: datetime
) -> Response:
    tag, asked = documents.etag(name), query.get("hash", "")
    found = {**_CACHE, "Vary": "Accept", "Content-Type": "application/json"}
    if asked and asked != tag:
        where = f"{_ROOT}/{name}?{urlencode({**query, 'hash': tag})}"
        return Response(301, {**_CACHE, "Vary": "Accept", "Location": where})
    if asked:
        expires = format_datetime(now + timedelta(days=365), usegmt=True)
        found |= {"Cache-Control": "public, immutable", "Expires": expires}
    return _unless_known(documents.three(name), tag, headers, found)


def _unless_known(body: bytes, tag: str, headers: Mapping[str, str], sent: dict[str, str]) -> Response:
    """The document, or 304 to who has it already: without a type, which the client would keep in place of its own."""
    sent["Etag"] = quoted = f'"{tag}"'
    if quoted in [each.strip() for each in headers.get("if-none-match", "").split(",")]:
        return Response(304, {name: value for name, value in sent.items() if name != "Content-Type"})
    return Response(200, sent, body)


def _chosen(headers: Mapping[str, str], offered: tuple[str, ...]) -> str | None:
    """The first of what the client accepts that is offered."""
    for alternative in parse_accept(headers.get("accept", "")):
        if alternative.media in ("*/*", "application/*"):
            return offered[0]
        if alternative.media in offered:
            return alternative.media
    return None
