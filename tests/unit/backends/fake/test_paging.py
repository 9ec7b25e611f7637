"""Continue tokens."""

from __future__ import annotations

import base64

import orjson

from backends.fake import paging
from backends.fake.store import Key

POD = Key("", "pods", "d", "p")


def test_a_token_is_what_a_real_server_would_send() -> None:
    token = paging.after(POD, "d", 7).token()
    assert "=" not in token
    padded = token + "=" * (-len(token) % 4)
    assert orjson.loads(base64.urlsafe_b64decode(padded)) == {"v": "meta.k8s.io/v1", "rv": 7, "start": "p\0"}


def test_a_token_says_where_and_when() -> None:
    position = paging.after(POD, "", 7)
    assert paging.read(position.token()) == position == (7, "d/p\0")


def test_places_are_below_what_is_listed() -> None:
    assert paging.place(POD, "d") == "p"
    assert paging.place(POD, "") == "d/p"
    assert paging.place(Key("", "nodes", "", "n"), "") == "n"
