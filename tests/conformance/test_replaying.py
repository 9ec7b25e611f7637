"""The replay itself: a difference is seen, a listed one that is gone is an error, names stand for what changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conformance import known as known_differences
from tests.conformance import pointers
from tests.conformance.case import Case, load_cases, load_recording, load_yaml
from tests.conformance.comparison import compare, differences
from tests.conformance.known import UNREVIEWED, KnownDifference
from tests.conformance.normaliser import Normaliser
from tests.conformance.player import CaseError, Player
from tests.conformance.replay import main, replay, report, tally, unexpected
from tests.conformance.wire import EventLines, InProcessWire, request_headers

CONFIGMAP = next(case for case in load_cases() if case.id == "crud/configmap")


def altered(step: int, **change: Any) -> Case:
    """The ConfigMap case with one step sending something else."""
    steps = [dict(each) for each in CONFIGMAP.steps]
    steps[step - 1].update(change)
    return replace(CONFIGMAP, steps=steps)


def test_a_step_that_answers_otherwise_is_found() -> None:
    result = replay(InProcessWire.fresh(), altered(5, set={"/data/k": "other"}))
    assert result.failing[0] == 5
    assert any(each.path == "/body/data/k" and each.got == "other" for each in result.found)
    assert unexpected(result, {})[0].startswith("step 5 (PUT ${cm}/a) /body/data/k")


def test_a_listed_step_that_passes_is_an_error() -> None:
    result = replay(InProcessWire.fresh(), CONFIGMAP)
    assert result.failing == []
    listed = {CONFIGMAP.id: [KnownDifference("t", "r", (3, "order"))]}
    assert unexpected(result, listed) == ["steps [3, 'order'] pass: remove them from known-differences.yaml"]


def test_a_listed_step_that_differs_is_no_error() -> None:
    result = replay(InProcessWire.fresh(), altered(5, set={"/data/k": "other"}))
    listed = {CONFIGMAP.id: [KnownDifference("t", "r", tuple(result.failing))]}
    assert unexpected(result, listed) == []


def test_a_case_that_cannot_be_played_proves_no_step() -> None:
    result = replay(InProcessWire.fresh(), altered(5, capture={"x": "/a"}, until="/a is not an operator"))
    assert result.matching == 0
    assert "unknown condition" in result.found[0].text


def test_an_unknown_kind_of_step_is_refused() -> None:
    case = replace(CONFIGMAP, steps=[{"teleport": 1}])
    with pytest.raises(CaseError, match=r"crud/configmap step 1: unknown step \['teleport'\]"):
        Player(InProcessWire.fresh(), case).play()


def test_an_until_that_is_not_met_ends_by_the_clock_and_at_once_in_a_hurry() -> None:
    case = replace(CONFIGMAP, steps=[{"do": "GET ${cm}/none", "until": ["status == 200"]}])
    for hurry, seconds in ((), 20.0), ((1,), 0.0):
        wire = InProcessWire.fresh()
        player = Player(wire, case, hurry=hurry)
        before = wire.now()
        player.play()
        assert player.results[0].unmet
        assert wire.now() - before == pytest.approx(seconds, abs=0.5)


def test_the_namespace_of_a_case_is_gone_afterwards() -> None:
    wire = InProcessWire.fresh()
    player = Player(wire, CONFIGMAP)
    player.play()
    wire.sleep(5.0)
    assert wire.send("GET", f"/api/v1/namespaces/{player.namespace}").status == 404


def test_two_runs_give_the_same_recording() -> None:
    recordings = []
    for _ in range(2):
        player = Player(InProcessWire.fresh(), CONFIGMAP)
        player.play()
        recordings.append(Normaliser(player).recording())
    assert recordings[0] == recordings[1]
    assert compare(load_recording(CONFIGMAP), recordings[0]) == []


def test_versions_of_one_object_are_named_by_rank_and_uids_by_appearance() -> None:
    player = Player(InProcessWire.fresh(), CONFIGMAP)
    player.play()
    metadata = Normaliser(player).recording()["steps"][4]["body"]["metadata"]
    assert (metadata["uid"], metadata["resourceVersion"]) == ("<uid:1>", "<rv:1#2>")
    assert metadata["creationTimestamp"] == "<time#1>"


@pytest.mark.parametrize(
    ("want", "got", "paths"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": True}, ["/a"]),
        ({"a": 1}, {"a": 1.0}, ["/a"]),
        ({"a/b": {"c": [1, 2]}}, {"a/b": {"c": [1]}}, ["/a~1b/c/1"]),
        ({}, {"x": None}, ["/x"]),
        ([{"x": 1}], [], ["/0"]),
    ],
)
def test_a_difference_is_named_by_its_pointer(want: Any, got: Any, paths: list[str]) -> None:
    assert [path for path, _, _ in differences(want, got)] == paths


def test_managed_fields_count_only_in_strict_steps() -> None:
    def recording(strict: bool, manager: str) -> dict[str, Any]:
        body = {"metadata": {"managedFields": [{"manager": manager}]}}
        return {"steps": [{"step": 1, "do": "GET x", "strict": strict, "body": body}]}

    assert compare(recording(False, "a"), recording(False, "b")) == []
    assert len(compare(recording(True, "a"), recording(True, "b"))) == 1
    assert len(compare(recording(False, "a"), recording(False, "b"), strict=True)) == 1


def test_the_refreshed_list_keeps_reasons_drops_what_passes_and_marks_what_is_new(tmp_path: Path) -> None:
    old = {"a/b": [KnownDifference("tables: all", "said 'no'", (1, 2))], "c/d": [KnownDifference("t", "r", (1,))]}
    fresh = known_differences.refreshed(old, {"a/b": [2, 3, "order"], "e/f": []})
    expected = [
        KnownDifference("tables: all", "said 'no'", (2,)),
        KnownDifference(UNREVIEWED, UNREVIEWED, (3, "order")),
    ]
    assert fresh == {"a/b": expected, "c/d": old["c/d"]}
    known_differences.save(fresh, tmp_path / "known.yaml")
    assert known_differences.load(tmp_path / "known.yaml") == fresh


def test_steps_are_counted_by_topic() -> None:
    result = replay(InProcessWire.fresh(), CONFIGMAP)
    steps = result.steps
    assert tally([result]) == {"crud": (steps, steps), "total": (steps, steps)}
    assert report([result])["stepsMatching"] == steps


def test_the_command_prints_the_count_and_succeeds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["crud/configmap"]) == 0
    assert "pass crud/configmap" in capsys.readouterr().out


def test_events_are_cut_where_their_lines_end() -> None:
    lines = EventLines()
    assert lines.feed(b'{"a":1}\n{"b"') == [{"a": 1}]
    assert lines.feed(b":2}\n\n") == [{"b": 2}]


def test_a_step_may_replace_and_remove_headers() -> None:
    sent = request_headers("admin", {"accept": "x", "Authorization": None}, {"admin": "t"})  # type: ignore[dict-item]
    assert sent == {"User-Agent": "parity/1", "Accept-Encoding": "identity", "accept": "x"}


def test_pointers_make_what_is_missing_on_the_way() -> None:
    document: dict[str, Any] = {}
    pointers.put(document, "/a/b~1c", 1)
    pointers.put(document, "/list/-", 2)
    assert document == {"a": {"b/c": 1}, "list": [2]}
    pointers.drop(document, "/*/b~1c")
    assert document == {"a": {}, "list": [2]}
    assert pointers.get(document, "/list/0") == 2
    assert pointers.get(document, "/list/1") is pointers.MISSING


def test_times_in_cases_stay_text() -> None:
    assert load_yaml("a: '2001-01-01T00:00:00Z'") == {"a": "2001-01-01T00:00:00Z"}
