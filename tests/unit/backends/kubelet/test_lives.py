"""How pods live, as data: the first entry that fits, and one line for what cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backends.kubelet import LifeError, Timing
from backends.kubelet.lives import load, read

POD: dict[str, Any] = {
    "metadata": {"name": "web-1", "namespace": "shop", "labels": {"app": "web", "tier": "front"}},
    "spec": {"nodeName": "node-1", "containers": [{"name": "c", "image": "example.com/web:1"}, {"image": "sidecar:2"}]},
}


@pytest.mark.parametrize(
    ("match", "fits"),
    [
        ({}, True),
        ({"labels": {"app": "web"}}, True),
        ({"labels": {"app": "w*", "tier": "front"}}, True),
        ({"labels": {"app": "web", "zone": "*"}}, False),
        ({"image": "sidecar:*"}, True),
        ({"image": "*/db:*"}, False),
        ({"name": "web-?", "namespace": "shop", "node": "node-1"}, True),
        ({"name": "web-?", "namespace": "bank"}, False),
    ],
)
def test_all_that_an_entry_names_must_fit(match: dict[str, Any], fits: bool) -> None:
    lives = read([{"match": match, "ready-after-s": 7}, {"ready-after-s": "never"}])
    assert lives.of(POD, Timing(exit_code=3)) == Timing(exit_code=3, ready_after_s=7.0 if fits else None)


def test_a_file_is_read_as_yaml(tmp_path: Path) -> None:
    path = tmp_path / "pods.yaml"
    path.write_text("- match: {image: 'broken*'}\n  stuck-reason: ErrImagePull\n  stuck-for-s: 120\n")
    (life,) = load(path).entries
    assert Timing().with_values(life.values) == Timing(stuck_reason="ErrImagePull", stuck_for_s=120.0)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{}", "how pods live is a list of entries, each with `match` and times"),
        ("- 1", "entry 1: not a mapping"),
        ("- {}\n- match: {labels: x}", "entry 2: match: labels: not a mapping"),
        ("- match: {kind: Pod}", "entry 1: match: kind is unknown; known are image, labels, name, namespace, node"),
        ("- {ready-after: 3}", "entry 1: ready-after: unknown; known are start-after-s, ready-after-s, "),
        ("- {ready-after-s: soon}", "entry 1: ready-after-s: 'soon' is not a number of seconds >= 0 or 'never'"),
        ("- {exit-code: 256}", "entry 1: exit-code: '256' is not a code from 0 to 255"),
        ("- {exit-times: -1}", "entry 1: exit-times: '-1' is not a whole number >= 0"),
        ("- {stuck-reason: no}", "entry 1: stuck-reason: neither text nor a number"),
        ("- {stuck-reason: bad reason}", "entry 1: stuck-reason: 'bad reason' is not a reason in CamelCase"),
        ("- {", "is no YAML: expected the node content, but found '<stream end>' (line 1, column 4)"),
        ("- \udcff", "is no YAML: not UTF-8 at byte 2"),
    ],
)
def test_a_mistake_is_one_line_with_its_file_and_entry(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "pods.yaml"
    path.write_text(text, errors="surrogateescape")
    with pytest.raises(LifeError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: {problem}")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LifeError, match=r"none\.yaml: cannot be read: no such file or directory"):
        load(tmp_path / "none.yaml")
