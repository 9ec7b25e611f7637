"""Whoever follows a collection sees every object as it is now, whatever happens to the connection."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, cast

import pytest

from backends import following
from backends.clock import SystemClock
from backends.following import Follower
from backends.rest import Answer, NoAnswer, Rest, Watch

Object = dict[str, Any]


def item(name: str, version: int) -> Object:
    return {"metadata": {"name": name, "uid": f"uid-{name}", "resourceVersion": str(version)}}


class Script:
    """A server that answers as it is told: lists, and for each watch its events, then silence until it is closed."""

    def __init__(self, lists: list[list[Object] | None], watches: list[list[Object]]) -> None:
        self._lists, self._watches = lists, watches
        self.watched_from: list[str] = []

    def get(self, path: str) -> Answer:
        items = self._lists.pop(0) if len(self._lists) > 1 else self._lists[0]
        if items is None:
            raise NoAnswer("refused")
        return Answer(HTTPStatus.OK, {"metadata": {"resourceVersion": "100"}, "items": items})

    def watch(self, path: str, version: str, timeout_s: int) -> Watch:
        self.watched_from.append(version)
        return cast(Watch, ScriptedWatch(self._watches.pop(0) if self._watches else None))


class ScriptedWatch:
    """Its events; without any, it waits to be closed."""

    def __init__(self, events: list[Object] | None) -> None:
        self._events, self._closed = events, threading.Event()

    def __iter__(self) -> Iterator[Object]:
        yield from self._events or ()
        if self._events is None:
            self._closed.wait()

    def close(self) -> None:
        self._closed.set()


def event(kind: str, found: Object) -> Object:
    return {"type": kind, "object": found}


def follow(script: Script, monkeypatch: pytest.MonkeyPatch, enough: Callable[[list[Any]], bool]) -> list[Any]:
    """What the follower tells until that is `enough`."""
    monkeypatch.setattr(following, "AGAIN_S", 0.01)
    told: list[tuple[str, str, bool]] = []

    def note(found: Object, gone: bool) -> None:
        told.append((found["metadata"]["name"], found["metadata"]["resourceVersion"], gone))

    with Follower(cast(Rest, script), "/x", note, SystemClock()):
        ends_at = time.monotonic() + 5
        while not enough(told) and time.monotonic() < ends_at:
            time.sleep(0.005)
    return told


def test_a_list_comes_first_then_what_changes_and_what_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = [event("MODIFIED", item("a", 101)), event("BOOKMARK", item("", 105)), event("DELETED", item("b", 106))]
    script = Script([[item("a", 1), item("b", 2)]], [watch])
    told = follow(script, monkeypatch, lambda told: len(told) == 4 and len(script.watched_from) == 2)
    assert told == [("a", "1", False), ("b", "2", False), ("a", "101", False), ("b", "106", True)]
    assert script.watched_from == ["100", "106"]


def test_after_a_gap_what_has_vanished_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = {"code": HTTPStatus.GONE, "message": "too old resource version"}
    script = Script([None, [item("a", 1), item("b", 2)], [item("b", 3)]], [[event("ERROR", gone)]])
    told = follow(script, monkeypatch, lambda told: len(told) == 4)
    assert told == [("a", "1", False), ("b", "2", False), ("a", "1", True), ("b", "3", False)]
