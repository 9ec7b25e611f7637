"""The page about real API servers: its files are there, and continuous integration runs its commands."""

from __future__ import annotations

import re
from pathlib import Path

from tests.plugin import backend_class

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "backends" / "docs" / "real.md").read_text()
CI = (ROOT / ".ci" / "run").read_text().replace("\\\n", " ")


def test_every_file_that_it_names_is_there() -> None:
    named = re.findall(r"`((?:tests|backends|scripts|kubeactions|\.ci)/[\w./-]+)`", PAGE)
    assert len(named) > 3
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_its_commands_are_those_of_continuous_integration() -> None:
    [block] = re.findall(r"^```text\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    tiers = [set(line.split()) for line in CI.splitlines() if "pytest" in line or line.startswith(("scripts/", "tier"))]
    for line in block.splitlines():
        assert any(set(line.split()) <= words for words in tiers), f"{line}: not in .ci/run"


def test_its_table_has_every_backend_of_ours() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert sorted(rows) == ["envtest", "fake", "kind", "live"]
    assert {backend_class(name).name for name in rows} == set(rows)
