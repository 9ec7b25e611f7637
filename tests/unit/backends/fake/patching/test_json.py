"""JSON patch applies as RFC 6902 says where the server does, and takes the server's liberties."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import jsonpatch
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.fake.patching import PatchError, json

TOKENS = ["a", "b", "c", "0", "1", "2", "-", "x~1y", "m~0n"]
LEAVES = st.sampled_from(["v", "w", "", 7, 8, None])
DOCUMENTS = st.dictionaries(
    st.sampled_from(["a", "b", "c", "x/y", "m~n"]),
    st.recursive(
        LEAVES,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "1"]), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    max_size=4,
)
PATHS = st.lists(st.sampled_from(TOKENS), min_size=1, max_size=3).map(lambda words: "/" + "/".join(words))
OPERATIONS = st.one_of(
    st.fixed_dictionaries({"op": st.sampled_from(["add", "replace", "test"]), "path": PATHS, "value": LEAVES}),
    st.fixed_dictionaries({"op": st.just("remove"), "path": PATHS}),
    st.fixed_dictionaries({"op": st.sampled_from(["move", "copy"]), "from": PATHS, "path": PATHS}),
)


@settings(max_examples=400, deadline=None)
@given(DOCUMENTS, st.lists(OPERATIONS, max_size=4))
def test_whatever_rfc_6902_accepts_is_applied_in_the_same_way(doc: dict[str, Any], patch: list[Any]) -> None:
    before = copy.deepcopy(doc)
    try:
        want = jsonpatch.apply_patch(doc, patch)
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError, IndexError, KeyError):
        return
    assert json.apply(doc, patch) == want
    assert doc == before


@settings(max_examples=200, deadline=None)
@given(DOCUMENTS, st.lists(OPERATIONS, max_size=4))
def test_no_patch_changes_the_document_that_it_was_given(doc: dict[str, Any], patch: list[Any]) -> None:
    before, operations = copy.deepcopy(doc), copy.deepcopy(patch)
    with contextlib.suppress(PatchError):
        json.apply(doc, patch)
    assert (doc, patch) == (before, operations)


def one(op: str, path: str, **members: Any) -> list[Any]:
    return [{"op": op, "path": path, **members}]


@pytest.mark.parametrize(
    ("patch", "result"),
    [
        (one("replace", "/data/none", value="x"), {"data": {"k": "v", "none": "x"}, "list": [1, 2]}),
        (one("test", "/data/none", value=None), {"data": {"k": "v"}, "list": [1, 2]}),
        (one("add", "data/x", value="y"), {"data": {"k": "v"}, "list": [1, 2], "x": "y"}),
        (one("add", "/list/-1", value=3), {"data": {"k": "v"}, "list": [1, 2, 3]}),
        (one("remove", "/list/-1"), {"data": {"k": "v"}, "list": [1]}),
        (one("copy", "/data/c", **{"from": "/data/none"}), {"data": {"k": "v", "c": None}, "list": [1, 2]}),
    ],
)
def test_the_servers_liberties(patch: list[Any], result: dict[str, Any]) -> None:
    assert json.apply({"data": {"k": "v"}, "list": [1, 2]}, patch) == result


@pytest.mark.parametrize(
    "patch",
    [
        one("test", "/data/k", value="wrong"),
        one("test", "/data/n", value="1"),
        one("test", "/data/n", value=1.0),
        one("test", "/data/n", value=True),
        one("test", "/none/deep", value=None),
        one("remove", "/data/never"),
        one("add", "/none/x", value=1),
        one("add", "/data/k/x", value=1),
        one("add", "", value={}),
        one("add", "/list/9", value=1),
        one("add", "/list/x", value=1),
        one("replace", "/list/2", value=1),
        one("frobnicate", "/data/k"),
        [{"path": "/data/k"}],
        [None],
    ],
)
def test_what_does_not_apply_is_one_and_the_same_422(patch: list[Any]) -> None:
    with pytest.raises(PatchError) as caught:
        json.apply({"data": {"k": "v", "n": 1}, "list": [1, 2]}, patch)

    assert (caught.value.status, caught.value.reason) == (422, "Invalid")
    assert str(caught.value) == "the server rejected our request due to an error in our request"


def test_a_copied_value_is_independent_of_its_original() -> None:
    patch = [
        {"op": "add", "path": "/a/x", "value": 1},
        {"op": "copy", "from": "/a", "path": "/b"},
        {"op": "add", "path": "/a/y", "value": 2},
    ]

    assert json.apply({"a": {}}, patch) == {"a": {"x": 1, "y": 2}, "b": {"x": 1}}


def test_a_value_of_the_patch_is_not_changed_by_a_later_operation() -> None:
    value: dict[str, Any] = {"x": 1}
    patch = [{"op": "add", "path": "/a", "value": value}, {"op": "add", "path": "/a/y", "value": 2}]

    assert json.apply({}, patch) == {"a": {"x": 1, "y": 2}}
    assert value == {"x": 1}


def test_copying_more_than_three_megabytes_is_refused() -> None:
    patch = [{"op": "copy", "from": "/a", "path": f"/{number}"} for number in range(4)]

    with pytest.raises(PatchError):
        json.apply({"a": "x" * 1_000_000}, patch)


@pytest.mark.parametrize(
    ("patch", "text"),
    [
        ({"op": "add"},
         "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"),
        ([1], "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp"),
        ([{"op": 1}],
         "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string"),
    ],
)  # fmt: skip
def test_what_is_no_list_of_operations_is_400(patch: Any, text: str) -> None:
    with pytest.raises(PatchError) as caught:
        json.check(patch)

    assert (caught.value.status, str(caught.value)) == (400, text)


def test_ten_thousand_operations_are_the_most() -> None:
    json.check(one("test", "/a", value=1) * 10_000)
    with pytest.raises(PatchError) as caught:
        json.check(one("test", "/a", value=1) * 10_001)

    assert caught.value.status == 413
    assert "maximum operations in a JSON patch is 10000, got 10001" in str(caught.value)


def test_members_that_no_operation_has_are_strict_errors() -> None:
    assert json.unknown_members([{"op": "test", "path": "/a", "vaule": 1}]) == ['json patch unknown field "[0].vaule"']
