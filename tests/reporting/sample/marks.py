"""What the tags of the sample mean. Loaded with `-p`, since a conftest would speak for the whole project's tags."""

from __future__ import annotations

from collections.abc import Callable

import pytest

MARKS: dict[str, pytest.MarkDecorator | None] = {
    "sample": None,
    "never": pytest.mark.skip(reason="nobody can do this"),
    "known": pytest.mark.xfail(reason="apples do not multiply"),
    "broken-fixture": pytest.mark.broken_fixture,
    "broken-end": pytest.mark.broken_end,
}


def pytest_configure(config: pytest.Config) -> None:
    for name in ("broken_fixture", "broken_end"):
        config.addinivalue_line("markers", f"{name}: see suite.py")


@pytest.hookimpl(tryfirst=True)
def pytest_bdd_apply_tag(tag: str, function: Callable[..., object]) -> bool:
    mark = MARKS[tag]
    if mark is not None:
        mark(function)
    return True
