"""The channel protocol: what a program writes, reads and ends with, as frames; and what time does to it."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from backends.fake.programs import Cut, Err, Fail, Invocation, Out, Program, Programs, Read, Scripted, Session, Sleep
from backends.fake.programs.session import BACKLOG_BYTES, FRAME_BYTES, V4, V5
from backends.fake.programs.steps import Running

POD: dict[str, Any] = {
    "metadata": {"name": "p"},
    "spec": {"containers": [{"name": "c", "workingDir": "/srv", "env": [{"name": "A", "value": "1"}]}]},
}


def call(*command: str, **streams: Any) -> Invocation:
    return Invocation("default", "p", "c", command, POD, **streams)


def session(program: Program, protocol: str = V5, now: float = 0.0, **streams: Any) -> Session:
    return Session(call("x", **streams), program, protocol, now)


def ended(found: Session) -> tuple[bytes, bytes, Any]:
    """Output, errors and the status of a session that is over."""
    assert found.closed
    frames = found.take()
    streams = [b"".join(frame[1:] for frame in frames if frame[0] == channel) for channel in (1, 2)]
    (status,) = [json.loads(frame[1:]) for frame in frames if frame[0] == 3]
    return streams[0], streams[1], status


def run(*command: str, stdin: bytes = b"") -> tuple[bytes, bytes, int | str]:
    """A built-in command to its end: output, errors, exit code or the runtime's complaint."""
    found = Session(call(*command, stdin=True), Programs().find(call(*command)), V5, 0.0)
    found.receive(b"\x00" + stdin)
    found.receive(b"\xff\x00")
    found.tick(1000.0)
    out, err, status = ended(found)
    if status["status"] == "Success":
        return out, err, 0
    cause = status["details"]["causes"][0]
    return out, err, int(cause["message"]) if cause.get("reason") == "ExitCode" else status["message"]


def test_output_and_errors_have_channels_of_their_own_and_success_has_no_code() -> None:
    found = session(Scripted([Out("o"), Err(b"e"), Out("p")]))
    found.tick(0.0)
    assert ended(found) == (b"op", b"e", {"metadata": {}, "status": "Success"})


def test_an_exit_code_is_the_cause_of_a_failure() -> None:
    found = session(Scripted(exit_code=3))
    found.tick(0.0)
    _, _, status = ended(found)
    assert status["reason"] == "NonZeroExitCode"
    assert status["details"]["causes"] == [{"reason": "ExitCode", "message": "3"}]
    assert status["message"].startswith("command terminated with non-zero exit code")


def test_what_cannot_be_started_is_an_internal_error() -> None:
    found = session(Scripted([Fail("no such thing")]))
    found.tick(0.0)
    _, _, status = ended(found)
    assert (status["reason"], status["code"]) == ("InternalError", 500)
    assert "error executing command in container: no such thing" in status["message"]


def test_a_connection_that_is_cut_has_no_status() -> None:
    found = session(Scripted([Out("half"), Cut(), Out("never")]))
    found.tick(0.0)
    assert (found.take(), found.closed, found.cut) == ([b"\x01half"], True, True)


def test_with_a_terminal_there_is_one_stream() -> None:
    found = session(Scripted([Out("o"), Err("e")]), tty=True)
    found.tick(0.0)
    assert ended(found)[:2] == (b"oe", b"")


def test_a_stream_that_nobody_asked_for_is_not_sent() -> None:
    found = session(Scripted([Out("o"), Err("e")]), stdout=False)
    found.tick(0.0)
    assert ended(found)[:2] == (b"", b"e")


def test_delays_add_up_however_late_somebody_looks() -> None:
    found = session(Scripted([Sleep(2), Out("a"), Sleep(3), Out("b")]), now=10.0)
    found.tick(10.0)
    assert (found.take(), found.next_due()) == ([], 12.0)
    found.tick(13.0)
    assert (found.take(), found.next_due()) == ([b"\x01a"], 15.0)
    found.tick(15.0)
    assert ended(found)[0] == b"b"


def test_what_hangs_is_never_due() -> None:
    found = session(Scripted([Sleep()]))
    found.tick(1e9)
    assert (found.hangs, found.closed, found.next_due()) == (True, False, math.inf)


