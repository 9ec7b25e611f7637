"""A shell that knows two scripts: the guard of a command, and the question what became of it."""

from __future__ import annotations

from dataclasses import replace

from backends.fake.programs import Invocation, Out, Programs
from backends.fake.programs.steps import Running
from kubeactions.executors._guard import CODE, QUESTION, SCRIPT


class GuardingShell:
    """`sh -c SCRIPT directory command...`, with directories that belong to a pod."""

    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._codes: dict[tuple[str, str], int | None] = {}
        """By pod and directory: the code that lies there; None: none yet."""

    def __call__(self, call: Invocation) -> Running:
        """Run what the script says. AssertionError for a script that is none of the two."""
        _, _, script, directory, *command = call.command
        place = (str(call.manifest["metadata"]["uid"]), directory)
        if script == QUESTION:
            return self._asked(place)
        assert script == SCRIPT, script
        return self._guarded(place, replace(call, command=tuple(command)))

    def _asked(self, place: tuple[str, str]) -> Running:
        if place not in self._codes:
            self._codes[place] = None
            return 98
        if self._codes[place] is None:
            return 99
        yield Out(f"{self._codes[place]}\n")
        return 0

    def _guarded(self, place: tuple[str, str], inner: Invocation) -> Running:
        if place in self._codes:
            return CODE
        self._codes[place] = None
        code = yield from self._programs.find(inner)(inner)
        self._codes[place] = code or 0
        return code
