"""Watches: where they begin, what they show, and when they end."""

from __future__ import annotations

import pytest

from backends.fake import watching
from tests.unit.backends.fake.door import CM, DEPLOYMENTS, PODS, Door, config_map, events, named, pod


def rv_of(door: Door) -> str:
    version: str = door.get(CM).body["metadata"]["resourceVersion"]
    return version


def test_a_watch_without_a_version_begins_with_what_is_there(door: Door) -> None:
    door.made(CM, config_map("a"))
    stream = door.watch(CM)
    door.made(CM, config_map("b"))
    assert named(stream) == [("ADDED", "a"), ("ADDED", "b")]
    assert named(stream) == [], "each event comes once"


def test_a_watch_from_a_version_shows_what_came_after_it(door: Door) -> None:
    door.made(CM, config_map("a"))
    version = rv_of(door)
    door.patch(f"{CM}/a", {"data": {"k": "2"}})
    door.delete(f"{CM}/a")
    assert named(door.watch(f"{CM}?resourceVersion={version}")) == [("MODIFIED", "a"), ("DELETED", "a")]


def test_a_watch_of_a_namespace_does_not_see_the_others(door: Door) -> None:
    stream = door.watch(CM)
    version = rv_of(door)
    door.made("/api/v1/namespaces/kube-system/configmaps", config_map("elsewhere"))
    assert named(stream) == []
    assert named(door.watch(f"{CM}?resourceVersion={version}")) == []
    assert ("ADDED", "elsewhere") in named(door.watch("/api/v1/configmaps"))


def test_leaving_a_selector_is_a_deletion_with_the_old_state(door: Door) -> None:
    door.made(CM, config_map("a", labels={"t": "x"}))
    stream = door.watch(f"{CM}?labelSelector=t%3Dx&resourceVersion={rv_of(door)}")
    patched = door.patch(f"{CM}/a", {"metadata": {"labels": {"t": "y"}}}).body
    door.patch(f"{CM}/a", {"metadata": {"labels": {"t": "x"}}})
    (left, gone), (back, _) = events(stream)
    assert (left, back) == ("DELETED", "ADDED")
    assert gone["metadata"]["labels"] == {"t": "x"}
    assert gone["metadata"]["resourceVersion"] == patched["metadata"]["resourceVersion"]


def test_a_field_selector_sees_the_body(door: Door) -> None:
    stream = door.watch(f"{PODS}?fieldSelector=spec.nodeName%3Dn1")
    door.made(PODS, pod("free"))
    door.made(PODS, pod("bound", node="n1"))
    assert named(stream) == [("ADDED", "bound")]


def test_a_watch_of_one_name_sees_that_name(door: Door) -> None:
    stream = door.watch(f"{CM}?fieldSelector=metadata.name%3Db")
    door.made(CM, config_map("a"))
    door.made(CM, config_map("b"))
    assert named(stream) == [("ADDED", "b")]


def test_nothing_changed_is_no_event(door: Door) -> None:
    door.made(CM, config_map("a"))
    stream = door.watch(f"{CM}?resourceVersion={rv_of(door)}")
    door.patch(f"{CM}/a", {"data": {"k": "v"}})
    assert named(stream) == []


def test_too_old_a_version_is_an_error_event_and_the_end(door: Door) -> None:
    stream = door.watch(f"{CM}?resourceVersion=1")
    ((kind, status),) = events(stream)
    assert (kind, status["code"], status["reason"]) == ("ERROR", 410, "Expired")
    assert status["message"].startswith("too old resource version: 1 (")
    assert stream.closed


@pytest.mark.parametrize("query", ["", "&resourceVersion=0"])
def test_a_watch_from_now_marks_the_end_of_what_is_there_too(door: Door, query: str) -> None:
    door.made(CM, config_map("a"))
    _, (kind, bookmark) = events(door.watch(f"{CM}?allowWatchBookmarks=true{query}"))
    assert kind == "BOOKMARK"
    assert bookmark["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_bookmark_is_an_empty_object_of_its_kind(door: Door) -> None:
    ((_, bookmark),) = events(door.watch(f"{DEPLOYMENTS}?allowWatchBookmarks=true"))
    template = {"metadata": {}, "spec": {"containers": None}}
    assert bookmark["spec"] == {"replicas": 0, "selector": None, "strategy": {}, "template": template}


def test_initial_events_of_the_future_are_an_error_in_the_stream(door: Door) -> None:
    asked = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=99999"
    stream = door.watch(f"{CM}?{asked}")
    ((kind, status),) = events(stream)
    assert (kind, status["code"], status["details"]["retryAfterSeconds"], stream.closed) == ("ERROR", 504, 1, True)


def test_initial_events_end_with_a_marked_bookmark(door: Door) -> None:
    door.made(CM, config_map("a"))
    query = "sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"
    (first, _), (last, bookmark) = events(door.watch(f"{CM}?{query}"))
    assert (first, last) == ("ADDED", "BOOKMARK")
    assert bookmark["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_a_stream_ends_at_its_timeout_and_takes_no_more(door: Door) -> None:
    stream = door.watch(f"{CM}?timeoutSeconds=5")
    stream.tick(door.clock.monotonic() + 4.9, 1)
    ended = [stream.closed]
    stream.tick(door.clock.monotonic() + 5.0, 1)
    assert [*ended, stream.closed] == [False, True]
    door.made(CM, config_map("late"))
    assert named(stream) == []


def test_without_a_timeout_a_stream_ends_between_half_an_hour_and_an_hour(door: Door) -> None:
    stream = door.watch(CM)
    assert 1800 <= stream.deadline - door.clock.monotonic() <= 3600


def test_bookmarks_come_every_minute_and_shortly_before_the_end(door: Door) -> None:
    stream = door.watch(f"{CM}?allowWatchBookmarks=true&timeoutSeconds=100&resourceVersion={rv_of(door)}")
    begin, seen = door.clock.monotonic(), []
    while not stream.closed:
        due = stream.next_due()
        stream.tick(due, door.cluster.store.revision)
        seen += [round(due - begin) for kind, _ in events(stream) if kind == "BOOKMARK"]
    assert seen == [60, 98]


def test_closing_twice_is_closing_once_and_tells(door: Door) -> None:
    stream, told = door.watch(CM), []
    stream.on_change(lambda: told.append(True))
    stream.close()
    stream.close()
    assert told == [True]


def test_whoever_does_not_read_loses_the_watch(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "BACKLOG_LIMIT", 3)
    stream = door.watch(CM)
    for name in "abcdef":
        door.made(CM, config_map(name))
    assert stream.closed
    assert len(named(stream)) == 4


def test_a_watch_is_not_had_as_yaml(door: Door) -> None:
    assert door.ask("GET", f"{CM}?watch=1", accept="application/yaml").code == 406


def test_the_last_words_of_a_deleted_object_carry_its_deletion(door: Door) -> None:
    made = door.made(CM, config_map("a"))
    stream = door.watch(f"{CM}?resourceVersion={rv_of(door)}")
    door.delete(f"{CM}/a")
    ((_, gone),) = events(stream)
    assert int(gone["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])


def test_deleting_a_pod_at_once_shows_the_change_and_then_the_deletion(door: Door) -> None:
    door.made(PODS, pod("p", node="n1"))
    stream = door.watch(f"{PODS}?resourceVersion={rv_of(door)}")
    door.delete(f"{PODS}/p?gracePeriodSeconds=0")
    assert [kind for kind, _ in events(stream)] == ["MODIFIED", "DELETED"]
