"""What Go's JSON scanner says; the texts were taken from encoding/json."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.fake.gojson import error_in


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"", "unexpected end of JSON input"),
        (b"{", "unexpected end of JSON input"),
        (b"{bad", "invalid character 'b' looking for beginning of object key string"),
        (b'{"a"', "unexpected end of JSON input"),
        (b'{"a" 1', "invalid character '1' after object key"),
        (b'{"a":1 "b"', "invalid character '\"' after object key:value pair"),
        (b'{"a":}', "invalid character '}' looking for beginning of value"),
        (b"[1 2]", "invalid character '2' after array element"),
        (b"{} x", "invalid character 'x' after top-level value"),
        (b"nul", "unexpected end of JSON input"),
        (b"nux", "invalid character 'x' in literal null (expecting 'l')"),
        (b'"\x01"', "invalid character '\\x01' in string literal"),
        (b'"a\nb"', "invalid character '\\n' in string literal"),
        (b'"\\x"', "invalid character 'x' in string escape code"),
        (b'"\\u00g0"', "invalid character 'g' in \\u hexadecimal character escape"),
        (b"-x", "invalid character 'x' in numeric literal"),
        (b"1.x", "invalid character 'x' after decimal point in numeric literal"),
        (b"1ex", "invalid character 'x' in exponent of numeric literal"),
        (b"'a'", r"invalid character '\'' looking for beginning of value"),
        (b"\x81", r"invalid character '\u0081' looking for beginning of value"),
        (b"[" * 10_001, "exceeded max depth"),
    ],
)
def test_the_first_character_that_does_not_fit_is_named(text: bytes, error: str) -> None:
    assert error_in(text) == error


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(json_values)
def test_what_is_json_has_no_error(value: object) -> None:
    import json

    assert error_in(json.dumps(value, indent=1).encode()) is None


@given(st.binary(max_size=40))
def test_any_bytes_get_an_answer(text: bytes) -> None:
    assert error_in(text) is None or isinstance(error_in(text), str)
