"""How Go prints values inside the server's messages: `json.Marshal` and `fmt.Sprintf("%v")`."""

from __future__ import annotations

from typing import Any

import orjson

from backends.fake.nesting import is_too_deep


def shown_json(value: object) -> str:
    """`json.Marshal`: compact JSON with the characters escaped that HTML would misread.

    Raises `RecursionError` for a value that is nested too deep to be written.
    """
    try:
        text = orjson.dumps(value).decode()
    except TypeError as error:
        if not is_too_deep(error):
            raise
        raise RecursionError("exceeded max depth") from None
    for char in "<>&\u2028\u2029":
        if char in text:
            text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def go_format(value: Any) -> str:
    """`%v` of decoded JSON: `map[a:1 b:[x y]]`, keys sorted, texts bare."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{go_format(value[key])}' for key in sorted(value))}]"
    if isinstance(value, list):
        return f"[{' '.join(go_format(item) for item in value)}]"
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)
