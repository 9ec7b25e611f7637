"""/openapi: what kubectl reads to validate manifests and to explain kinds.

Called by discovery. The documents are made from the schema; version 2 is not imitated.
"""

from __future__ import annotations

from backends.fake import statuses
from backends.fake.messages import Response


def answer(path: str) -> Response:
    """A document, or a refusal. Raises `ApiError` 404, 501."""
    if path == "/openapi/v2":
        raise statuses.not_imitated("OpenAPI version 2; ask for /openapi/v3")
    raise statuses.not_imitated("OpenAPI version 3")
