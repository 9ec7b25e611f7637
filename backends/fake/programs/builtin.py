"""The commands that every container has: `echo`, `cat`, `sleep`, `env` and their like, and `sh -c` for lines of them.

Looked up by `table` when nothing that a user scripted takes the command. This is no shell: a script is lines of these
commands, separated by `;` or newlines, with `>&2` and `exit`. Anything else in one is an error of the shell, loudly.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import Any, Final

from backends.fake.programs.steps import Err, Fail, Invocation, Out, Program, Read, Running, Sleep

USAGE_ERROR: Final = 2
"""What a POSIX shell exits with when it cannot understand its script."""
_SHELLS: Final = frozenset({"sh", "bash", "ash", "dash"})
_BEYOND: Final = frozenset("|&<>()`$*?[]{}!\\")
"""What a word of a script may not have: pipes, redirections, expansions."""


def builtin(command: tuple[str, ...]) -> Program:
    """The program of that name; one that cannot be started where there is none."""
    return _COMMANDS.get(_name(command), _missing) if command else _missing


def _name(command: tuple[str, ...]) -> str:
    return command[0].rpartition("/")[2] if command else ""


def _missing(call: Invocation) -> Running:
    """In the words of containerd when runc does not find the executable, and where the fake's user has to look."""
    name = call.command[0] if call.command else ""
    where = "no such file or directory" if "/" in name else "executable file not found in $PATH"
    yield Fail(
        "failed to exec in container: failed to start exec: OCI runtime exec failed: exec failed: unable to start "
        f'container process: exec: "{name}": {where}: unknown '
        "(the in-memory cluster runs what is scripted: Cluster.programs, or fake serve --programs)"
    )
    return None


def _true(call: Invocation) -> Running:
    del call
    yield from ()
    return 0


def _false(call: Invocation) -> Running:
    del call
    yield from ()
    return 1


def _echo(call: Invocation) -> Running:
    words = call.command[1:]
    bare = words[:1] == ("-n",)
    yield Out(" ".join(words[bare:]) + ("" if bare else "\n"))
    return 0


def _cat(call: Invocation) -> Running:
    """Its input, to its end; there are no files."""
    missing = [name for name in call.command[1:] if name != "-"]
    for name in missing:
        yield Err(f"cat: {name}: No such file or directory\n")
    if not missing:
        while data := (yield Read()):
            yield Out(data)
    return 1 if missing else 0


def _sleep(call: Invocation) -> Running:
    try:
        seconds = sum(float(word.removesuffix("s")) for word in call.command[1:])
    except ValueError:
        yield Err(f"sleep: invalid time interval {' '.join(call.command[1:])!r}\n")
        return 1
    if not call.command[1:] or seconds < 0:
        yield Err("sleep: a number of seconds is expected\n")
        return 1
    yield Sleep(seconds)
    return 0


def _hostname(call: Invocation) -> Running:
    yield Out(f"{call.manifest['spec'].get('hostname') or call.pod}\n")
    return 0


def _pwd(call: Invocation) -> Running:
    yield Out(f"{_container(call).get('workingDir') or '/'}\n")
    return 0


def _env(call: Invocation) -> Running:
    """What the container's spec says in plain words; what comes from elsewhere is not looked up."""
    values = {"HOSTNAME": call.pod}
    values |= {one["name"]: one["value"] for one in _container(call).get("env") or [] if "value" in one}
    wanted = call.command[1:] if _name(call.command) == "printenv" else ()
    for name in wanted or sorted(values):
        if name in values:
            yield Out(f"{values[name]}\n" if wanted else f"{name}={values[name]}\n")
    return 0 if all(name in values for name in wanted) else 1


def _container(call: Invocation) -> dict[str, Any]:
    spec = call.manifest["spec"]
    kinds = ("containers", "initContainers", "ephemeralContainers")
    found = (one for kind in kinds for one in spec.get(kind) or [] if one["name"] == call.container)
    return next(found, {})


def _shell(call: Invocation) -> Running:
    """`sh -c` with a line of commands that are here; a shell without one reads its input to the end."""
    if len(call.command) == 1:
        while (yield Read()):
            pass
        return 0
    if call.command[1] != "-c" or len(call.command) < 3:
        yield Err(f"{call.command[0]}: only -c is known here\n")
        return USAGE_ERROR
    code: int | None = 0
    for line in call.command[2].replace("\n", ";").split(";"):
        words = _words(line)
        if words is None:
            yield Err(
                f"{call.command[0]}: not understood by the in-memory cluster, which is no shell: {line.strip()}\n"
            )
            return USAGE_ERROR
        if words[:1] == ["exit"]:
            return int(words[1]) & 255 if len(words) > 1 and words[1].isdigit() else code
        if words:
            code = yield from _redirected(call, words)
    return code


def _words(line: str) -> list[str] | None:
    """The words of one command; None for what only a shell understands."""
    plain = line.strip().removesuffix(">&2").rstrip()
    try:
        words = shlex.split(plain)
    except ValueError:
        return None
    if _BEYOND & set(plain) or (words and words[0] != "exit" and _name((words[0],)) not in _COMMANDS):
        return None
    return [*words, ">&2"] if plain != line.strip() else words


def _redirected(call: Invocation, words: list[str]) -> Running:
    to_err = words[-1] == ">&2"
    command = tuple(words[:-1] if to_err else words)
    one = Invocation(
        call.namespace, call.pod, call.container, command, call.manifest, call.stdin, call.stdout, call.stderr, call.tty
    )
    running = builtin(command)(one)
    sent: bytes | None = None
    while True:
        try:
            step = running.send(sent)
        except StopIteration as end:
            ended: int | None = end.value
            return ended
        sent = yield Err(step.data) if to_err and isinstance(step, Out) else step


_COMMANDS: Final[Mapping[str, Callable[[Invocation], Running]]] = {
    "true": _true,
    "false": _false,
    "echo": _echo,
    "cat": _cat,
    "sleep": _sleep,
    "hostname": _hostname,
    "pwd": _pwd,
    "env": _env,
    "printenv": _env,
    **dict.fromkeys(_SHELLS, _shell),
}
