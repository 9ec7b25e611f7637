"""Which program a command is, and what a container has logged: rules of the fake's user, the latest one first.

Read by the handlers of exec, attach and logs; written by whoever made the cluster, or from a file (`files`). All names
are shell-style patterns. It refuses what could never match: an empty command, a delay below zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Final

from backends.fake.programs.builtin import builtin
from backends.fake.programs.steps import Invocation, Program

REST: Final = "..."
"""As the last pattern of a command: any further words."""


@dataclass(frozen=True, slots=True)
class Where:
    """Which containers a rule is about."""

    namespace: str = "*"
    pod: str = "*"
    container: str = "*"

    def takes(self, namespace: str, pod: str, container: str) -> bool:
        """Whether it is about this one."""
        return (
            fnmatchcase(namespace, self.namespace)
            and fnmatchcase(pod, self.pod)
            and fnmatchcase(container, self.container)
        )


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log: `after_s` (>= 0) seconds after its container has started."""

    text: str
    after_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Logged:
    """One line of a log, and when it was written."""

    at: datetime
    text: str


@dataclass(slots=True)
class Programs:
    """The rules of one cluster."""

    _commands: list[tuple[Where, tuple[str, ...], Program]] = field(default_factory=list)
    _mains: list[tuple[Where, Program]] = field(default_factory=list)
    _lines: list[tuple[Where, tuple[Line, ...]]] = field(default_factory=list)
    _said: list[tuple[Where, Logged]] = field(default_factory=list)

    def run(self, command: Sequence[str], program: Program, **where: str) -> None:
        """From now on `command` is `program`: a pattern for each word, "..." at the end for any further ones.

        `where`: `namespace`, `pod`, `container`. Raises ValueError for an empty command.
        """
        if not command:
            raise ValueError("command: at least the name of the program is needed")
        self._commands.insert(0, (Where(**where), tuple(command), program))

    def attach(self, program: Program, **where: str) -> None:
        """What somebody sees and does who attaches to these containers; without it, their logs as they are written."""
        self._mains.insert(0, (Where(**where), program))

    def log(self, lines: Sequence[Line], **where: str) -> None:
        """What these containers log each time they have started. Raises ValueError for a delay below zero."""
        if any(line.after_s < 0 for line in lines):
            raise ValueError("after_s: nothing is logged before the container has started")
        self._lines.insert(0, (Where(**where), tuple(lines)))

    def say(self, text: str, at: datetime, **where: str) -> None:
        """Let these containers log a line at that time, if they run then."""
        self._said.append((Where(**where), Logged(at, text)))

    def find(self, call: Invocation) -> Program:
        """The program of an exec: the latest rule that takes it, else the built-in command."""
        for where, command, program in self._commands:
            if where.takes(call.namespace, call.pod, call.container) and _matches(command, call.command):
                return program
        return builtin(call.command)

    def main(self, call: Invocation) -> Program | None:
        """The program of an attach, if there is one."""
        place = call.namespace, call.pod, call.container
        return next((program for where, program in self._mains if where.takes(*place)), None)

    def logged(self, namespace: str, pod: str, container: str, started: datetime, until: datetime) -> Sequence[Logged]:
        """What a container that started then has logged up to `until`, in order of time."""
        place = namespace, pod, container
        lines = next((lines for where, lines in self._lines if where.takes(*place)), ())
        found = [Logged(started + timedelta(seconds=line.after_s), line.text) for line in lines]
        found += [said for where, said in self._said if where.takes(*place) and said.at >= started]
        return sorted((one for one in found if one.at <= until), key=lambda one: one.at)

    def forked(self, fork: object) -> Mapping[str, object]:
        """A fork has the same rules from here on; the programs are their user's, and shared."""
        del fork
        return {name: list(getattr(self, name)) for name in ("_commands", "_mains", "_lines", "_said")}


def _matches(patterns: tuple[str, ...], command: tuple[str, ...]) -> bool:
    if patterns[-1] == REST:
        patterns = patterns[:-1]
        command = command[: len(patterns)]
    return len(patterns) == len(command) and all(map(fnmatchcase, command, patterns))
