"""The page, as far as it is data: what is laid side by side, what is refused, what is escaped."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.reporting.page import duration, gherkin, render
from tests.reporting.reading import MessagesError, read_run
from tests.reporting.sample.run import run_sample
from tests.reporting.view import Cell, PageView, ScenarioView, lay_out


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of the sample: `fake`, and `live` in which nothing of the second chapter was run."""
    folder = tmp_path_factory.mktemp("reports")
    messages = run_sample(folder, name="fake")
    (folder / "live.ndjson").write_text("".join(json.dumps(message) + "\n" for message in _without_second(messages)))
    return folder


@pytest.fixture(scope="module")
def page(folder: Path) -> PageView:
    return lay_out([read_run(folder / "fake.ndjson"), read_run(folder / "live.ndjson")])


def _without_second(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages without the second chapter, and without what refers to it."""
    gone: set[str] = set()
    kept = []
    for message in messages:
        [body] = message.values()
        refers = {body.get(name) for name in ("pickleId", "testCaseId", "testCaseStartedId")} & gone
        if refers or body.get("uri", "").startswith("features/second/"):
            gone.add(body.get("id", ""))
        else:
            kept.append(message)
    return kept


def _scenario(page: PageView, name: str) -> ScenarioView:
    found = [
        s for chapter in page.chapters for feature in chapter.features for s in feature.scenarios if s.name == name
    ]
    assert len(found) == 1
    return found[0]


def test_folders_are_chapters_and_files_are_features(page: PageView) -> None:
    assert [(chapter.title, chapter.count, chapter.failed) for chapter in page.chapters] == [
        ("first", 11, 5),
        ("second", 3, 0),
    ]
    assert [rule.name for rule in page.chapters[1].features[0].rules] == [
        "",
        "Pears are counted apart",
        "Tables and texts are read",
    ]


def test_the_totals_count_each_row_and_what_was_not_run(page: PageView) -> None:
    fake, live = page.runs
    assert dict(fake.totals) == {"passed": 6, "failed": 5, "skipped": 2, "expected": 1}
    assert dict(live.totals) == {"passed": 3, "failed": 5, "skipped": 2, "expected": 1, "missing": 3}


def test_a_cell_says_what_became_of_it_and_why(page: PageView) -> None:
    assert _scenario(page, "It passes").cells[0].status == "passed"
    skipped = _scenario(page, "It is skipped by a mark").cells
    assert [(cell.run, cell.status, cell.reason) for cell in skipped] == [
        ("fake", "skipped", "nobody can do this"),
        ("live", "skipped", "nobody can do this"),
    ]
    assert _scenario(page, "It is known to fail").cells[0].reason == "apples do not multiply"
    assert _scenario(page, "Both are there").cells[1] == Cell("live", "missing", reason="not run")


def test_an_outline_sums_up_its_rows(page: PageView) -> None:
    outline = _scenario(page, "<eaten> of 3 are eaten")
    assert [(cell.status, cell.count, cell.of) for cell in outline.cells] == [("failed", 1, 3)] * 2
    assert [[row.values for row in table.rows] for table in outline.examples] == [
        [("1", "2"), ("3", "0")],
        [("2", "2")],
    ]
    assert [f.failure.gist for f in outline.examples[1].rows[0].failures] == ["assert 1 == 2"] * 2
    assert not outline.examples[0].rows[0].failures


def test_steps_have_their_own_results_after_those_of_the_backgrounds(page: PageView) -> None:
    failed = _scenario(page, "A step fails")
    assert [step.results[0].status if step.results[0] else None for step in failed.steps] == [
        "passed",
        "failed",
        "skipped",
    ]
    in_rule = _scenario(page, "Both are there")
    assert [step.results[0].status if step.results[0] else None for step in in_rule.steps] == ["passed", "passed"]
    assert in_rule.steps[0].results[1] is None


def test_a_failure_is_told_with_its_step_and_what_was_printed(page: PageView) -> None:
    [fake, _] = _scenario(page, "A step fails").failures
    assert (fake.run, fake.failure.where) == ("fake", "3 apples are left")
    assert fake.failure.output == (("Captured stdout teardown", "the story of the basket\n"),)
    assert _scenario(page, "A fixture fails").failures[0].failure.where == "fixtures are set up"


def test_what_differs_is_what_two_runs_disagree_on(page: PageView) -> None:
    assert _scenario(page, "Both are there").differs
    assert not _scenario(page, "A step fails").differs


def test_what_a_feature_says_cannot_become_markup(folder: Path) -> None:
    _, text = render([read_run(folder / "fake.ndjson")], "A <title> & more")
    assert "<b>bold</b>" not in text
    assert "&lt;b&gt;" in text
    assert "<title>A &lt;title&gt; &amp; more</title>" in text


def test_the_page_needs_nothing_but_itself(folder: Path) -> None:
    _, text = render([read_run(folder / "fake.ndjson")], "T")
    assert not re.findall(r'(?:src|href)="(?!#|data:)[^"]*"|@import|url\(|https?://', text)


def test_two_texts_of_one_feature_are_not_laid_side_by_side(folder: Path) -> None:
    changed = read_run(folder / "fake.ndjson")
    changed.name = "later"
    changed.texts["features/first/outcomes.feature"] += "# changed\n"
    with pytest.raises(MessagesError, match=r"fake and later: features/first/outcomes\.feature was changed"):
        lay_out([read_run(folder / "fake.ndjson"), changed])


def test_a_run_that_was_cut_off_is_read_as_far_as_it_goes(folder: Path, tmp_path: Path) -> None:
    whole = (folder / "fake.ndjson").read_text()
    (tmp_path / "cut.ndjson").write_text(whole[: len(whole) * 2 // 3].rstrip("\n"))
    run = read_run(tmp_path / "cut.ndjson")
    assert not run.finished
    assert 0 < len(run.results) < 14
    assert "This run was cut off" in render([run], "T")[1]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", r"x\.ndjson: not Cucumber messages: nothing says"),
        ("hello\nworld\n", r"x\.ndjson:1: not JSON"),
        ("[]\n", r"x\.ndjson:1: not a JSON object"),
        ('{"testCaseFinished": {"testCaseStartedId": "7"}}\n', r"x\.ndjson:1: not by the schema of Cucumber messages"),
    ],
)
def test_what_are_no_messages_is_refused_in_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "x.ndjson").write_text(text)
    with pytest.raises(MessagesError, match=complaint):
        read_run(tmp_path / "x.ndjson")


def test_the_command_writes_a_page_and_says_what_is_on_it(folder: Path, tmp_path: Path) -> None:
    done = _command(str(folder / "fake.ndjson"), "-o", str(tmp_path / "deep" / "page.html"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "fake: 1 expected, 5 failed, 6 passed, 2 skipped",
        str(tmp_path / "deep" / "page.html"),
    ]
    assert "Scenarios by backend" in (tmp_path / "deep" / "page.html").read_text()


def test_the_command_names_the_mistake(folder: Path, tmp_path: Path) -> None:
    same = tmp_path / "fake.ndjson"
    same.write_text("")
    for arguments, complaint in (
        (["missing.ndjson"], "report: missing.ndjson: No such file or directory"),
        ([str(tmp_path.parent)], f"report: {tmp_path.parent}: no *.ndjson in it"),
        ([str(same), str(folder / "fake.ndjson")], "report: two files are called fake.ndjson"),
    ):
        done = _command(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(complaint)
        assert len(done.stderr.splitlines()) == 1


def _command(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.reporting", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "<1 ms"), (0.0124, "12 ms"), (1.94, "1.9 s"), (59.96, "1 min 0 s"), (125.0, "2 min 5 s")],
)
def test_durations_are_told_as_a_person_does(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_quoted_words_and_parameters_are_marked() -> None:
    assert gherkin('the "a & b" of <x>') == "the <q>&#34;a &amp; b&#34;</q> of <var>&lt;x&gt;</var>"
