"""Continue tokens."""

from __future__ import annotations

import base64

import orjson
import pytest

from backends.fake import paging
from backends.fake.statuses import ApiError
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


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ("a=", ": illegal base64 data at input byte 1"),
        ("abcde", ": illegal base64 data at input byte 4"),
        (b"bad", ": invalid character 'b' looking for beginning of value"),
        (b"[]", ": json: cannot unmarshal array into Go value of type storage.continueToken"),
        (b"null", ": server does not recognize this encoded version "),
        (b'{"v":"meta.k8s.io/v2"}', ": server does not recognize this encoded version meta.k8s.io/v2"),
        (
            b'{"v":"meta.k8s.io/v1","rv":"1"}',
            ": json: cannot unmarshal string into Go struct field continueToken.rv of type int64",
        ),
        (b'{"v":"meta.k8s.io/v1"}', ": incorrect encoded start resourceVersion (version meta.k8s.io/v1)"),
        (b'{"v":"meta.k8s.io/v1","rv":1}', ": encoded start key empty (version meta.k8s.io/v1)"),
        (b'{"v":"meta.k8s.io/v1","rv":1,"start":"../a"}', ": ../a"),
    ],
)
def test_what_is_no_token_is_refused_in_the_servers_words(token: str | bytes, why: str) -> None:
    if isinstance(token, bytes):
        token = base64.urlsafe_b64encode(token).rstrip(b"=").decode()
    with pytest.raises(ApiError) as refused:
        paging.read(token)
    assert (refused.value.code, refused.value.message) == (
        400,
        f"invalid continue token: continue key is not valid{why}",
    )
