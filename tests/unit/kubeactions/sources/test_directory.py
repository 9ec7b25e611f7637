"""The directory source: what is a config, what is left alone, and what happens while a file is being written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kubeactions.errors import SettingsError, SourceError
from kubeactions.model import AckState, Pull
from kubeactions.settings import Limits, Plug
from kubeactions.sources import directory, open_all
from kubeactions.sources.directory import DirectorySource, file_name, read_config

GOOD = b'{"actions": []}'


def put(folder: Path, name: str, content: bytes = GOOD) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def found(pull: Pull) -> list[tuple[str, int]]:
    return [(config.id, config.version) for config in pull.configs]


def problems(pull: Pull) -> dict[str, str]:
    return {problem.item: problem.text for problem in pull.problems}


def test_each_file_is_a_config_named_by_its_id_and_version(tmp_path: Path) -> None:
    put(tmp_path, "b@1.json")
    put(tmp_path, "a@10.json", b'{"actions": [1]}')
    put(tmp_path, "a@9.json")
    put(tmp_path, "team@eu@2.json")
    pull = DirectorySource(tmp_path).pull()
    assert found(pull) == [("a", 9), ("a", 10), ("b", 1), ("team@eu", 2)]
    assert pull.configs[1].payload == b'{"actions": [1]}'
    assert pull.configs[0].source == f"directory:{tmp_path}"
    assert pull.problems == ()


def test_yaml_becomes_the_same_payload(tmp_path: Path) -> None:
    put(tmp_path, "a@1.yaml", b"actions:\n- {delete_pod: {}, timestamp: 2026-08-20T10:15:00Z}\n")
    put(tmp_path, "b@1.yml", b"actions: []\n")
    pull = DirectorySource(tmp_path).pull()
    assert [config.payload for config in pull.configs] == [
        b'{"actions": [{"delete_pod": {}, "timestamp": "2026-08-20T10:15:00Z"}]}',
        b'{"actions": []}',
    ]


def test_hidden_temporary_and_partial_files_are_not_there(tmp_path: Path) -> None:
    for name in (
        ".a@1.json",
        "a@1.json~",
        "a@1.json.tmp",
        ".a@1.json.swp",
        "a@1.json.part",
        "#a@1.json#",
        "a@1.json.bak",
    ):
        put(tmp_path, name)
    (tmp_path / "lost+found").mkdir()
    assert DirectorySource(tmp_path).pull() == Pull(())


def test_what_is_no_config_is_a_problem_and_does_not_hide_the_others(tmp_path: Path) -> None:
    put(tmp_path, "good@1.json")
    put(tmp_path, "no-version.json")
    put(tmp_path, "a@01.json")
    put(tmp_path, "a@1.toml")
    put(tmp_path, os.fsdecode(b"\xff@1.json"))
    (tmp_path / "folder@1.json").mkdir()
    os.mkfifo(tmp_path / "pipe@1.json")
    (tmp_path / "dangling@1.json").symlink_to(tmp_path / "nowhere")
    pull = DirectorySource(tmp_path).pull()
    assert found(pull) == [("good", 1)]
    assert problems(pull).keys() == {
        "no-version.json", "a@01.json", "a@1.toml", "\\udcff@1.json", "folder@1.json", "pipe@1.json",
    }  # fmt: skip
    assert problems(pull)["pipe@1.json"].startswith("no regular file")


def test_an_empty_id_and_version_zero_are_delivered_so_that_they_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "@1.json")
    put(tmp_path, "a@0.json")
    assert found(DirectorySource(tmp_path).pull()) == [("", 1), ("a", 0)]


def test_a_half_written_file_waits_for_the_rest(tmp_path: Path) -> None:
    source = DirectorySource(tmp_path)
    put(tmp_path, "a@1.json", b'{"act')
    first = source.pull()
    assert found(first) == []
    assert problems(first)["a@1.json"].startswith("not JSON: ")
    put(tmp_path, "a@1.json", b'{"actions')
    assert found(source.pull()) == []
    put(tmp_path, "a@1.json")
    assert source.pull().configs[0].payload == GOOD
    assert source.pull().problems == ()


def test_broken_content_that_stays_is_delivered_as_it_is(tmp_path: Path) -> None:
    source = DirectorySource(tmp_path)
    put(tmp_path, "a@1.json", b"{broken")
    source.pull()
    for _ in range(2):
        pull = source.pull()
        assert pull.configs[0].payload == b"{broken"
        assert problems(pull)["a@1.json"].startswith("not JSON")


@pytest.mark.parametrize("content", [b"", b"\xff", b"[" * 100_000, b"{broken"])
def test_the_last_good_content_stays_in_force_until_the_broken_one_has_stayed(tmp_path: Path, content: bytes) -> None:
    source = DirectorySource(tmp_path)
    put(tmp_path, "a@1.json")
    source.pull()
    put(tmp_path, "a@1.json", content)
    pull = source.pull()
    assert pull.configs[0].payload == GOOD
    assert "a@1.json" in problems(pull)
    assert source.pull().configs[0].payload == content


def test_broken_yaml_names_its_line(tmp_path: Path) -> None:
    put(tmp_path, "a@1.yaml", b"actions:\n- {a: [}\n")
    assert "line 2" in problems(DirectorySource(tmp_path).pull())["a@1.yaml"]


def test_a_file_that_rests_is_not_read_again_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, "a@1.json", b"[1]")
    source = DirectorySource(tmp_path)
    reads: list[str] = []
    read_file = directory._read_file

    def counted(base: Path, name: str) -> bytes:
        reads.append(name)
        return read_file(base, name)

    monkeypatch.setattr(directory, "_read_file", counted)
    pulls = [source.pull() for _ in range(4)]
    assert len(reads) == 2
    assert len(set(pulls)) == 1
    path.write_bytes(b"[2]")
    assert source.pull().configs[0].payload == b"[2]"


def test_an_oversized_payload_is_handed_on_unparsed(tmp_path: Path) -> None:
    put(tmp_path, "a@1.yaml", b"x" * 3000)
    pull = DirectorySource(tmp_path, parse_bytes=2000).pull()
    assert (len(pull.configs[0].payload), pull.problems) == (3000, ())


def test_a_removed_file_is_gone_with_all_that_was_remembered(tmp_path: Path) -> None:
    source = DirectorySource(tmp_path)
    path = put(tmp_path, "a@1.json")
    (config,) = source.pull().configs
    source.ack(config, AckState.ACKNOWLEDGED, "")
    assert source.acks == {("a", 1): (AckState.ACKNOWLEDGED, "")}
    path.unlink()
    assert source.pull() == Pull(())
    assert source.acks == {}
    put(tmp_path, "a@1.json", b"{broken")
    assert found(source.pull()) == []


def test_of_two_files_for_one_config_the_second_is_a_problem(tmp_path: Path) -> None:
    put(tmp_path, "a@1.json")
    put(tmp_path, "a@1.yaml", b"actions: [1]")
    pull = DirectorySource(tmp_path).pull()
    assert [config.payload for config in pull.configs] == [GOOD]
    assert problems(pull)["a@1.yaml"].startswith("there is another file for a@1")


def test_an_unreadable_file_keeps_its_last_good_content(tmp_path: Path) -> None:
    source = DirectorySource(tmp_path)
    path = put(tmp_path, "a@1.json")
    source.pull()
    path.unlink()
    path.mkdir()
    pull = source.pull()
    assert pull.configs[0].payload == GOOD
    assert "a@1.json" in problems(pull)


# --- a mounted ConfigMap ---


def generation(mount: Path, number: int, content: bytes) -> None:
    """Swap in a new generation as kubelet's atomic writer does."""
    new = mount / f"..2026_08_20_{number}"
    new.mkdir()
    for name in ("a@1.json", "b@1.json"):
        put(new, name, content)
        if not (mount / name).is_symlink():
            (mount / name).symlink_to(f"..data/{name}")
    (mount / "..data_tmp").symlink_to(new.name)
    (mount / "..data_tmp").rename(mount / "..data")


