"""What is wrong with a file is one line with its place."""

from __future__ import annotations

import pytest
import yaml

from backends.documents import kind_of, mistake


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"a: [", "expected the node content, but found '<stream end>' (line 1, column 5)"),
        (b"a: 1\nb: c: d", "mapping values are not allowed here (line 2, column 5)"),
        (b"a: \xff", "not UTF-8 at byte 3"),
        (b"a: 2026-13-45", "month must be in 1..12"),
        (b"[" * 5000, "nested too deeply"),
    ],
)
def test_a_mistake_is_one_line_with_its_place(raw: bytes, said: str) -> None:
    with pytest.raises((yaml.YAMLError, ValueError, RecursionError)) as caught:
        yaml.safe_load(raw.decode())
    assert mistake(caught.value) == said


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "nothing"), ({}, "an object"), ([], "a list"), ("", "a string"), (True, "a boolean"), (1.5, "a number")],
)
def test_a_value_is_called_by_its_kind(value: object, words: str) -> None:
    assert kind_of(value) == words
