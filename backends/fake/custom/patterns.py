"""Patterns of a schema: regular expressions of RE2, which take no longer than the text is long.

Where CEL is installed its library brings RE2 itself. Elsewhere Python's own do, as far as the two languages are the
same: what differs most (POSIX classes, the end of the text) is translated, and a pattern that Python does not know is
refused as one that nobody knows. The texts of what is wrong with a pattern are those of Go's regexp/syntax.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable

import orjson

from backends.fake import cel

Matcher = Callable[[str], bool]


class PatternError(ValueError):
    """No regular expression; the text says why."""


@functools.lru_cache(maxsize=1024)
def matcher(pattern: str) -> Matcher:
    """Whether a text has a match of `pattern` somewhere in it. Raises `PatternError`."""
    try:
        environment = cel.environment("text")
    except cel.NotInstalledError:
        return _of_python(pattern)
    program = environment.compile(f"text.matches({orjson.dumps(pattern).decode()})")

    def matches(text: str) -> bool:
        return bool(program.evaluate(environment.bind({"text": text})))

    try:
        matches("")
    except cel.EvaluationError as error:
        raise PatternError(_in_go(str(error))) from None
    return matches


_WORDS = {
    "missing )": "missing closing )",
    "missing ]": "missing closing ]",
    "no argument for repetition operator": "missing argument to repetition operator",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid repetition size": "invalid repeat count",
    "invalid perl operator": "invalid or unsupported Perl syntax",
}


def _in_go(text: str) -> str:
    """What RE2 says, in the words of Go."""
    what, _, where = text.removeprefix("invalid regular expression: ").partition(": ")
    return f"error parsing regexp: {_WORDS.get(what, what)}: `{where}`"


_CLASSES = {
    "alnum": "0-9A-Za-z", "alpha": "A-Za-z", "blank": r"\t ", "digit": "0-9", "lower": "a-z", "space": r"\t\n\v\f\r ",
    "upper": "A-Z", "word": "0-9A-Za-z_", "xdigit": "0-9A-Fa-f", "punct": r"!-/:-@\[-`{-~",
}  # fmt: skip


def _of_python(pattern: str) -> Matcher:
    text = re.sub(r"\\z", r"\\Z", pattern)
    for name, members in _CLASSES.items():
        text = text.replace(f"[:{name}:]", members)
    # RE2's dollar is the end of the text, Python's may stand before a last line feed.
    text = re.sub(r"(?<!\\)\$$", r"\\Z", text)
    try:
        shape = re.compile(text, re.ASCII)
    except re.error as error:
        raise PatternError(f"error parsing regexp: {error}: `{pattern}`") from None
    return lambda given: shape.search(given) is not None
