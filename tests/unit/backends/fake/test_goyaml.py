"""YAML in the real server's style."""

from __future__ import annotations

from backends.fake import goyaml


def test_texts_are_bare_literal_or_in_double_quotes_and_never_folded() -> None:
    long = "word " * 40 + "end"
    document = {"b": ["1", "true", "2026-01-01T00:00:00Z", "plain", ""], "a": {"x": long, "y": "one\ntwo\n"}, "n": None}
    assert goyaml.dump(document).decode() == (
        f"a:\n  x: {long}\n  y: |\n    one\n    two\n"
        'b:\n- "1"\n- "true"\n- "2026-01-01T00:00:00Z"\n- plain\n- ""\nn: null\n'
    )
