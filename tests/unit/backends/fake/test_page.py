"""The page for users, `backends/docs/fake.md`, is true: every Python block runs, every table is what the code says.

A block is a file of a test suite: its functions called `test_...` are run with the fixtures that they ask for, under
their marks; a fixture in it is looked at, and what is left runs as it stands.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.handbook import fake_page

PAGE = Path(__file__).resolve().parents[4] / "backends" / "docs" / "fake.md"
SLOW = ("import kopf", "import kr8s", "kubernetes.aio", "import lightkube", '"kubectl"')
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
def test_a_block_runs(block: str, line: int, request: pytest.FixtureRequest) -> None:
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


def test_its_tables_are_what_the_code_and_the_recordings_say() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == fake_page.fresh(text), "run scripts/docs"


def test_every_client_of_the_issue_has_a_block() -> None:
    text = PAGE.read_text(encoding="utf-8")
    headings = re.findall(r"^### (.*)$", text, re.MULTILINE)
    for client in ("official client", "dynamic", "asyncio", "lightkube", "kr8s", "kopf", "kubectl"):
        assert any(client in heading for heading in headings), client
