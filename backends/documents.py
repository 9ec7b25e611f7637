"""What is wrong with a file that a person wrote, in one line: for every reader of YAML here.

Called by those who read manifests, kubeconfigs, and how pods and programs behave. It reads nothing itself: each of them
has its own loader and its own limits.
"""

from __future__ import annotations

from typing import Any


def mistake(error: Exception) -> str:
    """What a parser's or decoder's error says and where, without the excerpt and the inner names that PyYAML adds."""
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start}"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or " ".join(str(error).split())
    return f"{problem} (line {mark.line + 1}, column {mark.column + 1})" if mark else problem


def kind_of(value: Any) -> str:
    """What a parsed value is, in words that fit behind "not"."""
    if value is None:
        return "nothing"
    return {dict: "an object", list: "a list", str: "a string", bool: "a boolean"}.get(type(value), "a number")
