"""JSON merge patch follows RFC 7396."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from backends.fake.patching import PatchError, merge, shown_json

# RFC 7396, appendix A, as far as documents are objects.
EXAMPLES = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("doc", "patch", "result"), EXAMPLES)
def test_the_examples_of_the_rfc(doc: dict[str, Any], patch: dict[str, Any], result: dict[str, Any]) -> None:
    before = copy.deepcopy((doc, patch))

    assert merge.apply(doc, patch) == result
    assert (doc, patch) == before


def test_merged_members_are_sorted_and_untouched_ones_keep_their_order() -> None:
    doc = {"kind": "X", "apiVersion": "v1", "metadata": {"name": "a", "uid": "u", "labels": {}}, "data": {"b": "1"}}

    assert shown_json(merge.apply(doc, {"data": {"a": "2"}})) == (
        '{"apiVersion":"v1","data":{"a":"2","b":"1"},"kind":"X","metadata":{"name":"a","uid":"u","labels":{}}}'
    )


@pytest.mark.parametrize(
    ("patch", "text"),
    [
        ([], "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"),
        (None, "Invalid JSON Patch"),
    ],
)
def test_what_is_no_object_is_400(patch: Any, text: str) -> None:
    with pytest.raises(PatchError) as caught:
        merge.check(patch)

    assert (caught.value.status, str(caught.value)) == (400, text)


def test_messages_escape_what_html_would_misread() -> None:
    assert shown_json({"a": "<b> & \u2028"}) == '{"a":"\\u003cb\\u003e \\u0026 \\u2028"}'


def test_a_value_that_is_nested_too_deep_cannot_be_shown() -> None:
    deep: list[Any] = []
    for _ in range(400):
        deep = [deep]

    with pytest.raises(RecursionError):
        shown_json(deep)
