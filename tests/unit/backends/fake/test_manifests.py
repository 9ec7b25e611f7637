"""Manifests are read as kubectl reads them, and every mistake is one line that says where it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backends.fake.manifests import ManifestError, read, save

POD = '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}'


def written(folder: Path, text: str | bytes, name: str = "m.yaml") -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def names(*paths: Path) -> list[str]:
    return [manifest.object["metadata"]["name"] for manifest in read(paths).objects]


def test_documents_are_read_in_order_and_empty_ones_are_no_documents(tmp_path: Path) -> None:
    path = written(tmp_path, "---\n" + "\n---\n".join([POD, "", POD.replace('"p"', '"q"'), "# nothing"]))
    assert names(path) == ["p", "q"]


def test_a_list_is_its_items_wherever_it_is(tmp_path: Path) -> None:
    items = [json.loads(POD), {"kind": "List", "items": [json.loads(POD.replace('"p"', '"q"'))]}]
    path = written(tmp_path, json.dumps({"apiVersion": "v1", "kind": "List", "items": items}), "m.json")
    assert names(path) == ["p", "q"]
    assert read([path]).objects[1].where == f"{path}: item 2: item 1"


def test_json_is_read_by_its_name_or_its_first_character(tmp_path: Path) -> None:
    assert names(written(tmp_path, POD, "m.json"), written(tmp_path, f"\n {POD}", "m")) == ["p", "p"]


def test_a_folder_is_its_manifests_by_name(tmp_path: Path) -> None:
    written(tmp_path, POD.replace('"p"', '"b"'), "b.yml")
    written(tmp_path, POD.replace('"p"', '"a"'), "a.json")
    written(tmp_path, "no manifest", "README")
    written(tmp_path, "no manifest", ".hidden.yaml")
    assert names(tmp_path) == ["a", "b"]


def test_times_stay_text(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "apiVersion: v1\nkind: X\nmetadata: {name: a}\nat: 2026-01-01T00:00:00Z\nday: 2026-01-01\non_: yes\n",
    )
    found = read([path]).objects[0].object
    assert (found["at"], found["day"], found["on_"]) == ("2026-01-01T00:00:00Z", "2026-01-01", True)


BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(ord('b') + n)}: &{chr(ord('b') + n)} [{', '.join(['*' + chr(ord('a') + n)] * 10)}]\n" for n in range(9)
)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("kind: Pod\nmetadata: {name: p}", "document 1: apiVersion is missing"),
        ("apiVersion: v1\nmetadata: {name: p}", "document 1: kind is missing"),
        ("apiVersion: v1\nkind: Pod", "document 1: metadata is missing"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {}", "document 1: metadata.name is missing"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {name: 5}", "document 1: metadata.name is missing"),
        (f"{POD}\n---\n- 1", "not JSON"),
        (f"---\n{POD}\n---\n- 1", "document 2: not an object but a list"),
        ("--- x", "document 1: not an object but a string"),
        ("a: {", "document 1: not YAML: "),
        (f"---\n{POD}\n---\na: b: c", "document 2: not YAML: mapping values are not allowed in this context (line 4"),
        ("a: 1\na: 2", "document 1: not YAML: the key 'a' appears twice (line 2, column 1)"),
        ("1: x", "document 1: the key 1 is no string: quote it"),
        ("x: .nan", "document 1: JSON has no value like nan"),
        ("x: !!binary aGk=", "document 1: JSON has no value like b'hi'"),
        ("x: !!python/object:os.system {}", "could not determine a constructor for the tag"),
        ("x: " + "[" * 300 + "]" * 300, "nested too deeply: more than 200 levels"),
        ("x: " + "[" * 10_000, "nested too deeply"),
        ("- " * 10_000, "nested too deeply"),
        ("x: &x [*x]", "document 1: "),
        (BOMB, "document 1: too big: more than 10,000,000 values"),
        (b"\xff\xfe\x00", "not "),
        ("{", "not JSON: "),
        ('{"kind": "List", "items": [{}]}', "item 1: apiVersion is missing"),
    ],
)
def test_a_mistake_is_one_line_with_its_place(tmp_path: Path, text: str | bytes, problem: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ManifestError) as caught:
        read([path])
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert problem in message
    assert "\n" not in message


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"none\.yaml: cannot be read: no such file or directory"):
        read([tmp_path / "none.yaml"])
    with pytest.raises(ManifestError, match="no manifests in this folder"):
        read([tmp_path])


OBJECTS: list[dict[str, Any]] = [
    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "resourceVersion": "7", "uid": "u1"},
     "data": {"time": "2026-01-01T00:00:00Z", "yes": "yes", "text": "a\nb: ü\n", "number": "1"}},
    {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "resourceVersion": "12", "uid": "u2"}},
]  # fmt: skip


@pytest.mark.parametrize("name", ["saved.yaml", "saved.json", "saved"])
def test_what_is_saved_is_read_back_with_its_revision(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    save(path, OBJECTS)
    found = read([path])
    assert [manifest.object for manifest in found.objects] == OBJECTS
    assert found.revision == 12
    save(path, [])
    assert read([path]).objects == ()


def test_a_saved_cluster_is_read_alone(tmp_path: Path) -> None:
    save(tmp_path / "saved.json", OBJECTS)
    with pytest.raises(ManifestError, match="a saved cluster is opened alone"):
        read([tmp_path / "saved.json", written(tmp_path, POD)])
