"""Lists: pages, revisions, selectors."""

from __future__ import annotations

import base64

import orjson
import pytest

from tests.unit.backends.fake.door import CM, Door, config_map


@pytest.fixture
def five(door: Door) -> Door:
    """Five ConfigMaps, a to e, of which a and c have a label."""
    for name in "abcde":
        labels = {"labels": {"odd": "yes"}} if name in "ac" else {}
        door.made(CM, config_map(name, **labels))
    return door


def names(body: dict[str, list[dict[str, dict[str, str]]]]) -> list[str]:
    return [item["metadata"]["name"] for item in body["items"]]


def test_items_carry_neither_kind_nor_apiversion(five: Door) -> None:
    body = five.get(CM).body
    assert (body["kind"], body["apiVersion"]) == ("ConfigMapList", "v1")
    assert all("kind" not in item for item in body["items"])


def test_pages_are_of_the_revision_of_the_first(five: Door) -> None:
    first = five.get(f"{CM}?limit=2").body
    assert names(first) == ["a", "b"]
    assert first["metadata"]["remainingItemCount"] == 3
    five.made(CM, config_map("bb"))
    five.delete(f"{CM}/d")
    second = five.get(f"{CM}?limit=2&continue={first['metadata']['continue']}").body
    assert names(second) == ["c", "d"]
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    third = five.get(f"{CM}?continue={second['metadata']['continue']}").body
    assert names(third) == ["e"]
    assert "continue" not in third["metadata"]


def test_pages_over_all_namespaces_come_back_to_every_object(five: Door) -> None:
    five.made("/api/v1/namespaces/kube-system/configmaps", config_map("a"))
    found, token = [], ""
    while True:
        body = five.get(f"/api/v1/configmaps?limit=2&continue={token}").body
        found += [(item["metadata"]["namespace"], item["metadata"]["name"]) for item in body["items"]]
        token = body["metadata"].get("continue", "")
        if not token:
            break
    assert found == [*(("default", name) for name in "abcde"), ("kube-system", "a")]


def test_the_last_page_of_a_selection_may_be_empty(five: Door) -> None:
    body = five.get(f"{CM}?limit=2&labelSelector=odd").body
    assert names(body) == ["a", "c"]
    last = five.get(f"{CM}?limit=2&labelSelector=odd&continue={body['metadata']['continue']}").body
    assert (last["items"], "continue" in last["metadata"]) == ([], False)


def test_what_is_asked_for_by_its_key_has_one_page(five: Door) -> None:
    body = five.get(f"{CM}?limit=1&fieldSelector=metadata.name%3Da").body
    assert (names(body), "continue" in body["metadata"]) == (["a"], False)
    everywhere = five.get("/api/v1/configmaps?limit=1&fieldSelector=metadata.name%3Da").body
    assert (names(everywhere), "continue" in everywhere["metadata"]) == (["a"], True)


def test_with_a_selector_nobody_knows_what_remains(five: Door) -> None:
    body = five.get(f"{CM}?limit=1&labelSelector=odd").body
    assert names(body) == ["a"]
    assert "remainingItemCount" not in body["metadata"]


def test_a_token_of_a_compacted_revision_offers_an_inconsistent_one(five: Door) -> None:
    token = five.get(f"{CM}?limit=2").body["metadata"]["continue"]
    five.made(CM, config_map("f"))
    five.cluster.store.compact(five.cluster.store.revision)
    refused = five.get(f"{CM}?limit=2&continue={token}")
    assert (refused.code, refused.body["reason"]) == (410, "Expired")
    again = five.get(f"{CM}?continue={refused.body['metadata']['continue']}").body
    assert names(again) == ["c", "d", "e", "f"]


def test_exact_is_the_past_and_not_older_than_is_now(five: Door) -> None:
    then = five.get(CM).body["metadata"]["resourceVersion"]
    five.delete(f"{CM}/a")
    assert len(names(five.get(f"{CM}?resourceVersion={then}&resourceVersionMatch=Exact").body)) == 5
    assert len(names(five.get(f"{CM}?resourceVersion={then}&limit=9").body)) == 5, "the old rule with a limit"
    assert len(names(five.get(f"{CM}?resourceVersion={then}&resourceVersionMatch=NotOlderThan").body)) == 4
    assert len(names(five.get(f"{CM}?resourceVersion={then}").body)) == 4


def test_the_future_is_not_there_yet(five: Door) -> None:
    refused = five.get(f"{CM}?resourceVersion=999999")
    assert (refused.code, refused.headers["Retry-After"]) == (504, "1")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("labelSelector=odd", "ac"),
        ("labelSelector=!odd", "bde"),
        ("labelSelector=odd%20in%20(yes,no)", "ac"),
        ("labelSelector=odd%3Dno", ""),
        ("fieldSelector=metadata.name%3Db", "b"),
        ("fieldSelector=metadata.name!%3Db&labelSelector=!odd", "de"),
        ("labelSelector=&fieldSelector=", "abcde"),
    ],
)
def test_selectors_choose(five: Door, query: str, found: str) -> None:
    assert names(five.get(f"{CM}?{query}").body) == list(found)


