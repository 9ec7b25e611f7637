"""Continue tokens: where a list that came in pages goes on, and at which revision.

The format is the real server's (k8s.io/apiserver/pkg/storage/continue.go): base64url of a small JSON document, so
that clients which look inside find what they expect. Called by `reading`.
"""

from __future__ import annotations

import base64
import posixpath
import string
from typing import Any, NamedTuple

import orjson

from backends.fake import gojson, statuses
from backends.fake.schema.wording import json_kind
from backends.fake.store import Key

TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)
_BASE64 = frozenset(string.ascii_letters + string.digits + "-_")
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
    wrong = _not_base64(token)
    if wrong is not None:
        raise _invalid(f": illegal base64 data at input byte {wrong}")
    text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise _invalid(f": {gojson.error_in(text) or 'invalid UTF-8'}") from None
    version, rv, start = _members(found)
    if version != "meta.k8s.io/v1":
        raise _invalid(f": server does not recognize this encoded version {version}")
    if rv == 0:
        raise _invalid(": incorrect encoded start resourceVersion (version meta.k8s.io/v1)")
    if not start:
        raise _invalid(": encoded start key empty (version meta.k8s.io/v1)")
    rooted = start if start.startswith("/") else f"/{start}"
    if posixpath.normpath(rooted) != rooted or rooted.startswith("//"):
        raise _invalid(f": {start}")
    return Position(rv, start)


def _not_base64(token: str) -> int | None:
    """Where Go's base64.RawURLEncoding stops reading; None where it reads to the end."""
    for position, char in enumerate(token):
        if char not in _BASE64:
            return position
    return len(token) - 1 if len(token) % 4 == 1 else None


def _members(found: Any) -> tuple[str, int, str]:
    """Version, revision and start of a token's document. Raises `ApiError` 400 in encoding/json's words."""
    if not isinstance(found, dict | None):
        raise _invalid(f": json: cannot unmarshal {json_kind(found)} into Go value of type storage.continueToken")
    read: dict[str, Any] = {"v": "", "rv": 0, "start": ""}
    for name, zero in read.items():
        value = (found or {}).get(name)
        if value is None:
            continue
        if type(value) is not type(zero):
            go = "int64" if name == "rv" else "string"
            what = f"{json_kind(value)} into Go struct field continueToken.{name} of type {go}"
            raise _invalid(f": json: cannot unmarshal {what}")
        read[name] = value
    return read["v"], read["rv"], read["start"]


def _invalid(why: str) -> statuses.ApiError:
    return statuses.bad_request(f"invalid continue token: continue key is not valid{why}")
