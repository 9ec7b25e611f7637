"""exec_command: class X, as tables; over a connection it is told in the features."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kubeactions.command_policy import ExecLimits
from kubeactions.errors import Forbidden, KubeError, NotFound, TooManyRequests, Unavailable, Unreachable
from kubeactions.executors._guard import ASK_S, QUESTION, SCRIPT, Told, guard_path
from kubeactions.executors._words import argv, roots, words
from kubeactions.executors.exec_command import AGAIN_S, EXECUTOR, LOOK_AGAIN_S, LOOKS, MAX_BYTES
from kubeactions.model import Action, Circumstances, Evidence, Intent, Next, Outcome, Plan, Seen, Status, Target
from tests.unit.kubeactions.executors.orders import act, circumstances, evidence, intent

POD = Target("v1", "Pod", "web-0", "shop")
GIVEN: dict[str, Any] = {"command": ("df", "-h"), "mode": "read-only", "timeout_seconds": 30, "once": False}
RUNNING = {"name": "c", "containerID": "x://1", "state": {"running": {}}}


def pod(*containers: str, uid: str = "uid-1", status: Any = RUNNING, **metadata: Any) -> dict[str, Any]:
    names = containers or ("c",)
    return {
        "metadata": {"name": "web-0", "uid": uid, **metadata},
        "spec": {"containers": [{"name": name} for name in names], "initContainers": [{"name": "first"}]},
        "status": {"containerStatuses": [{**status, "name": name} for name in names] if status else []},
    }


def ordered(**parameters: Any) -> Action:
    return act("exec_command", POD, **{**GIVEN, **parameters})


def planned(found: Any, limits: ExecLimits | None = None, **parameters: Any) -> Plan | Outcome:
    around = circumstances()
    allowed = limits or ExecLimits(commands=("df",), timeout_s=20)
    return EXECUTOR.plan(
        ordered(**parameters), Seen(found), Circumstances(around.now, around.marker, exec_limits=allowed)
    )


def test_the_plan_pins_pod_container_words_and_the_shorter_time() -> None:
    plan = planned(pod())
    assert isinstance(plan, Plan)
    assert plan.uid == "uid-1"
    assert plan.resolved == {"container": "c", "container_id": "x://1", "command": ["df", "-h"], "timeout_s": 20.0}
    assert 'run ["df", "-h"] in container c' in plan.text


def test_a_guarded_command_keeps_its_words_apart_from_the_shells() -> None:
    plan = planned(pod(), once=True, command=("df", "; rm -rf $HOME"))
    assert isinstance(plan, Plan)
    assert plan.resolved["command"][:2] == ["sh", "-c"]
    assert plan.resolved["command"][3].startswith("/tmp/.kubeactions-")
    assert plan.resolved["command"][4:] == ["df", "; rm -rf $HOME"]


@pytest.mark.parametrize(
    ("found", "parameters", "status", "reason", "says"),
    [
        (None, {}, "failed", "TargetGone", "gone"),
        (pod(deletionTimestamp="2026-08-20T10:00:00Z"), {}, "failed", "TargetTerminating", "nothing is run"),
        (pod("a", "b"), {}, "failed", "ContainerRequired", "name one: a, b"),
        (pod(), {"container": "first"}, "failed", "ContainerUnknown", "no container 'first'; it has c"),
        (pod(status=None), {}, "failed", "ContainerNotRunning", "does not run"),
        (pod(status={"state": {"waiting": {}}}), {}, "failed", "ContainerNotRunning", "does not run"),
        (pod(), {"command": ("rm",)}, "rejected", "CommandNotAllowed", "not among the allowed commands"),
    ],
)
def test_what_cannot_be_run_ends_before_anything_is_written(
    found: Any, parameters: dict[str, Any], status: str, reason: str, says: str
) -> None:
    outcome = planned(found, **parameters)
    assert isinstance(outcome, Outcome)
    assert (outcome.status, outcome.reason) == (status, reason)
    assert says in outcome.message


def begun(**resolved: Any) -> Intent:
    return intent("uid-1", container="c", container_id="x://1", **resolved)


def answer(code: int | None, **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "exit_code": code,
        "error": "",
        "stdout": "out",
        "stderr": "",
        "cut": [],
        "uid_after": "uid-1",
    }
    return {**found, **more}


def settled(found: Evidence, **parameters: Any) -> Outcome:
    verdict = EXECUTOR.verdict(ordered(**parameters), begun(), found)
    assert verdict.outcome is not None, verdict
    return verdict.outcome


@pytest.mark.parametrize(
    ("told", "parameters", "status", "reason"),
    [
        (answer(0), {}, Status.SUCCEEDED, "Completed"),
        (answer(0, uid_after=""), {}, Status.SUCCEEDED, "Completed"),
        (answer(3), {}, Status.FAILED, "ExitCode"),
        (answer(97), {}, Status.FAILED, "ExitCode"),
        (answer(3), {"once": True}, Status.FAILED, "ExitCode"),
        (answer(0, uid_after="uid-2"), {}, Status.UNKNOWN, "RanInReplacement"),
        (answer(None, error="the connection broke"), {}, Status.UNKNOWN, "NotSeenToEnd"),
        (answer(None, error="OCI: unable to start container process: x"), {}, Status.FAILED, "NotStarted"),
    ],
)
def test_what_came_back_decides(told: Any, parameters: dict[str, Any], status: Status, reason: str) -> None:
    outcome = settled(Evidence(answer=told, doubt=True), **parameters)
    assert (outcome.status, outcome.reason) == (status, reason)
    assert outcome.payload["stdout"] == "out"


def test_what_was_cut_is_said() -> None:
    assert f"stdout cut after {MAX_BYTES} bytes" in settled(Evidence(answer=answer(0, cut=["stdout"]))).message


def guard(told: str | None, code: int | None = None, **more: Any) -> Evidence:
    related = () if told is None else ({"told": told, "code": code},)
    return Evidence(seen=Seen(pod(), related), doubt=True, **more)


@pytest.mark.parametrize("doubt", [Evidence(doubt=True), Evidence(answer=answer(None)), Evidence(answer=answer(97))])
def test_whoever_is_in_doubt_asks_the_guard_first(doubt: Evidence) -> None:
    assert EXECUTOR.verdict(ordered(once=True), begun(), doubt).next is Next.LOOK


@pytest.mark.parametrize(
    ("found", "status", "reason", "inferred"),
    [
        (guard(Told.NEVER_BEGUN), Status.FAILED, "NeverBegun", False),
        (guard(Told.ENDED, 0), Status.SUCCEEDED, "Completed", True),
        (guard(Told.ENDED, 3), Status.FAILED, "ExitCode", True),
        (guard(Told.BEGUN, looks=LOOKS), Status.UNKNOWN, "NotSeenToEnd", False),
        (guard(None), Status.UNKNOWN, "NotSeenToEnd", False),
    ],
)
def test_the_guard_decides_where_nothing_else_can(found: Evidence, status: Status, reason: str, inferred: bool) -> None:
    outcome = settled(found, once=True)
    assert (outcome.status, outcome.reason, outcome.inferred) == (status, reason, inferred)


def test_what_has_begun_is_waited_for_and_what_it_printed_is_kept() -> None:
    verdict = EXECUTOR.verdict(ordered(once=True), begun(), guard(Told.BEGUN))
    assert (verdict.next, verdict.after_s) == (Next.LOOK, LOOK_AGAIN_S)
    assert settled(guard(Told.ENDED, 0, answer=answer(None)), once=True).payload == {"stdout": "out", "stderr": ""}


@pytest.mark.parametrize(
    ("ran", "told"),
    [
        (answer(98), {"told": Told.NEVER_BEGUN, "code": None}),
        (answer(99), {"told": Told.BEGUN, "code": None}),
        (answer(0, stdout="3\n"), {"told": Told.ENDED, "code": 3}),
        (answer(0, stdout="what?"), None),
        (answer(127), None),
        (answer(None), None),
        (Unavailable("lost"), None),
    ],
)
def test_a_look_in_doubt_asks_the_guard_of_the_same_container(ran: Any, told: Any) -> None:
    door: Any = Door(pod(), pod(), ran=ran)
    seen = EXECUTOR.look(ordered(once=True), begun(), door)
    assert seen.related == (() if told is None else (told,))
    assert door.commands == [(("sh", "-c", QUESTION, guard_path(ordered())), "c", ASK_S, 1024)]


@pytest.mark.parametrize(
    "looks", [(None,), (pod(uid="uid-2"),), (pod(), pod(status={**RUNNING, "containerID": "x://2"}))]
)
def test_what_another_container_says_does_not_count(looks: Any) -> None:
    door: Any = Door(*[NotFound("gone", status=404) if one is None else one for one in looks], ran=answer(98))
    assert EXECUTOR.look(ordered(once=True), begun(), door).related == ()
    assert len(door.commands) == len(looks) - 1
    plain: Any = Door(pod(), ran=answer(98))
    assert EXECUTOR.look(ordered(), begun(), plain).related == ()


def test_the_scripts_do_in_a_real_shell_what_is_said_of_them(tmp_path: Path) -> None:
    def sh(script: str, *words: str) -> tuple[int, str]:
        command = ["sh", "-c", script, str(tmp_path / "guard"), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    words = ("sh", "-c", 'echo "$1"; exit 7', "x", "; $(echo no) 'a b'")
    assert sh(SCRIPT, *words) == (7, "; $(echo no) 'a b'\n")
    assert sh(SCRIPT, *words) == (97, "")
    assert sh(QUESTION) == (0, "7\n")
    (tmp_path / "guard" / "exit").unlink()
    assert sh(QUESTION) == (99, "")
    (tmp_path / "guard").rmdir()
    assert sh(QUESTION) == (98, "")
    assert sh(SCRIPT, *words) == (97, "")


def test_a_refused_upgrade_is_an_end_and_everything_else_is_unknown() -> None:
    error = Forbidden("no", status=403, body={"reason": "Forbidden", "message": "cannot create"})
    assert (settled(evidence(refused=error, doubt=True)).status, settled(Evidence(doubt=True)).status) == (
        Status.FAILED,
        Status.UNKNOWN,
    )


def test_an_upgrade_that_is_put_off_is_asked_for_again() -> None:
    busy = TooManyRequests("busy", status=429)
    verdict = EXECUTOR.verdict(ordered(), begun(), evidence(refused=busy, doubt=True))
    assert (verdict.next, verdict.after_s) == (Next.SEND, AGAIN_S)


class Door:
    """What the executor may act with, as a list of what it is answered."""

    def __init__(self, *looks: Any, ran: Any = None) -> None:
        self._looks, self._ran = list(looks), ran
        self.commands: list[Any] = []

    def get(self, path: str, **_: Any) -> Any:
        assert path == "/api/v1/namespaces/shop/pods/web-0"
        return self._told(self._looks.pop(0))

    def exec(self, path: str, command: Any, **options: Any) -> Any:
        assert path == "/api/v1/namespaces/shop/pods/web-0/exec"
        self.commands.append((tuple(command), options["container"], options["deadline_s"], options["max_bytes"]))
        return self._told(self._ran)

    @staticmethod
    def _told(found: Any) -> Any:
        if isinstance(found, KubeError):
            raise found
        return found


def executed(door: Any) -> Any:
    return EXECUTOR.execute(ordered(), begun(command=["df"], timeout_s=20.0), door)


def test_it_looks_runs_once_and_looks_again() -> None:
    door = Door(pod(), pod(uid="uid-2"), ran=answer(0))
    assert executed(door)["uid_after"] == "uid-2"
    assert door.commands == [(("df",), "c", 20.0, MAX_BYTES)]
    assert executed(Door(pod(), Unavailable("lost"), ran=answer(0)))["uid_after"] == ""


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (pod(uid="uid-2"), "TargetReplaced"),
        (pod(status={**RUNNING, "containerID": "x://2"}), "ContainerNotRunning"),
        (NotFound("gone", status=404), "TargetGone"),
        (Forbidden("no", status=403), "NotSent"),
    ],
)
def test_nothing_is_sent_to_what_is_not_what_was_planned_for(look: Any, reason: str) -> None:
    door = Door(look)
    found = executed(door)
    assert isinstance(found, Outcome)
    assert (found.status, found.reason, door.commands) == (Status.FAILED, reason, [])
    assert EXECUTOR.verdict(ordered(), begun(), Evidence(answer=found)).outcome is found


@pytest.mark.parametrize("door", [Door(Unavailable("lost")), Door(pod(), ran=Unreachable("refused"))])
def test_what_was_certainly_not_sent_is_sent_later(door: Any) -> None:
    verdict = EXECUTOR.verdict(ordered(), begun(), Evidence(answer=executed(door), doubt=True))
    assert (verdict.next, verdict.after_s) == (Next.SEND, AGAIN_S)


@pytest.mark.parametrize(
    ("read", "value", "found"),
    [
        (argv, ["df", "-h"], ("df", "-h")),
        (argv, '["df", "-h"]', ("df", "-h")),
        (words, [], ()),
        (roots, ["/var//log/"], ("/var/log",)),
    ],
)
def test_lists_are_read_as_lists(read: Any, value: Any, found: tuple[str, ...]) -> None:
    assert read(value) == found


@pytest.mark.parametrize(
    ("read", "value", "says"),
    [
        (argv, "df -h", "a list of words"),
        (argv, [], "not an empty one"),
        (argv, ["", "x"], "not an empty one"),
        (argv, ["df", 3], "a list of words"),
        (argv, ["a\0b"], "a list of words"),
        (argv, ["x"] * 200, "at most 128 words"),
        (argv, ["x" * 5000], "of 4096 bytes"),
        (argv, "[1", "not JSON"),
        (roots, ["var"], "an absolute path"),
    ],
)
def test_what_is_no_list_of_words_is_refused(read: Any, value: Any, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        read(value)