def test_input_ends_with_its_channel_in_v5_only() -> None:
    for protocol, ends in ((V5, True), (V4, False)):
        found = session(Scripted([Out("done")], drains_stdin=True), protocol, stdin=True)
        found.receive(b"\x00some")
        found.receive(b"\xff\x00")
        found.tick(0.0)
        assert found.closed is ends


def test_who_asked_for_no_input_has_none() -> None:
    found = session(Scripted([Out("done")], drains_stdin=True))
    found.receive(b"\x00ignored")
    found.tick(0.0)
    assert ended(found)[0] == b"done"


def test_a_program_in_python_reads_what_comes_and_knows_its_terminal() -> None:
    def greet(invocation: Invocation) -> Running:
        name = yield Read()
        yield Out(b"hello " + (name or b"") + b" at %d" % (invocation.size or (0, 0))[0])
        return 7

    found = session(greet, stdin=True)
    found.tick(0.0)
    assert not found.closed
    found.receive(b'\x04{"Width":80,"Height":24}')
    found.receive(b"\x04nonsense")
    found.receive(b"")
    found.receive(b"\x00you")
    found.tick(0.0)
    out, _, status = ended(found)
    assert (out, status["details"]["causes"][0]["message"]) == (b"hello you at 80", "7")


def test_a_client_that_does_not_read_stops_the_program() -> None:
    def flood(_: Invocation) -> Running:
        while True:
            yield Out(b"x" * 100_000)

    found = session(flood)
    found.tick(0.0)
    frames = found.take()
    assert BACKLOG_BYTES <= sum(map(len, frames)) < BACKLOG_BYTES + 200_000
    assert max(map(len, frames)) == FRAME_BYTES + 1
    found.tick(0.0)
    assert found.take()
    found.close()
    assert found.closed


def test_what_outlives_its_container_is_killed_and_says_so() -> None:
    told: list[str] = []
    found = session(Scripted([Sleep()]))
    found.on_change(lambda: told.append("changed"))
    found.at_end(lambda: told.append("ended"))
    found.tick(0.0)
    found.kill()
    found.kill()
    assert ended(found)[2]["details"]["causes"][0]["message"] == "137"
    assert told == ["ended", "changed"]


def test_a_program_may_end_its_own_container() -> None:
    def suicide(_: Invocation) -> Running:
        found.kill()
        yield Out("never seen")
        return 0

    found = session(suicide)
    found.tick(0.0)
    assert ended(found)[0] == b""


@pytest.mark.parametrize(
    ("command", "out", "err", "code"),
    [
        (("true",), "", "", 0),
        (("/bin/false",), "", "", 1),
        (("echo", "a", "b"), "a b\n", "", 0),
        (("echo", "-n", "a"), "a", "", 0),
        (("cat",), "given", "", 0),
        (("cat", "/etc/none"), "", "cat: /etc/none: No such file or directory\n", 1),
        (("sleep", "5"), "", "", 0),
        (("sleep", "soon"), "", "sleep: invalid time interval 'soon'\n", 1),
        (("sleep",), "", "sleep: a number of seconds is expected\n", 1),
        (("hostname",), "p\n", "", 0),
        (("pwd",), "/srv\n", "", 0),
        (("env",), "A=1\nHOSTNAME=p\n", "", 0),
        (("printenv", "A"), "1\n", "", 0),
        (("printenv", "B"), "", "", 1),
        (("sh", "-c", "echo a; echo 'b c' >&2; exit 4"), "a\n", "b c\n", 4),
        (("sh", "-c", "false"), "", "", 1),
        (("sh", "-c", "false\nexit"), "", "", 1),
        (("sh",), "", "", 0),
        (("sh", "-x"), "", "sh: only -c is known here\n", 2),
        (
            ("sh", "-c", "cat x | wc"), "",
            "sh: not understood by the in-memory cluster, which is no shell: cat x | wc\n", 2,
        ),
        (
            ("sh", "-c", "echo 'open"), "",
            "sh: not understood by the in-memory cluster, which is no shell: echo 'open\n", 2,
        ),
    ],
)  # fmt: skip
def test_the_commands_that_every_container_has(command: tuple[str, ...], out: str, err: str, code: int) -> None:
    assert run(*command, stdin=b"given") == (out.encode(), err.encode(), code)


def test_a_command_that_is_not_there_says_where_to_script_it() -> None:
    _, _, said = run("psql", "-c", "select 1")
    assert 'exec: "psql": executable file not found in $PATH' in str(said)
    assert "Cluster.programs" in str(said)
