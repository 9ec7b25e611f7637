"""What surrounds the patch algorithms: media types, syntax, and that the result is still an object of its kind."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.backends.fake.door import CM, JSON_PATCH, MERGE, STRATEGIC, Door, config_map


@pytest.fixture
def patched(door: Door) -> Door:
    """A cluster with one ConfigMap called a."""
    door.made(CM, config_map())
    return door


@pytest.mark.parametrize("media", ["application/json", "text/plain", ""])
def test_only_patches_patch(patched: Door, media: str) -> None:
    assert patched.patch(f"{CM}/none", {}, media).code == 415, "and that is found out before the object is looked for"


@pytest.mark.parametrize(
    ("media", "body", "code", "words"),
    [
        (MERGE, b"{", 400, "error decoding patch: unexpected end of JSON input"),
        (MERGE, [], 400, "cannot unmarshal array"),
        (MERGE, {"metadata": {"name": "b"}}, 400, "does not match the name on the URL (a)"),
        (MERGE, {"metadata": {"namespace": "b"}}, 400, "does not match the namespace sent on the request"),
        (MERGE, {"metadata": {"resourceVersion": "1"}}, 409, "the object has been modified"),
        (MERGE, {"metadata": {"uid": "other"}}, 422, "field is immutable"),
        (MERGE, {"data": {"k": 5}}, 422, "cannot unmarshal number"),
        (MERGE, {"kind": "Secret"}, 422, "illegal base64 data"),
        (MERGE, {"kind": "Pod"}, 422, "unknown conversion"),
        (MERGE, {"apiVersion": "v2"}, 422, 'no kind "ConfigMap" is registered for version "v2"'),
        (JSON_PATCH, {"op": "add"}, 400, "cannot unmarshal object into Go value of type []handlers.jsonPatchOp"),
        (JSON_PATCH, [{"op": "test", "path": "/data/k", "value": "w"}], 422, "the server rejected our request"),
        (JSON_PATCH, [{"op": "remove", "path": "/data/none"}], 422, "the server rejected our request"),
        (STRATEGIC, [], 400, "cannot unmarshal array"),
        (STRATEGIC, {"data": {"k": 5}}, 422, "Invalid value"),
    ],
)
def test_a_patch_that_cannot_be_applied_is_refused(patched: Door, media: str, body: Any, code: int, words: str) -> None:
    before = patched.get(f"{CM}/a").body
    refused = patched.patch(f"{CM}/a", body, media)
    assert refused.code == code, refused.body
    assert words in refused.body["message"]
    assert patched.get(f"{CM}/a").body == before


def test_a_json_patch_tests_what_only_the_server_writes(patched: Door) -> None:
    found = patched.get(f"{CM}/a").body["metadata"]
    tests = [{"op": "test", "path": f"/metadata/{key}", "value": found[key]} for key in ("uid", "resourceVersion")]
    change = {"op": "replace", "path": "/data/k", "value": "w"}
    assert patched.patch(f"{CM}/a", [*tests, change], JSON_PATCH).body["data"] == {"k": "w"}
    assert patched.patch(f"{CM}/a", [*tests, change], JSON_PATCH).code == 422, "the version is another now"


def test_a_patch_that_changes_nothing_writes_nothing(patched: Door) -> None:
    before = patched.cluster.store.revision
    for media, body in ((MERGE, {"data": {"k": "v"}}), (STRATEGIC, {"data": {"k": "v"}}), (JSON_PATCH, [])):
        assert patched.patch(f"{CM}/a", body, media).code == 200
    assert patched.cluster.store.revision == before


@pytest.mark.parametrize(
    ("media", "body"),
    [(MERGE, {"nope": 1}), (STRATEGIC, {"nope": 1}), (JSON_PATCH, [{"op": "add", "path": "/nope", "value": 1}])],
)
def test_an_unknown_field_warns_or_is_refused(patched: Door, media: str, body: Any) -> None:
    assert patched.patch(f"{CM}/a", body, media).headers["Warning"] == '299 - "unknown field \\"nope\\""'
    assert patched.patch(f"{CM}/a?fieldValidation=Strict", body, media).code in (400, 422)
    assert "Warning" not in patched.patch(f"{CM}/a?fieldValidation=Ignore", body, media).headers
