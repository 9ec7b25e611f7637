"""The store: revisions, order, indexes, history, and that nothing it holds can be changed from outside."""

from __future__ import annotations

from typing import Any

import pytest

from backends.fake.catalogue import Catalogue
from backends.fake.store import Entry, GoneError, Key, Store, StoreEvent

CONFIG_MAPS = Catalogue.load().resources["", "v1", "configmaps"]


def make(store: Store, name: str, namespace: str = "d", **metadata: Any) -> Entry:
    obj = {"metadata": {"name": name, "namespace": namespace, "uid": f"uid-{name}", **metadata}, "data": {"k": name}}
    return store.create(Key("", "configmaps", namespace, name), CONFIG_MAPS, obj)


def change(store: Store, entry: Entry, **data: str) -> Entry:
    obj = entry.load()
    obj["data"] = data
    return store.update(entry, obj)


def names(entries: list[Entry]) -> list[str]:
    return [entry.key.name for entry in entries]


def test_every_change_has_a_revision_of_its_own() -> None:
    store = Store()
    a = make(store, "a")
    b = make(store, "b")
    changed = change(store, a, k="2")
    gone = store.delete(b)
    assert [a.rv, b.rv, changed.rv, gone.rv] == [1, 2, 3, 4]
    assert changed.load()["metadata"]["resourceVersion"] == "3"
    assert store.revision == 4


def test_what_is_read_is_the_readers_own() -> None:
    store = Store()
    entry = make(store, "a")
    entry.load()["data"]["k"] = "broken"
    assert entry.load()["data"] == {"k": "a"}


def test_an_object_starts_with_its_kind_and_apiversion() -> None:
    assert make(Store(), "a").data.startswith(b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{')


def test_a_list_is_ordered_by_namespace_and_name_whatever_the_order_of_arrival() -> None:
    store = Store()
    for name, namespace in (("b", "z"), ("c", "a"), ("a", "z"), ("b", "a")):
        make(store, name, namespace)
    assert [(e.key.namespace, e.key.name) for e in store.list("", "configmaps")] == [
        ("a", "b"), ("a", "c"), ("z", "a"), ("z", "b"),
    ]  # fmt: skip
    assert names(store.list("", "configmaps", "z")) == ["a", "b"]
    assert store.count("", "configmaps") == 4


def test_a_deleted_name_can_be_taken_again_and_stays_in_order() -> None:
    store = Store()
    entries = [make(store, name) for name in "abc"]
    store.delete(entries[1])
    make(store, "b")
    assert names(store.list("", "configmaps", "d")) == ["a", "b", "c"]


def test_a_list_of_the_past_undoes_what_happened_since() -> None:
    store = Store()
    a, b = make(store, "a"), make(store, "b")
    then = store.revision
    change(store, a, k="new")
    store.delete(b)
    make(store, "c")
    past = store.list_at("", "configmaps", "d", then)
    assert [(entry.key.name, entry.load()["data"]) for entry in past] == [("a", {"k": "a"}), ("b", {"k": "b"})]


def test_a_list_of_the_past_in_one_namespace_ignores_the_others() -> None:
    store = Store()
    make(store, "a", "one")
    then = store.revision
    make(store, "b", "two")
    make(store, "c", "one")
    assert names(store.list_at("", "configmaps", "one", then)) == ["a"]


def test_history_gives_the_changes_after_a_revision() -> None:
    store = Store()
    a = make(store, "a")
    change(store, a, k="2")
    make(store, "b")
    assert [(event.type, event.key.name) for event in store.since("", "configmaps", 1)] == [
        ("MODIFIED", "a"), ("ADDED", "b"),
    ]  # fmt: skip
    assert store.since("", "configmaps", 3) == []
    assert store.since("", "secrets", 0) == []


def test_a_deletion_shows_the_last_state_under_its_own_revision() -> None:
    store = Store()
    gone = store.delete(make(store, "a"))
    (event,) = store.since("", "configmaps", 1)
    assert (event.type, event.new, event.shown.rv, gone.rv) == ("DELETED", None, 2, 2)
    assert event.shown.load()["data"] == {"k": "a"}


def test_history_before_a_compaction_is_gone() -> None:
    store = Store()
    for name in "abc":
        make(store, name)
    store.compact(2)
    with pytest.raises(GoneError) as refused:
        store.since("", "configmaps", 1)
    assert refused.value.oldest == 3
    assert len(store.since("", "configmaps", 2)) == 1


def test_a_resource_drops_the_older_half_of_a_history_that_grows_too_long() -> None:
    store = Store(history_limit=10)
    entry = make(store, "a")
    for number in range(10):
        entry = change(store, entry, k=str(number))
    with pytest.raises(GoneError):
        store.since("", "configmaps", 1)
    assert store.since("", "configmaps", 6)[0].rv == 7


def test_dependents_are_found_by_the_uid_of_their_owner() -> None:
    store = Store()
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "o", "uid": "owner"}
    child = make(store, "child", ownerReferences=[owner])
    assert store.dependents("owner") == [child.key]
    orphan = child.load()
    del orphan["metadata"]["ownerReferences"]
    freed = store.update(child, orphan)
    assert store.dependents("owner") == []
    store.delete(freed)


def test_a_commit_reaches_only_the_watchers_of_its_place() -> None:
    store = Store()
    seen: dict[str, list[str]] = {"all": [], "d": [], "other": [], "a": []}

    def note(who: str) -> Any:
        return lambda event: seen[who].append(event.key.name)

    store.watch("", "configmaps", "", "", note("all"))
    store.watch("", "configmaps", "d", "", note("d"))
    end = store.watch("", "configmaps", "other", "", note("other"))
    store.watch("", "configmaps", "d", "a", note("a"))
    make(store, "a")
    make(store, "b")
    end()
    make(store, "c", "other")
    assert seen == {"all": ["a", "b", "c"], "d": ["a", "b"], "other": [], "a": ["a"]}


def test_listeners_hear_every_commit_until_they_stop() -> None:
    store = Store()
    heard: list[StoreEvent] = []
    stop = store.subscribe(heard.append)
    entry = make(store, "a")
    stop()
    store.delete(entry)
    assert [event.type for event in heard] == ["ADDED"]


def test_a_write_over_an_old_version_is_a_bug_and_says_so() -> None:
    store = Store()
    old = make(store, "a")
    change(store, old, k="2")
    with pytest.raises(RuntimeError, match="not the current version"):
        change(store, old, k="3")
    with pytest.raises(RuntimeError, match="is taken"):
        make(store, "a")
