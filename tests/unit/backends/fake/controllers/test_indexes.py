"""Sets of indexes as Jobs write them."""

from __future__ import annotations

import pytest

from backends.fake.controllers import indexes


@pytest.mark.parametrize(
    ("found", "text"),
    [((), ""), ((3,), "3"), ((1, 2), "1,2"), ((1, 2, 3), "1-3"), ((0, 2, 3, 4, 9), "0,2-4,9")],
    ids=str,
)
def test_neighbours_are_drawn_together_and_read_again(found: tuple[int, ...], text: str) -> None:
    assert indexes.text(found) == text
    assert indexes.parse(text, 10) == set(found)


def test_what_is_beyond_the_completions_is_left_out() -> None:
    assert indexes.parse("0-5,8", 3) == {0, 1, 2}


def test_another_form_is_refused() -> None:
    with pytest.raises(ValueError, match="x"):
        indexes.parse("x", 3)
