"""The JSON-lines file: whole lines, once each, whatever crashes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from kubeactions.errors import SettingsError
from kubeactions.model import Target
from kubeactions.reporters import Surroundings, open_all
from kubeactions.reporters.jsonl import JsonLinesReporter
from kubeactions.settings import Plug
from tests.unit.kubeactions.reporters.reports import report


def keys(path: Path) -> list[str]:
    return [json.loads(line)["key"] for line in path.read_bytes().splitlines()]


def test_each_report_is_one_line_that_holds_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    JsonLinesReporter(path, "test-cluster").deliver([report("a"), report("b", action=None)])
    first, second = (json.loads(line) for line in path.read_bytes().splitlines())
    assert (first["key"], first["status"], first["cluster_name"]) == ("a:v1", "succeeded", "test-cluster")
    assert first["action"]["resource"]["name"] == "cart-0"
    assert (second["key"], second["action"]) == ("b:v1", None)


def test_a_repeat_is_dropped_also_by_a_new_process_and_by_another_replica(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    one, other = JsonLinesReporter(path), JsonLinesReporter(path)
    one.deliver([report("a"), report("a")])
    other.deliver([report("a"), report("b")])
    one.deliver([report("b"), report("c")])
    JsonLinesReporter(path).deliver([report("a"), report("b"), report("c")])
    assert keys(path) == ["a:v1", "b:v1", "c:v1"]


def test_a_line_that_a_crash_tore_is_cut_off_and_written_again(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    JsonLinesReporter(path).deliver([report("a"), report("b")])
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    JsonLinesReporter(path).deliver([report("b")])
    assert path.read_bytes() == whole


def test_a_rotated_file_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    reporter = JsonLinesReporter(path)
    reporter.deliver([report("a")])
    path.rename(tmp_path / "out.1")
    reporter.deliver([report("b")])
    assert keys(path) == ["b:v1"]


def test_what_another_replica_wrote_into_the_new_file_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    reporter = JsonLinesReporter(path)
    reporter.deliver([report("a")])
    path.rename(tmp_path / "out.1")
    JsonLinesReporter(path).deliver([report("b"), report("c")])
    reporter.deliver([report("b"), report("d")])
    assert keys(path) == ["b:v1", "c:v1", "d:v1"]


def test_somebody_elses_line_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(b"not ours\n[1]\n")
    JsonLinesReporter(path).deliver([report("a")])
    assert path.read_bytes().startswith(b"not ours\n[1]\n{")


def test_a_full_disk_is_an_error_and_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.jsonl"
    reporter = JsonLinesReporter(path)
    reporter.deliver([report("a")])
    before = path.read_bytes()
    write = os.write

    def full_after_ten_bytes(descriptor: int, data: bytes) -> int:
        if len(data) <= 10:
            raise OSError(28, "No space left on device")
        return write(descriptor, bytes(data)[: max(10, len(data) - 10)])

    monkeypatch.setattr(os, "write", full_after_ten_bytes)
    with pytest.raises(OSError, match="No space left"):
        reporter.deliver([report("b")])
    assert path.read_bytes() == before
    monkeypatch.undo()
    reporter.deliver([report("b")])
    assert keys(path) == ["a:v1", "b:v1"]


@pytest.mark.parametrize(
    ("plug", "message"),
    [
        (Plug("jsonl"), "option path is missing"),
        (Plug("jsonl", {"path": "/no/such/dir/x"}), "/no/such/dir/x cannot be written"),
        (Plug("jsonl", {"file": "x"}), "unknown option 'file'"),
        (Plug("log", {"level": "x"}), "reporter log: unknown option 'level'; it has none"),
    ],
)
def test_wrong_options_are_settings_errors(plug: Plug, message: str, quiet: Surroundings) -> None:
    with pytest.raises(SettingsError, match=message):
        open_all([plug], quiet)


def test_the_same_reporter_twice_is_a_settings_error(quiet: Surroundings) -> None:
    with pytest.raises(SettingsError, match="'log' is configured twice"):
        open_all([Plug("log"), Plug("log")], quiet)


@pytest.fixture
def quiet() -> Surroundings:
    """Surroundings that nothing here talks to."""
    return Surroundings(kube=None, ledger=Target("v1", "ConfigMap", "x", "y"))  # type: ignore[arg-type]  # never used
