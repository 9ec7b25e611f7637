"""`pause`, `resume` and `approve`: what they write, what they print, and what they refuse."""

from __future__ import annotations

import pytest

from kubeactions.ledger import Asked, Requests
from tests.cli.conftest import Cli, World


def asked(world: World) -> Asked:
    return Requests(world.kube, "default").read()


@pytest.fixture
def ordered(cli: Cli, world: World) -> World:
    """One action that waits, because everything is paused."""
    world.pod("my-pod")
    assert cli("pause", "--reason", "incident 7", "--requested-by", "anna").code == 0
    assert cli("submit", "delete_pod", "my-pod", "-n", "default", "--source", world.directory, "--id", "one").code == 0
    world.work()
    return world


def test_a_pause_is_written_listed_and_taken_out(cli: Cli, ordered: World) -> None:
    (pause,) = asked(ordered).pauses
    assert (pause.reason, pause.by) == ("incident 7", "anna")
    listed = cli("pause")
    assert listed.code == 0
    assert listed.out.startswith(f"paused: incident 7 ({pause.name}, by anna, since ")
    assert "Paused" in cli("why", "one").out
    gone = cli("resume")
    assert (gone.code, gone.out.split(" (")[0]) == (0, "gone: incident 7")
    ordered.work()
    assert cli("why", "one").out.startswith("one:v1  succeeded\n")


def test_nothing_to_resume_is_said(cli: Cli, world: World) -> None:
    assert cli("pause").code == 1
    told = cli("resume")
    assert (told.code, told.line) == (1, "kubeactions resume: nothing pauses it")


def test_of_several_pauses_one_must_be_named(cli: Cli, world: World) -> None:
    cli("pause", "--reason", "first")
    cli("pause", "--reason", "second")
    told = cli("resume")
    assert told.code == 2
    assert "several pauses stand" in told.line
    first = asked(world).pauses[0]
    left = cli("resume", first.name)
    assert left.code == 0
    assert "still paused: " in left.out
    assert [one.name for one in asked(world).pauses] != [first.name]
    assert cli("resume", first.name).code == 2
    cli("pause", "--reason", "third")
    assert cli("resume", "--all").code == 0
    assert asked(world).pauses == ()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("pause", "--reason", "  "), "--reason: say why"),
        (("resume", "x", "--all"), "give a NAME or --all, not both"),
    ],
)
def test_what_makes_no_sense_is_one_line(cli: Cli, world: World, arguments: tuple[str, ...], said: str) -> None:
    told = cli(*arguments)
    assert told.code == 2
    assert said in told.line


def test_an_approval_is_bound_to_what_is_on_record(cli: Cli, ordered: World) -> None:
    told = cli("approve", "one", "--by", "ben")
    assert (told.code, told.out) == (0, "one:v1  approved by ben: delete_pod Pod default/my-pod\n")
    (approval,) = asked(ordered).approvals
    assert (approval.key, approval.by, len(approval.digest)) == ("one:v1", "ben", 64)
    assert "approved already by ben" in cli("approve", "one", "--by", "ben").out


def test_who_has_ordered_it_is_told_that_his_approval_does_not_count(cli: Cli, world: World) -> None:
    world.pod("my-pod")
    cli("pause", "--reason", "incident 7")
    cli("submit", "delete_pod", "my-pod", "-n", "default", "--source", world.directory, "--id", "one",
        "--requested-by", "Anna")  # fmt: skip
    world.work()
    told = cli("approve", "one", "--by", "anna")
    assert (told.code, told.line) == (1, "one:v1  not approved: anna has ordered it, and that does not count")
    assert asked(world).approvals == ()


def test_what_has_ended_or_is_not_there_cannot_be_approved(cli: Cli, ordered: World) -> None:
    cli("resume")
    ordered.work()
    told = cli("approve", "one")
    assert (told.code, told.line) == (1, "one:v1  nothing to approve: it is succeeded")
    told = cli("approve", "two")
    assert (told.code, told.line) == (1, "kubeactions approve: the ledger knows no action 'two'")
