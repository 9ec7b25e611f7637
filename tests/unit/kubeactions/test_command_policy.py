"""Which commands may be run: the order's limits, the operator's and the built-in ones, word by word."""

from __future__ import annotations

from typing import Any

import pytest

from kubeactions.command_policy import READ_ONLY, ExecLimits, objection, operator_roots, root

LOGS = ExecLimits(commands=("cat", "rm", "/opt/app/repair"), paths=("/var/log", "/srv/"))
RUNS_OTHERS = ("find", "sed", "sort", "uniq", "env", "xargs", "tee", "awk", "sh", "bash", "python", "dd", "kill")


def said(*command: str, mode: str = "read-only", limits: ExecLimits = LOGS, **own: Any) -> str:
    return objection(command, mode, limits, **own) or ""


@pytest.mark.parametrize(
    "command",
    [
        ("cat",),
        ("cat", "/var/log"),
        ("cat", "/var/log/a/b.log"),
        ("cat", "//var///log/./a"),
        ("cat", "-n", "--file=/srv/x", "-f/srv/x", "plain-name", "-"),
        ("cat", "/srv/a,b c"),
    ],
)
def test_what_all_three_allow_may_be_run(command: tuple[str, ...]) -> None:
    assert said(*command) == ""


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("ls",), "not among the allowed commands"),
        (("rm", "/var/log/a"), "not known to change nothing"),
        (("/bin/cat", "/var/log/a"), "not among the allowed commands"),
        (("cat", "/etc/passwd"), "not under an allowed path"),
        (("cat", "/var/logs"), "not under an allowed path"),
        (("cat", "/var/log,/etc/passwd"), "not under an allowed path"),
        (("cat", "/var/log /etc"), "not under an allowed path"),
        (("cat", "/var/log/../../etc/passwd"), "leads elsewhere"),
        (("cat", "/var/log/.."), "leads elsewhere"),
        (("cat", "..", "/var/log"), "leads out of the working directory"),
        (("cat", "../etc/passwd"), "leads elsewhere"),
        (("cat", "log/a"), "only absolute ones can be compared"),
        (("cat", "--file=/etc/passwd"), "'/etc/passwd' is not under an allowed path"),
        (("cat", "-f/etc/passwd"), "'/etc/passwd' is not under an allowed path"),
        (("cat", "/"), "not under an allowed path"),
    ],
)
def test_what_one_of_them_does_not_allow_is_refused(command: tuple[str, ...], why: str) -> None:
    assert why in said(*command)


def test_an_operator_who_has_said_nothing_allows_nothing() -> None:
    assert "none at all" in said("cat", limits=ExecLimits())
    assert "none at all" in said("cat", "/a", limits=ExecLimits(commands=("cat",)))
    assert said("cat", "a", limits=ExecLimits(commands=("cat",))) == ""


def test_the_order_can_only_narrow() -> None:
    assert "the order's own allowed_commands (ls)" in said("cat", own_commands=("ls",))
    assert "the order's own allowed_commands (none)" in said("cat", own_commands=())
    assert "not among the allowed commands" in said("ls", own_commands=("ls",))
    assert "the order's own allowed_paths (/srv)" in said("cat", "/var/log/a", own_paths=("/srv",))
    assert "kubeactions.exec_command.allowed_paths" in said("cat", "/etc/a", own_paths=("/etc",))
    assert said("cat", "/var/log/a", own_paths=("/var/log/",), own_commands=("cat",)) == ""


def test_the_built_in_list_is_lifted_only_where_the_operator_allows_that() -> None:
    assert "allow_remediation" in said("rm", "/var/log/a", mode="remediation")
    trusted = ExecLimits(commands=LOGS.commands, paths=LOGS.paths, remediation=True)
    assert said("rm", "/var/log/a", mode="remediation", limits=trusted) == ""
    assert said("/opt/app/repair", mode="remediation", limits=trusted) == ""
    assert "not known to change nothing" in said("rm", "/var/log/a", limits=trusted)
    assert "not under an allowed path" in said("rm", "/etc/a", mode="remediation", limits=trusted)


def test_nothing_that_runs_others_or_writes_is_known_to_change_nothing() -> None:
    assert not READ_ONLY & set(RUNS_OTHERS)


def test_the_root_of_everything_is_a_root() -> None:
    assert said("cat", "/etc/passwd", limits=ExecLimits(commands=("cat",), paths=("/",))) == ""


def test_roots_are_absolute_and_normal() -> None:
    assert operator_roots("/var//log/, /srv/./x") == ("/var/log", "/srv/x")
    for wrong in ("var/log", "/var/../etc", "/a\0b", ""):
        with pytest.raises(ValueError, match="is expected"):
            root(wrong)
