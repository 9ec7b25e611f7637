"""Queries."""

from __future__ import annotations

import pytest

from backends.fake.call import Call, parse_query
from backends.fake.messages import Request


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a=1&a=2", {"a": "1"}),
        ("a", {"a": ""}),
        ("&&a=&", {"a": ""}),
        ("a%3D=x%20y+z", {"a=": "x y z"}),
        ("s=a=b", {"s": "a=b"}),
    ],
)
def test_a_query_is_read_as_go_reads_it(raw: str, expected: dict[str, str]) -> None:
    assert parse_query(raw) == expected


@pytest.mark.parametrize(
    ("raw", "flag"),
    [("watch=1", True), ("watch=true", True), ("watch", True), ("watch=0", False), ("watch=false", False), ("", False)],
)
def test_a_flag_is_there_unless_it_says_no(raw: str, flag: bool) -> None:
    assert Call(Request("GET", "/"), "/", parse_query(raw)).flag("watch") is flag


def test_a_warning_is_given_once() -> None:
    call = Call(Request("GET", "/"), "/", {})
    for _ in range(2):
        call.warn("careful")
    assert call.warnings == ("careful",)
