"""The walk that makes two clusters of one: what is copied, shared, bound anew and refused."""

from __future__ import annotations

import threading
from collections import Counter, deque
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from backends.fake.due import DueQueue
from backends.fake.forking import Fork, Immutable


class Kept(Immutable):
    """Something that never changes."""


@dataclass(frozen=True)
class Frozen:
    inner: tuple[int, ...] = (1, 2)


def test_containers_are_copied_to_any_depth_and_what_cannot_change_is_shared() -> None:
    kept, frozen = Kept(), Frozen()
    original: dict[str, Any] = {
        "list": [{"a": {1, 2}}, kept],
        "counter": Counter("aab"),
        "deque": deque([[1]], 5),
        "same": (frozen, "text"),
        "other": (frozen, ["x"]),
    }
    copy = Fork([])(original)
    assert copy == original
    assert copy["list"] is not original["list"]
    assert copy["list"][0]["a"] is not original["list"][0]["a"]
    assert copy["list"][1] is kept
    assert copy["deque"].maxlen == 5
    assert copy["deque"][0] is not original["deque"][0]
    assert copy["same"] is original["same"]
    assert copy["other"][1] is not original["other"][1]


def test_what_appears_twice_is_one_thing_in_the_copy_too() -> None:
    shared: list[int] = []
    circle: list[Any] = [shared, shared]
    circle.append(circle)
    copy = Fork([])(circle)
    assert copy[0] is copy[1] is not shared
    assert copy[2] is copy


def test_methods_and_partials_are_bound_to_the_copies() -> None:
    queue = DueQueue()
    steps: list[Any] = [queue.next_at, partial(queue.add, "key", step=print), [1].append]
    at, add, append = Fork([])(steps)
    add(at=5.0)
    assert at() == 5.0
    assert queue.next_at() is None
    assert append.__self__ == [1]
    assert append.__self__ is not steps[2].__self__


def test_what_cannot_be_copied_is_named() -> None:
    with pytest.raises(TypeError, match="while it holds a Event"):
        Fork([])([threading.Event()])
    number = 1
    with pytest.raises(TypeError, match="holds the closure"):
        Fork([])([lambda: number])
    assert Fork([])([test_what_cannot_be_copied_is_named]) == [test_what_cannot_be_copied_is_named]


def test_what_is_replaced_stands_for_the_old_one_everywhere() -> None:
    old, new = threading.Event(), threading.Event()
    assert Fork([(old, new)])([old, {"x": old}]) == [new, {"x": new}]
