"""Tables and metadata alone, asked for as clients ask: by the Accept header, of every verb."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from tests.unit.backends.fake.door import CM, DEPLOYMENTS, MERGE, PODS, TEMPLATE, Door, pod

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
PARTIALS = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


@pytest.fixture
def held(door: Door) -> Door:
    door.made(CM, {"metadata": {"name": "a"}, "data": {"k": "v"}})
    door.made(CM, {"metadata": {"name": "b"}})
    return door


def _cells(table: Any) -> list[Any]:
    return [row["cells"] for row in table["rows"]]


def test_a_list_is_a_table_with_a_row_for_each_object(held: Door) -> None:
    held.clock.sleep(5)
    answer = held.ask("GET", CM, accept=TABLE)
    assert (answer.body["kind"], answer.body["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    assert [column["name"] for column in answer.body["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert _cells(answer.body)[-2:] == [["a", 1, "5s"], ["b", 0, "5s"]]
    assert answer.body["metadata"] == held.get(CM).body["metadata"]


def test_a_page_of_a_table_goes_on(held: Door) -> None:
    first = held.ask("GET", f"{CM}?limit=1", accept=TABLE).body
    rest = held.ask("GET", f"{CM}?limit=9&continue={first['metadata']['continue']}", accept=TABLE).body
    assert len(first["rows"]) == 1
    assert first["metadata"]["remainingItemCount"] == len(rest["rows"])


def test_one_object_is_a_table_of_its_own_revision(held: Door) -> None:
    obj = held.get(f"{CM}/a").body
    table = held.ask("GET", f"{CM}/a", accept=TABLE).body
    assert table["metadata"] == {"resourceVersion": obj["metadata"]["resourceVersion"]}
    [row] = table["rows"]
    assert row["object"] == {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": obj["metadata"],
    }


def test_how_much_goes_along_with_a_row_is_asked_for(held: Door) -> None:
    whole = held.get(f"{CM}/a").body
    assert held.ask("GET", f"{CM}/a?includeObject=Object", accept=TABLE).body["rows"][0]["object"] == whole
    assert held.ask("GET", f"{CM}/a?includeObject=None", accept=TABLE).body["rows"][0]["object"] is None
    refused = held.ask("GET", f"{CM}/a?includeObject=All", accept=TABLE)
    assert refused.code == 400
    assert "includeObject: Invalid value: \"All\": must be 'Metadata'" in refused.body["message"]
    assert held.ask("GET", f"{CM}/none?includeObject=All", accept=TABLE).code == 404


def test_an_empty_list_is_a_table_without_rows(door: Door) -> None:
    table = door.ask("GET", PODS, accept=TABLE).body
    assert table["rows"] == []
    assert len(table["columnDefinitions"]) == 9


def test_metadata_alone(held: Door) -> None:
    answer = held.ask("GET", f"{CM}/a", accept=PARTIAL).body
    assert sorted(answer) == ["apiVersion", "kind", "metadata"]
    listed = held.ask("GET", CM, accept=PARTIALS).body
    assert listed["kind"] == "PartialObjectMetadataList"
    assert {(item["kind"], *sorted(item)) for item in listed["items"]} == {
        ("PartialObjectMetadata", "apiVersion", "kind", "metadata")
    }


@pytest.mark.parametrize(
    ("target", "accept", "words"),
    [
        (CM, PARTIAL, "you requested PartialObjectMetadata, but the requested object is a list (*core.ConfigMapList)"),
        (f"{CM}/a", PARTIALS, "PartialObjectMetadataList, but the requested object is not a list (*core.ConfigMap)"),
    ],
)
def test_one_is_not_many(held: Door, target: str, accept: str, words: str) -> None:
    answer = held.ask("GET", target, accept=accept)
    assert answer.code == 406
    assert words in answer.body["message"]


def test_the_older_version_is_spoken_too(held: Door) -> None:
    table = held.ask("GET", f"{CM}/a", accept=TABLE.replace("v=v1", "v=v1beta1")).body
    assert table["apiVersion"] == table["rows"][0]["object"]["apiVersion"] == "meta.k8s.io/v1beta1"


def test_a_table_in_yaml(held: Door) -> None:
    response = held.send("GET", f"{CM}/a", accept=TABLE.replace("json", "yaml"))
    assert response.headers["Content-Type"] == "application/yaml"
    assert b"kind: Table" in response.body


def test_every_verb_that_answers_with_objects_does_so(held: Door) -> None:
    made = held.ask("POST", CM, {"metadata": {"name": "c"}}, accept=TABLE)
    assert (made.code, _cells(made.body)) == (201, [["c", 0, "0s"]])
    patched = held.ask("PATCH", f"{CM}/c", {"data": {"x": "y"}}, accept=PARTIAL, content_type=MERGE)
    assert patched.body["kind"] == "PartialObjectMetadata"
    assert "data" in held.get(f"{CM}/c").body
    whole = held.get(f"{CM}/c").body
    assert _cells(held.ask("PUT", f"{CM}/c", whole, accept=TABLE).body) == [["c", 1, "0s"]]
    assert held.ask("DELETE", f"{CM}/c", accept=TABLE).body["kind"] == "Status"
    assert {name for name, *_ in _cells(held.ask("DELETE", CM, accept=TABLE).body)} >= {"a", "b"}


def test_a_deleted_object_that_is_answered_with_is_a_row(door: Door) -> None:
    door.made(PODS, pod())
    answer = door.ask("DELETE", f"{PODS}/p?gracePeriodSeconds=0", accept=TABLE)
    assert _cells(answer.body)[0][0] == "p"


def test_scale_has_columns_of_its_own(door: Door) -> None:
    selector = {"matchLabels": {"app": "web"}}
    spec = {"replicas": 3, "selector": selector, "template": TEMPLATE}
    door.made(DEPLOYMENTS, {"metadata": {"name": "web"}, "spec": spec})
    table = door.ask("GET", f"{DEPLOYMENTS}/web/scale", accept=TABLE).body
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Desired", "Available", "Age"]
    assert _cells(table) == [["web", 3, 0, "0s"]]


def test_an_error_stays_a_status(held: Door) -> None:
    assert held.ask("GET", f"{CM}/none", accept=TABLE).body["kind"] == "Status"


def _events(door: Door, target: str, accept: str) -> list[Any]:
    stream = door.send("GET", target, accept=accept).stream
    assert stream is not None
    return [orjson.loads(line) for line in stream.take()]


def test_a_watch_of_tables_tells_the_columns_once(held: Door) -> None:
    stream = held.send("GET", f"{CM}?watch=1&fieldSelector=metadata.name%3Da", accept=TABLE).stream
    assert stream is not None
    [first] = [json.loads(line) for line in stream.take()]
    assert (first["type"], first["object"]["kind"], _cells(first["object"])) == ("ADDED", "Table", [["a", 1, "0s"]])
    assert len(first["object"]["columnDefinitions"]) == 3
    held.clock.sleep(3)
    held.ask("PATCH", f"{CM}/a", {"data": {"x": "y"}}, content_type=MERGE)
    [then] = [json.loads(line) for line in stream.take()]
    assert then["object"]["columnDefinitions"] is None
    assert _cells(then["object"]) == [["a", 2, "3s"]]


def test_a_watch_of_metadata(held: Door) -> None:
    events = _events(held, f"{CM}?watch=1", PARTIAL)
    assert {event["object"]["kind"] for event in events} == {"PartialObjectMetadata"}
    assert all("data" not in event["object"] for event in events)


def test_a_bookmark_is_a_row_that_carries_the_revision(held: Door) -> None:
    options = "watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
    events = _events(held, f"{CM}?{options}", TABLE)
    assert [event["type"] for event in events][-1] == "BOOKMARK"
    last = events[-1]["object"]
    assert last["columnDefinitions"] is None
    assert events[0]["object"]["columnDefinitions"]
    assert "k8s.io/initial-events-end" in last["rows"][0]["object"]["metadata"]["annotations"]


def test_a_watch_that_comes_too_late_is_told_so_plainly(held: Door) -> None:
    for _ in range(3):
        held.ask("PATCH", f"{CM}/a", {"data": {"x": str(_)}}, content_type=MERGE)
    held.cluster.store.compact(held.cluster.store.revision)
    [event] = _events(held, f"{CM}?watch=1&resourceVersion=1", TABLE)
    assert (event["type"], event["object"]["kind"], event["object"]["code"]) == ("ERROR", "Status", 410)


def test_a_watch_knows_no_lists(held: Door) -> None:
    assert held.ask("GET", f"{CM}?watch=1", accept=PARTIALS).code == 406
    assert held.ask("GET", f"{CM}?watch=1&includeObject=x", accept=TABLE).code == 400


def test_a_scale_is_refused_by_its_own_type(door: Door) -> None:
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": TEMPLATE}
    door.made(DEPLOYMENTS, {"metadata": {"name": "d"}, "spec": spec})
    refused = door.ask("GET", f"{DEPLOYMENTS}/d/scale", accept=PARTIALS)
    assert refused.body["message"].endswith("is not a list (*autoscaling.Scale)")
