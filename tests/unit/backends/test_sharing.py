"""A dict that forks share until one of them writes."""

from __future__ import annotations

import pytest

from backends.fake.forking import Fork
from backends.sharing import SharedDict


def filled() -> SharedDict[str, int]:
    made: SharedDict[str, int] = SharedDict()
    made["a"], made["b"] = 1, 2
    return made


@pytest.mark.parametrize("writer", [0, 1])
def test_whoever_writes_after_a_fork_writes_for_himself(writer: int) -> None:
    one = filled()
    both = one, Fork([])(one)
    both[writer]["c"] = 3
    del both[writer]["a"]
    assert (dict(both[writer]), dict(both[1 - writer])) == ({"b": 2, "c": 3}, {"a": 1, "b": 2})


def test_a_fork_copies_nothing_and_a_write_once() -> None:
    one = filled()
    other = Fork([])(one)
    assert other._items is one._items
    other["c"] = 3
    copied = other._items
    other["d"] = 4
    assert other._items is copied
    assert one._items is not copied


def test_what_is_not_there_is_not_looked_for_by_copying() -> None:
    one = filled()
    other = Fork([])(one)
    assert (other.pop("none", 0), other.get("a"), "a" in other, len(other)) == (0, 1, True, 2)
    assert other._items is one._items
