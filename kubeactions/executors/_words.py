"""Parameters that are lists of words: commands, paths, names. Pure; read by `exec_command`.

A list is JSON's, or its text. It stays a list: a word may have blanks, commas and quotes in it. Every reader raises
ValueError with a reason that completes "<field>: ...".
"""

from __future__ import annotations

import json

from kubeactions.command_policy import root
from kubeactions.executors._parameters import json_value
from kubeactions.model import Json

MAX_WORDS, MAX_WORD_BYTES = 128, 4096


def words(value: Json) -> tuple[str, ...]:
    """Reads a list of texts, or its JSON."""
    found = json_value(value) if isinstance(value, str) and value.lstrip().startswith("[") else value
    if not isinstance(found, (list, tuple)) or not all(isinstance(one, str) and "\0" not in one for one in found):
        raise ValueError(f'a list of words such as ["ls", "-l"] is expected, not {json.dumps(value)}')
    if len(found) > MAX_WORDS or any(len(one.encode()) > MAX_WORD_BYTES for one in found):
        raise ValueError(f"at most {MAX_WORDS} words of {MAX_WORD_BYTES} bytes are expected")
    return tuple(found)


def argv(value: Json) -> tuple[str, ...]:
    """The same, with at least the command itself."""
    found = words(value)
    if not found or not found[0]:
        raise ValueError('a list of words such as ["ls", "-l"] is expected, not an empty one')
    return found


def roots(value: Json) -> tuple[str, ...]:
    """Reads a list of absolute paths."""
    return tuple(root(one) for one in words(value))


def container_name(value: Json) -> str:
    """Reads the name of a container."""
    if not isinstance(value, str) or not value:
        raise ValueError(f"the name of a container is expected, not {value!r}")
    return value
