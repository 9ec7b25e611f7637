r"""Scripted programs and logs from a file, for `kubeactions fake serve --programs FILE`: YAML, or JSON.

    programs:
    - command: [psql, -c, "*"]     # a pattern for each word; "..." at the end: any further ones
      pod: db-*                    # namespace, pod, container: patterns, "*" by default
      output:
      - {stdout: "1 row\n"}
      - {stderr: "slow\n", after: 0.5}      # seconds since what came before
      exitCode: 0                  # or fails: TEXT (it cannot be started), hangs: true, cuts: true
      stdin: ignore                # or drain: read to its end first
    logs:
    - pod: web-*
      lines:
      - {text: listening, after: 0.5}        # seconds since the container started

A mistake is a `ProgramsError`: one line that names the file and the place in it. Unknown members are refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from backends.base import BackendError
from backends.documents import kind_of, mistake
from backends.fake.programs.steps import Cut, Err, Fail, Out, Scripted, Sleep, Step
from backends.fake.programs.table import Line, Programs

_WHERE: Final = ("namespace", "pod", "container")
_ENDS: Final = ("exitCode", "fails", "hangs", "cuts")
_EXIT_CODES: Final = range(256)


class ProgramsError(BackendError):
    """The file cannot be read or used."""


def load(path: Path, programs: Programs) -> None:
    """Add the rules of a file, the first of it first. Raises `ProgramsError`."""
    import yaml  # only needed by whoever has such a file

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProgramsError(f"{path}: cannot be read: {(error.strerror or str(error)).lower()}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ProgramsError(f"{path}: is no YAML: {mistake(error)}") from error
    try:
        _check(found, ("programs", "logs"), "the file")
        # A rule goes before those that are there already: the last one of the file is put in first.
        for where, one in reversed(list(_items(found, "programs"))):
            _check(one, (*_WHERE, *_ENDS, "command", "output", "stdin"), where)
            programs.run(_command(one, where), _program(one, where), **_where(one, where))
        for where, one in reversed(list(_items(found, "logs"))):
            _check(one, (*_WHERE, "lines"), where)
            programs.log([_line(line, at) for at, line in _items(one, "lines", where)], **_where(one, where))
    except ValueError as error:
        raise ProgramsError(f"{path}: {error}") from error


def _check(found: Any, names: tuple[str, ...], where: str) -> None:
    if not isinstance(found, Mapping):
        raise ValueError(f"{where} is an object with {', '.join(names)}, not {kind_of(found)}")
    unknown = sorted(str(name) for name in found if name not in names)
    if unknown:
        raise ValueError(f"{where}: unknown {', '.join(unknown)}; there are {', '.join(names)}")


def _items(found: Mapping[str, Any], name: str, where: str = "") -> Iterator[tuple[str, Any]]:
    items = found.get(name) or []
    place = f"{where}.{name}" if where else name
    if not isinstance(items, list):
        raise ValueError(f"{place} is a list, not {kind_of(items)}")
    for index, one in enumerate(items):
        yield f"{place}[{index}]", one


def _where(one: Mapping[str, Any], where: str) -> dict[str, str]:
    return {name: _text(one, name, where) for name in _WHERE if name in one}


def _command(one: Mapping[str, Any], where: str) -> list[str]:
    command = one.get("command")
    if not isinstance(command, list) or not command or not all(isinstance(word, str) for word in command):
        raise ValueError(f"{where}.command: a list of texts with at least one is expected")
    return command


def _program(one: Mapping[str, Any], where: str) -> Scripted:
    given = [name for name in _ENDS if name in one]
    if len(given) > 1:
        raise ValueError(f"{where}: {' and '.join(given)} are two ends of one program")
    steps: list[Step] = []
    for at, piece in _items(one, "output", where):
        steps += _output(piece, at)
    if "fails" in one:
        steps.append(Fail(_text(one, "fails", where)))
    elif one.get("hangs"):
        steps.append(Sleep(math.inf))
    elif one.get("cuts"):
        steps.append(Cut())
    code = one.get("exitCode", 0)
    if not isinstance(code, int) or isinstance(code, bool) or code not in _EXIT_CODES:
        raise ValueError(f"{where}.exitCode: a whole number from 0 to 255 is expected, not {code!r}")
    stdin = one.get("stdin", "ignore")
    if stdin not in ("ignore", "drain"):
        raise ValueError(f"{where}.stdin: ignore or drain is expected, not {stdin!r}")
    return Scripted(tuple(steps), code, drains_stdin=stdin == "drain")


def _output(piece: Any, where: str) -> Iterator[Step]:
    _check(piece, ("stdout", "stderr", "after"), where)
    after_s = _seconds(piece, where)
    if after_s:
        yield Sleep(after_s)
    if "stdout" in piece:
        yield Out(_text(piece, "stdout", where))
    if "stderr" in piece:
        yield Err(_text(piece, "stderr", where))


def _line(line: Any, where: str) -> Line:
    _check(line, ("text", "after"), where)
    return Line(_text(line, "text", where), _seconds(line, where))


def _text(one: Mapping[str, Any], name: str, where: str) -> str:
    value = one.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{where}.{name}: a text is expected, not {value!r}")
    return value


def _seconds(one: Mapping[str, Any], where: str) -> float:
    value = one.get("after", 0)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        raise ValueError(f"{where}.after: a number of seconds from 0 on is expected, not {value!r}")
    return float(value)
