"""Things found by name: built-in ones from a table of import strings, others' from entry points; imported on use.

Sources, reporters, safety hooks and the command line ask here. An import string is `package.module:attribute`.
A name that nobody knows is a `UserError` of one line that names the nearest ones. A third party cannot replace a
built-in name: that is refused, not decided by the order of installation.
"""

from __future__ import annotations

import difflib
import functools
import importlib
from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from kubeactions.errors import UserError

MAX_NAMES = 20
"""Names that a hint lists at most."""


def nearest(word: str, known: Iterable[str]) -> str:
    """A hint for a mistyped word: `; did you mean X?`, or `; known: A, B` when nothing is near, or ""."""
    by_folded = {name.casefold(): name for name in sorted(known)}
    close = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {by_folded[close[0]]}?"
    shown = list(by_folded.values())[:MAX_NAMES]
    more = ", ..." if len(by_folded) > MAX_NAMES else ""
    return f"; known: {', '.join(shown)}{more}" if shown else ""


def import_string(text: str) -> Any:
    """Import `package.module:attribute`; raises `UserError` that says which half is wrong."""
    module_name, colon, attribute = text.partition(":")
    if not (colon and module_name and attribute):
        raise UserError(f"{text!r} is no import string; write package.module:name")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise UserError(f"{text}: cannot import {module_name}: {error}") from error
    found: Any = module
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError as error:
            raise UserError(f"{text}: {module_name} has no {attribute}") from error
    return found


@functools.cache
def entries(group: str) -> tuple[EntryPoint, ...]:
    """What installed packages offer in `group`, read once: it takes a file of each, and none comes while we run."""
    return tuple(entry_points(group=group))


def catalogue(group: str, built_in: Mapping[str, str]) -> dict[str, str]:
    """Every name in `group` with its import string; raises `UserError` when two packages claim one name."""
    found = dict(built_in)
    for entry in entries(group):
        if found.setdefault(entry.name, entry.value) != entry.value:
            raise UserError(f"{group}: both {found[entry.name]} and {entry.value} claim the name {entry.name!r}")
    return found


def load(group: str, name: str, built_in: Mapping[str, str]) -> Any:
    """Import what is called `name` in the entry point group `group`; raises `UserError` when there is no such name."""
    known = catalogue(group, built_in)
    if name not in known:
        noun = group.rpartition(".")[2].rstrip("s").replace("_", " ")
        raise UserError(f"unknown {noun} {name!r}{nearest(name, known)}")
    return import_string(known[name])
