"""What can go wrong with an expression, and the words of cel-go for it."""

from __future__ import annotations

import re


class CelError(Exception):
    """An expression that cannot be had."""


class NotInstalledError(CelError):
    """The library is missing."""

    def __init__(self) -> None:
        super().__init__("CEL expressions need the library cel-expr-python: pip install 'kubeactions[cel]'")


class CompileError(CelError):
    """The expression has no meaning; the text says where."""


class EvaluationError(CelError):
    """The expression has a meaning, and no value for these objects."""


# What cel-cpp says of a failed evaluation, and what cel-go says of the same.
_WORDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), text)
    for pattern, text in (
        (r'Key not found in map : "(.*)"$', r"no such key: \1"),
        (r"Key not found in map : (.*)$", r"no such key: \1"),
        (r"No matching overloads found.*", "no such overload"),
        (r"Applying SELECT to non-message type.*", "no such overload"),
        (r"divide by zero", "division by zero"),
        (r"modulus by zero|modulo by zero", "modulus by zero"),
        (r"Index error: index=(-?\d+).*", r"index out of bounds: \1"),
        (r"Iteration budget exceeded.*", "operation cancelled: actual cost limit exceeded"),
        (r'No value with name "(.*)" found in Activation', r"no such attribute(s): \1"),
    )
)
_CODE = re.compile(r"^[A-Z_]+: ")
_TAIL = re.compile(r" \[[A-Z_]+\]$")


def reworded(text: str) -> str:
    """A message of the library without its status code, in the words of cel-go where both say the same."""
    bare = _CODE.sub("", _TAIL.sub("", text.strip()))
    for pattern, words in _WORDS:
        found = pattern.match(bare)
        if found is not None:
            return found.expand(words)
    return bare
