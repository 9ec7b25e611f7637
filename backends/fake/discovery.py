"""What is not a resource: discovery, version, health, OpenAPI.

Called by the server for paths outside of the resources. Discovery answers with the recorded documents of the imitated
release, and with those of custom resources, plain or aggregated as the Accept header asks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson

from backends.fake import health, openapi, statuses
from backends.fake.call import Call
from backends.fake.catalogue import KUBERNETES_VERSION, Catalogue
from backends.fake.messages import Response
from backends.fake.negotiation import ENCODINGS, OFFERED, check_routed, choose, parse_accept
from backends.fake.reading import json_response
from backends.fake.service_account_tokens import CONFIGURATION, KEYS

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_ROUTED = frozenset({"/version", CONFIGURATION, KEYS})
"""What is no API and yet known to the router of the real server."""
_VERSION = {
    "major": "1",
    "minor": "34",
    "emulationMajor": "1",
    "emulationMinor": "34",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "33",
    "gitVersion": KUBERNETES_VERSION,
    "gitCommit": "0000000000000000000000000000000000000000",
    "gitTreeState": "clean",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "none",
    "compiler": "python",
    "platform": "in-memory",
}


class Discovery:
    """Answers from the recorded documents of one catalogue."""

    def __init__(self, catalogue: Catalogue, now: Callable[[], datetime]) -> None:
        """`now` is the wall clock: what may be kept says until when."""
        self._now = now
        self._catalogue = catalogue
        self._encoded: dict[str, bytes] = {}
        self._etags: dict[str, str] = {}
        self._openapi = openapi.Documents(catalogue)
        catalogue.on_change += [self._encoded.clear, self._etags.clear]

    @property
    def _documents(self) -> Mapping[str, Any]:
        return self._catalogue.documents

    def answer(self, call: Call) -> Response:
        """Whatever is at a path outside of the resources. Raises `ApiError` 404, 405, 406, 501."""
        path = call.path.rstrip("/") or "/"
        call.verb = call.request.method.lower()
        if call.request.method != "GET" and self._is_routed(path):
            raise statuses.method_not_allowed()
        return self._find(path, call)

    def _find(self, path: str, call: Call) -> Response:
        if path in self._documents:
            return self._document(path, call)
        if path in health.PATHS:
            return health.answer(path, call.request.target.partition("?")[2])
        if path == "/version":
            check_routed(call.headers.get("accept", ""), "application/json")
            return json_response(200, orjson.dumps(_VERSION))
        if path == "/":
            return json_response(200, orjson.dumps({"paths": _paths(self._catalogue)}))
        if path.startswith("/openapi/"):
            return openapi.answer(self._openapi, path, call.query, call.headers, self._now())
        if path == "/metrics":
            raise statuses.not_imitated("metrics")
        if path.count("/") <= 3 and path.startswith(("/apis/", "/api/")):
            self._refuse_version(path)
        raise statuses.page_not_found()

    def _is_routed(self, path: str) -> bool:
        """Whether only GET is known there. The aggregator's documents and the checks of health ask for no method."""
        if path in _ROUTED:
            return True
        if path not in self._documents or not path.startswith("/apis"):
            return path in self._documents
        return path.count("/") > 2 and path.split("/")[2] not in self._catalogue.custom_groups

    def _refuse_version(self, path: str) -> None:
        """A version that is not there, of a group that is, is refused in another way than an unknown group."""
        group = path.split("/")[2]
        if path.startswith("/api/") or (
            f"/apis/{group}" in self._documents and group not in self._catalogue.custom_groups
        ):
            raise statuses.no_such_resource()

    def _document(self, path: str, call: Call) -> Response:
        aggregated = f"{path} aggregated"
        if aggregated in self._documents and _wants_aggregated(call.headers.get("accept", "")):
            return self._aggregated(aggregated, call)
        call.encoding = _negotiated(call, routed=self._is_routed(path))
        return json_response(200, self._bytes(path))

    def _aggregated(self, name: str, call: Call) -> Response:
        """The aggregated form, which clients keep by its ETag (pkg/endpoints/discovery/aggregated/etag.go)."""
        tag = f'"{self._etag(name)}"'
        response = json_response(200, self._bytes(name))
        response.headers.update({"Vary": "Accept", "Cache-Control": "public", "Etag": tag})
        if call.headers.get("if-none-match") == tag:
            # Without a type: the client would keep it in place of the one that it has.
            return Response(304, {name: value for name, value in response.headers.items() if name != "Content-Type"})
        response.headers["Content-Type"] = AGGREGATED
        return response

    def _etag(self, name: str) -> str:
        found = self._etags.get(name)
        if found is None:
            document = self._documents[name]
            text = orjson.dumps(
                {"metadata": document.get("metadata", {}), "items": [_group(item) for item in document["items"]]}
            )
            found = self._etags[name] = hashlib.sha512(text).hexdigest().upper()
        return found

    def _bytes(self, name: str) -> bytes:
        found = self._encoded.get(name)
        if found is None:
            found = self._encoded[name] = orjson.dumps(self._documents[name])
        return found


