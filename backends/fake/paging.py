"""Continue tokens: where a list that came in pages goes on, and at which revision.

The format is the real server's (k8s.io/apiserver/pkg/storage/continue.go): base64url of a small JSON document, so
that clients which look inside find what they expect. Called by `reading`.
"""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

import orjson

from backends.fake import gojson, statuses
from backends.fake.store import Key

TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)
LATEST = -1
"""The revision in a token that gives up consistency."""


class Position(NamedTuple):
    """Go on at `start` (a key below the listed prefix, inclusive), as of revision `rv`; `LATEST`: as of now."""

    rv: int
    start: str

    def token(self) -> str:
        """The position as a client carries it."""
        text = orjson.dumps({"v": "meta.k8s.io/v1", "rv": self.rv, "start": self.start})
        return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def place(key: Key, namespace: str) -> str:
    """The key of an object below the prefix of a list of `namespace` (empty: of all)."""
    return key.name if namespace or not key.namespace else f"{key.namespace}/{key.name}"


def after(key: Key, namespace: str, rv: int) -> Position:
    """The position right after an object."""
    return Position(rv, place(key, namespace) + "\0")


def read(token: str) -> Position:
    """The position that a token names. Raises `ApiError` 400."""
    try:
        text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _invalid("illegal base64 data at input byte 0") from None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _invalid(gojson.error_in(text) or "invalid UTF-8") from None
    if not isinstance(found, dict) or found.get("v") != "meta.k8s.io/v1":
        version = found.get("v") if isinstance(found, dict) else None
        raise statuses.bad_request(
            f'invalid continue token: server does not recognize this encoded version "{version or ""}"'
        )
    rv, start = found.get("rv", 0), found.get("start")
    if not isinstance(start, str) or not start:
        raise statuses.bad_request(
            "invalid continue token: continue key is not valid: encoded start key empty (version meta.k8s.io/v1)"
        )
    if not isinstance(rv, int) or rv == 0:
        raise statuses.bad_request(
            "invalid continue token: incorrect encoded start resourceVersion (version meta.k8s.io/v1)"
        )
    return Position(rv, start)


def _invalid(why: str) -> statuses.ApiError:
    return statuses.bad_request(f"invalid continue token: continue key is not valid: {why}")