def test_a_mounted_configmap_is_read_through_its_data_link(tmp_path: Path) -> None:
    source = DirectorySource(tmp_path)
    generation(tmp_path, 1, b"[1]")
    assert [config.payload for config in source.pull().configs] == [b"[1]", b"[1]"]
    generation(tmp_path, 2, b"[2]")
    pull = source.pull()
    assert [config.payload for config in pull.configs] == [b"[2]", b"[2]"]
    assert pull.problems == ()


def test_a_swap_in_the_middle_of_a_pull_never_mixes_generations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generation(tmp_path, 1, b"[1]")
    source = DirectorySource(tmp_path)
    listdir, swaps = os.listdir, iter([2, 3])

    def swapped_while_listing(path: Path) -> list[str]:
        names = listdir(path)
        if number := next(swaps, 0):
            generation(tmp_path, number, b"[%d]" % number)
        return names

    monkeypatch.setattr(os, "listdir", swapped_while_listing)
    assert [config.payload for config in source.pull().configs] == [b"[3]", b"[3]"]


def test_a_mount_that_never_holds_still_is_a_source_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = DirectorySource(tmp_path)
    numbers = iter(range(100))
    monkeypatch.setattr(source, "_generation", lambda: tmp_path if next(numbers) % 2 else tmp_path.parent)
    with pytest.raises(SourceError, match="replaced 3 times"):
        source.pull()


# --- opening ---


def test_a_missing_directory_is_one_line_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"none: no such source directory; create it with: mkdir -p .*none$"):
        open_all([Plug("directory", {"path": str(tmp_path / "none")})], Limits())
    with pytest.raises(SourceError, match="cannot read the source directory: Not a directory"):
        open_all([Plug("directory", {"path": str(put(tmp_path, "file"))})], Limits())


