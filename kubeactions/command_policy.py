"""Which commands may be run in a container: the order's own limits, the operator's, and the built-in ones, all three.

Pure; asked by `exec_command` before anything is written down. A command is a list of words, never a line for a shell,
and lists stay lists: nothing is joined, so no comma or blank in a word can make two of it.

- The first word is the command. It must be in the operator's list (an empty list allows nothing) and in the order's, if
  that has one. In the mode `read-only` it must also be one of `READ_ONLY`, written without a path: whoever can write to
  a container may have put a `cat` of his own somewhere. The mode `remediation` lifts the built-in list, and only where
  the operator allows that.
- A word with a slash in it is taken for a path, from its first slash on (`--file=/etc/passwd`, `-f/etc/passwd`). It
  must be absolute, without `..`, and lie under one of the operator's roots and one of the order's, if that has any. No
  roots: no such words.

What this is not: a sandbox. Paths are compared as text. What a symbolic link under a root points to can be read, and so
can what the root itself is a link to; a word without a slash names something in the container's working directory,
wherever that is; and whoever can change the image or the pod decides what `cat` is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kubeactions.readers import texts

READ_ONLY_MODE: Final = "read-only"
REMEDIATION: Final = "remediation"
MODES: Final = (READ_ONLY_MODE, REMEDIATION)

READ_ONLY: Final = frozenset(
    {
        "basename", "cat", "cksum", "cut", "df", "dirname", "du", "echo", "false", "free", "grep", "head", "id", "ls",
        "md5sum", "nproc", "printf", "ps", "pwd", "readlink", "realpath", "sha256sum", "stat", "strings", "tail",
        "test", "tr", "true", "uname", "uptime", "wc", "whoami",
    }
)  # fmt: skip
"""Commands that, with whatever words, change nothing and run nothing else. Not among them, on purpose: `find` (-exec,
-delete), `sed` (w, e), `sort` (-o), `uniq` (its second file), `env` and `xargs` (they run others), `tee`, `awk`."""

DEFAULT_TIMEOUT_S: Final = 30
MAX_TIMEOUT_S: Final = 60
_SLASHES = re.compile("/+")


@dataclass(frozen=True, slots=True)
class ExecLimits:
    """What the operator allows (`kubeactions.exec_command`). The default allows nothing."""

    commands: tuple[str, ...] = ()
    """First words; a path counts as it is written."""
    paths: tuple[str, ...] = ()
    """Roots, absolute and normal; `/` is everything."""
    remediation: bool = False
    """Whether the mode `remediation` is allowed."""
    timeout_s: float = MAX_TIMEOUT_S
    """The longest time that a command may take."""


def root(text: str) -> str:
    """A root of paths in its normal form. Raises ValueError for what is no absolute path, or leads elsewhere."""
    if not text.startswith("/") or "\0" in text:
        raise ValueError(f"an absolute path is expected, not {text!r}")
    if ".." in text.split("/"):
        raise ValueError(f"a path without .. is expected, not {text!r}")
    return _normal(text)


def operator_roots(value: object) -> tuple[str, ...]:
    """Reads a setting: a list of roots. Raises ValueError."""
    return tuple(root(one) for one in texts(value))


def objection(
    command: Sequence[str],
    mode: str,
    limits: ExecLimits,
    *,
    own_commands: Sequence[str] | None = None,
    own_paths: Sequence[str] | None = None,
) -> str | None:
    """Why the command may not be run, in one line; None: it may. The lists are the order's own; None: it has none."""
    name = command[0]
    if mode == REMEDIATION and not limits.remediation:
        return f"mode {REMEDIATION} is not allowed here (kubeactions.exec_command.allow_remediation)"
    if name not in limits.commands:
        allowed = ", ".join(limits.commands) or "none at all"
        return f"{name!r} is not among the allowed commands (kubeactions.exec_command.allowed_commands: {allowed})"
    if own_commands is not None and name not in own_commands:
        return f"{name!r} is not among the order's own allowed_commands ({', '.join(own_commands) or 'none'})"
    if mode == READ_ONLY_MODE and name not in READ_ONLY:
        return f"{name!r} is not known to change nothing, and the mode is {READ_ONLY_MODE}"
    for word in command[1:]:
        if (problem := _path_objection(word, limits.paths, own_paths)) is not None:
            return problem
    return None


def _path_objection(word: str, roots: Sequence[str], own_roots: Sequence[str] | None) -> str | None:
    if word == "..":
        return "'..' leads out of the working directory"
    before, slash, after = word.partition("/")
    if not slash:
        return None
    path = slash + after
    if ".." in path.split("/") or before.endswith(".."):
        return f"{word!r} leads elsewhere with '..'"
    if before and not before.startswith("-"):
        return f"{word!r} is taken for a path, and only absolute ones can be compared"
    if not _is_under(path, roots):
        allowed = ", ".join(roots) or "none at all"
        return f"{path!r} is not under an allowed path (kubeactions.exec_command.allowed_paths: {allowed})"
    if own_roots is not None and not _is_under(path, own_roots):
        return f"{path!r} is not under the order's own allowed_paths ({', '.join(own_roots) or 'none'})"
    return None


def _is_under(path: str, roots: Sequence[str]) -> bool:
    """By whole components: `/var/log` holds `/var/log/a` and not `/var/logs`."""
    normal = _normal(path)
    return any(one in ("/", normal) or normal.startswith(one + "/") for one in map(_normal, roots))


def _normal(path: str) -> str:
    """Slashes once, no `.`, none at the end."""
    parts = [part for part in _SLASHES.split(path) if part not in ("", ".")]
    return "/" + "/".join(parts)
