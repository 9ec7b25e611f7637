"""The shipped schema file is what its sources make."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from backends.fake.schema.derive.compact import compact, definitions
from backends.fake.schema.derive.gobinary import GoBinary
from backends.fake.schema.types import FILE

KUBECTL = Path(shutil.which("kubectl", path=str(Path(sys.executable).parent)) or "")


@pytest.mark.kubectl
def test_regenerating_gives_the_same_bytes() -> None:
    assert compact(definitions(), KUBECTL) == FILE.read_text()


def test_a_file_that_is_no_go_program_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("no program")

    with pytest.raises(ValueError, match="no 64-bit little-endian ELF file"):
        GoBinary(text)