def test_a_directory_that_goes_away_is_a_source_error_at_each_pull(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    source = DirectorySource(tmp_path / "d")
    source.pull()
    (tmp_path / "d").rmdir()
    with pytest.raises(SourceError, match="No such file"):
        source.pull()


@pytest.mark.parametrize(
    ("options", "message"),
    [({}, "option path is missing"), ({"path": 5}, "option path is missing"), ({"pth": "/x"}, "did you mean path")],
)
def test_wrong_options_are_settings_errors(options: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        open_all([Plug("directory", options)], Limits())


def test_a_key_of_a_configmap_names_a_config_too(tmp_path: Path) -> None:
    put(tmp_path, "restart-cart.v2.json")
    put(tmp_path, "a.v1@3.json")
    put(tmp_path, "b@1.v2.yaml", b"actions: []")
    assert found(DirectorySource(tmp_path).pull()) == [("a.v1", 3), ("b@1", 2), ("restart-cart", 2)]


def test_broken_yaml_that_stays_is_delivered_with_what_is_wrong(tmp_path: Path) -> None:
    source = DirectorySource(tmp_path)
    put(tmp_path, "a@1.yaml", b"actions: [")
    put(tmp_path, "b@1.json", b"{")
    put(tmp_path, "c@1.yaml", b"\xef\xbb\xbfactions: []")
    source.pull()
    pull = source.pull()
    assert {config.id: config.problem.partition(":")[0] for config in pull.configs} == {
        "a": "broken YAML",
        "b": "",
        "c": "it begins with a byte order mark",
    }


@pytest.mark.parametrize("id_", ["", "a/b", ".hidden", "x" * 300, "nul\0"])
def test_an_id_that_cannot_be_a_files_name_is_refused(id_: str) -> None:
    with pytest.raises(ValueError, match="cannot be in a file's name"):
        file_name(id_, 1)


def test_a_single_file_is_read_for_validation(tmp_path: Path) -> None:
    named = read_config(put(tmp_path, "a@7.json"), parse_bytes=1000)
    assert (named.id, named.version, named.payload) == ("a", 7, GOOD)
    unnamed = read_config(put(tmp_path, "draft.json", b"{broken"), parse_bytes=1000)
    assert (unnamed.id, unnamed.version, unnamed.payload) == ("draft", 1, b"{broken")
    with pytest.raises(SourceError, match="broken YAML"):
        read_config(put(tmp_path, "x.yaml", b"["), parse_bytes=1000)
    with pytest.raises(SourceError, match="cannot read: No such file"):
        read_config(tmp_path / "none.json", parse_bytes=1000)


# --- between two pulls ---


def test_a_source_stirs_when_a_name_comes_goes_or_moves_and_once_more_after_that(tmp_path: Path) -> None:
    source = DirectorySource(tmp_path)
    source.pull()
    assert source.stirs()  # What came within the same tick of the kernel's clock would not show.
    source.pull()
    assert not source.stirs()
    put(tmp_path, "a@1.json")
    assert source.stirs()
    assert found(source.glance()) == [("a", 1)]
    assert source.stirs()
    source.glance()
    assert not source.stirs()


def test_a_swap_of_a_mounted_configmap_stirs_and_a_glance_takes_it_whole(tmp_path: Path) -> None:
    generation(tmp_path, 1, GOOD)
    source = DirectorySource(tmp_path)
    source.pull()
    source.pull()
    assert not source.stirs()
    generation(tmp_path, 2, b"[2]")
    put(tmp_path / "..data", "c@1.yaml", b"[2]")
    assert source.stirs()
    assert [config.payload for config in source.glance().configs] == [b"[2]", b"[2]", b"[2]"]


@pytest.mark.parametrize(
    ("name", "part", "whole"),
    [("a@1.json", b'{"actions": [', GOOD), ("a@1.yaml", b"actions: []\n", b"actions: []\nid: x\n")],
)
def test_a_glance_leaves_what_may_be_half_written_to_the_next_pull(
    tmp_path: Path, name: str, part: bytes, whole: bytes
) -> None:
    source = DirectorySource(tmp_path)
    source.pull()
    put(tmp_path, name, part)
    assert source.glance() == source.glance() == Pull(())
    put(tmp_path, name, whole)
    assert found(source.pull()) == [("a", 1)]


def test_glances_do_not_make_broken_content_one_that_has_stayed(tmp_path: Path) -> None:
    source = DirectorySource(tmp_path)
    put(tmp_path, "a@1.json", b"{")
    source.glance()
    source.pull()
    source.glance()
    assert found(source.glance()) == []
    assert found(source.pull()) == [("a", 1)]


def test_what_a_glance_has_taken_is_still_read_twice_by_pulls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = DirectorySource(tmp_path)
    put(tmp_path, "a@1.json")
    source.glance()
    reads: list[str] = []
    read_file = directory._read_file

    def counted(base: Path, name: str) -> bytes:
        reads.append(name)
        return read_file(base, name)

    monkeypatch.setattr(directory, "_read_file", counted)
    for _ in range(3):
        source.pull()
    assert len(reads) == 2
