"""The page for users, `backends/docs/fake.md`, is true: every Python block runs, every table is what the code says.

A block is a file of a test suite: its functions called `test_...` are run with the fixtures that they ask for, under
their marks; a fixture in it is looked at, and what is left runs as it stands.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.handbook import fake_page

PAGE = Path(__file__).resolve().parents[4] / "backends" / "docs" / "fake.md"
APART = ("import kopf", "import kr8s", "kubernetes.stream")
"""What has a block run in a process of its own: libraries that leave sockets to the garbage collector."""
SLOW = (*APART, "kubernetes.aio", "import lightkube", '"kubectl"')
"""What makes a block slow: a library that takes long to import, or a process."""
FIXTURES = {"kubernetes_cluster", "tmp_path", "monkeypatch", "kubernetes_cluster_factory"}


def _blocks() -> list[Any]:
    """Each block with the heading that it stands under."""
    found = []
    text = PAGE.read_text(encoding="utf-8")
    for match in re.finditer(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        heading = re.findall(r"^#+ (.*)$", text[: match.start()], re.MULTILINE)[-1]
        line = text[: match.start()].count("\n") + 2
        marks = [pytest.mark.slow] if any(word in match[1] for word in SLOW) else []
        found.append(pytest.param(match[1], line, id=f"{heading.lower().replace(' ', '-')}-{line}", marks=marks))
    return found


@pytest.mark.parametrize(("block", "line"), _blocks())
def test_a_block_runs(block: str, line: int, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    if any(word in block for word in APART):
        _run_apart(block, tmp_path)
        return
    code = compile("\n" * (line - 1) + block, str(PAGE), "exec")
    names: dict[str, Any] = {"__name__": "fake_page"}
    exec(code, names)
    tests = [one for name, one in names.items() if name.startswith("test_")]
    for test in tests:
        for mark in getattr(test, "pytestmark", ()):
            request.node.add_marker(getattr(pytest.mark, mark.name)(*mark.args, **mark.kwargs))
        wanted = test.__code__.co_varnames[: test.__code__.co_argcount]
        assert set(wanted) <= FIXTURES
        test(**{name: request.getfixturevalue(name) for name in wanted})


def _run_apart(block: str, folder: Path) -> None:
    """Run a block as its reader would: as a file of tests."""
    (folder / "test_block.py").write_text(block, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_block.py"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_its_tables_are_what_the_code_and_the_recordings_say() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == fake_page.fresh(text), "run scripts/docs"


def test_every_client_of_the_issue_has_a_block() -> None:
    text = PAGE.read_text(encoding="utf-8")
    headings = re.findall(r"^### (.*)$", text, re.MULTILINE)
    for client in ("official client", "dynamic", "asyncio", "lightkube", "kr8s", "kopf", "kubectl"):
        assert any(client in heading for heading in headings), client
