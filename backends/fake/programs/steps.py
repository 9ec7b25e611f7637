"""What a program does, step by step: the vocabulary of `builtin`, of scripts, and of whoever writes one in Python.

A program is a callable that is given an `Invocation` and returns a generator. It yields steps, is sent what it has read
after each `Read`, and returns its exit code (None is 0). It must not wait in any other way than by yielding: `session`
runs it under the cluster's lock, and time passes between its steps only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Out:
    """Write to the standard output; a text is written in UTF-8."""

    data: str | bytes


@dataclass(frozen=True, slots=True)
class Err:
    """Write to the standard error; with a terminal there is only one stream, and it goes to the output."""

    data: str | bytes


@dataclass(frozen=True, slots=True)
class Sleep:
    """Let so many seconds (>= 0) of the cluster's clock pass; `math.inf`: it hangs until somebody ends it."""

    seconds: float = math.inf


@dataclass(frozen=True, slots=True)
class Read:
    """Read what there is on the standard input, waiting for something; the program is sent b"" at its end.

    Where no input was asked for, its end is there at once. Under the protocol v4 an input never ends (that is why there
    is a v5).
    """


@dataclass(frozen=True, slots=True)
class Fail:
    """The container runtime cannot run it: no exit code, an internal error with this text."""

    message: str


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection breaks here: neither an exit code nor a farewell."""


Step: TypeAlias = Out | Err | Sleep | Read | Fail | Cut
Running: TypeAlias = Generator[Step, bytes | None, int | None]


@dataclass(slots=True)
class Invocation:
    """One run: where, what, and with which streams."""

    namespace: str
    pod: str
    container: str
    command: tuple[str, ...]
    """The argument vector; () for an attach, which runs nothing."""
    manifest: dict[str, Any]
    """The pod, as it was when this began."""
    stdin: bool = False
    stdout: bool = True
    stderr: bool = True
    tty: bool = False
    size: tuple[int, int] | None = None
    """Columns and rows of the terminal, once the client has told them."""


Program: TypeAlias = Callable[[Invocation], Running]


@dataclass(frozen=True, slots=True)
class Scripted:
    """A program that is data: it reads its input or not, does these steps, and ends with `exit_code` (0 to 255)."""

    steps: Sequence[Step] = ()
    exit_code: int = 0
    drains_stdin: bool = False
    """Whether it reads its input to the end first."""

    def __call__(self, invocation: Invocation) -> Running:
        """Run it."""
        del invocation
        if self.drains_stdin:
            while (yield Read()):
                pass
        yield from self.steps
        return self.exit_code
