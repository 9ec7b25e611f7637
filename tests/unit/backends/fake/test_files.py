"""A file is replaced whole or not at all."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.fake.files import check_replaceable, replace_file


def test_the_file_holds_what_was_written_with_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "f"
    replace_file(path, [b"a", b"b"], mode=0o600)
    assert path.read_bytes() == b"ab"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_fails_in_the_middle_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"old")

    def breaks() -> Iterator[bytes]:
        yield b"new"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_file(path, breaks())
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["f"]


def test_a_symbolic_link_goes_on_pointing(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    replace_file(link, [b"new"])
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_what_is_no_regular_file_is_written_straight_to() -> None:
    replace_file(Path("/dev/null"), [b"x"])
    check_replaceable(Path("/dev/null"))
    assert not Path("/dev/null").is_file()


def test_the_check_leaves_nothing_behind(tmp_path: Path) -> None:
    check_replaceable(tmp_path / "f")
    assert os.listdir(tmp_path) == []


def test_a_folder_or_a_missing_folder_cannot_be_replaced(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        check_replaceable(tmp_path)
    with pytest.raises(FileNotFoundError):
        check_replaceable(tmp_path / "none" / "f")