_KIND = ("group", "version", "kind")
_RESOURCE = (
    "resource", "responseKind", "scope", "singularResource", "verbs", "shortNames", "categories", "subresources",
)  # fmt: skip
_SUBRESOURCE = ("subresource", "responseKind", "acceptedTypes", "verbs")


def _ordered(members: tuple[str, ...], node: Mapping[str, Any]) -> dict[str, Any]:
    """`node` as Go writes the struct: its members in declared order."""
    ordered = {member: node[member] for member in members if member in node}
    if "responseKind" in ordered:
        ordered["responseKind"] = {member: ordered["responseKind"][member] for member in _KIND}
    if "subresources" in ordered:
        ordered["subresources"] = [_ordered(_SUBRESOURCE, each) for each in ordered["subresources"]]
    return ordered


def _group(item: Mapping[str, Any]) -> dict[str, Any]:
    """A group of the aggregated form as Go writes it: its hash is the hash of this text."""
    versions = [
        {
            "version": version["version"],
            "resources": [_ordered(_RESOURCE, resource) for resource in version["resources"]],
            "freshness": version["freshness"],
        }
        for version in item["versions"]
    ]
    return {"metadata": _ordered(("name", "creationTimestamp"), item["metadata"]), "versions": versions}


def _negotiated(call: Call, *, routed: bool) -> str:
    """How to write a document, which has no other form; `routed`: a router looks first. Raises `ApiError` 406."""
    accept = call.headers.get("accept", "")
    for alternative in parse_accept(accept):
        encoding = ENCODINGS.get(alternative.media)
        if encoding is not None and not alternative.parameters.keys() & {"as", "g", "v"}:
            return "json" if encoding == "protobuf" else encoding
    if routed:
        choose(accept)  # which refuses in the router's words what the router does not know
    raise statuses.not_acceptable_form(OFFERED)


def _wants_aggregated(accept: str) -> bool:
    """Whether the first alternative that can be had is the aggregated form, in the version that is recorded."""
    for alternative in parse_accept(accept):
        parameters = alternative.parameters
        if parameters.get("as") == "APIGroupDiscoveryList":
            if parameters.get("v") == "v2" and parameters.get("g") == "apidiscovery.k8s.io":
                return True
        elif alternative.media in ("application/json", "*/*", "application/*"):
            return False
    return False


def _paths(catalogue: Catalogue) -> list[str]:
    documents = [path for path in catalogue.documents if not path.endswith(" aggregated")]
    others = [
        "/.well-known/openid-configuration",
        "/apis/",
        "/metrics",
        "/openapi/v2",
        "/openapi/v3",
        "/openapi/v3/",
        "/openid/v1/jwks",
        "/version",
    ]
    return sorted([*documents, *health.PATHS, *others])
