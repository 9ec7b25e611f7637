"""Causes are worded as the server's field errors."""

from __future__ import annotations

import pytest

from backends.fake.validation import causes


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", '"plain"'), ('a"b\\c', '"a\\"b\\\\c"'),
        ("line\nbreak\t", '"line\\nbreak\\t"'), ("\x01\x7f", '"\\x01\\x7f"'),
        ("\x80\u200b", '"\\u0080\\u200b"'), ("ä", '"ä"'), (5, "5"), (True, "true"), (None, "null"), (["a"], '["a"]'),
        ({"a": "<"}, '{"a":"\\u003c"}'),
    ],
)  # fmt: skip
def test_a_refused_value_is_shown_as_go_shows_it(value: object, shown: str) -> None:
    assert causes.invalid("f", value, "why").message == f"Invalid value: {shown}: why"


def test_zero_is_not_negative() -> None:
    assert causes.at_least_zero("f", 0) == causes.at_least_zero("f", None) == []
    assert len(causes.at_least_zero("f", -1)) == 1


def test_a_required_value_may_say_why() -> None:
    assert causes.required("f").message == "Required value"
    assert causes.required("f", "because").message == "Required value: because"
