"""Scripts from a file, and mistakes in one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backends.fake.programs import Cut, Err, Fail, Invocation, Out, Programs, Scripted, Sleep
from backends.fake.programs.files import ProgramsError, load

POD: dict[str, Any] = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}}


def loaded(tmp_path: Path, text: str) -> Programs:
    path = tmp_path / "programs.yaml"
    path.write_text(text)
    programs = Programs()
    load(path, programs)
    return programs


def found(programs: Programs, *command: str) -> Any:
    return programs.find(Invocation("default", "p", "c", command, POD))


def test_a_file_of_rules(tmp_path: Path) -> None:
    programs = loaded(
        tmp_path,
        """
        programs:
        - {command: [a, "*"], output: [{stdout: o, stderr: e, after: 0.5}], exitCode: 3, stdin: drain}
        - {command: [b], fails: no such file}
        - {command: [c], hangs: true, pod: "p*"}
        - {command: [d], cuts: true}
        - {command: [a, "..."], output: [{stdout: second}]}
        logs:
        - {pod: p, lines: [{text: hello}, {text: later, after: 5}]}
        """,
    )
    assert found(programs, "a", "x") == Scripted((Sleep(0.5), Out("o"), Err("e")), 3, drains_stdin=True)
    assert found(programs, "a") == Scripted((Out("second"),))
    assert found(programs, "b") == Scripted((Fail("no such file"),))
    assert found(programs, "c") == Scripted((Sleep(),))
    assert found(programs, "d") == Scripted((Cut(),))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[", "is no YAML: expected the node content, but found '<stream end>' (line 1, column 2)"),
        ("", "the file is an object with programs, logs, not nothing"),
        ("[]", "the file is an object with programs, logs, not a list"),
        ("{program: []}", "the file: unknown program"),
        ("{programs: {}, logs: 3}", "logs is a list, not a number"),
        ("{programs: [{output: []}]}", "programs[0].command: a list of texts"),
        ("{programs: [{command: [a], exitcode: 3}]}", "programs[0]: unknown exitcode"),
        ("{programs: [{command: [a], exitCode: 256}]}", "programs[0].exitCode: a whole number from 0 to 255"),
        ("{programs: [{command: [a], exitCode: 1, hangs: true}]}", "exitCode and hangs are two ends"),
        ("{programs: [{command: [a], output: [{stdout: 3}]}]}", "programs[0].output[0].stdout: a text"),
        ("{programs: [{command: [a], output: [{stdout: x, after: -1}]}]}", "output[0].after: a number of seconds"),
        ("{programs: [{command: [a], stdin: close}]}", "programs[0].stdin: ignore or drain"),
        ("{logs: [{lines: [{text: a, at: 3}]}]}", "logs[0].lines[0]: unknown at"),
        ("{logs: [{pod: 3, lines: []}]}", "logs[0].pod: a text is expected"),
    ],
)
def test_a_mistake_is_one_line_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ProgramsError) as refused:
        loaded(tmp_path, text)
    assert said in str(refused.value)
    assert "programs.yaml" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProgramsError, match="cannot be read: no such file"):
        load(tmp_path / "none.yaml", Programs())
