"""The queue of what is to be done later."""

from __future__ import annotations

from backends.fake.due import DueQueue


def nothing() -> None:
    """A step that does nothing."""


def drained(queue: DueQueue, now: float) -> list[object]:
    found = []
    while (due := queue.take(now)) is not None:
        found.append(due.key)
    return found


def test_what_is_due_comes_in_due_order_and_nothing_else_comes() -> None:
    queue = DueQueue()
    queue.add("late", 3.0, nothing)
    queue.add("early", 1.0, nothing)
    queue.add("future", 9.0, nothing)
    assert drained(queue, 3.0) == ["early", "late"]
    assert queue.next_at() == 9.0


def test_equal_times_keep_the_order_in_which_they_were_added() -> None:
    queue = DueQueue()
    for key in "cab":
        queue.add(key, 1.0, nothing)
    assert drained(queue, 1.0) == ["c", "a", "b"]


def test_a_key_waits_once_at_its_earlier_time() -> None:
    queue = DueQueue()
    queue.add("k", 5.0, nothing)
    queue.add("k", 2.0, nothing)
    queue.add("k", 8.0, nothing)
    assert len(queue) == 1
    assert drained(queue, 10.0) == ["k"]
    assert queue.next_at() is None


def test_a_key_can_wait_again_once_it_was_taken() -> None:
    queue = DueQueue()
    queue.add("k", 1.0, nothing)
    assert drained(queue, 1.0) == ["k"]
    queue.add("k", 4.0, nothing)
    assert queue.next_at() == 4.0


def test_a_discarded_key_never_comes() -> None:
    queue = DueQueue()
    queue.add("k", 1.0, nothing)
    queue.discard("k")
    queue.discard("never there")
    assert drained(queue, 5.0) == []
    assert queue.next_at() is None