@pytest.mark.parametrize(
    "document",
    [
        {"v": "meta.k8s.io/v2", "rv": 1, "start": "a"},
        {"v": "meta.k8s.io/v1", "rv": 1, "start": ""},
        {"v": "meta.k8s.io/v1", "rv": 0, "start": "a"},
        {"v": "meta.k8s.io/v1", "rv": [1], "start": "a"},
        {"v": "meta.k8s.io/v1", "rv": 1, "start": []},
        [1],
    ],
)
def test_a_forged_token_is_refused(five: Door, document: object) -> None:
    token = base64.urlsafe_b64encode(orjson.dumps(document)).decode().rstrip("=")
    assert five.get(f"{CM}?limit=1&continue={token}").code == 400


def test_a_head_of_bytes_is_the_same_list(five: Door) -> None:
    raw = five.send("GET", CM).body
    assert orjson.loads(raw)["items"] == [
        {key: value for key, value in five.get(f"{CM}/{name}").body.items() if key not in ("kind", "apiVersion")}
        for name in "abcde"
    ]


FORBIDDEN = "Forbidden: "
NO_MATCH = f"{FORBIDDEN}resourceVersionMatch is forbidden "


@pytest.mark.parametrize(
    ("query", "causes"),
    [
        ("resourceVersionMatch=Nonsense", [f"{NO_MATCH}unless resourceVersion is provided", "Unsupported value"]),
        (
            "sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
            [f"{NO_MATCH}unless resourceVersion is provided", f"{FORBIDDEN}sendInitialEvents is forbidden for list"],
        ),
        (
            "continue=x&resourceVersionMatch=Exact",
            [f"{NO_MATCH}unless resourceVersion is provided", f"{NO_MATCH}when continue is provided"],
        ),
        (
            "watch=1&sendInitialEvents=true&resourceVersionMatch=Exact",
            [f"{FORBIDDEN}sendInitialEvents requires setting", "Unsupported value"],
        ),
        (
            "watch=1&continue=x&sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
            [f"{NO_MATCH}when continue is provided"],
        ),
    ],
)
def test_options_that_do_not_fit_are_told_in_the_servers_order(door: Door, query: str, causes: list[str]) -> None:
    answer = door.get(f"{CM}?{query}")
    found = [cause["message"] for cause in answer.body["details"]["causes"]]
    assert answer.code == 422
    assert [one.startswith(want) for one, want in zip(found, causes, strict=True)] == [True] * len(causes)


@pytest.mark.parametrize(
    ("target", "code", "message"),
    [
        (f"{CM}?limit=", 400, 'strconv.ParseInt: parsing "": invalid syntax'),
        (f"{CM}?limit=x&timeoutSeconds=y&labelSelector=((", 400, 'strconv.ParseInt: parsing "y": invalid syntax'),
        (f"{CM}/a?resourceVersion=999999", 504, "Timeout: Too large resource version: 999999, current: "),
        (
            f"{CM}?resourceVersion=99999999999999999999",
            400,
            'invalid resource version: resourceVersion: Invalid value: "99999999999999999999": strconv.ParseUint',
        ),
        (f"{CM}/%2e%2e", 400, "Name parameter invalid: \"..\": may not be '..'"),
        (f"{CM}/a%25b", 400, "Name parameter invalid: \"a%b\": may not contain '%'"),
    ],
)
def test_what_cannot_be_read_is_refused_in_the_servers_words(five: Door, target: str, code: int, message: str) -> None:
    answer = five.get(target)
    assert answer.code == code
    assert answer.body["message"].startswith(message)


def test_what_is_read_from_the_cache_comes_without_pages(five: Door) -> None:
    assert names(five.get(f"{CM}?resourceVersion=0&limit=2").body) == list("abcde")


def test_what_has_no_cache_is_paged_and_names_no_time_to_come_again(door: Door) -> None:
    events = "/api/v1/namespaces/default/events"
    for name in "ab":
        about = {"kind": "Pod", "namespace": "default", "name": "p"}
        door.made(events, {"metadata": {"name": name}, "involvedObject": about})
    assert names(door.get(f"{events}?resourceVersion=0&limit=1").body) == ["a"]
    refused = door.get(f"{events}?resourceVersion=99999")
    assert (refused.code, "Retry-After" in refused.headers) == (504, False)


def test_a_slash_too_many_is_no_path_whatever_was_asked_before(five: Door) -> None:
    assert five.get(f"{CM}/").code == 200
    assert five.get(f"{CM}//a").code == 404
