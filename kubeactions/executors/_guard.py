"""A guard in the container: what `exec_command` leaves there with `once: true`, and what it tells afterwards.

The command's wrapper makes a directory that is named after the action and runs the command only if it could; its code
is written into the directory. `mkdir` is atomic, so of two copies of one request, whoever delivers them, one runs.
Whoever is in doubt asks: the code, if it has ended; that it has begun, if there is a directory without one; and if
there is none, the question takes the guard itself, so that a copy that arrives late finds it taken and never runs.

It holds for one run of the container: who restarts it starts with a new /tmp, so its ID is compared before and after
the question. The scripts are constants; the words of a command are words of the shell's, none is read as its language.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from kubeactions.errors import KubeError
from kubeactions.model import Action, Intent, JsonObject, Runner

CODE: Final = 97
"""What a guarded command ends with whose guard is taken."""
SCRIPT: Final = 'mkdir "$0" || exit 97; "$@"; code=$?; echo "$code" > "$0/exit"; exit "$code"'
QUESTION: Final = 'mkdir "$0" 2>/dev/null && exit 98; cat "$0/exit" 2>/dev/null || exit 99'
_TAKEN, _BEGUN = 98, 99
ASK_S: Final = 10.0
"""How long an answer may take."""


class Told(StrEnum):
    """What the guard says."""

    NEVER_BEGUN = "it had not begun, and never will in this container"
    BEGUN = "it has begun, and has no code yet"
    ENDED = "it has ended"


def guard_path(action: Action) -> str:
    """The directory, in the container."""
    return f"/tmp/.kubeactions-{action.key.marker}"  # noqa: S108


def guarded(action: Action, command: Sequence[str]) -> tuple[str, ...]:
    """The command behind its guard."""
    return ("sh", "-c", SCRIPT, guard_path(action), *command)


def ask(action: Action, intent: Intent, exec_path: str, runner: Runner) -> JsonObject | None:
    """What the guard tells, as `{"told": ..., "code": ...}`; None when it cannot be asked, or not understood."""
    question = ("sh", "-c", QUESTION, guard_path(action))
    try:
        answer = runner.exec(
            exec_path, question, container=intent.resolved["container"], deadline_s=ASK_S, max_bytes=1024
        )
    except KubeError:
        return None
    code, said = answer["exit_code"], str(answer["stdout"]).strip()
    if code == _TAKEN:
        return {"told": Told.NEVER_BEGUN, "code": None}
    if code == _BEGUN:
        return {"told": Told.BEGUN, "code": None}
    if code == 0 and said.isascii() and said.isdigit():
        return {"told": Told.ENDED, "code": int(said)}
    return None
