"""What a node is told and answers, as far as no engine is needed to say."""

from __future__ import annotations

import io

import pytest

from backends.kind.node import frames

STREAM = b"\x01\0\0\0\0\0\0\x04one\n\x02\0\0\0\0\0\0\x04two\n\x01\0\0\0\0\0\0\0"


def test_both_outputs_are_told_apart() -> None:
    assert list(frames(io.BytesIO(STREAM))) == [(b"one\n", None), (None, b"two\n"), (b"", None)]


@pytest.mark.parametrize("cut", range(len(STREAM)))
def test_a_stream_that_is_cut_ends(cut: int) -> None:
    found = b"".join(piece or b"" for pair in frames(io.BytesIO(STREAM[:cut])) for piece in pair)
    assert b"one\ntwo\n".startswith(found)
