"""Which image, and what the engine is asked for."""

from __future__ import annotations

import pytest

from backends.base import BackendError
from backends.kind import images
from backends.kind.images import Reference

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "repository", "tag", "digest"),
    [
        ("kindest/node", "kindest/node", "", ""),
        ("kindest/node:v1.34.0", "kindest/node", "v1.34.0", ""),
        (f"kindest/node:v1.34.0@{DIGEST}", "kindest/node", "v1.34.0", DIGEST),
        ("localhost:5000/kindest/node", "localhost:5000/kindest/node", "", ""),
        (f"localhost:5000/node@{DIGEST}", "localhost:5000/node", "", DIGEST),
    ],
)
def test_a_reference_is_taken_apart(text: str, repository: str, tag: str, digest: str) -> None:
    assert Reference.parse(text) == Reference(repository, tag, digest)


def test_an_image_is_asked_for_by_its_digest_where_there_is_one() -> None:
    assert Reference.parse(f"kindest/node:v1.34.0@{DIGEST}").exact == f"kindest/node@{DIGEST}"
    assert Reference.parse("kindest/node").exact == "kindest/node:latest"


@pytest.mark.parametrize("text", ["", "  ", "kindest/node v1"])
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(BackendError, match="is no image"):
        Reference.parse(text)


def test_the_option_comes_before_the_variable_and_that_before_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(images.VARIABLE, raising=False)
    assert images.chosen(None) == images.DEFAULT_IMAGE
    monkeypatch.setenv(images.VARIABLE, "mine:1")
    assert images.chosen(None) == "mine:1"
    assert images.chosen("other:2") == "other:2"


def test_the_default_is_pinned_by_its_digest() -> None:
    found = Reference.parse(images.DEFAULT_IMAGE)
    assert found.repository == "kindest/node"
    assert len(found.digest) == len(DIGEST)


def test_a_pull_is_told_in_megabytes() -> None:
    def event(layer: str, current: int) -> dict[str, object]:
        return {"id": layer, "status": "Downloading", "progressDetail": {"current": current, "total": 100_000_000}}

    told = list(images.fetching([event("a", 1), event("b", 30_000_000), event("a", 90_000_000), {"status": "Done"}]))
    assert told == ["0 of 100 MB or more", "30 of 200 MB or more", "120 of 200 MB or more"]


def test_an_error_in_a_pull_is_raised() -> None:
    with pytest.raises(BackendError, match="toomanyrequests: slow down"):
        list(images.fetching([{"error": "toomanyrequests:\n slow down"}]))


def test_a_missing_image_says_both_ways_out() -> None:
    text = images.missing("kindest/node:v1", "no route")
    assert "`docker load` it" in text
    assert images.VARIABLE in text
    assert "no route" in text
