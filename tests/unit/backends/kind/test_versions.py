"""Reading a node image's Kubernetes version."""

from __future__ import annotations

import pytest

from backends.base import BackendError
from backends.kind.versions import Version


@pytest.mark.parametrize(
    ("text", "version"), [("v1.34.2\n", (1, 34)), ("1.9.0", (1, 9)), ("v1.36.0-alpha.1+abc", (1, 36))]
)
def test_a_version_is_read(text: str, version: tuple[int, int]) -> None:
    assert Version.parse(text) == version


def test_versions_are_compared_as_numbers() -> None:
    assert Version.parse("v1.9.0") < Version.parse("v1.10.0")


@pytest.mark.parametrize("text", ["", "latest", "v1", "v1.x", "v1.34rc"])
def test_what_is_none_is_refused_with_its_text(text: str) -> None:
    with pytest.raises(BackendError, match="Kubernetes version is"):
        Version.parse(text)
