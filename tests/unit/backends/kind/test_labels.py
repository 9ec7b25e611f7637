"""Whose node it is, and whether anybody will come back for it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from backends.kind.labels import KIND, Labels, Owner


def labels(owner: Owner, *, keep: bool = False) -> Labels:
    return Labels("c", "session", keep, owner, "kindest/node:v1.34.0")


def ended() -> Owner:
    """A process of this machine that was and is no more."""
    me = Owner.me()
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return replace(me, pid=process.pid, started="1")


def test_labels_come_back_as_they_were_written() -> None:
    written = labels(Owner.me(), keep=True)
    assert Labels.read(written.as_dict()) == written
    assert written.as_dict().items() >= KIND.items()


def test_labels_of_somebody_else_are_no_leftover() -> None:
    assert not Labels.read({}).leftover(ready=False)


@pytest.mark.parametrize("text", ["", "a b c", "a b c d e", "machine boot pid 1"])
def test_an_owner_that_cannot_be_read_is_not_gone(text: str) -> None:
    assert not Owner.parse(text).gone()


def test_a_process_that_lives_is_not_gone() -> None:
    assert not Owner.me().gone()
    assert not Owner.parse(str(Owner.me())).gone()


def test_a_process_that_ended_is_gone() -> None:
    assert ended().gone()


def test_a_process_number_that_was_used_again_is_not_taken_for_the_owner() -> None:
    assert replace(Owner.me(), started="1").gone()


def test_a_process_of_an_earlier_boot_is_gone() -> None:
    assert replace(Owner.me(), boot="another").gone()


def test_another_machine_is_not_judged_from_here() -> None:
    assert not replace(ended(), machine="another").gone()


def test_a_node_is_left_over_when_its_owner_is_gone_and_nobody_keeps_it() -> None:
    gone, here = ended(), Owner.me()
    assert labels(gone).leftover(ready=True)
    assert labels(gone, keep=True).leftover(ready=False)
    assert not labels(gone, keep=True).leftover(ready=True)
    assert not labels(here).leftover(ready=False)
