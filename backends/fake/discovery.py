"""What is not a resource: discovery, version, health, OpenAPI.

Called by the server for paths outside of the resources. Discovery answers with the recorded documents of the imitated
release, plain or aggregated as the Accept header asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from backends.fake import openapi, statuses
from backends.fake.call import Call
from backends.fake.catalogue import KUBERNETES_VERSION, Catalogue
from backends.fake.forking import Fork
from backends.fake.messages import Response
from backends.fake.negotiation import parse_accept
from backends.fake.reading import json_response

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_HEALTH = frozenset({"/healthz", "/livez", "/readyz"})
_CHECKS = ("ping", "log", "etcd")
_TEXT = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-cache, private"}
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

    def __init__(self, catalogue: Catalogue) -> None:
        self._documents: Mapping[str, Any] = catalogue.documents
        self._encoded: dict[str, bytes] = {}
        self._paths = tuple(_paths(catalogue))

    def forked(self, fork: Fork) -> Mapping[str, object]:
        """A fork answers from the same documents, which nobody changes."""
        del fork
        return {"_documents": self._documents, "_encoded": self._encoded.copy()}

    def answer(self, call: Call) -> Response:
        """Whatever is at a path outside of the resources. Raises `ApiError` 404, 405, 501."""
        path = call.path.rstrip("/") or "/"
        call.verb = call.request.method.lower()
        known = self._find(path, call)
        if call.request.method not in ("GET", "HEAD"):
            raise statuses.method_not_allowed()
        return known

    def _find(self, path: str, call: Call) -> Response:
        if path in self._documents:
            return self._document(path, call)
        if path in _HEALTH or _is_check(path):
            return Response(200, dict(_TEXT), b"ok")
        if path == "/version":
            return json_response(200, orjson.dumps(_VERSION))
        if path == "/":
            return json_response(200, orjson.dumps({"paths": self._paths}))
        if path.startswith("/openapi/"):
            return openapi.answer(path)
        if path == "/metrics":
            raise statuses.not_imitated("metrics")
        if path.count("/") <= 3 and path.startswith(("/apis/", "/api/")):
            self._refuse_version(path)
        raise statuses.page_not_found()

    def _refuse_version(self, path: str) -> None:
        """A version that is not there, of a group that is, is refused in another way than an unknown group."""
        if path.startswith("/api/") or "/".join(path.split("/")[:3]) in self._documents:
            raise statuses.no_such_resource()

    def _document(self, path: str, call: Call) -> Response:
        aggregated = f"{path} aggregated"
        if aggregated in self._documents and _wants_aggregated(call.headers.get("accept", "")):
            response = json_response(200, self._bytes(aggregated))
            response.headers.update({"Content-Type": AGGREGATED, "Vary": "Accept", "Cache-Control": "public"})
            return response
        return json_response(200, self._bytes(path))

    def _bytes(self, name: str) -> bytes:
        found = self._encoded.get(name)
        if found is None:
            found = self._encoded[name] = orjson.dumps(self._documents[name])
        return found


def _is_check(path: str) -> bool:
    root, _, check = path.rpartition("/")
    return root in _HEALTH and check in _CHECKS


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
        "/healthz",
        "/livez",
        "/openapi/v3",
        "/readyz",
        "/version",
    ]
    return sorted([*documents, *others])
