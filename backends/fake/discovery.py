"""What is not a resource: discovery, version, health, OpenAPI."""

from __future__ import annotations

import orjson

from backends.fake import statuses
from backends.fake.call import Call
from backends.fake.catalogue import Catalogue
from backends.fake.messages import Response
from backends.fake.reading import json_response


class Discovery:
    """Answers from the recorded documents."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._documents = catalogue.documents

    def answer(self, call: Call) -> Response:
        """Whatever is at a path outside of the resources."""
        if call.path in ("/healthz", "/livez", "/readyz"):
            return Response(200, {"Content-Type": "text/plain; charset=utf-8"}, b"ok")
        document = self._documents.get(call.path.rstrip("/"))
        if document is None:
            raise statuses.page_not_found()
        return json_response(200, orjson.dumps(document))
